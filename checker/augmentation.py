"""What a submission's albumentations pipeline does to images: built anew from its description, and applied to see that
each part really acts. The pipeline is data, as albumentations writes it: names of its own transforms and their
numbers."""

import copy
import dataclasses
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from checker.intake.files import shown
from checker.subject import Images
from checker.tolerances import LEAST_ROTATION, LEAST_SCALE, LEAST_SHIFT, RARELY, SHOWN
from checker.verdict import CannotCheckError

TRIALS = 64  # Images that each transform is tried on.
WHOLE = 200  # How often the whole pipeline is applied.
# Less than this correlation with a ramp from left to right, or its mirror image, tells that the pipeline left nothing
# of an image.
RECOGNISED = 0.3

# What albumentations 1 called its arguments, which 2 ignores with no more than a warning, and their names today.
RENAMED = {
    "max_holes": "num_holes_range",
    "min_holes": "num_holes_range",
    "max_height": "hole_height_range",
    "min_height": "hole_height_range",
    "max_width": "hole_width_range",
    "min_width": "hole_width_range",
    "fill_value": "fill",
    "mask_fill_value": "fill_mask",
    "always_apply": "p=1",
    "value": "fill",
    "mask_value": "fill_mask",
}


@dataclass(frozen=True)
class Augmentation:
    """What was found of the three transforms; `problems` in words, empty where all is as it should be.

    hole: height and width in pixels of what CoarseDropout cut out, its fill per channel as a pixel value 0 to 255
    description: the pipeline as JSON, None where it can't be described
    """

    problems: tuple[str, ...]
    hole: tuple[int, int] | None
    fill: tuple[float, ...] | None
    description: object


# Of a number or a list in a description: an image of 32×32 asks for no more.
LARGEST, LONGEST, DEEPEST = 10_000, 1_000, 12
# They would read files, run functions, or make images of a size of their own choosing.
_REFUSED = {
    "FDA",
    "HistogramMatching",
    "PixelDistributionAdaptation",
    "TemplateTransform",
    "MixUp",
    "OverlayElements",
    "Lambda",
    "TextImage",
    "RandomScale",
    "Mosaic",
    "ToTensor3D",
}


# These make images of a size that may be no larger.
_RESIZES, LARGEST_SIDE = {"Resize", "LongestMaxSize", "SmallestMaxSize"}, 256


def rebuilt(description: object) -> object:
    """Return the albumentations pipeline that `albumentations.to_dict` describes so. Raises CannotCheckError where that
    is none, or holds anything but albumentations' own transforms of images."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # It would look for a newer version over the network.
    import albumentations
    import albumentations.pytorch

    _refuse_strange(description, albumentations)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return albumentations.from_dict(_without_replay(description))
    except Exception as error:  # Its transforms check their arguments in many ways.
        raise CannotCheckError(
            f"augmentation() of train.py can't be built from its description ({type(error).__name__}).",
            "Return an albumentations.Compose of albumentations' own transforms.",
        ) from error


def _refuse_strange(value: object, albumentations: Any, depth: int = 0) -> None:
    """Raise CannotCheckError where a description names anything but transforms, or holds numbers that no image asks
    for."""
    help = "Return an albumentations.Compose of albumentations' own transforms, with the numbers that they take."
    if depth > 2 * DEEPEST or (isinstance(value, list | dict | str) and len(value) > LONGEST):
        raise CannotCheckError("augmentation() of train.py describes something too large.", help)
    if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= LARGEST:
        raise CannotCheckError(f"augmentation() of train.py has the number {value:g}.", help)
    if isinstance(value, dict):
        if "__class_fullname__" in value:
            name = str(value["__class_fullname__"]).rpartition(".")[2]
            kind = getattr(albumentations, name, None) or getattr(albumentations.pytorch, name, None)
            if (
                name in _REFUSED
                or not isinstance(kind, type)
                or not issubclass(kind, albumentations.BasicTransform | albumentations.BaseCompose)
            ):
                raise CannotCheckError(
                    f"augmentation() of train.py uses {shown(name)}, which can't be rebuilt from its description.", help
                )
            sizes = [size for each in value.values() for size in (each if isinstance(each, list) else [each])]
            if name in _RESIZES and any(isinstance(size, int | float) and size > LARGEST_SIDE for size in sizes):
                raise CannotCheckError(f"augmentation() of train.py makes images larger than {LARGEST_SIDE}.", help)
        for each in value.values():
            _refuse_strange(each, albumentations, depth + 1)
    elif isinstance(value, list):
        for each in value:
            _refuse_strange(each, albumentations, depth + 1)


def _without_replay(description: object) -> object:
    """Return a description whose compositions are plain ones: one that can be replayed does the same, and returns
    more."""
    if isinstance(description, list):
        return [_without_replay(each) for each in description]
    if not isinstance(description, dict):
        return description
    plain = {key: _without_replay(value) for key, value in description.items()}
    if str(plain.get("__class_fullname__")).endswith("ReplayCompose"):
        plain = {key: value for key, value in plain.items() if key != "save_key"} | {"__class_fullname__": "Compose"}
    return plain


def inspected(images: Images, answer: object, hole: int, fill: tuple[float, ...]) -> Augmentation:
    """Return what the pipeline that the sandbox describes does to the first hundred test images; see `rebuilt` and
    `inspect`. For a worker: it may take as long, and as much memory, as a stranger likes.

    answer: {"pipeline": its description, "dropped": names of arguments that albumentations ignored}
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("dropped"), list):
        raise CannotCheckError("augmentation() of train.py was described wrongly.", "Let it return the pipeline alone.")
    found = inspect(rebuilt(answer.get("pipeline")), _first(images), hole, fill)
    ignored = [_renamed(str(name)) for name in answer["dropped"][:10]]
    if not found.problems or not ignored:
        return found
    first = f"{found.problems[0]}; albumentations 2 ignores {', '.join(ignored)}"
    return dataclasses.replace(found, problems=(first, *found.problems[1:]))


