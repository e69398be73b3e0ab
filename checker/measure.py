"""What the checker computes of a recorded network, in fp32, with the submitted weights. Runs in worker processes, which
know the test images and no label; returns numbers, and judges nothing."""

import hashlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from checker.quicker import Evaluation, by_openvino
from checker.score import NO_CLASS, NUMBERS
from checker.subject import AVERAGED, COUNTED, EXPERIMENTED, TRACED, Images, Subject
from common.anatomy.follow import Anatomy, follow
from common.anatomy.program import Program
from common.anatomy.replay import measure, replay
from common.anatomy.views import Views, views

BATCH = 100  # Few enough for what a layer returns to stay in the cache of one core.
COMPARED = 2  # Batches that are looked at, and evaluated in two ways where there are two.
WORTH_IT = 20  # Batches; for fewer, another way takes longer to begin with than it saves.
ABLATED = 1_000  # Images on which it shows whether a layer matters.
VARIED = 200  # Images that are tried with every number.
CLASSES = 10  # Of MNIST, and of CIFAR-10.
# How far the logits of float64, in which experiments run, may differ from those that count, as a share of how far they
# lie apart. Rounding makes 1e-5.
IN_DOUBLE = 0.05
HALF_A_BIT = 2**-9  # Of bfloat16's last, as a share of the number.
# How far logits of the same image may differ, as a share of how far they lie apart.
ROUNDING = 1e-3
# What one measurement may take. The longest of our own networks takes a minute and a half on one core.
SECONDS = 900.0


class DependentImagesError(Exception):
    """The logits of an image depend on which others are in the batch."""


class OtherForFewError(Exception):
    """The network computes something else for another number of images than for a whole batch."""


class OtherInDoubleError(Exception):
    """The network computes something else in float64 than in float32."""


