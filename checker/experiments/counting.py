"""How many places of a map count? The logits hang on all of an average, and on one of a maximum."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay
from common.anatomy.ways import base

# Steps of the maps, as a share of their deviation, by which gradients are tried, small ones for what has kinks and
# large ones for what is quantised; and how far what they foretell must correlate with what comes, by one of them: 0.9
# and more for honest networks, 0.4 and less where gradients are hidden.
SMALL, LARGE, STEPS, FORETOLD = 0.001, 0.02, 4, 0.7
# How much more than one place may count where one does alone, and in which share of the images it must.
ONE, OFTEN = 0.5, 0.75
# Of several places that count, one leads where the next one counts for no more than this share of it.
SEVERAL, NEXT = 4, 0.25
_ATTACHED = {"aten.detach.default": "aten.alias.default"}


@dataclass(frozen=True)
class Counting:
    """How many places count, of the map where these are fewest.

    places: that the logits hang on, in the middle of all channels and images: 1 where only the largest counts, 0 where
            they hang on none
    alone:  share of a last map's channels of which one place counts, another one perhaps, in nearly every image; or,
            of all channels and images with several places that count, the share in which one leads
    used:   share of a map's places that count in all its channels and images together, (Σg)² / Σg² of them
    """

    places: float
    alone: float
    used: float


def counting(
    program: Program,
    weights: Mapping[str, Tensor],
    inputs: tuple[Tensor, ...],
    maps: Mapping[str, Tensor],
    last: Mapping[str, Tensor],
) -> Counting:
    """Return how many places of `maps` the logits hang on: (Σ|g|)² / Σg² of their gradients g over the places of a
    channel. NaN where gradients don't foretell how the logits move with the `last` maps, as behind what is detached or
    rounded."""
    last = last or {"": inputs[0]}  # Without any window the image itself is the last map.
    held = {name: map.detach().requires_grad_() for name, map in last.items()}

    def told(maps: Mapping[str, Tensor]) -> Tensor:
        change = {name: map for name, map in maps.items() if name}
        return _combined(replay(program, weights, maps.get("", inputs[0]), *inputs[1:], change=change, double=True)[0])

    with torch.enable_grad():
        before = told(held)
        if not before.requires_grad:
            return Counting(0.0, 0.0, 0.0)
        gradients = torch.autograd.grad(before.sum(), list(held.values()), allow_unused=True)
    if not any(_foretold(before.detach(), told, held, gradients, step) >= FORETOLD for step in (SMALL, LARGE)):
        return Counting(math.nan, math.nan, math.nan)
    counts, alone, used = [], [0.0], [1.0]
    padded = {node.name for node in program.nodes if "_pad" in base(node) or base(node) == "cat"}
    # What lies between the maps may single out places as well, which a pooling or a convolution then spreads again.
    before_last = {name: each for name, each in _gradients(program, weights, inputs, maps).items() if name not in last}
    for name, each in (dict(zip(last, gradients, strict=True)) | before_last).items():
        if each is not None and each.ndim > 2 and bool(each.any()):
            flat, acts = each.flatten(2).abs(), each.flatten(2).any(2)
            count = flat.sum(2).square() / flat.square().sum(2)  # NaN where a channel doesn't act on an image.
            counts.append(float(count[acts].median()))
            if name not in padded:
                each_place = flat.sum((0, 1))
                used.append(float(each_place.sum().square() / each_place.square().sum()) / len(each_place))
            if name in last:
                # A channel that acts on a few images only may well do so in one place of each.
                often = acts.double().mean(0) >= OFTEN
                single = ((count < 1 + ONE).sum(0) >= OFTEN * acts.sum(0)) & often
                alone.append(float(single.double().mean()))
                several = flat[(flat > 0).sum(2) >= SEVERAL]
                if len(several):
                    first, second = several.topk(2, 1).values.unbind(1)
                    alone.append(float((second <= NEXT * first).double().mean()))
    return Counting(min(counts), max(alone), min(used)) if counts else Counting(0.0, 0.0, 0.0)


def attached(program: Program) -> Program:
    """Return a program as if nothing were detached: what is acts all the same."""
    nodes = (replace(node, operator=_ATTACHED.get(node.operator, node.operator)) for node in program.nodes)
    return replace(program, nodes=tuple(nodes))


def _gradients(
    program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...], maps: Collection[str]
) -> dict[str, Tensor | None]:
    """Return the gradients of the maps, all in their places, of some combination of the logits."""
    made: dict[str, Tensor] = {}

    def keep(seen: Seen) -> None:
        if seen.node.name in maps and seen.outputs[0].requires_grad:
            made[seen.node.name] = seen.outputs[0]

    with torch.enable_grad():
        image = inputs[0].detach().requires_grad_()
        logits = replay(attached(program), weights, image, *inputs[1:], see=keep, double=True)[0]
        return dict(
            zip(made, torch.autograd.grad(_combined(logits).sum(), list(made.values()), allow_unused=True), strict=True)
        )


def _combined(logits: Tensor) -> Tensor:
    factors = torch.randn(logits.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return (logits * factors.to(logits.device)).sum(1)


def _foretold(
    before: Tensor,
    told: Callable[[Mapping[str, Tensor]], Tensor],
    maps: Mapping[str, Tensor],
    gradients: Sequence[Tensor | None],
    size: float,
) -> float:
    """Return how what gradients foretell of steps correlates with what comes of them, image by image; NaN is no
    evidence."""
    generator, count = torch.Generator().manual_seed(2), len(before)
    together: list[Tensor] = []
    beside: list[Tensor] = []
    came: list[Tensor] = []
    for _ in range(STEPS):
        steps = {}
        for name, map in maps.items():
            noise = torch.randn(map.shape, dtype=torch.float64, generator=generator).to(map.device)
            steps[name] = size * map.detach().std() * noise
        with torch.no_grad():
            came.append(told({name: map + steps[name] for name, map in maps.items()}) - before)
        rows = [
            (gradient * step).flatten(1).sum(1)
            for gradient, step in zip(gradients, steps.values(), strict=True)
            if gradient is not None and len(step) % count == 0
        ]
        # Views or channels may lie in the batch: of all images after one another, or of each together.
        together.append(sum((each.view(-1, count).sum(0) for each in rows), torch.zeros_like(before)))
        beside.append(sum((each.view(count, -1).sum(1) for each in rows), torch.zeros_like(before)))
    return max(float(torch.stack([torch.cat(each), torch.cat(came)]).corrcoef()[0, 1]) for each in (together, beside))
