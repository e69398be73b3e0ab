"""How far do the last maps see? Pixels are changed beyond a line, and the places at the other border move where they
see one of them."""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from checker.experiments.places import last_maps
from checker.tolerances import SEEN
from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay

# A map matters when the logits move by this share of how far they lie apart, once it is another image's.
MATTERS = 0.01


def receptive_field(
    program: Program,
    weights: Mapping[str, Tensor],
    averaged: Collection[str],
    strides: Mapping[str, tuple[float, float]],
    *inputs: Tensor,
) -> tuple[int, int]:
    """Return how far, (height, width) in pixels, the places of the last maps see; of several maps that matter the one
    that sees most.

    averaged: names of the values that are averaged over all places, where they are known; else the last maps are what
              is looked at
    strides:  how many pixels (down, across) lie between neighbouring places, by the names of maps
    The first place sees down to some line of pixels, and the last one up to another; between them lie the strides from
    one to the other. A field that reaches beyond the image to both sides shows as far as the image goes. Where no map
    matters, nothing is seen.
    """
    last = last_maps(program, weights, inputs)
    sides = {map.shape[-2:] for map in last.values()}
    known = {map.shape[-2:]: strides[name] for name, map in last.items() if name in strides}
    # What is averaged may lie otherwise in memory than a map, as in an einsum.
    means = {
        name: map
        for name, map in _values(program, weights, inputs, averaged).items()
        if map.ndim == 4 and map.shape[-2:] in sides
    }
    maps = {
        name: map
        for name, map in (means or last).items()
        if map.ndim == 4 and map.shape[-2:].numel() > 1 and _matters(program, weights, inputs, name, map)
    }
    if not maps:
        return 0, 0
    fields = []
    for dim in (2, 3):
        side = inputs[0].shape[dim]
        down, up = (_lines_seen(program, weights, inputs, maps, dim, from_end) for from_end in (False, True))
        for name, map in maps.items():
            places = map.shape[dim]
            stride = known[map.shape[-2:]][dim - 2] if map.shape[-2:] in known else side / places
            fields.append((dim, round(down[name] + up[name] + (places - 1) * stride - side)))
    height, width = (max(field for each, field in fields if each == dim) for dim in (2, 3))
    return height, width


def _values(
    program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...], names: Collection[str]
) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    with torch.no_grad():
        replay(
            program,
            weights,
            *inputs,
            see=lambda seen: found.update({seen.node.name: seen.outputs[0]} if seen.node.name in names else {}),
            double=True,
        )
    return found


def _matters(
    program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...], name: str, map: Tensor
) -> bool:
    with torch.no_grad():
        before = replay(program, weights, *inputs, double=True)[0]
        after = replay(program, weights, *inputs, change={name: map.roll(1, 0)}, double=True)[0]
    return bool((after - before).abs().max() >= MATTERS * (before - before.mean(1, keepdim=True)).abs().max())


def _lines_seen(
    program: Program,
    weights: Mapping[str, Tensor],
    inputs: tuple[Tensor, ...],
    maps: Mapping[str, Tensor],
    dim: int,
    from_end: bool,
) -> dict[str, int]:
    """Return how many lines of pixels the places at one border of each map see, counted from that border.

    Beside an image lies its like with all lines beyond one filled from another image, not with noise, for which a
    network may open a branch that no image opens. What is seen of less is seen of more, so that line is looked for
    between the last that was seen and the first that wasn't.
    """
    side = inputs[0].shape[dim]
    # By half a side, so that the middle of an image, where most is, lies at the border.
    others = inputs[0].roll((1, inputs[0].shape[2] // 2, inputs[0].shape[3] // 2), (0, 2, 3))
    seen_at: dict[str, int] = dict.fromkeys(maps, 0)
    for number, (image, other) in enumerate(zip(inputs[0][:2], others[:2], strict=True)):
        unknown = {name: range(seen, side) for name, seen in seen_at.items()}
        is_next = number > 0  # The second image seldom shows more.
        while left := next(filter(None, unknown.values()), None):
            line, is_next = left[0 if is_next else len(left) // 2], False
            beyond = slice(0, side - line) if from_end else slice(line, side)
            place = (slice(None), *((beyond, slice(None)) if dim == 2 else (slice(None), beyond)))
            batch = image.repeat(program.batch or 2, 1, 1, 1)
            batch[1][place] = other[place]
            given = (batch, *(each[:1].expand(len(batch), -1) for each in inputs[1:]))
            for name, move in _moves(program, weights, given, maps, dim, from_end).items():
                if line in unknown[name]:
                    is_seen = move > SEEN
                    seen_at[name] = line + 1 if is_seen else seen_at[name]
                    unknown[name] = range(line + 1, unknown[name].stop) if is_seen else range(unknown[name].start, line)
    return seen_at


def _moves(
    program: Program,
    weights: Mapping[str, Tensor],
    batch: tuple[Tensor, ...],
    maps: Mapping[str, Tensor],
    dim: int,
    from_end: bool,
) -> dict[str, float]:
    """Return by how much of its map's spread the places at a border move, at most, from the first image of a batch to
    the second."""
    found: dict[str, float] = {}

    def compare(seen: Seen) -> None:
        if seen.node.name in maps:
            map, real = seen.outputs[0], maps[seen.node.name]
            spread = (real - real.mean((0, 2, 3), keepdim=True)).abs().amax((0, 2, 3))
            spread = spread.clamp(
                min=float(SEEN * spread.max())
            )  # A channel that is dead but for rounding sees nothing.
            border = map.select(dim, map.shape[dim] - 1 if from_end else 0)
            found[seen.node.name] = float(((border[1] - border[0]).abs().amax(1) / spread).amax())

    with torch.no_grad():
        replay(program, weights, *batch, see=compare, double=True)
    return found
