"""A program, executed: nothing runs but registered operators, and nothing is allocated before it is known to be small
enough."""

import math
import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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

# What one image may cost. The largest network of the sessions makes 0.9 million numbers and 110 million multiply-adds
# of one, a ResNet-18 for small images 2.5 and 560.
MOST_NUMBERS = 200_000_000
MOST_MULTIPLY_ADDS = 10_000_000_000
LARGEST_TENSOR = 500_000_000
MOST_BYTES_AT_ONCE = 4_000_000_000  # Of a batch.
# Arithmetic on sizes; `len(images)` is such a number.
SIZES: dict[str, Callable[..., Any]] = {
    "size": lambda tensor, dim: tensor.shape[dim],
    "size.add": operator.add,
    "size.sub": operator.sub,
    "size.mul": operator.mul,
    "size.floordiv": operator.floordiv,
    "size.mod": operator.mod,
    "size.neg": operator.neg,
    "size.truediv": operator.truediv,
    "size.max": max,
    "size.min": min,
    "size.float": float,
}


_KNOWN = frozenset(DTYPES.values())
# What is executed in their place on tensors without numbers, where they are Python and thirty times as slow.
_WITHOUT_NUMBERS: dict[str, Callable[..., Any]] = {"aten.relu.default": torch.empty_like}
# What they return lies in memory of its own.
_NEW = frozenset({"aten.convolution.default", "aten._native_batch_norm_legit_no_training.default"})


class ReplayError(Exception):
    """The program can't be executed; the message is one sentence."""


@dataclass(frozen=True)
class Seen:
    """One call of a replay: its arguments by the names of the operator's schema, and the tensors that came out."""

    node: Node
    arguments: dict[str, Any]
    outputs: tuple[Tensor, ...]


def replay(
    program: Program,
    weights: Mapping[str, Tensor],
    *inputs: Tensor,
    change: Mapping[str, Tensor | Callable[[Any], Any]] | None = None,
    see: Callable[[Seen], None] | None = None,
    double: bool = False,
) -> tuple[Tensor, ...]:
    """Return what `program` makes of its inputs (N first), on their device.

    weights: by the names of their values, as `common.anatomy.weights.fill` returns them
    change:  name of a value → what to go on with instead of it: a tensor, which is the first where an operator returns
             several, or what a function makes of the result
    see:     is told of every call, in order
    double:  compute in float64 throughout, whatever the program asks for; weights and inputs are float64 then
    Raises ReplayError where the program can't be executed, or is not known to be small enough and isn't.
    """
    _check_inputs(program, inputs)
    if not inputs[0].is_meta and len(inputs[0]) not in program.affordable:  # Fewer images may cost more.
        measure(program, len(inputs[0]))
    return execute(program, weights, inputs, change=change, see=see, double=double)


def execute(
    program: Program,
    weights: Mapping[str, Tensor],
    inputs: Sequence[Tensor],
    *,
    change: Mapping[str, Tensor | Callable[[Any], Any]] | None = None,
    see: Callable[[Seen], None] | None = None,
    double: bool = False,
) -> tuple[Tensor, ...]:
    """Return what `replay` does, without looking at the inputs and the cost: their number may be a symbol."""
    values: dict[str, Any] = dict(weights)
    values.update(
        {
            name: tensor.to(inputs[0].device, torch.float64 if double and tensor.is_floating_point() else None)
            for name, tensor in program.constants.items()
        }
    )
    values.update({given.name: tensor for given, tensor in zip(program.inputs, inputs, strict=True)})
    last_use = _last_uses(program)
    overwriting = _overwriting(program) if see is None and not change else frozenset()
    for number, node in enumerate(program.nodes):
        other = change.get(node.name) if change else None
        if node.name in overwriting:
            result = torch.relu_(values[_first(node)])
        else:
            result = _run(node, values, inputs[0].device, see, double, other if isinstance(other, Tensor) else None)
        if isinstance(other, Tensor):
            result = other if isinstance(result, Tensor) else (other, *result[1:])
        elif other is not None:
            result = other(result)
        values[node.name] = result
        for name in last_use.get(number, ()):
            del values[name]
    outputs = tuple(each for name in program.outputs if isinstance(each := values.get(name), Tensor))
    if not outputs or len(outputs) != len(program.outputs):
        raise ReplayError("The network returns something else than tensors.")
    return outputs


@dataclass(frozen=True)
class Cost:
    """What one batch costs: multiply-adds of convolutions, matrix products and pooling, numbers read and made in all,
    shapes of the outputs."""

    multiply_adds: int
    numbers: int
    outputs: tuple[tuple[int, ...], ...]


