"""A recorded network with its weights as an ONNX model, for onnxruntime: written by hand for the operators that most
students' networks use, since torch.onnx takes seconds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from common.anatomy.operators import REGISTRY
from common.anatomy.program import Program, Reference
from common.anatomy.replay import SIZES, Seen, measure

_OPSET, _IR_VERSION = 20, 10  # The first with Gelu; both older than what pyproject.toml asks for.


# Channels that onnxruntime computes at once, as many as a vector holds: narrower groups take longer than all together.
_AT_ONCE = 16


class NoCounterpartError(Exception):
    """The program does something that isn't translated; the message is its name."""


def onnx_model(program: Program, weights: Mapping[str, Tensor], batch: int) -> bytes:
    """Return what `program` makes of `batch` images, no more and no fewer, as an ONNX model with inputs of the same
    names and outputs in the same order.

    weights: by the names of their values, as `common.anatomy.weights.fill` returns them
    Raises NoCounterpartError, and does so before it imports onnx; ReplayError where so many images cost too much.
    """
    for node in program.nodes:
        if node.operator not in _TRANSLATED and node.operator not in SIZES and node.operator != "getitem":
            raise NoCounterpartError(node.operator)
    held = {**weights, **program.constants}
    shapes = [(name, tensor.shape, tensor.dtype) for name, tensor in held.items()]
    text = repr((program.inputs, program.nodes, program.outputs, shapes, batch))
    return _translated(_Key(text, program, held, batch)).content(held)


@dataclass(frozen=True)
class _Key:
    """What a translation depends on, as text, since True equals 1 and 1 equals 1.0; and what that was made of."""

    text: str
    program: Program = field(compare=False)
    held: dict[str, Tensor] = field(compare=False)
    batch: int = field(compare=False)


@lru_cache(maxsize=1)  # Epochs of one run follow each other, and to find all shapes takes longest.
def _translated(key: _Key) -> "_Model":
    model = _Model(key.program, key.held, key.batch)
    measure(key.program, key.batch, see=model.add)
    return model


