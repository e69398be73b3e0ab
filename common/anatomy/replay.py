"""A program, executed: nothing runs but registered operators, and nothing is allocated before it is known to be small enough."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from common.anatomy.operators import REGISTRY
from common.anatomy.program import (
    DTYPES,
    MEMORY_FORMATS,
    Argument,
    Node,
    Program,
    Reference,
    Setting,
)

# What one image may cost. The largest network of the sessions makes 0.9 million numbers and 110 million multiply-adds of one,
# a ResNet-18 for small images 2.5 and 560.
MOST_NUMBERS = 200_000_000
MOST_MULTIPLY_ADDS = 10_000_000_000
LARGEST_TENSOR = 500_000_000
# Arithmetic on sizes; `len(images)` is such a number.
SIZES: dict[str, Callable] = {
    "size": lambda tensor, dim: tensor.shape[dim], "size.add": operator.add, "size.sub": operator.sub, "size.mul": operator.mul,
    "size.floordiv": operator.floordiv, "size.mod": operator.mod, "size.neg": operator.neg, "size.truediv": operator.truediv,
    "size.max": max, "size.min": min, "size.float": float,
}

# What makes float32 where no type is given.
_FLOATS = {"aten.zeros.default", "aten.ones.default", "aten.linspace.default", "aten.eye.default", "aten.eye.m", "aten.empty.memory_format"}


class ReplayError(Exception):
    """The program can't be executed; the message is one sentence."""


@dataclass(frozen=True)
class Seen:
    """One call of a replay: its arguments by the names of the operator's schema, and the tensors that came out."""

    node: Node
    arguments: dict[str, object]
    outputs: tuple[Tensor, ...]


def replay(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor, change: Mapping[str, Callable[[Tensor], Tensor]] | None = None,
           see: Callable[[Seen], None] | None = None, double: bool = False) -> tuple[Tensor, ...]:
    """Return what `program` makes of its inputs (N first), on their device.

    weights: by the names of their values, as `common.anatomy.weights.fill` returns them
    change:  name of a value → what to go on with instead of it
    see:     is told of every call, in order
    double:  compute in float64 throughout, whatever the program asks for; weights and inputs are float64 then
    Raises ReplayError where the program can't be executed. Whether it is small enough is for `measure` to say, once.
    """
    values: dict[str, object] = dict(weights)
    values.update({name: tensor.to(inputs[0].device, torch.float64 if double and tensor.is_floating_point() else None)
                   for name, tensor in program.constants.items()})
    values.update({given.name: tensor for given, tensor in zip(program.inputs, inputs, strict=True)})
    last_use = _last_uses(program)
    for number, node in enumerate(program.nodes):
        result = _run(node, values, inputs[0].device, see, double)
        if change and node.name in change:
            result = change[node.name](result)
        values[node.name] = result
        for name in last_use.get(number, ()):
            del values[name]
    outputs = tuple(values[name] for name in program.outputs)
    if not all(isinstance(each, Tensor) for each in outputs):
        raise ReplayError("The network returns something else than tensors.")
    return outputs


@dataclass(frozen=True)
class Cost:
    """What one batch costs: multiply-adds of convolutions and matrix products, numbers made in all, shapes of the outputs."""

    multiply_adds: int
    numbers: int
    outputs: tuple[tuple[int, ...], ...]


