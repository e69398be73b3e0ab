"""Operators that treat each place by itself."""

from dataclasses import replace

import torch
from torch import Tensor

from common.anatomy.operators.layer import layer
from common.anatomy.operators.registry import Call, Found, every, follows
from common.anatomy.operators.value import Plane, Value, extent

_CHOOSING = {"maximum", "minimum", "where", "clamp", "clamp_min", "clamp_max", "fmax", "fmin"}


@follows(
    *every(
        "default Tensor Scalar Tensor_Scalar Tensor_Tensor Scalar_Tensor self ScalarSelf ScalarOther Tensor_mode "
        "Scalar_mode",
        "add",
        "sub",
        "rsub",
        "mul",
        "div",
        "neg",
        "pow",
        "square",
        "sqrt",
        "rsqrt",
        "reciprocal",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "abs",
        "sign",
        "sgn",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "atan2",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "acosh",
        "atanh",
        "sigmoid",
        "relu",
        "relu6",
        "threshold",
        "leaky_relu",
        "elu",
        "celu",
        "selu",
        "gelu",
        "silu",
        "mish",
        "softplus",
        "softshrink",
        "hardshrink",
        "hardtanh",
        "hardswish",
        "hardsigmoid",
        "log_sigmoid_forward",
        "_prelu_kernel",
        "erf",
        "erfc",
        "logit",
        "xlogy",
        "clamp",
        "clamp_min",
        "clamp_max",
        "maximum",
        "minimum",
        "fmax",
        "fmin",
        "where",
        "masked_fill",
        "lerp",
        "addcmul",
        "addcdiv",
        "floor",
        "ceil",
        "round",
        "trunc",
        "frac",
        "fmod",
        "remainder",
        "heaviside",
        "eq",
        "ne",
        "gt",
        "ge",
        "lt",
        "le",
        "logical_and",
        "logical_or",
        "logical_not",
        "logical_xor",
        "bitwise_and",
        "bitwise_or",
        "bitwise_not",
        "bitwise_xor",
        "isnan",
        "isinf",
        "isfinite",
        "nan_to_num",
        "_softmax",
        "_log_softmax",
        "_safe_softmax",
        "fill",
        "sinc",
        "signbit",
        "hypot",
        "floor_divide",
        "angle",
    )
)
def pointwise(call: Call) -> Found:
    """The places stay where they are, but for what chooses among places that lie apart."""
    value = _combined(call)
    chooses = call.base in _CHOOSING and _lie_apart(call)
    return Found((value,) * len(call.outputs), (layer(call, "max pool", value),) if chooses else ())


def _rectified(
    tensor: Tensor,
    noise: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    generator: None = None,
) -> tuple[Tensor, Tensor]:
    """What a randomised leaky ReLU does in evaluation: it takes the mean of its slopes."""
    if training:
        raise ValueError("a randomised ReLU draws in evaluation")
    return torch.nn.functional.leaky_relu(tensor, (lower + upper) / 2), noise


@follows("rrelu_with_noise_functional.default", run=_rectified)
def rectified(call: Call) -> Found:
    """Both outputs lie where the input does."""
    return Found((call.values[0],) * len(call.outputs))


@follows("glu.default")
def gated(call: Call) -> Found:
    """One half of the channels opens and closes the other."""
    value = call.merged
    return Found((value if value.plane is None else value.at(value.plane.places.chunk(2, call["dim"])[0]),))


def _combined(call: Call) -> Value:
    """What is known of the result: the places of the operand that it has the shape of, and the reach of all."""
    out, merged = call.out, call.merged
    if not any(value.plane is not None for value in call.values):
        return merged
    same = [value for tensor, value in call.operands if value.plane is not None and tensor.shape == out.shape]
    # Broadcasting against a larger constant or parameter keeps the activation's places.
    same = same or [
        value.at(value.plane.places.expand(out.shape))
        for tensor, value in call.operands
        if value.plane is not None and _broadcasts(tensor.shape, out.shape)
    ]
    if not same:
        return merged.at(None) if merged.places == 1 else merged.at(None).not_through(call.operator)
    best = max(same, key=lambda value: value.places)
    # What has left the plane only opens and closes what hasn't: it is no way out.
    wide = [value.way.exits for value in call.values if value.places > 1]
    merged = replace(merged, way=replace(merged.way, exits=frozenset().union(*wide))) if wide else merged
    planes = [value.plane for value in same if value.plane is not None]
    return replace(merged.farther(_apart(best.plane, planes)), plane=best.plane)


def _apart(plane: Plane | None, planes: list[Plane]) -> tuple[float, float]:
    """Return how far the places of the operands lie apart: an image plus itself, moved, sees farther than either."""
    far = (0.0, 0.0)
    for other in planes:
        if (
            plane is not None
            and other.call == plane.call
            and other.places is not plane.places
            and not torch.equal(other.places, plane.places)
        ):
            between = extent(torch.stack((plane.rows_and_columns, other.rows_and_columns), -1).flatten(1, -2))
            far = max(far[0], between[0]), max(far[1], between[1])
    return far


def _lie_apart(call: Call) -> bool:
    """Whether two activations, neither of them constant, lie otherwise on the same plane."""
    planes = [
        value.plane
        for operand, value in call.operands
        if value.origin.image
        and value.plane is not None
        and operand.shape == call.out.shape
        and operand.is_floating_point()
        and operand.min() < operand.max()
    ]
    return any(
        one.call == other.call and bool(((one.places != other.places) & (one.places > 0) & (other.places > 0)).any())
        for index, one in enumerate(planes)
        for other in planes[:index]
    )


def _broadcasts(shape: torch.Size, target: torch.Size) -> bool:
    try:
        return bool(torch.broadcast_shapes(shape, target) == target)
    except RuntimeError:
        return False
