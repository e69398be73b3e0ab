"""Operators that make numbers of none: what comes out knows of no image and no weight."""

import torch

from common.anatomy.operators.registry import Call, Found, every, follows
from common.anatomy.operators.value import Value


# Memory that nobody wrote to may hold what a stranger's program must not see.
@follows("empty.memory_format", run=torch.ops.aten.zeros.default)
@follows("empty_like.default", run=torch.ops.aten.zeros_like.default)
@follows("new_empty.default", run=torch.ops.aten.new_zeros.default)
@follows(
    *every(
        "default start start_step names m Scalar",
        "zeros",
        "ones",
        "full",
        "arange",
        "linspace",
        "logspace",
        "eye",
        "triu_indices",
        "tril_indices",
        "scalar_tensor",
        "zeros_like",
        "ones_like",
        "full_like",
        "new_zeros",
        "new_ones",
        "new_full",
    )
)
def made(call: Call) -> Found:
    """Only the shape of an operand is used, and nothing is known of what comes out."""
    return Found((Value(),) * len(call.outputs))
