"""Matrix products: a linear layer at each place, a dense layer over all places, or attention among them."""

from dataclasses import replace

from torch import Tensor

from common.anatomy.operators.layer import layer, linear_at_each_place
from common.anatomy.operators.registry import Call, Found, follows
from common.anatomy.operators.value import SHARED, distinct, pair

MOST_TAPS = 1_024  # That are looked at for how many places each meets.
MOST_ROWS = 64  # That are looked at for the places which they mix.
_OPERANDS = {
    "mm": ("self", "mat2"),
    "bmm": ("self", "mat2"),
    "addmm": ("mat1", "mat2"),
    "baddbmm": ("batch1", "batch2"),
    "mv": ("self", "vec"),
    "dot": ("self", "tensor"),
    "vdot": ("self", "other"),
}


@follows("mm.default", "bmm.default", "addmm.default", "baddbmm.default", "mv.default", "dot.default", "vdot.default")
def contraction(call: Call) -> Found:
    """Sums over one dimension of both. Where that dimension runs over places, they are mixed."""
    left, right = _OPERANDS[call.base]
    tensors, values = (call[left], call[right]), (call.known[left], call.known[right])
    learned = [(tensor, value) for tensor, value in zip(tensors, values, strict=True) if value.learned]
    merged = call.merged
    details = {
        "weight": tuple(learned[-1][0].squeeze(0).shape) if learned else (),
        "multiply_adds": call.out.numel() * tensors[0].shape[-1] // call.images if learned else 0,
    }
    if not merged.origin.image:
        return Found((merged,))
    # The contracted dimension is the left one's last, and the right one's last but one or only.
    planes = [
        None
        if value.plane is None
        else value.plane.places
        if index == 0 or tensor.ndim == 1
        else value.plane.places.transpose(-1, -2)
        for index, (tensor, value) in enumerate(zip(tensors, values, strict=True))
    ]
    if all(plane is None for plane in planes):
        return Found((merged,), (layer(call, "linear", merged, **details),) if learned else ())
    whole_plane = next(value.plane for value in values if value.plane is not None)
    rows = next(plane for plane in planes if plane is not None)
    places = max(value.places for value in values)
    flat = rows.reshape(-1, rows.shape[-1])
    mixed = max(distinct(row) for row in flat[:: max(1, len(flat) // MOST_ROWS)])
    if (
        mixed <= 1 and sum(plane is not None for plane in planes) == 1
    ):  # A linear layer at each place, like a 1×1 convolution.
        kept = rows[..., :1].transpose(-1, -2) if planes[0] is None else rows[..., :1]
        if call.out.ndim < kept.ndim:
            kept = kept.squeeze(-1)
        return linear_at_each_place(call, merged, whole_plane, kept.expand(call.out.shape), **details)
    whole = bool(learned) and places > 1 and (mixed == places or _tap_for_each_place(flat))
    side = round(places**0.5)
    grown = pair(
        f + (length - 1) * j
        for f, length, j in zip(
            merged.reach.field, (side, side) if side * side == places else (1, places), merged.reach.jump, strict=True
        )
    )
    value = replace(merged.at(None), reach=replace(merged.reach, field=grown, local=merged.reach.field))
    value = value.leaving("fully connected") if whole else value.not_through(call.operator)
    return Found((value,), (layer(call, "linear", value, fully_connected=whole, **details),) if learned else ())


def _tap_for_each_place(windows: Tensor) -> bool:
    """Whether a tap seldom meets a second place, so that it is the weight of a single one, whichever window it lies
    in."""
    met = [count for tap in windows.T[:MOST_TAPS] if (count := distinct(tap))]
    return len(windows.unique(dim=0)) > 1 and sum(met) < SHARED * len(met)
