"""Does a network normalise? What goes into a norm is scaled, and what comes out must stay; and nothing else may do
that."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checker.tolerances import BY_HAND, FACTOR, SCALED
from common.anatomy.operators import REGISTRY
from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay
from common.anatomy.ways import base, depending, leading, named_operands, operands

_NORMS = ("aten._native_batch_norm", "aten.native_group_norm", "aten.native_layer_norm")
_PRODUCTS = frozenset({"convolution", "mm", "addmm", "bmm", "baddbmm"})
_AVERAGES = frozenset({"mean", "sum", "_adaptive_avg_pool2d", "avg_pool2d"})
# What grows by less than this share of what it should is looked at once more.
GROWN = 0.9
# A channel that moves by less than this, when all is scaled alike, as a share of how far it does otherwise, was divided
# by its own size. Gates that multiply each other saturate in a few channels, which move half as far; so many may.
HARDLY, FEW = 0.3, 0.25
# What differs from image to image is drowned by the rest where its share of a norm's output grows by this, when it is
# FACTOR times as large.
DROWNED = 10.0
BLOCK = 4  # Neighbours, down and across, that are scaled alike.
# Two channels that differ by no more than this from being the same, as one less their cosine, are copies.
SAME = 1e-9
# How far the statistics of two copies may be apart: the means in deviations, and the logarithm of the variances' ratio.
APART = 0.01
# What lies behind a norm, grows with its input and turns by no more than this, as one less the cosine, has got back the
# size that the norm took away. Where something was added that isn't normalised, a thousandth of it turns farther.
TURNED = 1e-6
ENOUGH = 100  # Numbers of a channel, to speak of it alone.


@dataclass(frozen=True)
class Statistic:
    """How far the mean and variance that a normalisation keeps of one channel lie from those of its input.

    module:   of the normalisation
    mean:     their difference, as a share of the larger standard deviation
    variance: the logarithm of their ratio
    is_kept:  they aren't what a new normalisation begins with, a mean of 0 and a variance of 1
    epsilon:  what is added to the variance, as a share of the two
    """

    module: str
    mean: float
    variance: float
    is_kept: bool
    epsilon: float = 0.0


def running_statistics(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> tuple[Statistic, ...]:
    """Return how far the statistics that batch norms keep lie from those of their inputs, for each channel."""
    uses: dict[tuple[str, ...], list[_Use]] = {}

    def note(seen: Seen) -> None:
        mean, variance = (seen.arguments.get(name) for name in ("running_mean", "running_var"))
        if mean is None or variance is None or seen.arguments["input"].ndim < 2:
            return
        values, least = seen.arguments["input"].transpose(0, 1).flatten(1).float(), seen.arguments["eps"]
        if (
            seen.arguments["input"].shape[0] == 1 < len(inputs[0]) and len(values) % len(inputs[0]) == 0
        ):  # An instance norm: of all images.
            channels = len(values) // len(inputs[0])
            values = values.unflatten(0, (-1, channels)).transpose(0, 1).flatten(1)
            mean, variance = mean[:channels], variance[:channels]
        kept = tuple(name for argument, name in named_operands(seen.node) if argument.startswith("running_"))
        own_mean, own_variance = values.mean(1), values.var(1, correction=0) + least
        is_kept = (mean != 0) | (variance != 1)
        # Channels that are copies of one another have the same statistics, or their norm keeps numbers of its own.
        own_mean[_differ_among_copies(values, mean, variance + least)] = torch.inf
        use = _Use(
            seen.node.module, mean, variance + least, own_mean, own_variance, is_kept, least / (variance + least)
        )
        uses.setdefault(kept or (seen.node.name,), []).append(use)

    with torch.no_grad():
        replay(program, weights, *inputs, see=note)
    return tuple(statistic for each in uses.values() for statistic in _compared(each))


def _differ_among_copies(values: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Return for each channel (values: channels×numbers) whether it is a copy of another, and its statistics are not.
    Of those that died none is."""
    numbers = values.double().square().sum(1) + values.double().sum(1)
    alike = (numbers == numbers[:, None]) & (values.var(1, correction=0) > 0)
    apart = (mean - mean[:, None]).abs() / variance.sqrt() + (variance / variance[:, None]).log().abs()
    return (alike & (apart > APART)).any(1)


