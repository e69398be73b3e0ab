"""The network as data: the tensor operations that one forward pass runs, in evaluation mode, and nothing that could run
by itself.

A program names its operators and says where each of their arguments comes from; it holds no weights, only their names,
shapes and types. It is written as JSON, with the constants that the pass used as safetensors beside it, and is read
back with
distrust: everything is bounded and has one of a few known forms. Which operators may run is for the registry to say.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

FORMAT = 1
# The largest of 337 published networks takes 31 kB; attention over unrolled loops takes more.
MOST_BYTES = 4_000_000
MOST_NODES = 20_000
MOST_DIMENSIONS = 8
MOST_DEPTH = 12
LARGEST_INTEGER = 2**63 - 1  # How an open slice ends.
MOST_CONSTANT_BYTES = 64_000_000

DTYPES: dict[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in ("float16", "bfloat16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")
}
MEMORY_FORMATS = {name: getattr(torch, name) for name in ("contiguous_format", "channels_last", "preserve_format")}
_DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_NAME = re.compile(r"[A-Za-z_]\w{0,199}", re.ASCII)
_NON_FINITE = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


class ProgramError(Exception):
    """What should be a program is none; the message is one sentence."""


@dataclass(frozen=True)
class Reference:
    """An argument that is the value called `name`: an input, a weight, a constant, or what an earlier node made."""

    name: str


@dataclass(frozen=True)
class Setting:
    """An argument that is no number: `kind` is "dtype" or "memory_format", `name` is torch's."""

    kind: str
    name: str


# What an operator is called with.
Argument = None | bool | int | float | str | Reference | Setting | tuple["Argument", ...]


@dataclass(frozen=True)
class Node:
    """One call of an operator.

    name:      of the value that it makes
    operator:  with its overload, "aten.convolution.default"
    arguments: by position; `keywords` by name
    module:    path of the module in whose forward pass it ran, "" for the network itself; its second call ends in "@1"
    """

    name: str
    operator: str
    arguments: tuple[Argument, ...]
    keywords: tuple[tuple[str, Argument], ...] = ()
    module: str = ""

    def references(self) -> Iterator[str]:
        """Yield the names of the values that the call reads, in their order."""
        yield from _references((*self.arguments, *(value for _, value in self.keywords)))


@dataclass(frozen=True)
class Input:
    """An input of the network; `shape` is without the batch."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Weight:
    """A tensor that comes from the weight files.

    value: its name in the program; keys: its names in a state dict, more than one where the network uses it by several
    parameter: it is learned; a buffer is not
    """

    value: str
    keys: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    parameter: bool

    @property
    def count(self) -> int:
        """How many numbers of 32 bits it holds: a wider one could hold several."""
        numbers = math.prod(self.shape)
        return max(numbers, -(-numbers * DTYPES[self.dtype].itemsize // 4))


@dataclass(frozen=True)
class Program:
    """A network's forward pass in evaluation mode.

    batch:     the only number of images it can be given; None where any will do
    constants: tensors that are neither inputs nor in the weight files, by the names of their values
    labels:    what the network calls its constants, by the same names
    outputs:   names of what it returns
    """

    inputs: tuple[Input, ...]
    weights: tuple[Weight, ...]
    constants: dict[str, Tensor] = field(compare=False)
    labels: dict[str, str]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    batch: int | None = None

    @cached_property
    def affordable(self) -> set[int]:
        """For how many images it is known to be small enough; `measure` notes it here, so that it needn't be measured
        again."""
        return set()

    @property
    def parameter_count(self) -> int:
        """How many numbers the network learns: each once, frozen or not, used or not."""
        return sum(weight.count for weight in self.weights if weight.parameter)


def to_bytes(program: Program) -> tuple[bytes, bytes]:
    """Return a program as JSON and its constants as safetensors."""
    from safetensors.torch import save

    text = json.dumps(
        {
            "format": FORMAT,
            "batch": program.batch,
            "inputs": [{"name": each.name, "shape": each.shape} for each in program.inputs],
            "weights": [
                {
                    "value": each.value,
                    "keys": each.keys,
                    "shape": each.shape,
                    "dtype": each.dtype,
                    "parameter": each.parameter,
                }
                for each in program.weights
            ],
            "labels": program.labels,
            "nodes": [
                [
                    node.name,
                    node.operator,
                    [_encoded(each) for each in node.arguments],
                    {key: _encoded(each) for key, each in node.keywords},
                    node.module,
                ]
                for node in program.nodes
            ],
            "outputs": program.outputs,
        },
        separators=(",", ":"),
        allow_nan=False,
    )
    return text.encode(), save(
        {name: tensor.detach().cpu().clone().contiguous() for name, tensor in program.constants.items()}
    )


def from_bytes(text: bytes, constants: bytes) -> Program:
    """Return the program that `to_bytes` wrote. Raises ProgramError where it is anything else."""
    if len(text) > MOST_BYTES:
        raise ProgramError(f"The recorded network is larger than {MOST_BYTES // 1_000_000} MB.")
    try:
        values = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ProgramError(f"The recorded network can't be read ({type(error).__name__}).") from error
    return from_values(values, constants)


def from_values(values: object, constants: bytes) -> Program:
    """Return the program whose JSON has been read already. Raises ProgramError where it is none."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    if len(constants) > MOST_CONSTANT_BYTES:
        raise ProgramError(
            f"The constants of the recorded network are larger than {MOST_CONSTANT_BYTES // 1_000_000} MB."
        )
    try:
        return _Reader(values).program(load(constants))
    except (SafetensorError, ValueError, RecursionError) as error:
        raise ProgramError(f"The recorded network can't be read ({type(error).__name__}).") from error