def without_gray(images: Images, answer: object) -> str | None:
    """Return why the pipeline that the sandbox describes makes none of the first hundred test images gray; None where
    it does. For a worker, as `inspected` is."""
    if not isinstance(answer, dict):
        raise CannotCheckError("augmentation() of train.py was described wrongly.", "Let it return the pipeline alone.")
    pipeline = rebuilt(answer.get("pipeline"))
    import albumentations as A

    found = [part for part in _parts(pipeline) if isinstance(part.transform, A.ToGray)]
    if not found:
        return "there is no ToGray"
    if max(part.probability for part in found) < RARELY:
        return f"ToGray is applied to less than {RARELY:.0%} of the images"
    return None if any(_changed(part, _first(images)) for part in found) else "ToGray changed none of the images"


def _first(images: Images) -> np.ndarray:
    pixels: np.ndarray = images.pixels[:100].permute(0, 2, 3, 1).numpy()
    return pixels


def _renamed(argument: str) -> str:
    return f"{shown(argument)} (now {RENAMED[argument]})" if argument in RENAMED else shown(argument)


def inspect(pipeline: Any, images: np.ndarray, hole: int, fill: tuple[float, ...]) -> Augmentation:
    """Return what `pipeline` (an albumentations transform or composition) does to `images` (uint8 N×H×W×C).

    hole: the side in pixels that the one hole of CoarseDropout must have; fill: its value per channel, 0 to 255
    """
    import albumentations as A

    problems, measured, color = [], None, None
    kinds: dict[str, tuple[type, ...]] = {
        "HorizontalFlip": (A.HorizontalFlip,),
        "ShiftScaleRotate": (A.Affine, A.Rotate),
        "CoarseDropout": (A.CoarseDropout,),
    }
    for name, kind in kinds.items():
        candidates = [part for part in _parts(pipeline) if isinstance(part.transform, kind)]
        acting = [part for part in candidates if _changed(part, images)]
        if not candidates:
            problems.append(f"there is no {name}")
        elif max(part.probability for part in candidates) < RARELY:
            problems.append(f"{name} is applied to less than {RARELY:.0%} of the images")
        elif not acting:
            problems.append(f"{name} changed none of {len(images[:TRIALS])} images")
        elif name == "HorizontalFlip" and min(part.probability for part in acting) > 1 - RARELY:
            problems.append("HorizontalFlip mirrors every image: that is one guise, and no second")
        elif name == "ShiftScaleRotate":
            # What one affine transform leaves out another may do.
            missing = set[str].intersection(*(_still(part.transform) for part in acting))
            problems += [f"ShiftScaleRotate {what} next to nothing" for what in sorted(missing)]
        elif name == "CoarseDropout":
            measured, color = _hole(acting[0], images)
            if len(acting) > 1:
                problems.append(f"{len(acting)} CoarseDropouts cut holes")
            elif measured != (hole, hole):
                problems.append(
                    "CoarseDropout cuts no single hole of one size"
                    if measured is None
                    else f"the hole is {measured[0]}×{measured[1]}, not {hole}×{hole}"
                )
            elif color is None or any(abs(a - b) > 2 for a, b in zip(color, fill, strict=True)):
                shown = "random" if color is None else ", ".join(f"{value:.0f}" for value in color)
                problems.append(
                    f"the hole is filled with {shown}, not with the mean {', '.join(f'{value:.0f}' for value in fill)}"
                )
    return Augmentation(
        tuple(problems or _as_a_whole(pipeline, images.shape[1:], hole)), measured, color, _description(pipeline)
    )