@dataclass(frozen=True)
class _Use:
    """One use of a batch norm: for each channel the mean and variance that it keeps, and those of its input, all
    variances with its epsilon; whether what it keeps is no longer what a new norm begins with; and the epsilon's share
    of the variance."""

    module: str
    mean: Tensor
    variance: Tensor
    own_mean: Tensor
    own_variance: Tensor
    is_kept: Tensor
    epsilon: Tensor


def _compared(uses: list[_Use]) -> list[Statistic]:
    """Return how far what a norm keeps lies from the statistics of its input; where it is used several times, from all
    between the least and the largest of them, since it keeps a mixture."""
    first = uses[0]
    means, variances = (torch.stack([getattr(use, name) for use in uses]) for name in ("own_mean", "own_variance"))
    beyond = torch.maximum(means.amin(0) - first.mean, first.mean - means.amax(0)).relu()
    apart = beyond / torch.maximum(variances.amax(0), first.variance).sqrt()
    ratio = torch.maximum((variances.amin(0) / first.variance).log(), (first.variance / variances.amax(0)).log()).relu()
    return [
        Statistic(first.module, float(a), float(r), bool(kept), float(epsilon))
        for a, r, kept, epsilon in zip(apart, ratio, first.is_kept, first.epsilon, strict=True)
    ]