def measure(program: Program, batch: int, see: Callable[[Seen], None] | None = None) -> Cost:
    """Return what `program` costs for so many images, found without computing anything; `see` is told of every call.

    Raises ReplayError where it is too much.
    """
    numbers, multiply_adds, alive = 0, 0, 0
    ends, calls, kept = _last_uses(program), iter(range(len(program.nodes))), {}

    def add(seen: Seen) -> None:
        nonlocal numbers, multiply_adds, alive
        columns = _columns(seen)
        for count in (columns, *(output.numel() for output in seen.outputs)):
            if count > LARGEST_TENSOR:
                raise ReplayError(f"A single tensor of the network would hold {count:,} numbers.")
        numbers += columns + sum(tensor.numel() for tensor in (*seen.outputs, *_tensors(seen.arguments)))
        multiply_adds += _multiply_adds(seen)
        if see is not None:
            see(seen)
        if numbers > batch * MOST_NUMBERS or multiply_adds > batch * MOST_MULTIPLY_ADDS:
            raise ReplayError(
                f"The network would cost more than {MOST_MULTIPLY_ADDS // 10**9} billion multiply-adds or "
                f"{MOST_NUMBERS // 10**6} million numbers for an image."
            )
        kept[seen.node.name] = sum(output.nbytes for output in seen.outputs)
        alive += kept[seen.node.name]
        if alive + 4 * columns > MOST_BYTES_AT_ONCE:
            raise ReplayError(f"The network would hold more than {MOST_BYTES_AT_ONCE // 10**9} GB at once.")
        alive -= sum(kept.pop(name, 0) for name in ends.get(next(calls), ()))

    meta = {
        weight.value: torch.empty(weight.shape, dtype=DTYPES[weight.dtype], device="meta") for weight in program.weights
    }
    inputs = [torch.empty(batch, *given.shape, device="meta") for given in program.inputs]
    _check_inputs(program, inputs)
    with torch.no_grad():
        outputs = replay(program, meta, *inputs, see=add)
    program.affordable.add(batch)
    return Cost(multiply_adds, numbers, tuple(tuple(each.shape) for each in outputs))


def _check_inputs(program: Program, inputs: Sequence[Tensor]) -> None:
    wanted = [given.shape for given in program.inputs]
    if not inputs or [tuple(each.shape[1:]) for each in inputs] != wanted or len({len(each) for each in inputs}) != 1:
        shown = " and ".join("×".join(map(str, shape)) for shape in wanted) or "nothing"
        raise ReplayError(f"The network was recorded with {shown} for an image, and is given something else.")


def _multiply_adds(seen: Seen) -> int:
    base, given = _base(seen), seen.arguments
    if base == "convolution":
        side: Tensor = given["input"] if given["transposed"] else seen.outputs[0]
        kernel: Tensor = given["weight"][0]
        return side.numel() * kernel.numel()
    if base in ("mm", "bmm", "addmm", "baddbmm", "mv", "dot", "vdot"):
        return seen.outputs[0].numel() * _tensors(given)[-2].shape[-1]
    if base == "_cdist_forward":
        return seen.outputs[0].numel() * int(given["x1"].shape[-1])
    if base == "_trilinear":
        return math.prod(torch.broadcast_shapes(*(tensor.shape for tensor in _unsqueezed(given))))
    if "pool" in base and "kernel_size" in given:
        size, dims = given["kernel_size"], 3 if "3d" in base else 2
        sides = [size] if isinstance(size, int) else size
        return seen.outputs[0].numel() * math.prod(sides * dims if len(sides) == 1 else sides)
    return 0


def _columns(seen: Seen) -> int:
    """How many numbers a convolution may lay out on its way: each place's window, where it is done as a matrix
    product."""
    if _base(seen) != "convolution":
        return 0
    weight: Tensor = seen.arguments["weight"]
    side: Tensor = seen.arguments["input"] if seen.arguments["transposed"] else seen.outputs[0]
    places = side[:, :1].numel()
    channels = weight.shape[1] * int(seen.arguments["groups"])
    return places * channels * weight.shape[2:].numel()


def _unsqueezed(given: dict[str, Any]) -> list[Tensor]:
    """Return the operands of a trilinear product with the dimensions that it adds to each."""
    operands = []
    for number in (1, 2, 3):
        tensor = given[f"i{number}"]
        for dim in sorted(given[f"expand{number}"]):
            tensor = tensor.unsqueeze(dim)
        operands.append(tensor)
    return operands


def _base(seen: Seen) -> str:
    return seen.node.operator.split(".")[1] if seen.node.operator.startswith("aten.") else ""


