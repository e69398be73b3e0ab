"""Do first layers see parts of an image, and does the network know which is which? Then it has numbers for places,
though each part is averaged."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay
from common.anatomy.views import stems
from common.anatomy.ways import leading

# What shows less of an image's height or width is no view of it; five crops of 24 of 28 pixels are.
LEAST_SHOWN = 0.75
MOST_PARTS = 64  # Of an image, in a batch, that are looked at.


def parts_exchanged(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> float:
    """Return how far the logits move, as a share of how far they lie apart, when what first layers make of different
    parts of the image is exchanged among these; infinite where they see parts that are small. `weights` and `inputs`
    are float64."""
    first = stems(program)
    names = tuple(dict.fromkeys(name for calls in first.values() for _, name in calls))
    if set(names) <= {program.inputs[0].name}:
        return 0.0
    way = leading(program, names)
    before_layers = replace(program, nodes=tuple(node for node in program.nodes if node.name in way), outputs=names)
    with torch.enable_grad():
        image = inputs[0].detach().requires_grad_()
        shown = dict(zip(names, replay(before_layers, weights, image, *inputs[1:], double=True), strict=True))
        parts = [part for each in shown.values() for part in _parts(each, image)]
        by_image = {name: _is_by_image(each, image) for name, each in shown.items()}
    if all(torch.equal(part, parts[0]) for part in parts):
        return 0.0
    if any(_is_small(part) for part in parts):
        return math.inf
    made: dict[str, Tensor] = {}

    def keep(seen: Seen) -> None:
        if seen.outputs:
            made[seen.node.name] = seen.outputs[0]

    with torch.no_grad():
        before = replay(program, weights, *inputs, see=keep, double=True)
    moved = 0.0
    for calls in first.values():
        values = [made[call] for call, _ in calls]
        if len({value.shape for value in values}) > 1:
            continue
        if len(values) > 1:
            change = {call: replaced_by(other) for (call, _), other in zip(calls, values[1:] + values[:1], strict=True)}
        else:
            call, name = calls[0]
            change = {call: replaced_by(_rolled(values[0], len(image), by_image[name]))}
        with torch.no_grad():
            moved = max(moved, apart(before, replay(program, weights, *inputs, change=change, double=True)))
    return moved


def apart(before: Sequence[Tensor], after: Sequence[Tensor]) -> float:
    """Return how far logits (N×classes each) moved, as a share of how far they lie apart."""
    return float(
        torch.stack(
            [
                (one - other).abs().amax() / (one - one.mean(1, keepdim=True)).abs().amax()
                for one, other in zip(before, after, strict=True)
            ]
        ).max()
    )


def replaced_by(map: Tensor) -> Callable[[Any], Any]:
    """Return what puts `map` in the place of a result; of an operator that returns more, the first is the map."""
    return lambda result: map if isinstance(result, Tensor) else (map, *result[1:])


def _parts(shown: Tensor, image: Tensor) -> list[Tensor]:
    """Return which pixels (bool H×W) of the first image a first layer is shown, for each part that the batch holds."""
    if not shown.requires_grad or len(shown) % len(image):
        return []
    count = len(shown) // len(image)
    rows = range(count) if _is_by_image(shown, image) else range(0, len(shown), len(image))
    return [_seen(shown[row], image)[0] for row in rows[:MOST_PARTS]]


def _is_by_image(shown: Tensor, image: Tensor) -> bool:
    """Whether the parts of each image lie together in the batch, and not all first parts before all second ones."""
    return len(shown) > len(image) and bool(_seen(shown[1], image)[0].any())


def _seen(part: Tensor, image: Tensor) -> Tensor:
    """Return which pixels (bool N×H×W) a part was made of."""
    noise = torch.randn(part.shape, dtype=part.dtype, generator=torch.Generator().manual_seed(0)).to(part.device)
    (gradient,) = torch.autograd.grad((part * noise).sum(), image, retain_graph=True)
    return (gradient != 0).any(1)


def _is_small(part: Tensor) -> bool:
    for dim, side in enumerate(part.shape):
        lines = part.any(1 - dim).nonzero().flatten()
        if not len(lines) or int(lines[-1] - lines[0]) + 1 < LEAST_SHOWN * side:
            return True
    return False


def _rolled(values: Tensor, images: int, by_image: bool) -> Tensor:
    """Return what a layer made of a batch of parts, each given what was made of the part before it."""
    count = len(values) // images
    shape = (images, count) if by_image else (count, images)
    return values.view(*shape, *values.shape[1:]).roll(1, 1 if by_image else 0).flatten(0, 1)