def own_statistics(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> dict[str, Tensor]:
    """Return the mean and variance of what goes into each batch norm whose own are those of a new one, 0 and 1: by the
    names of the weights. A network that was never trained acts with them as it will."""
    keys = {weight.value: weight.keys for weight in program.weights}
    found: dict[str, Tensor] = {}
    made: dict[str, Any] = {}

    def normalise(seen: Seen) -> None:
        kept = {argument: name for argument, name in named_operands(seen.node) if argument.startswith("running_")}
        mean, variance = (seen.arguments.get(name) for name in ("running_mean", "running_var"))
        if mean is None or variance is None or len(kept) != 2 or bool(mean.any()) or not bool((variance == 1).all()):
            return
        values = seen.arguments["input"].transpose(0, 1).flatten(1)
        if (
            len(values) == len(mean)
            and kept.keys() <= {"running_mean", "running_var"}
            and keys.keys() >= set(kept.values())
        ):
            own = {"running_mean": values.mean(1), "running_var": values.var(1, correction=0)}
            found.update({key: each.float() for argument, each in own.items() for key in keys[kept[argument]]})
            made[seen.node.name] = REGISTRY[seen.node.operator].run(*(seen.arguments | own).values())

    change = {
        node.name: lambda result, name=node.name: made.get(name, result)
        for node in program.nodes
        if node.operator.startswith(_NORMS)
    }
    with torch.no_grad():
        replay(program, weights, *inputs, see=normalise, change=change, double=True)
    return found


@dataclass(frozen=True)
class Normalised:
    """What is normalised in a network.

    by_hand: by module of the layers behind which something doesn't simply grow with what they return: how far that
             moves when all numbers of it are scaled alike, as a share of how far it moves when each is scaled by
             itself; 1 behind what saturates, less behind a normalisation
    moved:   by module of each norm that averages over its own input: how far its output moves, as a share of its
             spread, when its input, or what differs in it from image to image, is FACTOR times as large; near 0 where
             it normalises
    copied:  by module of the same norms the share of its input's channels that are copies of others, or the same for
             all images: over these it averages nothing of its own
    undone:  modules of those behind which something is larger when their input is
    """

    by_hand: dict[str, float]
    moved: dict[str, float]
    copied: dict[str, float]
    undone: tuple[str, ...]


def normalised(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> Normalised:
    """Return what is normalised in `program`, by its norms and beside them.

    What layers and norms return is made SCALED times as large, and as small. What goes into the next layer then grows
    and shrinks as much, unless something saturates or normalises on the way. To tell these apart, numbers are scaled
    each by itself: what saturates hangs on one alone and moves as before, what all of them normalise moves more.
    """
    of_images = depending(program, [each.name for each in program.inputs])
    learned = depending(program, [weight.value for weight in program.weights if weight.parameter]) - of_images
    layers = {
        node.name
        for node in program.nodes
        if node.operator.startswith(_NORMS) or (base(node) in _PRODUCTS and learned & set(operands(node)))
    }
    # What goes into an average is looked at too: behind it, numbers that are scaled each by itself cancel.
    looked_at = {
        node.name: next((argument, name) for argument, name in named_operands(node) if name in of_images)
        for node in program.nodes
        if node.name in of_images and (node.name in layers or base(node) in _AVERAGES)
    }
    modules = {node.name: node.module for node in program.nodes}
    norms: set[str] = set()
    given: dict[str, Tensor] = {}
    made: dict[str, Tensor] = {}
    moved: dict[str, float] = {}
    copied: dict[str, float] = {}

    def note(seen: Seen) -> None:
        if seen.node.name in looked_at and seen.outputs:
            given[seen.node.name] = seen.arguments[looked_at[seen.node.name][0]]
        if seen.node.name in layers & looked_at.keys() and seen.outputs:
            made[seen.node.name] = seen.outputs[0]
            if seen.node.operator.startswith(_NORMS) and seen.arguments.get("running_mean") is None:
                norms.add(seen.node.name)
                moved[seen.node.module] = max(moved.get(seen.node.module, 0.0), _moved(seen))
                copied[seen.node.module] = max(copied.get(seen.node.module, 0.0), _copied(seen))

    def is_undone(norm: str) -> bool:
        """Whether something behind a norm is larger when its input is, in the same direction."""
        behind = (depending(program, [norm]) & given.keys()) - {norm}
        grown: list[bool] = []

        def look(seen: Seen) -> None:
            if seen.node.name in behind:
                larger, own = seen.arguments[looked_at[seen.node.name][0]].flatten(), given[seen.node.name].flatten()
                turned = 1 - torch.cosine_similarity(larger, own, dim=0)
                grown.append(bool((turned <= TURNED) & (larger.norm() >= FACTOR**0.25 * own.norm())))

        larger = FACTOR * given[norm]
        replay(program, weights, *inputs, see=look, change={looked_at[norm][1]: larger}, double=True)
        return any(grown)

    def moves(factors: Mapping[str, float | Tensor]) -> dict[str, Tensor]:
        """Return how what goes into layers moves when what some return is multiplied, and when it is divided."""
        found: dict[str, list[Tensor]] = {name: [] for name in given}

        def keep(seen: Seen) -> None:
            if seen.node.name in given:
                found[seen.node.name].append(seen.arguments[looked_at[seen.node.name][0]] - given[seen.node.name])

        for power in (1, -1):
            change = {name: value * factors.get(name, 1.0) ** power for name, value in made.items()}
            replay(program, weights, *inputs, see=keep, change=change, double=True)
        return {name: torch.stack(each) for name, each in found.items()}

    with torch.no_grad():
        replay(program, weights, *inputs, see=note, double=True)
        sources = {name: leading(program, [looked_at[name][1]], from_=layers) & made.keys() for name in given}
        alike = moves(dict.fromkeys(made, SCALED))
        slow = [name for name in given if sources[name] and _grows_less(given[name], alike[name])]
        apart = moves({name: _each_by_itself(value) for name, value in made.items()}) if slow else {}
        shares = {name: _share(alike[name], apart[name]) for name in slow}
        undone = tuple(sorted({modules[name] for name in norms if is_undone(name)}))
        # A gate that closes moves less as well; beside it, what it is for grows as it should, each for itself.
        gated = [name for name, share in shares.items() if not share >= BY_HAND]
        shares |= dict.fromkeys(gated, 1.0)
        for source in sorted(set[str]().union(*(sources[name] for name in gated))):
            alike, apart = moves({source: SCALED}), moves({source: _each_by_itself(made[source])})
            for name in gated:
                if source in sources[name]:
                    shares[name] = min(shares[name], _share(alike[name], apart[name]))
    by_hand: dict[str, float] = {}
    for name, share in shares.items():
        by_hand[modules[name]] = min(by_hand.get(modules[name], 1.0), share)
    return Normalised(by_hand, moved, copied, undone)


def _copied(seen: Seen) -> float:
    """Return the share of a norm's input channels that are another one, or its negative, or the same for all images."""
    given: Tensor = next(iter(seen.arguments.values()))
    last = len(seen.arguments.get("normalized_shape", (0, 0))) == 1  # A layer norm of channels that come last.
    rows = given.movedim(-1 if last else 1, 0).flatten(2) if given.ndim > 2 else given.T[..., None]
    still = (rows == rows[:, :1]).all(2).all(1) & (rows.shape[1] > 1)
    flat = rows.flatten(1)
    flat = flat / flat.norm(dim=1, keepdim=True).clamp(min=torch.finfo(flat.dtype).tiny)
    again = ((flat @ flat.T).abs() > 1 - SAME).tril(-1).any(1)
    return float((still | again).double().mean())


def _moved(seen: Seen) -> float:
    given, *others = seen.arguments.values()
    # A channel that is the same for all images is none of the network's maps; of a map, the borders may be.
    own = (given != given[:1]).reshape(*given.shape[:2], -1).any(2).any(0).view(-1, *[1] * (given.ndim - 2))
    run = REGISTRY[seen.node.operator].run
    moved = [
        float((run(larger, *others)[0] - seen.outputs[0]).norm() / (seen.outputs[0] - seen.outputs[0].mean()).norm())
        for larger in (FACTOR * (given + given.std()), torch.where(own, FACTOR * given, given))
    ]
    differs = (given != given[:1]).any(0).expand_as(given)
    spread, larger = (
        run(each, *others)[0][differs].std(correction=0)
        for each in (given, torch.where(differs, FACTOR * given, given))
    )
    if (
        larger >= DROWNED * spread
    ):  # By what is the same for all images, and so much louder that it alone is divided by.
        return math.inf
    # What gives the same whatever it is given normalises nothing.
    return max(math.inf if math.isnan(each) else each for each in moved)


def _each_by_itself(map: Tensor) -> Tensor:
    """Return factors, as often large as small: of a map N×C×H×W one for each square of BLOCK×BLOCK places, so that a
    pooling of neighbours sees one; else one for each number."""
    shape = [*map.shape[:2], *(-(-side // BLOCK) for side in map.shape[2:])] if map.ndim == 4 else map.shape
    signs = torch.randint(2, shape, generator=torch.Generator().manual_seed(0)).double()
    if map.ndim == 4:
        signs = signs.repeat_interleave(BLOCK, 2).repeat_interleave(BLOCK, 3)[..., : map.shape[2], : map.shape[3]]
    return torch.where(signs.to(map.device) > 0, SCALED, 1 / SCALED).double()


def _grows_less(given: Tensor, moves: Tensor) -> bool:
    """Whether some channel, as it moves, grows and shrinks less than it would if it were scaled by itself: in its own
    direction, since what was normalised may turn."""
    own = torch.stack([(SCALED - 1) * given, (1 / SCALED - 1) * given])
    # Of a product the root is as long as a norm.
    return not bool((_by_channel((moves * own).relu().sqrt()) >= GROWN * _by_channel(own)).all())


def _share(alike: Tensor, apart: Tensor) -> float:
    """Return how far channels move when all numbers are scaled alike, as a share of how far they move when each is
    scaled by itself: of the quarter of them that moves least the one that moves most, or a single one that hardly
    moves."""
    share = _by_channel(alike) / _by_channel(apart)
    share = share[~((_by_channel(alike) == 0) & (_by_channel(apart) == 0))]  # Where nothing moves, nothing is said.
    if not len(share):
        return 1.0
    least, quarter = float(share.min()), float(share.quantile(FEW, interpolation="lower"))
    least = least if least < HARDLY else quarter
    return 0.0 if math.isnan(least) else least  # NaN is no evidence.


def _by_channel(moves: Tensor) -> Tensor:
    """Return the norm of moves (2×N×C×…) for each channel, or of all where a channel is but a few numbers."""
    rows = moves.transpose(0, 2).flatten(1)
    norms: Tensor = (rows if rows.shape[1] >= ENOUGH else rows.reshape(1, -1)).norm(dim=1)
    return norms