def measure(program: Program, batch: int, see: Callable[[Seen], None] | None = None) -> Cost:
    """Return what `program` costs for so many images, found without computing anything; `see` is told of every call.

    Raises ReplayError where it is too much.
    """
    made, multiply_adds = 0, 0

    def add(seen: Seen) -> None:
        nonlocal made, multiply_adds
        for output in seen.outputs:
            if output.numel() > LARGEST_TENSOR:
                raise ReplayError(f"A single tensor of the network would hold {output.numel():,} numbers.")
            made += output.numel()
        multiply_adds += _multiply_adds(seen)
        if see is not None:
            see(seen)
        if made > batch * MOST_NUMBERS or multiply_adds > batch * MOST_MULTIPLY_ADDS:
            raise ReplayError(f"The network would cost more than {MOST_MULTIPLY_ADDS // 10**9} billion multiply-adds or "
                              f"{MOST_NUMBERS // 10**6} million numbers for an image.")

    meta = {weight.value: torch.empty(weight.shape, dtype=DTYPES[weight.dtype], device="meta") for weight in program.weights}
    inputs = [torch.empty(batch, *given.shape, device="meta") for given in program.inputs]
    with torch.no_grad():
        outputs = replay(program, meta, *inputs, see=add)
    return Cost(multiply_adds, made, tuple(tuple(each.shape) for each in outputs))


def _multiply_adds(seen: Seen) -> int:
    base = seen.node.operator.split(".")[1] if seen.node.operator.startswith("aten.") else ""
    if base == "convolution":
        side = seen.arguments["input"] if seen.arguments["transposed"] else seen.outputs[0]
        return side.numel() * seen.arguments["weight"][0].numel()
    if base in ("mm", "bmm", "addmm", "baddbmm", "mv"):
        tensors = [each for each in seen.arguments.values() if isinstance(each, Tensor)]
        return seen.outputs[0].numel() * tensors[-2].shape[-1]
    return 0


def _run(node: Node, values: Mapping[str, object], device: torch.device, see: Callable[[Seen], None] | None, double: bool) -> object:
    try:
        if node.operator == "getitem":
            source, index = (_resolved(each, values) for each in node.arguments)
            result = source[index]
            bound = {}
        elif node.operator in SIZES:
            result = _size(node, values)
            bound = {}
        elif node.operator in REGISTRY:
            registered = REGISTRY[node.operator]
            arguments = [_resolved(each, values, double) for each in node.arguments]
            keywords = {key: _resolved(each, values, double) for key, each in node.keywords}
            if double and registered.takes_device and keywords.get("dtype") is None and node.operator in _FLOATS:
                keywords["dtype"] = torch.float64
            if registered.takes_device:
                keywords["device"] = device
            result = registered.run(*arguments, **keywords)
            bound = registered.bound(arguments, keywords) if see is not None else {}
        else:
            raise ReplayError(f"The network uses {node.operator}, which is not among the operators that can be checked.")
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError, NotImplementedError, ZeroDivisionError, OverflowError,
            MemoryError) as error:
        lines = str(error).splitlines() or [""]
        raise ReplayError(f"{node.operator} of {node.module or 'the network'} can't be executed: {lines[0][:200]}") from error
    if see is not None:
        outputs = result if isinstance(result, tuple | list) else (result,)
        see(Seen(node, bound, tuple(each for each in outputs if isinstance(each, Tensor))))
    return result


def _size(node: Node, values: Mapping[str, object]) -> int | float:
    arguments = [_resolved(each, values) for each in node.arguments]
    if node.operator != "size" and not all(isinstance(each, int | float) and abs(each) < 2**53 for each in arguments):
        raise ReplayError("The network computes sizes that are out of bounds.")
    return SIZES[node.operator](*arguments)


def _resolved(argument: Argument, values: Mapping[str, object], double: bool = False) -> object:
    if isinstance(argument, Reference):
        return values[argument.name]
    if isinstance(argument, tuple):
        return [_resolved(each, values, double) for each in argument]
    if isinstance(argument, Setting):
        if double and argument.kind == "dtype" and DTYPES[argument.name].is_floating_point:
            return torch.float64
        return (DTYPES if argument.kind == "dtype" else MEMORY_FORMATS)[argument.name]
    return argument


def _last_uses(program: Program) -> dict[int, list[str]]:
    """Number of a node → the values that nothing after it reads."""
    last = {name: number for number, node in enumerate(program.nodes) for name in (node.name, *node.references())}
    ends: dict[int, list[str]] = {}
    for name, number in last.items():
        if name not in program.outputs:
            ends.setdefault(number, []).append(name)
    return ends
