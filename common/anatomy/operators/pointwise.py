"""Operators that treat each place by itself."""

from dataclasses import replace

import torch
from torch import Tensor

from common.anatomy.operators.layer import layer
from common.anatomy.operators.registry import Call, Found, every, follows
from common.anatomy.operators.value import Plane, Value, distinct, extent

_LINEAR = {"add", "sub", "rsub", "neg", "mul", "div"}
_RAISING = {"pow", "square", "exp", "exp2", "expm1", "cosh", "sinh", "reciprocal", "rsqrt", "tan", "logit", "atanh"}
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
    """The places stay where they are. A softmax over places is among them: what it gives are shares, not weights."""
    value = _combined(call)
    apart = _lie_apart(call)
    linear = call.base in _LINEAR and (
        call.base in ("add", "sub", "rsub", "neg") or sum(each.origin.image for each in call.values) < 2
    )
    kind = (
        "max pool"
        if apart and call.base in _CHOOSING
        else "combination of places"
        if not linear and (apart or (value.places > 1 and (call.merged.way.mixed or _over_places(call))))
        else ""
    )
    if value.origin.image and (call.base in _RAISING or _multiplies_itself(call)):
        value = replace(value, way=replace(value.way, raised=True))
    return Found((value.mixing() if apart else value,) * len(call.outputs), (layer(call, kind, value),) if kind else ())


def _multiplies_itself(call: Call) -> bool:
    """Whether something is multiplied by itself, or divides by what has places: powers, written otherwise."""
    if call.base == "mul":
        return call["self"] is call["other"]
    divisor = call.known.get("other") if call.base == "div" else None
    return isinstance(divisor, Value) and divisor.origin.image and divisor.places > 1


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
    value = call.values[0]
    mixed = value.places > 1 and value.way.mixed
    return Found((value,) * len(call.outputs), (layer(call, "combination of places", value),) if mixed else ())


@follows("glu.default")
def gated(call: Call) -> Found:
    """One half of the channels opens and closes the other."""
    value = call.merged
    if value.plane is not None:
        dim = call["dim"]
        one, other = value.plane.places.chunk(2, dim)
        apart = bool(((one != other) & (one > 0) & (other > 0)).any())
        value = value.at(one)
        if value.places > 1 and (apart or value.way.mixed):
            return Found((value,), (layer(call, "combination of places", value),))
    return Found((value,))


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


def _over_places(call: Call) -> bool:
    """Whether it is a softmax over some places and not all, as in a window."""
    value = call.values[0]
    if "softmax" not in call.base or value.plane is None:
        return False
    mixed = distinct(value.plane.places.movedim(call["dim"], -1).reshape(-1, call.operands[0][0].shape[call["dim"]])[0])
    return 1 < mixed < value.places


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