@dataclass(frozen=True)
class _Call:
    """One call of an operator: its arguments by the names of the schema, once as names of values, where they are
    tensors, and once as they are, with tensors that hold no numbers."""

    names: dict[str, Any]
    given: dict[str, Any]
    out: Tensor

    def __getitem__(self, argument: str) -> Any:
        return self.given[argument]

    def only(self, **wanted: object) -> None:
        """See that arguments have the only values that are translated."""
        for argument, value in wanted.items():
            if self.given[argument] != value:
                raise NoCounterpartError(f"{argument}={self.given[argument]}")

    def pair(self, argument: str) -> list[int]:
        """Return an argument for height and width."""
        return list(self.given[argument]) * (2 // len(self.given[argument]))


class _Model:
    """An ONNX model as it grows, node by node. Translations name values by what ONNX calls them."""

    def __init__(self, program: Program, held: Mapping[str, Tensor], batch: int) -> None:
        """held: weights and constants, of which only the types matter: `content` is given others"""
        self._inputs = [(given.name, (batch, *given.shape)) for given in program.inputs]
        self._outputs = program.outputs
        self._types = {name: tensor.dtype for name, tensor in held.items()}
        self._names = {given.name: given.name for given in program.inputs}
        self._nodes: list[tuple[str, list[str], str, dict[str, Any]]] = []
        self._numbers: dict[str, Tensor] = {}

    def add(self, seen: Seen) -> None:
        """Translate one call of the program."""
        node = seen.node
        if node.operator in SIZES:  # It is in the arguments of those that use it, as a number.
            return
        if node.operator == "getitem":
            source, index = node.arguments
            if not isinstance(source, Reference) or index != 0:
                raise NoCounterpartError("getitem")
            self._names[node.name] = self._names[source.name]
            return
        if any(output.dtype != torch.float32 for output in seen.outputs[:1]):
            raise NoCounterpartError(f"{node.operator} of {seen.outputs[0].dtype}")
        named = REGISTRY[node.operator].bound(list(node.arguments), dict(node.keywords))
        call = _Call({key: self._named(value) for key, value in named.items()}, seen.arguments, seen.outputs[0])
        self._names[node.name] = _TRANSLATED[node.operator](self, call)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of what it makes."""
        name = f"value {len(self._nodes)}"
        self._nodes.append((operator, list(inputs), name, attributes))
        return name

    def numbers(self, values: Sequence[int] | Tensor) -> str:
        """Return the name of a constant: integers as int64, a tensor as it is."""
        name = f"numbers {len(self._numbers)}"
        self._numbers[name] = values if isinstance(values, Tensor) else torch.tensor(values, dtype=torch.int64)
        return name

    def operand(self, call: _Call, argument: str) -> str:
        """Return the name of an argument that is a tensor or a number."""
        name: str | None = call.names[argument]
        return name if name is not None else self.numbers(torch.tensor(float(call[argument])))

    def content(self, held: dict[str, Tensor]) -> bytes:
        """Return the model with these weights and constants as a file."""
        from onnx import TensorProto, helper, numpy_helper

        nodes = [helper.make_node(kind, read, [made], **settings) for kind, read, made, settings in self._nodes]
        nodes += [helper.make_node("Identity", [self._names[name]], [f"out {name}"]) for name in self._outputs]
        graph = helper.make_graph(
            nodes,
            "program",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in self._inputs],
            [helper.make_tensor_value_info(f"out {name}", TensorProto.FLOAT, None) for name in self._outputs],
            [
                numpy_helper.from_array(tensor.contiguous().numpy(), name)
                for name, tensor in (held | self._numbers).items()
                if name in self._numbers or name in self._names
            ],
        )
        opset = helper.make_opsetid("", _OPSET)
        content: bytes = helper.make_model(graph, ir_version=_IR_VERSION, opset_imports=[opset]).SerializeToString()
        return content

    def _named(self, argument: object) -> Any:
        if isinstance(argument, tuple):
            return [self._named(each) for each in argument]
        if not isinstance(argument, Reference):
            return None
        name = argument.name
        if name in self._types:
            if self._types[name] != torch.float32:
                raise NoCounterpartError(f"{self._types[name]}")
            self._names[name] = name
        return self._names.get(name)  # None of a size.


_Translation = Callable[[_Model, _Call], str]
_TRANSLATED: dict[str, _Translation] = {}


def _translates(*names: str) -> Callable[[_Translation], _Translation]:
    """Register the translation of the ATen operators of these names, "convolution.default"."""

    def add(translation: _Translation) -> _Translation:
        _TRANSLATED.update({f"aten.{name}": translation for name in names})
        return translation

    return add


@_translates("convolution.default")
def _convolution(model: _Model, call: _Call) -> str:
    call.only(transposed=False)
    if call["input"].ndim != 4:
        raise NoCounterpartError("a convolution of other than maps")
    weight, groups = call.names["weight"], call["groups"]
    if groups > 1 and call["weight"].shape[1] > 1 and call["input"].shape[1] <= _AT_ONCE:
        weight, groups = _ungrouped(model, call), 1
    return model.node(
        "Conv",
        *(name for name in (call.names["input"], weight, call.names["bias"]) if name is not None),
        kernel_shape=list(call["weight"].shape[2:]),
        strides=call.pair("stride"),
        pads=call.pair("padding") * 2,
        dilations=call.pair("dilation"),
        group=groups,
    )


def _ungrouped(model: _Model, call: _Call) -> str:
    """Return the kernel of the same convolution in a single group: zeros stand for the channels that a group doesn't
    see."""
    groups = call["groups"]
    count, wide = call["weight"].shape[0] // groups, call["weight"].shape[1]
    rows = []
    for group in range(groups):
        bounds = (model.numbers([each]) for each in (group * count, (group + 1) * count, 0))
        before, behind = group * wide, (groups - 1 - group) * wide
        padding = model.numbers([0, before, 0, 0, 0, behind, 0, 0])
        rows.append(model.node("Pad", model.node("Slice", call.names["weight"], *bounds), padding))
    return model.node("Concat", *rows, axis=0)


@_translates("_native_batch_norm_legit_no_training.default")
def _batch_norm(model: _Model, call: _Call) -> str:
    count = call["input"].shape[1]
    return model.node(
        "BatchNormalization",
        call.names["input"],
        call.names["weight"] or model.numbers(torch.ones(count)),
        call.names["bias"] or model.numbers(torch.zeros(count)),
        call.names["running_mean"],
        call.names["running_var"],
        epsilon=call["eps"],
    )


@_translates("native_group_norm.default")
def _group_norm(model: _Model, call: _Call) -> str:
    groups = call["group"]
    # Each group as one channel, which ONNX normalises by its own mean and variance.
    together = model.node("Reshape", call.names["input"], model.numbers([call["N"], groups, -1]))
    ones, zeros = model.numbers(torch.ones(groups)), model.numbers(torch.zeros(groups))
    normalised = model.node("InstanceNormalization", together, ones, zeros, epsilon=call["eps"])
    result = model.node("Reshape", normalised, model.numbers(list(call.out.shape)))
    for operator, name in (("Mul", "weight"), ("Add", "bias")):
        if call.names[name] is not None:
            ones_behind = [call["C"]] + [1] * (call.out.ndim - 2)
            result = model.node(operator, result, model.node("Reshape", call.names[name], model.numbers(ones_behind)))
    return result


@_translates("native_layer_norm.default")
def _layer_norm(model: _Model, call: _Call) -> str:
    weight = call.names["weight"] or model.numbers(torch.ones(call["normalized_shape"]))
    given = [call.names["input"], weight, *([call.names["bias"]] if call.names["bias"] else [])]
    return model.node("LayerNormalization", *given, axis=-len(call["normalized_shape"]), epsilon=call["eps"])


def _pointwise(kind: str, **settings: str) -> _Translation:
    """Translate an operator of one map into `kind`, whose attributes are arguments of it."""

    def translate(model: _Model, call: _Call) -> str:
        attributes = {key: call[argument] for key, argument in settings.items()}
        return model.node(kind, call.names["self"], **attributes)

    return translate


_translates("relu.default")(_pointwise("Relu"))
_translates("sigmoid.default")(_pointwise("Sigmoid"))
_translates("tanh.default")(_pointwise("Tanh"))
_translates("hardswish.default")(_pointwise("HardSwish"))
_translates("gelu.default")(_pointwise("Gelu", approximate="approximate"))
_translates("leaky_relu.default")(_pointwise("LeakyRelu", alpha="negative_slope"))


@_translates("silu.default")
def _silu(model: _Model, call: _Call) -> str:
    return model.node("Mul", call.names["self"], model.node("Sigmoid", call.names["self"]))


@_translates("hardtanh.default", "relu6.default")
def _clipped(model: _Model, call: _Call) -> str:
    bounds = (call.given.get("min_val", 0), call.given.get("max_val", 6))
    return model.node("Clip", call.names["self"], *(model.numbers(torch.tensor(float(each))) for each in bounds))


def _arithmetic(kind: str) -> _Translation:
    def translate(model: _Model, call: _Call) -> str:
        if call.given.get("alpha", 1) != 1:
            raise NoCounterpartError("alpha")
        return model.node(kind, model.operand(call, "self"), model.operand(call, "other"))

    return translate


_translates("add.Tensor", "add.Scalar")(_arithmetic("Add"))
_translates("sub.Tensor", "sub.Scalar")(_arithmetic("Sub"))
_translates("mul.Tensor", "mul.Scalar")(_arithmetic("Mul"))
_translates("div.Tensor", "div.Scalar")(_arithmetic("Div"))


@_translates("rsub.Scalar")
def _subtracted_from(model: _Model, call: _Call) -> str:
    call.only(alpha=1)
    return model.node("Sub", model.operand(call, "other"), call.names["self"])


@_translates("max_pool2d_with_indices.default", "avg_pool2d.default")
def _pooled(model: _Model, call: _Call) -> str:
    call.only(ceil_mode=False)
    sides = call.pair("kernel_size")
    shape = {
        "kernel_shape": sides,
        "strides": call.pair("stride") if call["stride"] else sides,
        "pads": call.pair("padding") * 2,
    }
    if call.out.ndim != 4:
        raise NoCounterpartError("a pooling of other than maps")
    if "dilation" in call.given:
        return model.node("MaxPool", call.names["self"], dilations=call.pair("dilation"), **shape)
    call.only(divisor_override=None)
    return model.node("AveragePool", call.names["self"], count_include_pad=int(call["count_include_pad"]), **shape)


@_translates("adaptive_max_pool2d.default")
def _pooled_to_one(model: _Model, call: _Call) -> str:
    if call.out.ndim != 4 or call.out.shape[2:] != (1, 1):  # To average a map is a mean by now.
        raise NoCounterpartError("a pooling to several places")
    return model.node("GlobalMaxPool", call.names["self"])


@_translates("mean.dim")
def _mean(model: _Model, call: _Call) -> str:
    call.only(dtype=None)
    given: Tensor = call["self"]
    dims = sorted(dim % given.ndim for dim in call["dim"] or range(given.ndim))
    if given.ndim != 4 or dims != [2, 3]:
        return model.node("ReduceMean", call.names["self"], model.numbers(dims), keepdims=int(call["keepdim"]))
    mean = model.node("GlobalAveragePool", call.names["self"])
    return mean if call["keepdim"] else model.node("Reshape", mean, model.numbers(list(call.out.shape)))


@_translates(
    "view.default",
    "_unsafe_view.default",
    "reshape.default",
    "flatten.using_ints",
    "squeeze.default",
    "squeeze.dim",
    "squeeze.dims",
    "unsqueeze.default",
)
def _reshaped(model: _Model, call: _Call) -> str:
    return model.node("Reshape", call.names["self"], model.numbers(list(call.out.shape)))


@_translates("expand.default")
def _expanded(model: _Model, call: _Call) -> str:
    return model.node("Expand", call.names["self"], model.numbers(list(call.out.shape)))


@_translates("slice.Tensor")
def _sliced(model: _Model, call: _Call) -> str:
    side = call["self"].shape[call["dim"]]
    start, end, step = slice(call["start"], call["end"], call["step"]).indices(side)
    return model.node("Slice", call.names["self"], *(model.numbers([each]) for each in (start, end, call["dim"], step)))


@_translates("permute.default")
def _permuted(model: _Model, call: _Call) -> str:
    return model.node("Transpose", call.names["self"], perm=[dim % call.out.ndim for dim in call["dims"]])


@_translates("t.default", "transpose.int")
def _transposed(model: _Model, call: _Call) -> str:
    order = list(range(call.out.ndim))
    one, other = (call.given.get(name, default) for name, default in (("dim0", 0), ("dim1", -1)))
    order[one], order[other] = order[other], order[one]
    return model.node("Transpose", call.names["self"], perm=order)


@_translates("addmm.default")
def _addmm(model: _Model, call: _Call) -> str:
    call.only(alpha=1, beta=1)
    return model.node("Gemm", call.names["mat1"], call.names["mat2"], call.names["self"])


@_translates("mm.default", "bmm.default")
def _product(model: _Model, call: _Call) -> str:
    return model.node("MatMul", call.names["self"], call.names["mat2"])


@_translates("_softmax.default")
def _softmax(model: _Model, call: _Call) -> str:
    return model.node("Softmax", call.names["self"], axis=call["dim"])


@_translates("_log_softmax.default")
def _log_softmax(model: _Model, call: _Call) -> str:
    return model.node("LogSoftmax", call.names["self"], axis=call["dim"])


@_translates("cat.default")
def _concatenated(model: _Model, call: _Call) -> str:
    if any(tensor.ndim != call.out.ndim for tensor in call["tensors"]):
        raise NoCounterpartError("cat with nothing")
    return model.node("Concat", *call.names["tensors"], axis=call["dim"])


@_translates("roll.default")
def _rolled(model: _Model, call: _Call) -> str:
    result: str = call.names["self"]
    if not call["dims"]:
        raise NoCounterpartError("roll over everything")
    for shift, dim in zip(call["shifts"], call["dims"], strict=True):
        side = call.out.shape[dim]
        cut = -shift % side
        if cut:
            ends = [
                model.node("Slice", result, *(model.numbers([each]) for each in (start, end, dim)))
                for start, end in ((cut, side), (0, cut))
            ]
            result = model.node("Concat", *ends, axis=dim)
    return result


@_translates("flip.default")
def _flipped(model: _Model, call: _Call) -> str:
    count, dims = len(call["dims"]), list(call["dims"])
    starts, ends, steps = ([value] * count for value in (-1, -(2**31), -1))
    return model.node("Slice", call.names["self"], *(model.numbers(each) for each in (starts, ends, dims, steps)))


@_translates("clone.default", "alias.default", "detach.default")
def _same(model: _Model, call: _Call) -> str:
    name: str = call.names["self"]
    return name
