"""Does each place of a map add something of its own? It does in an average, whatever is averaged, and not in a
maximum, a median or weights by rank: what one place adds there depends on the others."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checker.experiments.held import HeldNorm
from checker.experiments.places import exchanged, last_maps
from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay
from common.anatomy.ways import depending, leading, operands

# What exchanged places change by no more than this, as a share of what it is, they don't change.
ALIKE = 1e-9

_Made = dict[str, list[Tensor]]


@dataclass(frozen=True)
class Adding:
    """What comes of changing one half of the places of the last maps, the other, and both.

    mixed:   how far what both change together is from what they change one by one, as a share of these: 0 for sums
    carried: how far the logits move by those sums alone, as a share of how far they do by all
    kept:    how many numbers are made of all places together, as a share of the numbers of the maps
    """

    mixed: float
    carried: float
    kept: float


def adding(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> Adding:
    """Return how the places of the last maps of `program` add up to what the logits are made of.

    That is whatever doesn't notice when all places are exchanged, though it is made of something that does: an average,
    a norm's statistics, or what a gate is made of. Those behind which others follow, as behind a gate, are held.
    `weights` and `inputs` are float64.
    """
    maps = {"": inputs[0]} | last_maps(program, weights, inputs)
    norms: dict[str, HeldNorm] = {}

    def run(maps: Mapping[str, Tensor], held: Mapping[str, Tensor] | None = None) -> tuple[_Made, Tensor]:
        """Return all that is computed, and the logits, with these maps; where something is held, the norms' statistics
        are too."""
        made: _Made = {}
        given: dict[str, Tensor] = {}

        def see(seen: Seen) -> None:
            if not norms_known and (norm := HeldNorm.of(seen)) is not None:
                norms[seen.node.name] = norm
            if seen.node.name in norms:
                given[seen.node.name] = seen.arguments["input"]
            made[seen.node.name] = list(seen.outputs)

        norms_known = bool(norms)
        change: dict[str, Tensor | Callable[[Any], Any]] = {name: map for name, map in maps.items() if name}
        if held is not None:
            change |= held
            change |= {name: norm.held(given, name) for name, norm in norms.items()}
        logits = replay(program, weights, maps[""], *inputs[1:], see=see, change=change, double=True)
        return made, torch.cat(logits, 1)

    with torch.no_grad():
        plain, logits = run(maps)
        pooled = _pooled(program, maps, plain, run({name: exchanged(map) for name, map in maps.items()})[0])
        if not pooled:
            return Adding(math.inf, 0.0, math.inf)
        last = {name for name in pooled if not (depending(program, [name]) & pooled) - {name}}
        held = {name: plain[name][0] for name in pooled - last}
        one, other, all_of_them = (_changed(maps, halves) for halves in ((0,), (1,), (0, 1)))
        first, second, both = (run(each, held) for each in (one, other, all_of_them))
        carried = (both[1] - logits).norm() / (run(all_of_them)[1] - logits).norm() if held else torch.ones(())
    each_mixed = (_mixed(*(made[0][name][0] - plain[name][0] for made in (first, second, both))) for name in last)
    mixed = [each for each in each_mixed if each is not None]
    largest = max([map.numel() for name, map in maps.items() if name] or [inputs[0].numel()])
    return Adding(
        max(mixed, default=math.inf), float(carried), max(_count(plain[name][0]) for name in pooled) / largest
    )


def _pooled(program: Program, maps: Mapping[str, Tensor], plain: _Made, moved: _Made) -> set[str]:
    """Return what doesn't notice that the places of `maps` are exchanged, and is made of what does."""
    behind = depending(program, [*(name for name in maps if name), program.inputs[0].name])
    notices = {name for name in behind if name not in plain or not all(map(_same, plain[name], moved[name]))}
    leads = leading(program, program.outputs, from_=maps) - maps.keys()
    return {
        node.name
        for node in program.nodes
        # Of several results, as a sort's, each is taken for itself.
        if node.name in (behind & leads) - notices and len(plain[node.name]) == 1 and notices & set(operands(node))
    }


def _same(one: Tensor, other: Tensor) -> bool:
    one, other = one.double(), other.double()
    if one.shape != other.shape:
        return False
    return not one.numel() or bool((one - other).abs().amax() <= ALIKE * one.abs().amax())


def _count(made: Tensor) -> int:
    """Return how many numbers there are, those once that are the same along a dimension."""
    return math.prod(
        1 if _same(made.narrow(dim, 0, 1).expand_as(made), made) else size for dim, size in enumerate(made.shape)
    )


def _changed(maps: Mapping[str, Tensor], halves: Collection[int]) -> dict[str, Tensor]:
    """Return maps of which one half of the places, 0 or 1, or both are other places of another image."""
    changed = {}
    for name, map in maps.items():
        generator = torch.Generator().manual_seed(map.shape[-2:].numel())
        is_first = (torch.rand(map.shape[-2:], generator=generator) < 0.5).to(map.device)
        taken = (0 in halves) & is_first | (1 in halves) & ~is_first
        changed[name] = torch.where(taken, exchanged(map.roll(1, 0)), map)
    return changed


def _mixed(first: Tensor, second: Tensor, both: Tensor) -> float | None:
    """Return how far the change of both halves is from the sum of the changes of each, as a share of these: of an
    image's numbers, the largest. None where nothing changes; NaN is no evidence."""
    rows = [each.double().flatten(1) if each.ndim > 1 else each.double()[:, None] for each in (first, second, both)]
    apart, sizes = (rows[2] - rows[0] - rows[1]).norm(dim=0), rows[0].norm(dim=0) + rows[1].norm(dim=0)
    if not bool(apart.isfinite().all() & sizes.isfinite().all()):
        return math.inf
    moves = sizes > ALIKE * sizes.max()
    return float((apart[moves] / sizes[moves]).amax()) if bool(moves.any()) else None
