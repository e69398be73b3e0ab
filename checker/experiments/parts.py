"""Do first layers see parts of an image, and does the network know which is which? Then it has numbers for places,
though each part is averaged."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay
from common.anatomy.views import stems
from common.anatomy.ways import leading

# What shows less of an image's height or width is no view of it; five crops of 24 of 28 pixels are.
LEAST_SHOWN = 0.75
MOST_PARTS = 64  # Of an image, that are told apart.
FAR = 3.0  # How far pixels are moved, in the units of the network's input: beyond what a threshold would hide.


def parts_exchanged(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> float:
    """Return how far the logits move, as a share of how far they lie apart, when what first layers make of different
    parts of the image is exchanged among these; infinite where they see parts that are small or many, or nothing.
    `weights` and `inputs` are float64."""
    first = stems(program)
    names = tuple(dict.fromkeys(name for calls in first.values() for _, name in calls))
    if set(names) <= {program.inputs[0].name}:
        return 0.0
    shown = _shown(program, weights, inputs, names)
    parts = [part for each in shown.values() for part in each.parts]
    if not parts or len(parts) > MOST_PARTS:
        return math.inf
    if all(torch.equal(part, parts[0]) for part in parts):
        return 0.0
    if any(_is_small(part, inputs[0].shape[2]) for part in parts):
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
            change = {call: other for (call, _), other in zip(calls, values[1:] + values[:1], strict=True)}
        elif len(values[0]) % len(inputs[0]):
            return math.inf
        else:
            call, name = calls[0]
            change = {call: _rolled(values[0], len(inputs[0]), shown[name].by_image)}
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


@dataclass(frozen=True)
class _Shown:
    """What a first layer is shown of the first image.

    parts:    for each part that the batch holds, which rows of pixels and then which columns it was made of, bool (H+W)
    by_image: the parts of each image lie together in the batch, and not all first parts before all second ones
    """

    parts: list[Tensor]
    by_image: bool


def _shown(
    program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...], names: tuple[str, ...]
) -> dict[str, _Shown]:
    """Return what first layers are shown, by its names: each line of pixels is changed, and what differs was made of
    it. Gradients would not tell what is behind a threshold, or detached."""
    way = leading(program, names)
    before_layers = replace(program, nodes=tuple(node for node in program.nodes if node.name in way), outputs=names)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        own = replay(before_layers, weights, *inputs, double=True)
        moved: list[list[Tensor]] = [[] for _ in names]
        for dim in (2, 3):
            for line in range(inputs[0].shape[dim]):
                image = inputs[0].clone()
                pixels = image[0].select(dim - 1, line)
                pixels.copy_(FAR * torch.randn(pixels.shape, dtype=pixels.dtype, generator=generator))
                changed = replay(before_layers, weights, image, *inputs[1:], double=True)
                for found, one, other in zip(moved, own, changed, strict=True):
                    found.append((one != other).flatten(1).any(1))
    shown = {}
    for name, found in zip(names, moved, strict=True):
        rows = torch.stack(found, 1)
        together = len(rows) > len(inputs[0]) and bool(rows[1].any())
        shown[name] = _Shown([row for row in rows if bool(row.any())], together)
    return shown


def _is_small(part: Tensor, height: int) -> bool:
    """Whether a part shows little of the image's height or width."""
    for lines in (part[:height], part[height:]):
        seen = lines.nonzero().flatten()
        if not len(seen) or int(seen[-1] - seen[0]) + 1 < LEAST_SHOWN * len(lines):
            return True
    return False


def _rolled(values: Tensor, images: int, by_image: bool) -> Tensor:
    """Return what a layer made of a batch of parts, each given what was made of the part before it."""
    count = len(values) // images
    shape = (images, count) if by_image else (count, images)
    return values.view(*shape, *values.shape[1:]).roll(1, 1 if by_image else 0).flatten(0, 1)
