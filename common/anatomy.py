"""What a network really computes: one traced forward pass, operation by operation.

A declared layer may never run, and a layer may be written in many ways. So nothing here looks at modules: the trace
sees the tensor operations that run (PyTorch's ATen operators), with the weights that they use.

Beside every activation the trace carries a map of positions, a tensor of the same shape that says from which place of
the image's plane each value comes. Views, permutations and slices are applied to that map too, so a fully connected
layer is recognised by what it mixes, whether it is written as a linear layer on a flattened map, a convolution as
large as the map, an einsum or a weighted sum.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

# Operators by name, without the overload. Whatever is in none of these sets is reported as not understood.
_MOVES = {
    "view", "_unsafe_view", "reshape", "permute", "transpose", "t", "expand", "unsqueeze", "squeeze", "clone",
    "_to_copy", "slice", "select", "alias", "detach", "cat", "stack", "split", "split_with_sizes", "unbind", "flip",
    "roll", "im2col", "constant_pad_nd", "reflection_pad2d", "replication_pad2d", "repeat", "pixel_unshuffle",
    "channel_shuffle", "unfold", "diagonal", "index_select", "lift_fresh", "contiguous",
}
_AVERAGES = {"mean", "sum"}
# Of two operands one must change the other, in some channel, by this share of its greatest value there, or counts for nothing.
_NOTICED = 1e-3
_EXTREMES = {"amax", "max", "amin", "min"}
_CONTRACTIONS = {"mm": (0, 1), "bmm": (0, 1), "addmm": (1, 2), "baddbmm": (1, 2)}
# What may follow where the plane has been left, and only there.
_FLAT = {"_trilinear", "argmax", "scatter", "gather", "embedding"}
_NORMS = {
    "native_batch_norm": "batch norm", "_native_batch_norm_legit_no_training": "batch norm", "cudnn_batch_norm": "batch norm",
    "native_group_norm": "group norm", "native_layer_norm": "layer norm",
}
_POOLS = {
    "max_pool2d_with_indices": "max pool", "avg_pool2d": "average pool", "_adaptive_avg_pool2d": "average pool",
    "adaptive_max_pool2d": "max pool",
}
# Operators that treat each place by itself. A softmax over places is among them: what it gives are shares, not weights.
_ELEMENTWISE = {
    "add", "sub", "rsub", "mul", "div", "neg", "pow", "square", "sqrt", "rsqrt", "reciprocal", "exp", "log", "log1p", "abs",
    "sign", "sin", "cos", "tanh", "sigmoid", "relu", "relu6", "threshold", "leaky_relu", "elu", "celu", "selu", "gelu", "silu",
    "mish", "softplus", "hardtanh", "hardswish", "hardsigmoid", "log_sigmoid_forward", "_prelu_kernel", "erf", "clamp",
    "clamp_min", "clamp_max", "maximum", "minimum", "where", "masked_fill", "lerp", "addcmul", "addcdiv", "floor", "round",
    "eq", "ne", "gt", "ge", "lt", "le", "logical_and", "logical_not", "isnan", "native_dropout", "_softmax", "_log_softmax",
    "copy", "fill", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like", "empty_like", "bernoulli", "fmod",
}


@dataclass(frozen=True)
class Operation:
    """One operation that ran and has weights, or pools.

    kind:             "convolution", "linear", "batch norm", "group norm", "layer norm" (also as one group), "instance
                      norm", "normalisation by hand" (a division by the root of a statistic of activations), "max pool",
                      "average pool", "global average" or "weighted sum"
    call:             the how many-eth tensor operation of the forward pass it was, from 0
    name:             of the module that holds its weights ("" where it has none)
    output:           shape without the batch
    parameters:       learned numbers that no operation before it used
    multiply_adds:    of convolutions and matrix products, for one image
    receptive_field:  (height, width) in input pixels of one output value
    weight:           shape of the kernel, convolutions and linear layers only
    map:              (height, width) of a convolution's input
    before:           calls of the convolutions whose output reaches this one with no other convolution in between
    weight_name:      of the parameter that holds it ("" where it is none)
    fully_connected:  every output sees a whole spatial activation through learned weights
    """

    kind: str
    call: int
    name: str
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int
    receptive_field: tuple[int, int]
    weight: tuple[int, ...] = ()
    weight_name: str = ""
    map: tuple[int, ...] = ()
    before: frozenset[int] = frozenset()
    stride: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    fully_connected: bool = False


@dataclass(frozen=True)
class Trace:
    """What one forward pass did.

    operations:      in the order in which they ran
    collapses:       how the paths from image to logits leave the plane: "average", "fully connected", "max", "pick"
    receptive_field: (height, width) of the logits' last spatial ancestor, before any global average
    seen:            (height, width) of what the logits see, after it
    flat:            the logits have no positions left
    not_understood:  operators on the way to the logits that the trace can't follow
    hidden:          name → count of numbers that act on the logits and are neither parameters nor the running
                     statistics of a normalisation; the same number everywhere is one number
    logits:          what the network returned; where it is more than one tensor, the rest is about all of them
    modules:         receptive field (height, width) after each module that was called, in the order of their ends; the
                     network itself and plain containers are left out, as torchsummary leaves them out
    """

    operations: tuple[Operation, ...]
    collapses: frozenset[str]
    receptive_field: tuple[int, int]
    seen: tuple[int, int]
    flat: bool
    not_understood: frozenset[str]
    hidden: dict[str, int]
    logits: Tensor | tuple[Tensor, ...]
    modules: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Value:
    """What is known of a tensor. `positions` is float32 of the tensor's shape; 0 stands for padding.

    plane: the call that gave it its places, from which they are numbered
    image: it was computed from an input
    weighted: learned weights lie on its places, other ones at each
    learned: it was computed from parameters alone
    convolutions: calls of those that it was computed from, with no other convolution in between
    statistic: it is a mean or a sum over activations; deviation: it is the root of one
    """

    positions: Tensor | None = None
    plane: int = -1
    image: bool = False
    field: tuple[int, int] = (1, 1)
    jump: tuple[int, int] = (1, 1)
    spatial_field: tuple[int, int] = (1, 1)
    collapses: frozenset[str] = frozenset()
    weighted: bool = False
    learned: bool = False
    convolutions: frozenset[int] = frozenset()
    statistic: bool = False
    deviation: bool = False
    not_understood: frozenset[str] = frozenset()
    hidden: frozenset[tuple[str, int]] = frozenset()

    @property
    def places(self) -> int:
        """How many places of the plane the tensor's values come from; 1 where it has no plane any more."""
        if self.positions is None:
            return 1
        distinct = self.positions.unique()
        return max(1, int((distinct > 0).sum()))