def dtype_name(dtype: torch.dtype) -> str:
    """Return what a program calls `dtype`. Raises ProgramError for types that it doesn't know."""
    if dtype not in _DTYPE_NAMES:
        raise ProgramError(f"The network has tensors of type {str(dtype).removeprefix('torch.')}.")
    return _DTYPE_NAMES[dtype]


def _references(arguments: tuple[Argument, ...]) -> Iterator[str]:
    for argument in arguments:
        if isinstance(argument, Reference):
            yield argument.name
        elif isinstance(argument, tuple):
            yield from _references(argument)


def _encoded(argument: Argument) -> object:
    if isinstance(argument, Reference):
        return {"value": argument.name}
    if isinstance(argument, Setting):
        return {argument.kind: argument.name}
    if isinstance(argument, float) and not math.isfinite(argument):
        return {"float": str(argument)}
    return [_encoded(each) for each in argument] if isinstance(argument, tuple) else argument


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ProgramError("The recorded network says something twice.")
    return values


def _refuse(constant: str) -> None:
    raise ProgramError(f"The recorded network holds {constant}, which is no JSON.")


class _Reader:
    """Builds a program from JSON values, of which none is believed."""

    def __init__(self, values: object) -> None:
        self._values = self._object(values, {"format", "batch", "inputs", "weights", "labels", "nodes", "outputs"})
        self._known: set[str] = set()

    def program(self, constants: dict[str, Tensor]) -> Program:
        values = self._values
        if values["format"] != FORMAT:
            raise ProgramError(
                f"The recorded network has format {str(values['format'])[:20]}, this checker reads {FORMAT}."
            )
        batch = None if values["batch"] is None else self._integer(values["batch"], least=1, most=10_000)
        inputs = tuple(
            Input(self._new(each["name"]), self._shape(each["shape"]))
            for each in self._objects(values["inputs"], {"name", "shape"})
        )
        weights = tuple(
            self._weight(each)
            for each in self._objects(values["weights"], {"value", "keys", "shape", "dtype", "parameter"})
        )
        keys = [key for weight in weights for key in weight.keys]
        if len(set(keys)) != len(keys):
            raise ProgramError("The recorded network has two weights of one name.")
        for name, tensor in constants.items():
            self._new(name)
            dtype_name(tensor.dtype)
        labels = values["labels"]
        if not isinstance(labels, dict) or not all(
            name in constants and isinstance(label, str) for name, label in labels.items()
        ):
            raise ProgramError("The recorded network names constants that it doesn't have.")
        listed = self._list(values["nodes"])
        if len(listed) > MOST_NODES:
            raise ProgramError(f"The recorded network has {len(listed):,} operations, more than {MOST_NODES:,}.")
        nodes = tuple(self._node(each) for each in listed)
        outputs = tuple(self._existing(each) for each in self._list(values["outputs"]))
        return Program(
            inputs, weights, constants, {name: label[:200] for name, label in labels.items()}, nodes, outputs, batch
        )

    def _weight(self, values: dict[str, Any]) -> Weight:
        keys = tuple(self._text(each) for each in self._list(values["keys"]))
        if (
            not keys
            or not isinstance(values["dtype"], str)
            or values["dtype"] not in DTYPES
            or not isinstance(values["parameter"], bool)
        ):
            raise ProgramError("The recorded network has a weight without a name or of an unknown type.")
        return Weight(
            self._new(values["value"]), keys, self._shape(values["shape"]), values["dtype"], values["parameter"]
        )

    def _node(self, values: object) -> Node:
        if not isinstance(values, list) or len(values) != 5 or not isinstance(values[3], dict):
            raise ProgramError("The recorded network has an operation that is none.")
        name, operator, arguments, keywords, module = values
        read = tuple(self._argument(each) for each in self._list(arguments))
        if (
            isinstance(operator, str)
            and operator.startswith("size")
            and not any(isinstance(each, Reference) for each in read)
        ):
            raise ProgramError("The recorded network computes a size of nothing but numbers.")
        named = tuple((self._name(key), self._argument(each)) for key, each in keywords.items())
        return Node(self._new(name), self._text(operator), read, named, self._text(module))

    def _argument(self, value: object, depth: int = 0) -> Argument:
        if depth > MOST_DEPTH:
            raise ProgramError("The recorded network has lists within lists within lists.")
        if isinstance(value, list):
            return tuple(self._argument(each, depth + 1) for each in value)
        if isinstance(value, dict):
            ((kind, name),) = value.items() if len(value) == 1 else [("", None)]
            if kind == "value":
                return Reference(self._existing(name))
            if isinstance(name, str) and name in {
                "dtype": DTYPES,
                "memory_format": MEMORY_FORMATS,
                "float": _NON_FINITE,
            }.get(kind, ()):
                return _NON_FINITE[name] if kind == "float" else Setting(kind, name)
            raise ProgramError("The recorded network has an argument of an unknown kind.")
        if isinstance(value, int) and not isinstance(value, bool):
            return self._integer(value)
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool | float):
            return value
        raise ProgramError("The recorded network has an argument of an unknown kind.")

    def _shape(self, value: object) -> tuple[int, ...]:
        sides = tuple(self._integer(each, least=0, most=100_000_000) for each in self._list(value))
        if len(sides) > MOST_DIMENSIONS or math.prod(sides) > 100_000_000:
            raise ProgramError("The recorded network has a tensor that is too large to be checked.")
        return sides

    def _integer(self, value: object, least: int = -LARGEST_INTEGER - 1, most: int = LARGEST_INTEGER) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ProgramError("The recorded network has a number that is out of bounds.")
        return value

    def _text(self, value: object) -> str:
        if not isinstance(value, str) or len(value) > 500 or not value.isprintable():
            raise ProgramError("The recorded network has a name that is none.")
        return value

    def _name(self, value: object) -> str:
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise ProgramError("The recorded network has a value whose name is none.")
        return value

    def _new(self, value: object) -> str:
        name = self._name(value)
        if name in self._known:
            raise ProgramError(f"The recorded network has two values called {name}.")
        self._known.add(name)
        return name

    def _existing(self, value: object) -> str:
        name = self._name(value)
        if name not in self._known:
            raise ProgramError(f"The recorded network uses {name} before there is such a value.")
        return name

    def _list(self, value: object) -> list[Any]:
        if not isinstance(value, list):
            raise ProgramError("The recorded network has something else where a list belongs.")
        return value

    def _object(self, value: object, keys: set[str]) -> dict[str, Any]:
        if not isinstance(value, dict) or set(value) != keys:
            raise ProgramError(f"The recorded network must have {', '.join(sorted(keys))}, and nothing else.")
        return value

    def _objects(self, value: object, keys: set[str]) -> list[dict[str, Any]]:
        return [self._object(each, keys) for each in self._list(value)]
