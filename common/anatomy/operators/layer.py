"""From a call to the layer that it is."""

from dataclasses import replace
from typing import Any

from torch import Tensor

from common.anatomy.operation import Operation
from common.anatomy.operators.registry import Call, Found
from common.anatomy.operators.value import Plane, Value


def layer(call: Call, kind: str, value: Value, **details: Any) -> Operation:
    """Return the layer of that kind that `call` is; `value` is known of what it makes. See Operation for the
    details."""
    uses = [key for _, each in call.operands for key in sorted(each.origin.weights)]
    kernels = [
        (tensor.ndim, tensor.numel(), key)
        for tensor, each in call.operands
        if tensor.ndim > 1
        for key in each.origin.weights
    ]
    return Operation(
        kind=kind,
        call=call.number,
        value=call.name,
        output=tuple(call.out.shape[1:]),
        receptive_field=value.reach.pixels,
        jump=value.reach.jump,
        uses=frozenset(uses),
        name=uses[0].rpartition(".")[0] if uses else "",
        weight_name=max(kernels)[2] if kernels else "",
        **details,
    )


def linear_at_each_place(call: Call, merged: Value, plane: Plane, places: Tensor, **details: Any) -> Found:
    """Return what `call` is where it mixes the channels of each place by itself, as a 1×1 convolution does: `merged` is
    known of its operands, `plane` of the places, which are `places` now."""
    value = replace(merged, plane=replace(plane, places=places))
    learned = [tensor for tensor, each in call.operands if each.learned and tensor.ndim > 1]
    if not learned:
        return Found((value,))
    value = replace(value, origin=replace(value.origin, weights=frozenset(), convolutions=frozenset({call.number})))
    details = {
        "weight": tuple(learned[-1].shape),
        "map": (value.places, 1),
        "before": merged.origin.convolutions,
    } | details
    return Found((value,), (layer(call, "linear", value, **details),))
