"""From a call to the layer that it is."""

from typing import Any

from common.anatomy.operation import Operation
from common.anatomy.operators.registry import Call
from common.anatomy.operators.value import Value


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
