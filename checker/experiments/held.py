"""Norms over places, held at what they are: what follows then hangs on a place by its number alone, and no longer by
the statistics."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from common.anatomy.replay import Seen
from common.anatomy.ways import base


@dataclass(frozen=True)
class HeldNorm:
    """A norm over places, whose statistics are held at what they are."""

    mean: Tensor
    deviation: Tensor
    weight: Tensor | float
    bias: Tensor | float

    @staticmethod
    def of(seen: Seen) -> "HeldNorm | None":
        """Return a norm that averages over places of its input, as it is; None for other calls."""
        arguments, name = seen.arguments, base(seen.node)
        given = arguments.get("input")
        if not isinstance(given, Tensor) or given.ndim != 4:
            return None
        if name == "native_group_norm":
            rows = given.flatten(1).unflatten(1, (arguments["group"], -1))
            mean, variance = (
                each.repeat_interleave(given.shape[1] // arguments["group"], 1).view(*given.shape[:2], 1, 1)
                for each in (rows.mean(2), rows.var(2, correction=0))
            )
            weight, bias = (_by_channel(arguments[each]) for each in ("weight", "bias"))
        elif name == "native_layer_norm" and len(arguments["normalized_shape"]) > 1:
            dims = list(range(-len(arguments["normalized_shape"]), 0))
            mean, variance = given.mean(dims, keepdim=True), given.var(dims, correction=0, keepdim=True)
            weight, bias = arguments["weight"], arguments["bias"]
        elif name == "_native_batch_norm_legit":  # Of its own input: an instance norm.
            mean, variance = given.mean((0, 2, 3), keepdim=True), given.var((0, 2, 3), correction=0, keepdim=True)
            weight, bias = (_by_channel(arguments[each]) for each in ("weight", "bias"))
        else:
            return None
        deviation = (variance + arguments["eps"]).sqrt()
        return HeldNorm(mean, deviation, 1.0 if weight is None else weight, 0.0 if bias is None else bias)

    def held(self, given: Mapping[str, Tensor], name: str) -> Callable[[Any], Any]:
        """Return what puts its output in the place of a result, for what the norm is given then."""
        return lambda result: (
            (given[name] - self.mean) / self.deviation * self.weight + self.bias,
            *result[1:],
        )


def _by_channel(numbers: Tensor | None) -> Tensor | None:
    return None if numbers is None else numbers.view(-1, 1, 1)
