"""Which operators a program may run, and for each family how `follow` goes through it.

A family is one function. It sees one call of one of its operators, what is known of the values that went in and the
numbers that came out, and returns what is known of those; it changes nothing. To add an operator, add its full name to
the family that it belongs to, or write a new one; CONTRIBUTING.md shows how.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from common.anatomy.operation import Operation
from common.anatomy.operators.value import Value, merge


@dataclass(frozen=True)
class Call:
    """One call of an operator in a forward pass.

    number:    the how many-eth call it is, from 0
    name:      of the value that it makes; module: path of the module that it ran in
    operator:  with its overload, "aten.convolution.default"
    arguments: by the names of the operator's schema, defaults filled in; tensors are the numbers themselves
    known:     what is known of the tensors among them, by the same names; lists of tensors have lists
    outputs:   the tensors that came out
    images:    how many the network was given
    """

    number: int
    name: str
    module: str
    operator: str
    arguments: dict[str, Any]
    known: dict[str, Any]
    outputs: tuple[Tensor, ...]
    images: int

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]

    @property
    def base(self) -> str:
        """The operator's name without the overload: "convolution"."""
        return self.operator.split(".")[1]

    @property
    def out(self) -> Tensor:
        return self.outputs[0]

    @cached_property
    def operands(self) -> list[tuple[Tensor, Value]]:
        """The tensors that went in and what is known of each, in their order."""
        return [pair for name in self.known for pair in _pairs(self.arguments[name], self.known[name])]

    @cached_property
    def values(self) -> list[Value]:
        return [value for _, value in self.operands]

    @cached_property
    def merged(self) -> Value:
        """What is known of anything that was computed from all operands."""
        return merge(self.values)

    def pair(self, argument: str, default: int = 1) -> tuple[int, int]:
        """Return an argument for height and width, which may be given as one number, or not at all."""
        given = self.arguments.get(argument)
        numbers = [given] if isinstance(given, int) else list(given if given is not None else [])
        numbers = numbers or [default]
        return (numbers[0], numbers[-1])


def _pairs(tensors: Any, values: Value | list[Value | None]) -> Iterator[tuple[Tensor, Value]]:
    if isinstance(values, Value):
        yield tensors, values
    else:
        for tensor, value in zip(tensors, values, strict=True):
            if value is not None:
                yield tensor, value


@dataclass(frozen=True)
class Found:
    """What is known of each output of a call, and the layers that the call is."""

    values: tuple[Value, ...]
    operations: tuple[Operation, ...] = ()


Follow = Callable[[Call], Found]


@dataclass(frozen=True)
class Operator:
    """An operator that a program may run."""

    name: str
    run: Callable[..., Any]
    follow: Follow

    @cached_property
    def schema(self) -> torch.FunctionSchema:
        packet, overload = self.name.removeprefix("aten.").split(".")
        schema: torch.FunctionSchema = getattr(getattr(torch.ops.aten, packet), overload)._schema
        return schema

    @cached_property
    def takes_device(self) -> bool:
        """Whether it makes tensors anew, and must be told where."""
        return any(argument.name == "device" for argument in self.schema.arguments)

    def bound(self, arguments: list[object], keywords: dict[str, object]) -> dict[str, Any]:
        """Return what it is called with by the names of its schema, defaults filled in."""
        named = {argument.name: argument.default_value for argument in self.schema.arguments}
        return named | dict(zip(named, arguments, strict=False)) | keywords


REGISTRY: dict[str, Operator] = {}


def follows(*names: str, run: Callable[..., Any] | None = None) -> Callable[[Follow], Follow]:
    """Register a family: the function that follows the ATen operators of these names, "convolution.default".

    run: what is executed in place of the operator, where that would do what a stranger's program must not
    """

    def add(follow: Follow) -> Follow:
        for name in names:
            packet, overload = name.split(".")
            full = f"aten.{name}"
            if full in REGISTRY:
                raise ValueError(f"{full} is registered twice.")
            REGISTRY[full] = Operator(full, run or getattr(getattr(torch.ops.aten, packet), overload), follow)
        return follow

    return add


def every(overloads: str, *packets: str) -> tuple[str, ...]:
    """Return the full names of those overloads ("Tensor Scalar") that each of the operators has."""
    return tuple(
        f"{packet}.{overload}"
        for packet in packets
        for overload in overloads.split()
        if overload in getattr(torch.ops.aten, packet).overloads()
    )