class TooSlowError(Exception):
    """A measurement takes longer than so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class OutputError(Exception):
    """The network returns outputs of other shapes: `found` for so many images, instead of `wanted`."""

    def __init__(self, found: tuple[tuple[int, ...], ...], wanted: tuple[tuple[int, ...], ...]) -> None:
        super().__init__(found, wanted)
        self.found, self.wanted = found, wanted


@dataclass(frozen=True)
class Predictions:
    """The predicted classes of all test images, NO_CLASS where logits aren't finite: for each number that was tried a
    row.

    digits: numbers×N, sums: the same for networks of two inputs
    single: as digits, where the network looked at one view alone; None where it always does
    logits: of the classes, float32 N×10, beside the first number, as precise as it takes to know the classes
    precise: the same of some images, as replay finds them
    """

    digits: np.ndarray
    sums: np.ndarray | None
    single: np.ndarray | None
    logits: np.ndarray
    precise: np.ndarray


@dataclass(frozen=True)
class Examined:
    """What is known of a program before anything is computed: its views, and for which numbers of images it is small
    enough."""

    views: Views
    affordable: frozenset[int]


def examined(images: Images, program: Program) -> Examined:
    """See that `program` is small enough to be run, and returns logits. Raises OutputError, ReplayError."""
    batch = program.batch or BATCH
    found = measure(program, batch).outputs
    wanted = tuple((batch, classes) for classes in (CLASSES, CLASSES + NUMBERS - 1)[: len(program.inputs)])
    if found != wanted:
        raise OutputError(found, wanted)
    for few in (1, TRACED, EXPERIMENTED, COUNTED // 2, AVERAGED) if program.batch is None else ():
        measure(program, few)
    looks = views(program)
    if looks.program is not None:
        measure(looks.program, batch)
    return Examined(looks, frozenset(program.affordable))


def predictions(images: Images, subject: Subject, numbers: Sequence[int | None]) -> Predictions:
    """Return what the network predicts for all images, beside each of `numbers` (a single None where it takes none).

    Raises DependentImagesError, ReplayError, and TooSlowError as soon as it shows that this would take too long.
    """
    began = time.monotonic()
    network, count = _Network(subject), len(images.pixels)
    joined = _Network(subject, subject.views.program)
    worth = subject.device == "cpu" and count >= WORTH_IT * network.batch and count % network.batch == 0
    other = by_openvino(joined.program, joined.weights, network.batch) if worth else None
    evaluation = Evaluation(joined, other)
    starts = _starts(subject, count, network.batch)
    looks = 1 if subject.views.program is None else 2
    widths = looks * (CLASSES, CLASSES + NUMBERS - 1)[: subject.outputs]
    # All logits, for each number from each output.
    found = [[torch.empty(count, width) for width in widths] for _ in numbers]

    def keep(row: int, places: Tensor, logits: Sequence[Tensor]) -> None:
        for all_logits, each in zip(found[row], logits, strict=True):
            all_logits[places] = each[: len(places)].float().cpu()

    for done, start in enumerate(starts, start=1):
        places = torch.arange(start, min(start + network.batch, count))
        for row, number in enumerate(numbers):
            given = images.inputs(places, subject, number)
            logits = evaluation.compare(*given) if done <= COMPARED else evaluation(*given)
            if done <= COMPARED:
                network.look_at(logits[: subject.outputs], given, start)
            keep(row, places, logits)
        if done == COMPARED:
            evaluation.choose()
        spent = time.monotonic() - began - evaluation.spent_comparing
        if spent > SECONDS / 20 and spent / done * len(starts) > SECONDS:
            raise TooSlowError(SECONDS)
    for row, number in enumerate(numbers):
        for places in evaluation.undecided(found[row]).split(network.batch):
            # As many as ever, since what the network makes of fewer was not looked at.
            whole = torch.cat([places, places.new_zeros(network.batch - len(places))])
            keep(row, places, joined(*images.inputs(whole, subject, number)))
    sampled = (torch.arange(network.batch) * (network.batch + 1) % count).roll(1)  # In another place than there.
    precise = network(*images.inputs(sampled, subject, numbers[0]))
    for all_logits, one in zip(found[0], precise, strict=False):
        # By another way an image may differ by more than those that were compared.
        within = max(ROUNDING, 2 * evaluation.margin)
        if not same_logits(all_logits[sampled], one.float().cpu(), within):
            raise DependentImagesError

    def classes(output: int) -> np.ndarray:
        return np.stack([_classes(each[output]) for each in found])

    return Predictions(
        classes(0),
        classes(1) if subject.two_inputs else None,
        classes(subject.outputs) if looks > 1 else None,
        found[0][0].numpy(),
        precise[0].float().cpu().numpy(),
    )


def _starts(subject: Subject, count: int, batch: int) -> list[int]:
    """Return where batches begin, some first of which nobody could know beforehand which."""
    starts = list(range(0, count, batch))
    seed = int.from_bytes(hashlib.sha256(subject.weights).digest())
    chosen = random.Random(seed).sample(starts, min(COMPARED, len(starts)))
    return chosen + [start for start in starts if start not in chosen]


def anatomy(images: Images, subject: Subject, chosen: Sequence[int]) -> Anatomy:
    """Return what the network does with the images at `chosen`, and number 3 where there are two inputs.

    Raises OtherForFewError where it makes something else of them than in a batch, ReplayError.
    """
    network = _Network(subject)
    number = 3 if subject.two_inputs else None
    places = torch.arange(network.batch)
    places[: len(chosen)] = torch.as_tensor(chosen)
    given = images.inputs(places, subject, number)
    count = subject.program.batch or len(chosen)
    few = [each[:count] for each in given]
    whole = network(*given)
    for size in _experimented(images.pixels.shape[-1]) if subject.program.batch is None else [count]:
        again = torch.arange(size) % network.batch
        made = network(*(each[again.to(each.device)] for each in given))
        if not all(same_logits(one, all[again.to(all.device)]) for one, all in zip(made, whole, strict=True)):
            raise OtherForFewError
    double = replay(subject.program, subject.filled(torch.float64), *(each.double() for each in given), double=True)
    if not all(_nearly(one, other) for one, other in zip(double, whole, strict=True)):
        raise OtherInDoubleError
    return follow(subject.program, network.weights, *few)


def _nearly(one: Tensor, other: Tensor) -> bool:
    """Return whether two logits of the same images differ by no more than a share of IN_DOUBLE; NaN equals NaN."""
    if not torch.equal(one.isfinite(), other.isfinite()):
        return False
    one, other = one.nan_to_num(0, 0, 0), other.nan_to_num(0, 0, 0).double()
    return bool((one - other).norm() <= IN_DOUBLE * (other - other.mean(1, keepdim=True)).norm())


def _experimented(side: int) -> tuple[int, ...]:
    """Return how many images experiments give the network at once: with none of these may it be another one."""
    return TRACED, EXPERIMENTED, side + 1, COUNTED // 2, AVERAGED


def classes_rounded(images: Images, subject: Subject) -> np.ndarray:
    """Return the classes of the first ABLATED images when every parameter is moved by half of the last of the 8 bits
    that bfloat16 has,
    up or down: as far as rounding moves it, but those too that are round already."""
    network, generator = _Network(subject), torch.Generator().manual_seed(0)
    for name in network.parameters:
        if name in network.weights and network.weights[name].is_floating_point():
            weight = network.weights[name]
            up = torch.randint(2, weight.shape, generator=generator).to(weight.device)
            network.weights[name] = weight * (1 + HALF_A_BIT * (2 * up - 1))
    return _first_classes(images, subject, network, {})


def classes_with(images: Images, subject: Subject, changed: Sequence[str], of: str) -> np.ndarray:
    """Return the classes of the first ABLATED images when some values of the program are those of others.

    of: "another image", or "another channel", the second dimension
    """
    network = _Network(subject)

    def others(value: Tensor) -> Tensor:
        if of == "another channel":
            return value.roll(1, 1)
        return value.roll(max(1, len(value) // network.batch), 0)  # A linear layer may be given all places in a row.

    def change(result: Any) -> Any:  # Of an operator that returns more, the first is the value.
        return others(result) if isinstance(result, Tensor) else (others(result[0]), *result[1:])

    return _first_classes(images, subject, network, dict.fromkeys(changed, change))


Replayed = Callable[..., tuple[Tensor, ...]]


def classes_of_first(images: Images, subject: Subject, count: int, replayed: Replayed | None) -> np.ndarray:
    """Return the classes of the first `count` images; `replayed(program, weights, *inputs)` does it in another way."""
    network, classes = _Network(subject), []
    for start in range(0, min(count, len(images.pixels)), network.batch):
        given = images.inputs(slice(start, start + network.batch), subject, 3 if subject.two_inputs else None)
        with torch.no_grad(), fp32():
            logits = replayed(subject.program, network.weights, *given) if replayed else network(*given)
        classes.append(_classes(logits[0]))
    return np.concatenate(classes)


def _first_classes(
    images: Images, subject: Subject, network: "_Network", change: Mapping[str, Callable[[Any], Any]]
) -> np.ndarray:
    classes = []
    for start in range(0, min(ABLATED, len(images.pixels)), network.batch):
        given = images.inputs(slice(start, start + network.batch), subject, 3 if subject.two_inputs else None)
        classes.append(_classes(network(*given, change=change)[0]))
    return np.concatenate(classes)


@dataclass(frozen=True)
class InputsUsed:
    """What a network of two inputs makes of them, on VARIED test images with each of the ten numbers.

    digit_by_number, sum_by_number: whether the logits change with the number
    digit_by_image, sum_by_image:   whether they change with the image
    sums:                           predicted, 10×VARIED
    learned:                        how many learned numbers act on the sum and not on the digit, and changed since an
                                    earlier epoch
    shuffled, removed:              predicted once those are shuffled, within each tensor, and once they are zero
    within_sums:                    share of the shuffled logits' variance that lies within pairs of the same sum: where
                                    the sum was computed before anything learned, the pairs of a sum stay alike
    """

    digit_by_number: bool
    digit_by_image: bool
    sum_by_number: bool
    sum_by_image: bool
    sums: np.ndarray
    learned: int
    shuffled: np.ndarray
    removed: np.ndarray
    within_sums: float


def inputs_used(images: Images, subject: Subject, earlier: Subject) -> InputsUsed:
    """Return what the network makes of an image and a number. Raises ReplayError.

    earlier: the same network with the weights of another epoch, or of the same where there is but one
    """
    network = _Network(subject)
    chosen = torch.arange(subject.program.batch or VARIED)
    given = [images.inputs(chosen, subject, number) for number in range(NUMBERS)]
    digits, sums = zip(*(network(*each) for each in given), strict=True)
    masks = _only_for_the_sum(network, given[0][0])
    before = earlier.filled()
    changed = {name: network.weights[name] != before[name] for name in network.parameters}
    if 2 * sum(bool(each.any()) for each in changed.values()) > len(changed):
        # What stays the same while the others are trained was written, and not learned.
        masks = [(name, mask & changed[name]) for name, mask in masks]
    generator = torch.Generator().manual_seed(0)
    for name, mask in masks:
        values = network.weights[name][mask]
        network.weights[name] = network.weights[name].clone()
        network.weights[name][mask] = values[torch.randperm(len(values), generator=generator).to(values.device)]
    shuffled = [network(*each)[1] for each in given]
    for name, mask in masks:
        network.weights[name][mask] = 0
    removed = [network(*each)[1] for each in given]
    return InputsUsed(
        digit_by_number=not all(same_logits(each, digits[0]) for each in digits),
        digit_by_image=not same_logits(digits[0], digits[0][:1].expand_as(digits[0])),
        sum_by_number=not all(same_logits(each, sums[0]) for each in sums),
        sum_by_image=not same_logits(sums[0], sums[0][:1].expand_as(sums[0])),
        sums=np.stack([_classes(each) for each in sums]),
        learned=sum(int(mask.sum()) for _, mask in masks),
        shuffled=np.stack([_classes(each) for each in shuffled]),
        removed=np.stack([_classes(each) for each in removed]),
        within_sums=_within_sums(shuffled, digits[0].argmax(1)),
    )


def same_logits(a: Tensor, b: Tensor, within: float = ROUNDING) -> bool:
    """Return whether two logits (N×classes) of the same images differ by no more than rounding, or `within`; NaN equals
    NaN.

    Measured against how far an image's logits lie apart, since that decides, and not their size or scale.
    """
    if a.shape != b.shape or not torch.equal(a.isfinite(), b.isfinite()):
        return False
    a, b = ((x - x.mean(1, keepdim=True)).nan_to_num(0, 0, 0).double() for x in (a, b))
    spread = torch.maximum(a.abs().amax(1), b.abs().amax(1))
    return bool(((a - b).abs().amax(1) <= within * spread).all())


class _Network:
    """A program with its weights, which is known to be small enough and to return logits: it was examined."""

    def __init__(self, subject: Subject, program: Program | None = None) -> None:
        self.program = program or subject.program
        self.batch = subject.program.batch or BATCH
        self.weights = subject.filled()
        self.parameters = [weight.value for weight in subject.program.weights if weight.parameter]

    def __call__(self, *given: Tensor, change: Mapping[str, Callable[[Any], Any]] | None = None) -> tuple[Tensor, ...]:
        with torch.no_grad(), fp32():
            return replay(self.program, self.weights, *given, change=change)

    def with_gradients(self, *given: Tensor) -> tuple[Tensor, ...]:
        with fp32():
            return replay(self.program, self.weights, *given)

    def look_at(self, logits: Sequence[Tensor], given: Sequence[Tensor], start: int) -> None:
        """See that an image gets the same logits among others. Raises DependentImagesError."""
        place = start // self.batch % self.batch  # Another one of each batch.
        if self.program.batch is None or self.batch == 1:
            alone = [each[place : place + 1] for each in given]
            kept, where = slice(place, place + 1), slice(0, 1)
        else:  # It takes only so many: the others become others.
            alone = [
                torch.cat([each[:place].flip(0).roll(1, 0), each[place : place + 1], each[place + 1 :].roll(1, 0)])
                for each in given
            ]
            alone[0] = torch.where(
                (torch.arange(self.batch) == place).view(-1, 1, 1, 1).to(alone[0].device), alone[0], 0.5 * alone[0]
            )
            kept = where = slice(place, place + 1)
        if not all(same_logits(one[where], all[kept]) for one, all in zip(self(*alone), logits, strict=True)):
            raise DependentImagesError


def fp32() -> AbstractContextManager[object]:
    """Return a context in which a GPU computes convolutions in fp32, not in TF32, and always in the same way."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