def trace(network: nn.Module, images: Tensor, *others: Tensor) -> Trace:
    """Run `network` once in evaluation mode on `images` (float32 N×C×H×W, normalised) and return what it did.

    others: its further inputs, where it takes any. Raises whatever the network raises.
    """
    network.eval()
    tracer = _Tracer(network, images, others)
    fields = []
    hooks = [module.register_forward_hook(lambda module, inputs, output: fields.append(
        tracer.value_of(output).field if isinstance(output, Tensor) else (0, 0)))
             for module in network.modules() if module is not network and not isinstance(module, nn.Sequential | nn.ModuleList)]
    try:
        # Under inference_mode composite operators would arrive whole; no_grad takes them apart.
        with torch.no_grad(), tracer:
            logits = network(images, *others)
    finally:
        for hook in hooks:
            hook.remove()
    value = _merge([tracer.value_of(each) for each in (logits if isinstance(logits, tuple | list) else [logits])])
    return Trace(
        operations=tuple(tracer.operations), collapses=value.collapses, receptive_field=value.spatial_field,
        seen=value.field, flat=value.places == 1, not_understood=value.not_understood, hidden=dict(sorted(value.hidden)),
        logits=logits, modules=tuple(fields),
    )


def logits_with(network: nn.Module, operations: Iterable[Operation], change: Callable[[Tensor], Tensor],
                *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
    """Return what `network` computes from `inputs` when each of those of its traced operations gives `change` of its output;
    a convolution's bias stays as it is.

    Raises RuntimeError where it does something else for these inputs than it did when it was traced.
    """
    network.eval()
    with torch.no_grad(), _Changer(operations, change):
        return network(*inputs)


def parameter_count(network: nn.Module) -> int:
    """Return how many numbers the network learns: each once, frozen or not, used or not; one of 64 bits is two."""
    # nn.Module's own method, whatever the class makes of it. A number wider than 32 bits could hold several.
    return sum(max(parameter.numel(), -(-parameter.nbytes // 4)) for parameter in nn.Module.parameters(network))


def _grid(shape: torch.Size) -> Tensor:
    """Number the places of a plane from 1: float32 of `shape`, N×C×H×W."""
    height, width = shape[-2:]
    return torch.arange(1, height * width + 1, dtype=torch.float32).view(1, 1, height, width).expand(shape)


def _pair(value: int | list[int], default: int = 1) -> tuple[int, int]:
    values = [value] if isinstance(value, int) else list(value)
    values = values or [default]
    return (values[0], values[-1])


class _Changer(TorchDispatchMode):
    def __init__(self, operations: Iterable[Operation], change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._operations = {operation.call: operation for operation in operations}
        self._change = change
        self._calls = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        operation = self._operations.get(self._calls)
        self._calls += 1
        if operation is not None:
            output = result[0] if isinstance(result, tuple | list) else result
            # An instance norm runs on a single image of N·C channels, so its second dimension has the batch in it.
            if tuple(output.shape[2:]) != operation.output[1:]:
                raise RuntimeError(f"{operation.kind} {operation.name} is not where it was in the traced pass")
            bias = args[2].view(-1, *[1] * (output.ndim - 2)) if operation.kind == "convolution" and args[2] is not None else 0
            output.copy_(self._change(output - bias) + bias)
        return result


class _Tracer(TorchDispatchMode):
    def __init__(self, network: nn.Module, images: Tensor, others: tuple[Tensor, ...]) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self._values: dict[int, _Value] = {id(images): _Value(positions=_grid(images.shape), image=True)}
        self._values |= {id(other): _Value(image=True) for other in others}
        # Tensors are known by id, so none of them may be freed while the trace runs.
        self._alive: list[Tensor] = [images, *others]
        self._parameters = {p.untyped_storage().data_ptr(): (name, p) for name, p in nn.Module.named_parameters(network)}
        self._buffers = {b.untyped_storage().data_ptr(): name for name, b in nn.Module.named_buffers(network)
                         if b.numel()}
        self._counted: set[str] = set()
        self._calls = 0
        self._images = len(images)

    def value_of(self, tensor: Tensor) -> _Value:
        """Return what is known of `tensor`; an unknown one is a parameter or was made outside this forward pass."""
        if id(tensor) in self._values:
            return self._values[id(tensor)]
        storage = tensor.untyped_storage().data_ptr()
        if storage in self._parameters:
            return _Value(learned=True)
        self._alive.append(tensor)
        name = self._buffers.get(storage, f"tensor {len(self._alive)} of shape {tuple(tensor.shape)}")
        same = tensor.numel() > 0 and bool((tensor == tensor.flatten()[0]).all())
        value = _Value(hidden=frozenset({(name, 1 if same else tensor.numel())}))
        self._values[id(tensor)] = value
        return value

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = function.name().removeprefix("aten::").split(".")[0]
        in_place = name.endswith("_") and not name.startswith("_")
        # What an operation in place overwrites is its first operand.
        overwritten = args[0].clone() if in_place and args and isinstance(args[0], Tensor) else None
        result = function(*args, **kwargs)
        self._calls += 1
        outputs = [each for each in (result if isinstance(result, tuple | list) else [result]) if isinstance(each, Tensor)]
        inputs = [each for arg in (*args, *kwargs.values())
                  for each in (arg if isinstance(arg, tuple | list) else [arg]) if isinstance(each, Tensor)]
        if outputs:
            values = self._follow(name.rstrip("_") if in_place else name, function, args, kwargs, inputs, outputs, overwritten)
            for output, value in zip(outputs, values, strict=True):
                self._values[id(output)] = value
            self._alive.extend(outputs)
            if in_place:
                self._spread(outputs[0], values[0])
        return result

    def _spread(self, written: Tensor, value: _Value) -> None:
        """What is written into a tensor is in every other view of the same memory too."""
        storage = written.untyped_storage().data_ptr()
        for other in self._alive:
            if other is not written and other.untyped_storage().data_ptr() == storage and id(other) in self._values:
                if other.shape == written.shape and other.stride() == written.stride():
                    self._values[id(other)] = value
                else:
                    self._values[id(other)] = replace(
                        _merge([self._values[id(other)], value]), positions=self._values[id(other)].positions,
                        not_understood=value.not_understood | {"a write into a part of a tensor"})

    def _follow(self, name: str, function, args: tuple, kwargs: dict, inputs: list[Tensor],
                outputs: list[Tensor], overwritten: Tensor | None) -> list[_Value]:
        if _NORMS.get(name) == "batch norm" and self.value_of(args[0]).image:
            # The statistics of the image's activations are a normalisation's own business; others would be hidden numbers.
            inputs = [each for each in args[:3] if isinstance(each, Tensor)]
        values = [self.value_of(each) for each in inputs]
        merged = _merge(values)
        out = outputs[0]
        if name in _NORMS and values[0].image:
            value = replace(merged, positions=values[0].positions)
            self._record(self._norm_kind(name, args, values[0]), inputs, out, value)
            return [value] * len(outputs)
        if not any(value.positions is not None for value in values):
            if name in _CONTRACTIONS and any(value.learned for value in values):
                self._record("linear", inputs, out, merged, weight=self._weight_shape(inputs))
            return [merged] * len(outputs)
        if name == "convolution":
            return [self._convolution(args, values, inputs, out, merged)]
        if name in _CONTRACTIONS:
            return [self._contraction(name, args, inputs, out, merged)]
        if name in _POOLS:
            return [self._pool(name, args, values[0], out, merged)] * len(outputs)
        if name == "pixel_unshuffle" and out.shape[-1] * out.shape[-2] > 1:
            return [_windowed(replace(merged, plane=self._calls), _real_sides(values[0].positions), out, _pair(args[1]), _pair(args[1]), (1, 1))]
        if name in _AVERAGES | _EXTREMES and len(inputs) == 1:
            value = self._reduction(name, args, kwargs, inputs, values[0], merged, out)
            return [replace(value, statistic=value.image and name in _AVERAGES)] * len(outputs)
        if name == "as_strided" and out.shape == inputs[0].shape and out.data_ptr() == inputs[0].data_ptr():
            # How a pooling puts its result into the memory format of its input.
            return [values[0]]
        if name in _MOVES:
            return self._move(function, args, kwargs, merged, outputs)
        if name in _ELEMENTWISE:
            operands = inputs if overwritten is None else [overwritten, *inputs[1:]]
            value = self._elementwise(name, operands, values, merged, out)
            activations = [each for each in values if each.image]
            statistic = bool(activations) and all(each.statistic for each in activations)
            root = name in ("sqrt", "rsqrt") or name == "pow" and args[1] in (0.5, -0.5)
            deviation = statistic and (root or all(each.deviation for each in activations))
            if name in ("mul", "div") and not statistic and any(each.deviation for each in activations):
                self._record("normalisation by hand", inputs, out, value)
            return [replace(value, statistic=statistic, deviation=deviation)] * len(outputs)
        if name in _FLAT and merged.places == 1:
            return [replace(merged, positions=None)] * len(outputs)
        unknown = merged.not_understood | {f"aten::{name}"}
        return [replace(merged, positions=merged.positions if merged.positions.shape == each.shape else None, not_understood=unknown)
                for each in outputs]

    def _record(self, kind: str, inputs: list[Tensor], out: Tensor, value: _Value, *, multiply_adds: int = 0,
                **details: object) -> None:
        names, count, weight_name = [], 0, ""
        for tensor in inputs:
            name, parameter = self._parameters.get(tensor.untyped_storage().data_ptr(), (None, None))
            if name is None:
                continue
            names.append(name)
            weight_name = name if parameter.ndim > 1 else weight_name
            if name not in self._counted:
                self._counted.add(name)
                count += parameter.numel()
        self.operations.append(Operation(
            kind=kind, call=self._calls - 1, name=names[0].rpartition(".")[0] if names else "", output=tuple(out.shape[1:]), parameters=count,
            multiply_adds=multiply_adds, receptive_field=value.field, weight_name=weight_name, **details))

    def _norm_kind(self, name: str, args: tuple, value: _Value) -> str:
        """What a normalisation averages over, whatever it is called."""
        kind = _NORMS[name]
        if kind == "group norm":  # One group is a layer, a group a channel an instance.
            channels, groups = args[4], args[6]
            return "layer norm" if groups == 1 else "instance norm" if groups == channels else kind
        if kind == "batch norm":
            # An instance norm is run as a batch norm over the statistics of N·C channels of a single image.
            return "instance norm" if args[5:6] == (True,) and args[0].shape[0] == 1 != self._images else kind
        count = math.prod(args[1])
        if value.positions is None or count * self._images == args[0].numel():
            return kind
        mixed = _distinct(value.positions.reshape(-1, count)[0])
        # All channels of one place are a layer norm too, of that place; whole maps are an instance's or a group's.
        return kind if mixed < value.places or value.places == 1 else "instance norm" if count == mixed else "group norm"

    def _weight_shape(self, inputs: list[Tensor]) -> tuple[int, ...]:
        learned = [tensor for tensor in inputs if self.value_of(tensor).learned and tensor.ndim > 1]
        return tuple(learned[-1].shape) if learned else ()

    def _convolution(self, args: tuple, values: list[_Value], inputs: list[Tensor], out: Tensor,
                     merged: _Value) -> _Value:
        _, weight, _, stride, padding, dilation, transposed, _, groups = args
        if transposed or weight.ndim != 4:
            return replace(merged, positions=None, not_understood=merged.not_understood | {"a transposed or 1-D convolution"})
        kernel, stride, padding, dilation = _pair(weight.shape[2:]), _pair(stride), _pair(padding), _pair(dilation)
        whole = _sees_all(values[0], weight.shape[1], kernel, stride, padding, dilation)
        convolved = replace(merged, plane=self._calls, learned=False, convolutions=frozenset({self._calls - 1}))
        sides = _real_sides(values[0].positions)
        value = _windowed(convolved, sides, out, kernel, stride, dilation)
        if whole and value.places == 1:
            value = replace(value, collapses=value.collapses | {"fully connected"})
        self._record("convolution", inputs, out, value, weight=tuple(weight.shape), map=sides,
                     before=merged.convolutions, stride=stride, dilation=dilation,
                     groups=groups, fully_connected=whole, multiply_adds=out[0].numel() * weight[0].numel())
        return value

    def _contraction(self, name: str, args: tuple, inputs: list[Tensor], out: Tensor, merged: _Value) -> _Value:
        left, right = (args[index] for index in _CONTRACTIONS[name])
        values = (self.value_of(left), self.value_of(right))
        learned = any(value.learned for value in values)
        # The contracted dimension is the left one's last and the right one's last but one.
        positions = [value.positions if value.positions is None else value.positions.transpose(-1, dim)
                     for value, dim in zip(values, (-1, -2), strict=True)]
        plane = next(each for each in positions if each is not None)
        places = max(value.places for value in values)
        mixed = min(_distinct(row) for row in plane.reshape(-1, plane.shape[-1])[:64])
        whole = learned and places > 1 and mixed == places
        collapses = merged.collapses | ({"fully connected"} if whole else set())
        if mixed == 1:  # A linear layer at each place, like a 1×1 convolution.
            kept = plane[..., :1].transpose(-1, -2) if positions[0] is None else plane[..., :1]
            value = replace(merged, positions=kept.expand(out.shape), learned=False)
        else:
            grown = tuple(f + (side - 1) * j for f, side, j in zip(merged.field, _sides(places), merged.jump, strict=True))
            value = replace(merged, positions=None, learned=False, collapses=collapses, field=grown,
                            spatial_field=merged.field,
                            not_understood=merged.not_understood if whole else merged.not_understood | {f"aten::{name}"})
        self._record("linear", inputs, out, value, weight=self._weight_shape(inputs), fully_connected=whole,
                     multiply_adds=out.numel() * left.shape[-1] // self._images if learned else 0)
        return value

    def _pool(self, name: str, args: tuple, value: _Value, out: Tensor, merged: _Value) -> _Value:
        height, width = args[0].shape[-2:]
        if "adaptive" in name:
            kernel = (height // out.shape[-2], width // out.shape[-1])
            stride, padding = kernel, (0, 0)
        else:
            kernel = _pair(args[1])
            stride = _pair(args[2] if len(args) > 2 and args[2] else args[1])
            padding = _pair(args[3] if len(args) > 3 else 0, 0)
        dilation = _pair(args[4]) if name.startswith("max") and len(args) > 4 else (1, 1)
        whole = _sees_all(value, 1, kernel, stride, padding, dilation)
        how = "max" if _POOLS[name] == "max pool" else "average"
        pooled = _windowed(replace(merged, plane=self._calls), _real_sides(value.positions), out, kernel, stride, dilation)
        if whole:
            kind = "fully connected" if value.weighted and how == "average" else how
            pooled = replace(pooled, collapses=pooled.collapses | {kind}, spatial_field=merged.field, weighted=False)
        self._record("global average" if whole and how == "average" else _POOLS[name], [], out, pooled)
        return pooled

    def _reduction(self, name: str, args: tuple, kwargs: dict, inputs: list[Tensor], value: _Value, merged: _Value,
                   out: Tensor) -> _Value:
        dims = args[1] if len(args) > 1 else kwargs.get("dim")
        dims = [dims] if isinstance(dims, int) else list(dims or range(inputs[0].ndim))
        keep = bool(args[2]) if len(args) > 2 else bool(kwargs.get("keepdim", False))
        dims = [dim % inputs[0].ndim for dim in dims]
        others = [dim for dim in range(inputs[0].ndim) if dim not in dims]
        rows = value.positions.permute(*others, *dims).reshape(-1, inputs[0].numel() // max(1, out.numel()))
        places, mixed = value.places, _distinct(rows[0])
        positions = value.positions.amin(dims, keepdim=keep)
        if mixed == 1 or places == 1:
            return replace(merged, positions=positions)
        grown = tuple(f + (inputs[0].shape[dim] - 1) * j if dim in dims else f for f, j, dim in zip(
            value.field, value.jump, (inputs[0].ndim - 2, inputs[0].ndim - 1), strict=True))
        if inputs[0].ndim < 4:  # The plane has been flattened, so its sides are only known where it is square.
            grown = tuple(f + (side - 1) * j for f, side, j in zip(value.field, _sides(mixed), value.jump, strict=True))
        reduced = replace(merged, positions=positions, field=grown)
        if mixed < places:
            if name in _EXTREMES:
                self._record("max pool", [], out, reduced)
            return reduced
        kind = ("fully connected" if value.weighted else "average") if name in _AVERAGES else "max"
        reduced = replace(reduced, collapses=merged.collapses | {kind}, weighted=False,
                          spatial_field=value.field if others else merged.field)
        self._record({"average": "global average", "max": "max pool", "fully connected": "weighted sum"}[kind], [], out,
                     reduced, fully_connected=kind == "fully connected")
        return reduced

    def _move(self, function, args: tuple, kwargs: dict, merged: _Value, outputs: list[Tensor]) -> list[_Value]:
        def positions(argument: object) -> object:
            if isinstance(argument, tuple | list):
                return [positions(each) for each in argument]
            if not isinstance(argument, Tensor) or argument.dtype == torch.int64:
                return argument
            known = self.value_of(argument).positions
            return torch.zeros(argument.shape) if known is None else known

        # The map may lie in memory otherwise than the activation does, where a view would need a copy.
        if function.name() in ("aten::view", "aten::_unsafe_view"):
            function = torch.ops.aten.reshape.default
        quiet = {key: value for key, value in kwargs.items() if key not in ("dtype", "device", "layout", "pin_memory")}
        moved = function(*positions(args), **quiet)
        moved = list(moved) if isinstance(moved, tuple | list) else [moved]
        values = [replace(merged, positions=each) for each in moved]
        if merged.positions is None or merged.places == 1:
            return values
        # A slice that keeps a single place picks a pixel: the plane is left without an average.
        return [replace(value, collapses=value.collapses | {"pick"}, spatial_field=value.field) if value.places == 1 else value
                for value in values]

    def _elementwise(self, name: str, inputs: list[Tensor], values: list[_Value], merged: _Value, out: Tensor) -> _Value:
        candidates = [value for tensor, value in zip(inputs, values, strict=True)
                      if value.positions is not None and tensor.shape == out.shape]
        # Broadcasting against a larger constant or parameter keeps the activation's places.
        candidates = candidates or [replace(value, positions=value.positions.expand(out.shape))
                                    for tensor, value in zip(inputs, values, strict=True)
                                    if value.positions is not None and _broadcasts(tensor.shape, out.shape)]
        if not candidates:
            if merged.places == 1:
                return replace(merged, positions=None)
            return replace(merged, positions=None, not_understood=merged.not_understood | {f"aten::{name}"})
        best = max(candidates, key=lambda value: value.places)
        weighted = merged.weighted
        if name in ("mul", "div", "addcmul"):
            weighted |= any(value.learned and _varies_with(best.positions, tensor)
                            for tensor, value in zip(inputs, values, strict=True))
        if name in ("maximum", "minimum", "where", "clamp", "clamp_min", "clamp_max") and _other_places(inputs, values, out):
            self._record("max pool", [], out, merged)  # The larger of two places.
        only = _only(inputs, values, out)
        if only is not None:
            merged = replace(merged, field=only.field, jump=only.jump, spatial_field=only.spatial_field, convolutions=only.convolutions)
        return replace(merged, positions=best.positions, plane=best.plane, weighted=weighted, learned=False)


def _only(operands: list[Tensor], values: list[_Value], out: Tensor) -> _Value | None:
    """Return what is known of the activation that comes out as it went in, whatever the others are: they were called, and do
    nothing. None where no activation does."""
    if sum(value.image for value in values) < 2 or not out.is_floating_point():
        return None
    others = [dim for dim in range(out.ndim) if dim != 1]
    for operand, value in zip(operands, values, strict=True):
        if value.image and operand.shape == out.shape and operand.is_floating_point() and operand.any():
            # Channel by channel, since a loud one says nothing of the others; but for what is lost in rounding.
            size = operand.abs().amax(others)
            if bool(((out - operand).abs().amax(others) <= (_NOTICED * size).clamp(min=1e-6 * size.max())).all()):
                return value
    return None


def _other_places(operands: list[Tensor], values: list[_Value], out: Tensor) -> bool:
    """Whether two activations, neither of them constant, lie otherwise on the same plane."""
    planes = [value for operand, value in zip(operands, values, strict=True)
              if value.image and value.positions is not None and operand.shape == out.shape and operand.is_floating_point()
              and operand.min() < operand.max()]
    return any(one.plane == other.plane and bool(((one.positions != other.positions) & (one.positions > 0) & (other.positions > 0)).any())
               for index, one in enumerate(planes) for other in planes[:index])


def _merge(values: list[_Value]) -> _Value:
    """What is known of a tensor that was computed from `values`."""
    largest = max(values, key=lambda value: (max(value.field), max(value.jump)), default=_Value())
    best = max((value for value in values if value.positions is not None), key=lambda value: value.positions.numel(), default=_Value())
    return _Value(
        image=any(value.image for value in values),
        positions=best.positions, plane=best.plane,
        field=largest.field, jump=largest.jump,
        spatial_field=tuple(max(value.spatial_field[side] for value in values) for side in (0, 1)) if values else (1, 1),
        collapses=frozenset().union(*(value.collapses for value in values)),
        weighted=any(value.weighted for value in values),
        learned=any(value.learned for value in values) and not any(value.image for value in values),
        convolutions=frozenset().union(*(value.convolutions for value in values)),
        statistic=len(values) == 1 and values[0].statistic, deviation=len(values) == 1 and values[0].deviation,
        not_understood=frozenset().union(*(value.not_understood for value in values)),
        hidden=frozenset().union(*(value.hidden for value in values)),
    )


def _real_sides(positions: Tensor) -> tuple[int, int]:
    """Height and width of a map, given by its positions N×C×H×W, without what was padded to it."""
    real = (positions > 0).flatten(0, -3).any(0)
    return int(real.any(1).sum()), int(real.any(0).sum())


def _windowed(value: _Value, sides: tuple[int, int], out: Tensor, kernel: tuple[int, int], stride: tuple[int, int],
              dilation: tuple[int, int]) -> _Value:
    """The value after a convolution or pooling window over a map of those sides: a fresh plane and a grown receptive field."""
    # What reaches beyond the map to both sides, wherever the window's middle lies on it, sees padding and nothing else.
    grown = tuple(f + min(k - 1, 2 * ((side - 1) // d)) * d * j for f, k, d, j, side in
                  zip(value.field, kernel, dilation, value.jump, sides, strict=True))
    jump = tuple(j * s for j, s in zip(value.jump, stride, strict=True))
    # A larger window mixes the places, and the weights that lay on them with its own.
    return replace(value, positions=_grid(out.shape), field=grown, jump=jump, weighted=value.weighted and kernel == (1, 1),
                   spatial_field=value.spatial_field if value.collapses else grown)


def _sees_all(value: _Value, channels: int, kernel: tuple[int, int], stride: tuple[int, int],
              padding: tuple[int, int], dilation: tuple[int, int]) -> bool:
    """Whether every window of a convolution or pooling sees every place of its input's plane."""
    places = value.places
    plane = value.positions[:1]
    if places == 1:
        return False
    if bool((plane == plane[:, :1]).all()):
        plane, channels = plane[:, :1], 1  # Every channel lies in the same plane, the usual case.
    if channels * kernel[0] * kernel[1] < places:
        return False
    windows = F.unfold(plane, kernel, dilation=dilation, padding=padding, stride=stride)[0].T
    return min(_distinct(window) for window in windows) == places


def _distinct(positions: Tensor) -> int:
    distinct = positions.unique()
    return int((distinct > 0).sum())


def _sides(places: int) -> tuple[int, int]:
    side = round(places ** 0.5)
    return (side, side) if side * side == places else (1, places)


def _broadcasts(shape: torch.Size, target: torch.Size) -> bool:
    try:
        return torch.broadcast_shapes(shape, target) == target
    except RuntimeError:
        return False


def _varies_with(positions: Tensor, weight: Tensor) -> bool:
    """Whether a learned tensor, broadcast against an activation, has other numbers at other places."""
    shape = (1,) * (positions.ndim - weight.ndim) + tuple(weight.shape)
    return any(size > 1 and not bool((positions == positions.narrow(dim, 0, 1)).all()) for dim, size in enumerate(shape))
