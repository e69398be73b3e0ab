"""Does a network choose among the places of a map? Two of them are set to two sizes, and exchanged: a sum takes from
both what its weights say, and a maximum from the larger one alone."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from checker.experiments.held import HeldNorm
from checker.experiments.kernels import untrained_likeness
from checker.tolerances import FIXED
from common.anatomy.operators.windows import SINGLE, is_single
from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay
from common.anatomy.ways import base, depending

CELL = 8  # Places, down and across, in which one pair is set: so few that no gate or norm over all places notices.
# Places, down and across, between the two of a pair at the most, in one image after another: most are neighbours, which
# small windows hold too.
NEAR = (1, 1, 1, 2)
# With it, windows of 2×2 and of two places hold some pair in eight maps of 4×4 to 16×16: in 71 of 72 combinations of a
# side and of where the windows begin.
SEED = 1120
# The two sizes, in deviations of a channel from its mean, small enough for what saturates; and how far one is moved.
SIZES, STEP = (1.0, 2.0), 0.01
# Both places of a pair act on something where each moves it by this share of what the other does, in either order; and
# they are more than summed where it is as far from adding up.
ACTS = 0.1
# Where less than this share of what both act on is more than summed, that is the slope of a smooth gate. Of an honest
# network with squeeze-and-excite it was 0.008 in one channel; of the corpus' maxima it is 0.95 and more.
SELDOM = 0.05
_AVERAGES = frozenset({"mean", "sum", "_adaptive_avg_pool2d", "avg_pool2d", "max_pool2d_with_indices"})


def chosen_among(program: Program, weights: Mapping[str, Tensor], counted: Collection[str], *inputs: Tensor) -> float:
    """Return how much what goes into learned windows and averages, or leaves the plane, chooses between two
    neighbouring places of the learned maps before it: 0 where it takes from both in the same proportion, whichever is
    larger, and 1 where from one alone, or where there is nothing to look at.

    Every map that a learned kernel makes is held at what it is, but for the pairs, so that nothing is seen of what
    learned kernels combine themselves; and so are the values of `counted`, maxima that are known of, and the statistics
    of norms that average over places. `weights` and `inputs` are float64.
    """
    held = learned_windows(program, weights, inputs) | set(counted)
    of_images = depending(program, [each.name for each in program.inputs])
    looked_at = {
        node.name for node in program.nodes if node.name in of_images and (node.name in held or base(node) in _AVERAGES)
    }
    made: dict[str, Tensor] = {}
    norms: dict[str, HeldNorm] = {}

    def keep(seen: Seen) -> None:
        norm = HeldNorm.of(seen)
        if norm is not None:
            norms[seen.node.name] = norm
        if seen.node.name in held and seen.outputs[0].ndim == 4:
            made[seen.node.name] = seen.outputs[0]

    with torch.no_grad():
        replay(program, weights, *inputs, see=keep, double=True)
    maps = {"": inputs[0]} | {name: map for name, map in made.items() if map.shape[-2:].numel() > 1}
    choices: list[float] = []
    # Maps of one size may meet, so the pairs of all of them lie at the same places.
    for size in {(len(map), *map.shape[2:]) for map in maps.values()}:
        pairs = {name: _Pairs(map) for name, map in maps.items() if (len(map), *map.shape[2:]) == size}

        def given(one: float, other: float, pairs: dict[str, _Pairs] = pairs) -> dict[str, Tensor]:
            """Return what is given to what is looked at, with these sizes."""
            found: dict[str, Tensor] = {}
            normalised: dict[str, Tensor] = {}

            def look(seen: Seen) -> None:
                if seen.node.name in norms:
                    normalised[seen.node.name] = seen.arguments["input"]
                leaves = seen.node.name in of_images and any(each.ndim != 4 for each in seen.outputs[:1])
                for argument, value in seen.arguments.items() if leaves or seen.node.name in looked_at else ():
                    if isinstance(value, Tensor) and value.ndim == 4 and argument not in ("weight", "bias"):
                        found[f"{seen.node.name} {argument}"] = value

            own = {name: pairs[name].set_to(one, other) if name in pairs else map for name, map in maps.items()}
            change: dict[str, Tensor | Callable[[Any], Any]] = {name: own.get(name, map) for name, map in made.items()}
            change |= {name: norm.held(normalised, name) for name, norm in norms.items()}
            with torch.no_grad():
                replay(program, weights, own[""], *inputs[1:], see=look, change=change, double=True)
            return found

        small, large = SIZES
        points = {
            sizes: given(*sizes)
            for sizes in (
                (small, large),
                (small + STEP, large),
                (small, large + STEP),
                (large, small),
                (large + STEP, small),
                (large, small + STEP),
                (small, small),
                (large, large),
            )
        }
        choices += [_choice([found[name] for found in points.values()]) for name in points[SIZES]]
    return max(choices, default=1.0)


def _choice(points: list[Tensor]) -> float:
    """Return how much something chooses, of what it is at (small, large) and moved from there by one and the other, at
    (large, small) and likewise, and at both small and both large."""
    if all(torch.equal(point, points[0]) for point in points[1:]):
        return 0.0  # None of the pairs acts on it, and it isn't NaN, which equals nothing.
    if not all(bool(point.isfinite().all()) for point in points):
        return 1.0  # NaN is no evidence.
    up, up_one, up_other, down, down_one, down_other, low, high = points
    steps = [
        ((moved - at) / STEP).abs()
        for moved, at in ((up_one, up), (up_other, up), (down_one, down), (down_other, down))
    ]
    most = torch.stack(steps).amax(0)
    both = torch.minimum(torch.maximum(steps[0], steps[2]), torch.maximum(steps[1], steps[3])) >= ACTS * most
    # Where a step alone moves something, as one across a ReLU's kink does, there is nothing to add up.
    moved = torch.stack([(up - low).abs(), (down - low).abs(), STEP * most]).amax(0)
    beyond_sums = (high - up - down + low).abs() >= ACTS * moved
    acting = both & (most >= ACTS * most.max()) & (most > 0)
    here = acting & beyond_sums
    one, other = steps[0] * steps[3], steps[1] * steps[2]
    chosen = ((one - other).abs() / (one + other))[here]
    if not len(chosen) >= SELDOM * int(acting.sum()):
        return 0.0
    # Of two that never act together, and otherwise act alike, nothing is chosen.
    return float(chosen.nan_to_num(0.0).median()) if len(chosen) else 0.0


def learned_windows(program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...]) -> set[str]:
    """Return the convolutions over several places whose kernels are learned, and more than moved or averaged places."""
    kernels: dict[str, Tensor] = {}

    def note(seen: Seen) -> None:
        if base(seen.node) == "convolution" and max(seen.arguments["weight"].shape[2:], default=1) > 1:
            kernels[seen.node.name] = seen.arguments["weight"]

    with torch.no_grad():
        replay(program, weights, *inputs, see=note, double=True)
    alike = untrained_likeness(program, weights, kernels.keys(), *inputs)
    return {name for name, kernel in kernels.items() if alike[name] <= FIXED and not _moves_or_averages(kernel)}


def _moves_or_averages(weight: Tensor) -> bool:
    """Whether a kernel, learned or not, gives single places, or takes all of a window alike."""
    windows, largest = weight.flatten(2), weight.abs().flatten(1).amax(1)
    alike = windows.shape[2] > 1 and bool(((windows - windows[..., :1]).abs().amax((1, 2)) <= SINGLE * largest).all())
    return alike or is_single(weight)


class _Pairs:
    """A map N×C×H×W, and a pair of neighbouring places in each of its cells, other ones in each image."""

    def __init__(self, map: Tensor) -> None:
        self._map = map
        generator = torch.Generator().manual_seed(SEED)
        count, channels, height, width = map.shape
        self._one, self._other = torch.zeros(2, count, 1, height, width, dtype=torch.bool)
        for image in range(count):
            far = NEAR[image % len(NEAR)]
            for top in range(0, height, CELL):
                for left in range(0, width, CELL):
                    row, column = (
                        int(start + torch.randint(min(CELL, side - start), (), generator=generator))
                        for start, side in ((top, height), (left, width))
                    )
                    near = [
                        (y, x)
                        for y in range(max(0, row - far), min(height, row + far + 1))
                        for x in range(max(0, column - far), min(width, column + far + 1))
                        if (y, x) != (row, column) and not self._one[image, 0, y, x]
                    ]
                    y, x = near[int(torch.randint(len(near), (), generator=generator))]
                    if not self._other[image, 0, row, column]:
                        self._one[image, 0, row, column], self._other[image, 0, y, x] = True, True
        signs = 2.0 * torch.randint(2, (count, channels, 1, 1), generator=generator).double().to(map.device) - 1
        self._mean, self._spread = map.mean((0, 2, 3), keepdim=True), signs * map.std((0, 2, 3), keepdim=True)

    def set_to(self, one: float, other: float) -> Tensor:
        """Return the map with the pairs set to so many deviations from the mean: above it in some channels of an image,
        and below it in others."""
        map = self._map
        for places, size in ((self._one, one), (self._other, other)):
            map = torch.where(places.to(map.device), self._mean + size * self._spread, map)
        return map