def _classes(logits: Tensor) -> np.ndarray:
    finite = logits.isfinite().all(1)
    return torch.where(finite, logits.argmax(1), NO_CLASS).to(torch.int16).cpu().numpy()


def _only_for_the_sum(network: _Network, batch: Tensor) -> list[tuple[str, Tensor]]:
    """Return (weight, bool mask) of what has a gradient from the sum's logits and none from the digit's."""
    names = [name for name in network.parameters if network.weights[name].is_floating_point()]
    for name in names:
        network.weights[name].requires_grad_(True)
    numbers = torch.arange(len(batch), device=batch.device) % NUMBERS
    digits, sums = network.with_gradients(batch, F.one_hot(numbers, NUMBERS).float())
    # Random weights, since a sum over all logits may not depend on a weight that each of them depends on.
    generator = torch.Generator().manual_seed(0)
    gradients: list[Sequence[Tensor | None]] = []
    for logits in (digits, sums):
        factors = torch.randn(logits.shape, generator=generator).to(logits.device)
        if logits.requires_grad:
            gradients.append(
                torch.autograd.grad(
                    (logits * factors).sum(),
                    [network.weights[name] for name in names],
                    retain_graph=True,
                    allow_unused=True,
                )
            )
        else:
            gradients.append([None] * len(names))
    for name in names:
        network.weights[name].requires_grad_(False)
    masks = []
    for name, digit, both in zip(names, *gradients, strict=True):
        if both is not None:
            mask = (both != 0) & (digit == 0 if digit is not None else True)
            if bool(mask.any()):
                masks.append((name, mask))
    return masks


def _within_sums(sums: Sequence[Tensor], digits: Tensor) -> float:
    """Return the share of the logits' variance that lies within groups of equal digit + number; NaN where there is
    none."""
    logits = torch.cat(list(sums)).double()
    logits = logits - logits.mean(1, keepdim=True)
    groups = torch.cat([digits + number for number in range(len(sums))])
    within = sum(
        (logits[groups == group] - logits[groups == group].mean(0)).square().sum() for group in groups.unique()
    )
    return float(within / (logits - logits.mean(0)).square().sum())
