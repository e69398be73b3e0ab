"""Do layers matter, and more than one tap of their kernels? Without them the logits must move; and a dilated kernel
must not see each place twice."""

import math
from collections.abc import Collection, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from common.anatomy.program import Program, Reference
from common.anatomy.replay import Seen, replay

# Of a map's variance along a side, the share that a dilated kernel's taps must lie too far apart to see. Of a map that
# was made larger by interpolation it is 0.006 and less; of what a 16×16 kernel with a stride of 4 makes of tiles 0.009,
# of the corpus' 0.04 and of our networks' 0.21 and more.
FINE = 0.008


def moved_by_single_taps(
    program: Program, weights: Mapping[str, Tensor], values: Collection[str], *inputs: Tensor
) -> float:
    """Return how far the logits move, as a share of how far they lie apart, when the kernels of the convolutions that
    make `values` keep nothing but a tap each."""
    kernels = {
        node.name: kernel.name
        for node in program.nodes
        if node.operator == "aten.convolution.default" and isinstance(kernel := node.arguments[1], Reference)
    }
    names = {kernels[value] for value in values}
    single = {**weights, **{name: _single(weights[name]) for name in names & weights.keys()}}
    with torch.no_grad():
        before = replay(program, weights, *inputs, double=True)[0]
        after = replay(program, single, *inputs, change=dict.fromkeys(names - weights.keys(), _single), double=True)[0]
    return _moved(before, after)


def moved_without(program: Program, weights: Mapping[str, Tensor], values: Collection[str], *inputs: Tensor) -> float:
    """Return how far the logits move, as a share of how far they lie apart, when those values are zero, apart from what
    all images have in common: a bias that goes too moves them all alike."""
    with torch.no_grad():
        before = replay(program, weights, *inputs, double=True)[0]
        after = replay(program, weights, *inputs, change=dict.fromkeys(values, torch.zeros_like), double=True)[0]
    apart = after - before
    return _moved(before, before + apart - apart.mean(0))


def apart_from_copies(
    program: Program, weights: Mapping[str, Tensor], values: Collection[str], *inputs: Tensor
) -> float:
    """Return how far what the convolutions that make `values` are given is from maps on which their outer taps tell
    nothing, as a share of its spread: from the same number at all places, or, where they are dilated, from places that
    are alike or nothing over blocks as long as the dilation; 0 where a map has nothing as fine as the gaps. Of several
    uses the one that is given most."""
    found: list[float] = []

    def look(seen: Seen) -> None:
        if seen.node.name in values:
            given: Tensor = seen.arguments["input"]
            sides = seen.arguments["weight"].shape[2:]
            steps = [
                (dim, step)
                for dim, step, side in zip((2, 3), seen.arguments["dilation"], sides, strict=True)
                if step > 1 and side > 1
            ]
            apart = (given - given.mean((2, 3), keepdim=True)).abs().max()
            blocks = [_apart_in_blocks(given, dim, step) for dim, step in steps]
            least = torch.minimum(apart, torch.stack(blocks).max()) if blocks else apart
            smooth = bool(steps) and not max(_fine(given, dim, step) for dim, step in steps) >= FINE
            found.append(0.0 if smooth else float(least / (given - given.mean()).abs().max()))

    with torch.no_grad():
        replay(program, weights, *inputs, see=look, double=True)
    # A map that is one number everywhere is 0/0 apart.
    return max((0.0 if math.isnan(each) else each for each in found), default=0.0)


def untrained_likeness(
    program: Program, weights: Mapping[str, Tensor], values: Collection[str], *inputs: Tensor
) -> dict[str, float]:
    """Return how much the kernels of the convolutions that make `values` are like what the network makes of other
    parameters: the cosine between the two, of a filter in the middle of all. 1 where one is fixed, or only scaled."""
    kernels: dict[str, list[Tensor]] = {value: [] for value in values}

    def keep(seen: Seen) -> None:
        if seen.node.name in kernels:
            kernels[seen.node.name].append(seen.arguments["weight"].flatten(1))

    generator = torch.Generator().manual_seed(0)
    others = dict(weights)
    for weight in program.weights:
        own = weights.get(weight.value)
        if weight.parameter and own is not None and own.is_floating_point():
            noise = torch.randn(own.shape, dtype=own.dtype, generator=generator).to(own.device)
            others[weight.value] = noise * own.square().mean().sqrt()
    with torch.no_grad():
        for each in (weights, others):
            replay(program, each, *inputs, see=keep, double=True)
    return {value: float(F.cosine_similarity(own, other).abs().median()) for value, (own, other) in kernels.items()}


def _apart_in_blocks(map: Tensor, dim: int, step: int) -> Tensor:
    """Return how far the rows (2) or columns (3) of blocks of `step` differ, wherever the blocks begin, or all but the
    first of each from zero."""
    apart = []
    for start in range(step):
        whole = (map.shape[dim] - start) // step
        if whole:
            blocks = map.narrow(dim, start, whole * step).unflatten(dim, (whole, step))
            first, others = blocks.narrow(dim + 1, 0, 1), blocks.narrow(dim + 1, 1, step - 1)
            apart += [(others - first).abs().max(), others.abs().max()]
    return torch.stack(apart).min() if apart else map.new_tensor(math.inf)


def _fine(map: Tensor, dim: int, step: int) -> float:
    """Return the share of a map's variance along its rows (2) or columns (3) in waves shorter than two steps."""
    mirrored = torch.cat([map, map.flip(dim)], dim)  # So that one border leads on to the other.
    power = torch.fft.rfft(mirrored, dim=dim).abs().square().movedim(dim, -1)
    waves = torch.fft.rfftfreq(mirrored.shape[dim]).to(map.device)
    return float(power[..., waves > 1 / (2 * step)].sum() / power[..., waves > 0].sum())


def _moved(before: Tensor, after: Tensor) -> float:
    return float(
        (after - before).square().mean().sqrt() / (before - before.mean(1, keepdim=True)).square().mean().sqrt()
    )


def _single(kernel: Tensor) -> Tensor:
    """Return a kernel of which each plane keeps its largest tap alone: that moves a map, and looks at nothing beside
    it."""
    flat = kernel.flatten(2)
    return (flat * F.one_hot(flat.abs().argmax(2), flat.shape[2])).view(kernel.shape)