def _tensors(arguments: Mapping[str, Any]) -> list[Tensor]:
    listed = [each for given in arguments.values() for each in (given if isinstance(given, list) else [given])]
    return [each for each in listed if isinstance(each, Tensor)]


def _run(
    node: Node,
    values: Mapping[str, object],
    device: torch.device,
    see: Callable[[Seen], None] | None,
    double: bool,
    other: Tensor | None,
) -> Any:
    """Return what an operation makes; `other` in the place of a convolution, which takes longest."""
    bound: dict[str, Any] = {}
    try:
        if node.operator == "getitem":
            source, index = (_resolved(each, values) for each in node.arguments)
            if (
                not isinstance(node.arguments[0], Reference)
                or not isinstance(source, tuple | list)
                or index not in range(len(source))
            ):
                raise ReplayError("The network takes an output that an operation doesn't have.")
            result = source[index]
        elif node.operator in SIZES:
            result = _size(node, values)
        elif node.operator in REGISTRY:
            registered = REGISTRY[node.operator]
            arguments = [_resolved(each, values, double) for each in node.arguments]
            keywords = {key: _resolved(each, values, double) for key, each in node.keywords}
            if registered.takes_device:
                keywords["device"] = device
            run = _WITHOUT_NUMBERS.get(node.operator, registered.run) if device.type == "meta" else registered.run
            is_known = other is not None and node.operator == "aten.convolution.default"
            result = other if is_known else run(*arguments, **keywords)
            if isinstance(result, Tensor) and result.dtype not in _KNOWN:
                raise ReplayError(f"The network makes numbers of the type {str(result.dtype).removeprefix('torch.')}.")
            if double and isinstance(result, Tensor) and result.is_floating_point():
                result = result.double()  # What makes numbers of nothing makes them float32.
            if see is not None:
                bound = registered.bound(arguments, keywords)
        else:
            raise ReplayError(
                f"The network uses {node.operator}, which is not among the operators that can be checked."
            )
        if see is not None:
            outputs = result if isinstance(result, tuple | list) else (result,)
            see(Seen(node, bound, tuple(each for each in outputs if isinstance(each, Tensor))))
    except (
        RuntimeError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        NotImplementedError,
        ZeroDivisionError,
        OverflowError,
        KeyError,
        AssertionError,
        MemoryError,
    ) as error:
        lines = str(error).splitlines() or [""]
        raise ReplayError(
            f"{node.operator} of {node.module or 'the network'} can't be executed: {lines[0][:200]}"
        ) from error
    return result


def _size(node: Node, values: Mapping[str, object]) -> Any:
    arguments = [_resolved(each, values) for each in node.arguments]
    if node.operator != "size" and not all(map(_is_size, arguments)):
        raise ReplayError("The network computes sizes that are out of bounds.")
    return SIZES[node.operator](*arguments)


def _is_size(number: object) -> bool:
    if isinstance(number, torch.SymInt | torch.SymFloat):  # Of a program that is exported and not run.
        return True
    return isinstance(number, int | float) and abs(number) < 2**53


def _resolved(argument: Argument, values: Mapping[str, object], double: bool = False) -> Any:
    if isinstance(argument, Reference):
        return values[argument.name]
    if isinstance(argument, tuple):
        return [_resolved(each, values, double) for each in argument]
    if isinstance(argument, Setting):
        if double and argument.kind == "dtype" and DTYPES[argument.name].is_floating_point:
            return torch.float64
        return (DTYPES if argument.kind == "dtype" else MEMORY_FORMATS)[argument.name]
    return argument


def _overwriting(program: Program) -> frozenset[str]:
    """Return the ReLUs that may write into what they read: into memory of its own, which nothing else reads. A third of
    an evaluation's time is memory that is asked for anew."""
    readers = Counter(name for node in program.nodes for name in node.references()) + Counter(program.outputs)
    made = {node.name: node for node in program.nodes}
    found = set()
    for node in program.nodes:
        source = made.get(_first(node)) if node.operator == "aten.relu.default" else None
        while source is not None and readers[source.name] == 1:
            if source.operator in _NEW:
                found.add(node.name)
                break
            source = made.get(_first(source)) if source.operator == "getitem" else None
    return frozenset(found)


def _first(node: Node) -> str:
    """Return the name of what an operation reads first, "" where that is none."""
    return first.name if node.arguments and isinstance(first := node.arguments[0], Reference) else ""


def _last_uses(program: Program) -> dict[int, list[str]]:
    """Number of a node → the values that nothing after it reads."""
    last = {name: number for number, node in enumerate(program.nodes) for name in (node.name, *node.references())}
    ends: dict[int, list[str]] = {}
    for name, number in last.items():
        if name not in program.outputs:
            ends.setdefault(number, []).append(name)
    return ends
