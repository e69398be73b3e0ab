"""Does a network normalise? What goes into a norm is scaled, and what comes out must stay; and nothing else may do
that."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from checker.experiments.places import replaced_by
from checker.tolerances import FACTOR, UNMOVED
from common.anatomy.operators import REGISTRY
from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay
from common.anatomy.ways import base, depending, named_operands, operands

_NORMS = ("aten._native_batch_norm", "aten.native_group_norm", "aten.native_layer_norm")
_PRODUCTS = frozenset({"convolution", "mm", "addmm", "bmm", "baddbmm"})


@dataclass(frozen=True)
class Statistic:
    """How far the mean and variance that a normalisation keeps of one channel lie from those of its input.

    module:   of the normalisation
    mean:     their difference, as a share of the larger standard deviation
    variance: the logarithm of their ratio
    is_kept:  they aren't what a new normalisation begins with, a mean of 0 and a variance of 1
    """

    module: str
    mean: float
    variance: float
    is_kept: bool


def running_statistics(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> tuple[Statistic, ...]:
    """Return how far the statistics that batch norms keep lie from those of their inputs, for each channel."""
    found: list[Statistic] = []

    def compare(seen: Seen) -> None:
        mean, variance = (seen.arguments.get(name) for name in ("running_mean", "running_var"))
        if mean is None or variance is None or seen.arguments["input"].ndim < 2:
            return
        values, least = seen.arguments["input"].transpose(0, 1).flatten(1), seen.arguments["eps"]
        if (
            seen.arguments["input"].shape[0] == 1 < len(inputs[0]) and len(values) % len(inputs[0]) == 0
        ):  # An instance norm: of all images.
            channels = len(values) // len(inputs[0])
            values = values.unflatten(0, (-1, channels)).transpose(0, 1).flatten(1)
            mean, variance = mean[:channels], variance[:channels]
        own_mean, own_variance = values.mean(1), values.var(1, correction=0)
        apart = (own_mean - mean).abs() / (torch.maximum(own_variance, variance) + least).sqrt()
        ratio = ((own_variance + least) / (variance + least)).log().abs()
        is_kept = (mean != 0) | (variance != 1)
        found.extend(
            Statistic(seen.node.module, float(a), float(r), bool(kept))
            for a, r, kept in zip(apart, ratio, is_kept, strict=True)
        )

    with torch.no_grad():
        replay(program, weights, *inputs, see=compare, double=True)
    return tuple(found)


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

    by_hand: modules before whose layers something is, and by no norm of the network
    moved:   by module of each norm that averages over its own input: how far its output moves, as a share of its
             spread, when its input is FACTOR times as large and shifted by its spread; near 0 where it normalises
    """

    by_hand: tuple[str, ...]
    moved: dict[str, float]


def normalised(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> Normalised:
    """Return what is normalised in `program`, by its norms and beside them.

    Everything that layers and norms return is made FACTOR times as large. What then goes unmoved into the next layer
    has been normalised on the way.
    """
    of_images = depending(program, [each.name for each in program.inputs])
    learned = depending(program, [weight.value for weight in program.weights if weight.parameter]) - of_images
    layers = {
        node.name: next((argument, name) for argument, name in named_operands(node) if name in of_images)
        for node in program.nodes
        if node.name in of_images
        and (node.operator.startswith(_NORMS) or (base(node) in _PRODUCTS and learned & set(operands(node))))
    }
    behind = depending(program, layers)
    made: dict[str, Tensor] = {}
    given: dict[str, Tensor] = {}
    moved: dict[str, float] = {}
    by_hand: list[str] = []

    def note(seen: Seen) -> None:
        if seen.node.name in layers and seen.outputs:
            given[seen.node.name], made[seen.node.name] = seen.arguments[layers[seen.node.name][0]], seen.outputs[0]
            if seen.node.operator.startswith(_NORMS) and seen.arguments.get("running_mean") is None:
                moved[seen.node.module] = max(moved.get(seen.node.module, 0.0), _moved(seen))

    def compare(seen: Seen) -> None:
        name = seen.node.name
        if name in given and layers[name][1] in behind and _is_unmoved(given[name], seen.arguments[layers[name][0]]):
            by_hand.append(seen.node.module)

    with torch.no_grad():
        replay(program, weights, *inputs, see=note, double=True)
        larger = {name: replaced_by(FACTOR * value) for name, value in made.items()}
        replay(program, weights, FACTOR * inputs[0], *inputs[1:], see=compare, change=larger, double=True)
    return Normalised(tuple(dict.fromkeys(by_hand)), moved)


def _moved(seen: Seen) -> float:
    arguments = list(seen.arguments.values())
    arguments[0] = FACTOR * (arguments[0] + arguments[0].std())
    other = REGISTRY[seen.node.operator].run(*arguments)[0]
    moved = float((other - seen.outputs[0]).norm() / (seen.outputs[0] - seen.outputs[0].mean()).norm())
    return math.inf if math.isnan(moved) else moved  # What gives the same whatever it is given normalises nothing.


def _is_unmoved(before: Tensor, after: Tensor) -> bool:
    """Whether some channel is as it was, and says something of the images."""
    rows = before.flatten(2).transpose(0, 1).flatten(1) if before.ndim > 2 else before.T
    others = after.flatten(2).transpose(0, 1).flatten(1) if after.ndim > 2 else after.T
    spread = (rows - rows.mean(1, keepdim=True)).norm(dim=1)
    return not bool(
        ((others - rows).norm(dim=1) >= UNMOVED * spread).all()
    )  # So that NaN, which is no evidence, is none that it moved.