def _as_a_whole(pipeline: Any, shape: tuple[int, ...], hole: int) -> list[str]:
    """Return what the whole pipeline undoes, in words: it is applied, as training would, to a ramp that grows from left
    to right; and once more, with the same chances and another fill, which shows what is left of the hole."""
    import albumentations as A

    height, width, channels = shape
    ramp = np.broadcast_to(
        np.linspace(40, 215, width).astype(np.uint8)[None, :, None], (height, width, channels)
    ).copy()
    filled = copy.deepcopy(pipeline)
    for part in _parts(filled):
        if isinstance(part.transform, A.CoarseDropout):
            part.transform.fill = tuple(float(each) + 100 for each in np.broadcast_to(part.transform.fill, channels))
    found, areas = [], []
    for chance in range(WHOLE):
        images = []
        for each in (pipeline, filled):
            each.set_random_seed(chance)
            after = np.asarray(each(image=ramp.copy())["image"], dtype=np.float64)
            images.append(
                after.transpose(1, 2, 0) if after.shape[0] == channels and after.shape[-1] != channels else after
            )
        after, apart = images[0], np.abs(images[0] - images[1]).max(-1)
        across = np.broadcast_to(np.arange(after.shape[1])[None, :, None], after.shape)
        found.append(np.corrcoef(across.ravel(), after.ravel())[0, 1] if after.std() > 0 else 0.0)
        areas.append(float((apart > apart.max() / 2).mean()))
    if np.mean([not abs(each) >= RECOGNISED for each in found]) > 0.5:
        return ["the whole pipeline leaves nothing of most images"]
    mirrored = np.mean([each <= -RECOGNISED for each in found]) >= RARELY / 2
    holed = np.mean([area >= SHOWN * hole**2 / (height * width) for area in areas]) >= RARELY
    return ([] if mirrored else ["the whole pipeline mirrors none of the images"]) + (
        [] if holed else ["the hole is cropped away, or painted over, in nearly all images"]
    )


def without_version(description: object) -> object:
    """Return a pipeline's description without the version of albumentations that wrote it."""
    return (
        {key: value for key, value in description.items() if key != "__version__"}
        if isinstance(description, dict)
        else description
    )


def _description(pipeline: Any) -> object:
    try:
        return without_version(json.loads(json.dumps(pipeline.to_dict())))
    except (AttributeError, NotImplementedError, TypeError, ValueError):  # A lambda can't be described.
        return None


@dataclass(frozen=True)
class _Part:
    """A transform of a pipeline, how often it is applied, and the transforms before it that give pixels another
    scale."""

    transform: Any
    probability: float
    scaling: tuple[Any, ...]


