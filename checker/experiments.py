"""Experiments on a recorded network: something in it is changed, and the logits tell whether it matters. In float64, where rounding
is 1e-16 of a number, so that the smallest dense term shows. Each returns a number; what it means is for the rules to say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from common.anatomy.program import Node, Program
from common.anatomy.replay import Seen, replay

_MOVES = ("aten.slice.", "aten.select.", "aten.flip.", "aten.roll.", "aten.constant_pad", "aten.reflection_pad", "aten.replication_pad",
          "aten.index", "aten._unsafe_index", "aten.unfold.", "aten.gather.", "aten.slice_scatter", "aten.split")
_RESAMPLED = ("upsample", "pixel_shuffle", "pixel_unshuffle", "col2im")


@dataclass(frozen=True)
class Exchange:
    """What came of exchanging the places of the last maps.

    moved:   how far the logits moved, as a share of how far they lie apart
    by_hand: operators behind the last maps that move places themselves, so that a window may have been written with them
    """

    moved: float
    by_hand: tuple[str, ...]


def exchange_places(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> Exchange:
    """Return how far the logits move when the places of the last maps are exchanged.

    The last maps are what the last windowed operations make: convolutions and poolings whose windows are larger than a place, and
    resampling. An average over them, or anything that treats all places alike, doesn't notice. `weights` and `inputs` are float64.
    """
    maps: dict[str, Tensor] = {}
    moving: set[str] = set()

    def note(seen: Seen) -> None:
        if seen.outputs and _is_windowed(seen):
            maps[seen.node.name] = seen.outputs[0]
        if seen.outputs and seen.outputs[0].ndim >= 3 and seen.node.operator.startswith(_MOVES):
            moving.add(seen.node.operator)

    with torch.no_grad():
        before = replay(program, weights, *inputs, see=note, double=True)
        last = _last(program, set(maps))
        # What a map was before, so that a shortcut around a window and the way through it are exchanged alike.
        change = {name: _replaced_by(_exchanged(maps[name])) for name in last}
        images = inputs[0] if last else _exchanged(inputs[0])  # Without any window the image itself is the last map.
        after = replay(program, weights, images, *inputs[1:], change=change, double=True)
    moves = [((one - other).abs().amax() / (one - one.mean(1, keepdim=True)).abs().amax()) for one, other in zip(before, after, strict=True)]
    return Exchange(float(torch.stack(moves).max()), tuple(sorted(moving & _operators_behind(program, set(maps)))))


@dataclass(frozen=True)
class Statistic:
    """How far the mean and variance that a normalisation keeps of one channel lie from those of its input.

    module:   of the normalisation
    mean:     their difference, as a share of the larger standard deviation
    variance: the logarithm of their ratio
    """

    module: str
    mean: float
    variance: float


def running_statistics(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> tuple[Statistic, ...]:
    """Return how far the statistics that batch norms keep lie from those of their inputs, for each channel; but those
    that say nothing, a mean of 0 with a variance of 1."""
    found: list[Statistic] = []

    def compare(seen: Seen) -> None:
        mean, variance = (seen.arguments.get(name) for name in ("running_mean", "running_var"))
        if mean is None or variance is None or seen.arguments["input"].ndim < 2:
            return
        values, least = seen.arguments["input"].transpose(0, 1).flatten(1), seen.arguments["eps"]
        own_mean, own_variance = values.mean(1), values.var(1, correction=0)
        apart = (own_mean - mean).abs() / (torch.maximum(own_variance, variance) + least).sqrt()
        ratio = ((own_variance + least) / (variance + least)).log().abs()
        says_nothing = (mean == 0) & (variance == 1)
        found.extend(Statistic(seen.node.module, float(a), float(r)) for a, r, nothing in zip(apart, ratio, says_nothing, strict=True) if not nothing)

    with torch.no_grad():
        replay(program, weights, *inputs, see=compare, double=True)
    return tuple(found)


def _is_windowed(seen: Seen) -> bool:
    base = seen.node.operator.split(".")[1] if seen.node.operator.startswith("aten.") else ""
    out = seen.outputs[0]
    if base == "im2col":
        return True
    if out.ndim != 4:
        return False
    places = out.shape[-2] * out.shape[-1]
    if base == "convolution":
        # One of a single place that leaves places out, the shortcut of many residual networks, makes another map too.
        return max(*seen.arguments["weight"].shape[2:], *seen.arguments["stride"]) > 1 and places > 1
    return places > 1 and ("pool" in base or base.startswith(_RESAMPLED))


def _last(program: Program, windowed: set[str]) -> set[str]:
    """Return those of the windowed values from which a way leads to the logits that passes no other."""
    return {name for name in _behind(program, windowed) if name in windowed}


def _operators_behind(program: Program, windowed: set[str]) -> set[str]:
    made = {node.name: node for node in program.nodes}
    return {made[name].operator for name in _behind(program, windowed) - windowed}


def _behind(program: Program, windowed: set[str]) -> set[str]:
    """Return the values from the last windowed ones on, these included, that lead to the logits."""
    made: dict[str, Node] = {node.name: node for node in program.nodes}
    waiting, visited = list(program.outputs), set()
    while waiting:
        name = waiting.pop()
        if name not in visited and name in made:
            visited.add(name)
            if name not in windowed:
                waiting.extend(made[name].references())
    return visited


def _exchanged(map: Tensor) -> Tensor:
    """Return a map N×C×H×W, or N×C×places, with its places exchanged; always in the same way for maps of as many places."""
    flat = map.flatten(2)
    order = torch.randperm(flat.shape[2], generator=torch.Generator().manual_seed(0))
    return flat[:, :, order.to(map.device)].view(map.shape)


def _replaced_by(map: Tensor) -> Callable[[object], object]:
    """Return what puts `map` in the place of a result; of an operator that returns more, the first is the map."""
    return lambda result: map if isinstance(result, Tensor) else (map, *result[1:])
