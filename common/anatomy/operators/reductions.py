"""Operators that make one number of many: means, sums, extremes, statistics."""

from dataclasses import replace

from common.anatomy.operation import Operation
from common.anatomy.operators.layer import layer
from common.anatomy.operators.registry import Call, Found, follows
from common.anatomy.operators.value import Value, distinct, extent, pair

_EXTREMES = {"amax", "max", "amin", "min"}
_KINDS = {"average": "global average", "max": "max pool"}


@follows(
    "mean.default",
    "mean.dim",
    "sum.default",
    "sum.dim_IntList",
    "amax.default",
    "amin.default",
    "max.default",
    "max.dim",
    "min.default",
    "min.dim",
    "prod.default",
    "prod.dim_int",
    "var.correction",
    "std.correction",
    "var_mean.correction",
    "std_mean.correction",
    "linalg_vector_norm.default",
    "logsumexp.default",
    "norm.ScalarOpt_dim",
    "norm.Scalar",
    "any.default",
    "any.dim",
    "all.default",
    "all.dim",
)
def reduction(call: Call) -> Found:
    """Over channels the places stay; over all places the plane is left, by an average where it is a mean or a sum."""
    tensor, value = call.operands[0]
    if value.plane is None:
        return _found(call, call.merged)
    dims = call.arguments.get("dim")
    dims = [dim % tensor.ndim for dim in ([dims] if isinstance(dims, int) else dims or range(tensor.ndim))]
    others = [dim for dim in range(tensor.ndim) if dim not in dims]
    rows = value.plane.places.permute(*others, *dims).reshape(-1, tensor.numel() // max(1, call.out.numel()))
    places, mixed = value.places, distinct(rows[0])
    kept = call.merged.at(value.plane.places.amin(dims, keepdim=bool(call.arguments.get("keepdim", False))))
    averages = call.base in ("mean", "sum")
    if mixed <= 1 or places == 1:
        return _found(call, kept)
    if not averages and call.base not in _EXTREMES and mixed < places:
        return _found(call, kept.not_through(call.operator))
    where = value.plane.rows_and_columns.permute(0, *(1 + dim for dim in (*others, *dims))).reshape(2, *rows.shape)
    apart, whole = extent(where), extent(where.flatten(1)[:, None])
    wide = kept.farther(apart)
    # A mean over a whole side is on its way out of the plane, and one over a window is not.
    local = pair(
        far if far_apart < most else near
        for far, near, far_apart, most in zip(wide.reach.local, kept.reach.local, apart, whole, strict=True)
    )
    reduced = replace(wide, reach=replace(wide.reach, local=local))
    if mixed < places:
        return _found(call, reduced, () if averages else (layer(call, "max pool", reduced),))
    how = "average" if averages else "max" if call.base in _EXTREMES else "statistic"
    reduced = replace(
        reduced, reach=replace(reduced.reach, local=value.reach.field if others else call.merged.reach.field)
    ).leaving(how)
    return _found(call, reduced, (layer(call, _KINDS[how], reduced),) if how in _KINDS else ())


def _found(call: Call, value: Value, layers: tuple[Operation, ...] = ()) -> Found:
    return Found((value,) * len(call.outputs), layers)