def _parts(
    pipeline: Any, probability: float = 1.0, scaling: list[Any] | None = None, *, chosen: bool = False
) -> Iterator[_Part]:
    """Yield the transforms of a pipeline that is applied with `probability`, and once more its own unless it was
    `chosen`. `scaling` collects what gives pixels another scale on the way."""
    import albumentations as A
    from albumentations.pytorch import ToTensorV2

    scaling = [] if scaling is None else scaling
    # A SomeOf keeps to its own even where it is chosen, and of OneOrOther it says which.
    if not isinstance(pipeline, A.OneOrOther) and (isinstance(pipeline, A.SomeOf) or not chosen):
        probability *= float(getattr(pipeline, "p", 1.0))
    if isinstance(pipeline, A.Normalize | A.ToFloat | A.FromFloat):
        if pipeline.p > 0:
            scaling.append(pipeline)
        return
    if isinstance(pipeline, ToTensorV2):
        return
    if isinstance(pipeline, A.SelectiveChannelTransform):  # What it holds acts on no whole image.
        return
    if not hasattr(pipeline, "transforms"):
        yield _Part(pipeline, probability, tuple(scaling))
        return
    if isinstance(pipeline, A.SomeOf):
        probability *= min(1, pipeline.n / len(pipeline.transforms))
    one_of, before = isinstance(pipeline, A.OneOf | A.OneOrOther), len(scaling)
    for place, transform in enumerate(pipeline.transforms):
        share = 1.0
        if isinstance(pipeline, A.OneOf):  # There the probabilities are weights.
            share = transform.p / sum(each.p for each in pipeline.transforms)
        elif isinstance(pipeline, A.OneOrOther):
            share = 1 - pipeline.p if place else pipeline.p
        yield from _parts(transform, probability * share, scaling, chosen=one_of)
        if one_of:
            del scaling[before + 1 :]  # One of them is applied.


def _applied(part: _Part, images: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each image before and after the transform, which is applied whatever its probability."""
    transform = copy.deepcopy(part.transform)
    transform.p = 1.0
    for image in images:
        before = image
        for each in part.scaling:
            before = each(image=before)["image"]
        yield before, transform(image=before.copy())["image"]


def _changed(part: _Part, images: np.ndarray) -> int:
    if not part.probability >= RARELY:
        return 0
    return sum(
        before.shape != after.shape or bool((before != after).any())
        for before, after in _applied(part, images[:TRIALS])
    )


def _still(transform: Any) -> set[str]:
    """Return which of shift, scale and rotation an affine transform leaves out, or makes too small to be seen."""
    import albumentations as A

    if isinstance(transform, A.Rotate):
        return {"shifts", "scales"} | ({"rotates"} if _reach(transform.limit, 0) < LEAST_ROTATION else set())
    moved = transform.translate_percent or transform.translate_px or {}
    pixel = LEAST_SHIFT if transform.translate_percent else 1
    least = {
        "shifts": any(_reach(limits, 0) >= pixel for limits in moved.values()),
        "scales": any(_reach(limits, 1) >= LEAST_SCALE for limits in transform.scale.values()),
        "rotates": _reach(transform.rotate, 0) >= LEAST_ROTATION,
    }
    if transform.fit_output:  # What was moved lies in the middle again, and what was scaled fills the image.
        least |= {"shifts": False, "scales": False}
    return {what for what, enough in least.items() if not enough}


def _reach(limits: Sequence[float], nothing: float) -> float:
    """Return how far a range reaches from what does nothing, and no farther than from one end to the other: what is
    nearly the same for all images augments little."""
    return min(max(abs(limit - nothing) for limit in limits), abs(limits[-1] - limits[0]))


def _hole(part: _Part, images: np.ndarray) -> tuple[tuple[int, int] | None, tuple[float, ...] | None]:
    """Return height and width of the one hole, and its fill; None where it is no single hole, or of no single value."""
    sizes, fills = set(), []
    noise = np.random.default_rng(0).integers(0, 256, (16, *images.shape[1:]), dtype=np.uint8)
    for before, after in _applied(part, noise):
        changed = (before != after).any(-1)
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        if not len(rows):
            return None, None
        size = (int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1))
        # By chance some pixels of a hole have the color of its fill already; two holes leave most of their box alone.
        if changed.sum() < 0.9 * size[0] * size[1]:
            return None, None
        sizes.add(size)
        fills.append(after[changed])
    values = np.concatenate(fills).astype(np.float64)
    if len(sizes) != 1:
        return None, None
    if (values.max(0) - values.min(0)).max() > 1e-6:
        return sizes.pop(), None
    color = values[0]
    for each in reversed(part.scaling):
        color = _scaled_back(color, each)
    return sizes.pop(), tuple(float(value) for value in color)


def _scaled_back(color: np.ndarray, scaling: Any) -> np.ndarray:
    """Return what a color was before a transform gave it another scale."""
    import albumentations as A

    if isinstance(scaling, A.Normalize):
        return np.asarray((color * np.asarray(scaling.std) + np.asarray(scaling.mean)) * scaling.max_pixel_value)
    most = scaling.max_value or 255
    return np.asarray(color / most if isinstance(scaling, A.FromFloat) else color * most)
