"""What a network really computes: one pass through its program, operation by operation.

A declared layer may never run, and a layer may be written in many ways. So nothing here looks at modules: `follow` sees
the operators that run, with the weights that they use, and carries beside every activation a map of positions, which
says from which place of the image's plane each value comes. A fully connected layer is recognised by what it mixes,
whether it is written as a linear layer on a flattened map, a convolution as large as the map, an einsum or a weighted
sum.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from common.anatomy.moved import Convolved
from common.anatomy.operation import Operation
from common.anatomy.operators import REGISTRY, Call
from common.anatomy.operators.value import Origin, Plane, Value, merge
from common.anatomy.program import Argument, Node, Program, Reference
from common.anatomy.replay import ReplayError, Seen, replay


@dataclass(frozen=True)
class Anatomy:
    """What one forward pass did.

    operations:      in the order in which they ran
    collapses:       how the paths from image to logits leave the plane: "average", "fully connected", "max",
                     "statistic", "pick", "average of 6×6 of 49 places"
    receptive_field: (height, width) of the logits' last spatial ancestor, before any global average
    seen:            (height, width) of what the logits see, after it
    flat:            the logits have no positions left
    not_understood:  operators on the way to the logits that can't be followed
    modules:         receptive field (height, width) behind each module, by its path; "@1" marks its second call
    """

    operations: tuple[Operation, ...]
    collapses: frozenset[str]
    receptive_field: tuple[int, int]
    seen: tuple[int, int]
    flat: bool
    not_understood: frozenset[str]
    modules: dict[str, tuple[int, int]]


def follow(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> Anatomy:
    """Return what `program` does with a few images (float32 N×C×H×W, normalised) and its further inputs.

    weights: by the names of their values, as `common.anatomy.weights.fill` returns them
    Raises ReplayError.
    """
    follower = _Follower(program, weights, inputs)
    with torch.no_grad():
        replay(program, weights, *inputs, see=follower.see)
    logits = merge([follower.known[name] for name in program.outputs])
    return Anatomy(
        operations=tuple(follower.operations),
        collapses=logits.way.exits,
        receptive_field=_pixels(logits.reach.local),
        seen=logits.reach.pixels,
        flat=all(follower.known[name].places == 1 for name in program.outputs),
        not_understood=logits.way.not_understood,
        modules=follower.modules,
    )


def _pixels(field: tuple[float, float]) -> tuple[int, int]:
    return -int(-field[0] // 1), -int(-field[1] // 1)


class _Follower:
    """Hears every call of a replay, and knows what came of it."""

    def __init__(self, program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...]) -> None:
        self._images = len(inputs[0])
        self._counts = {
            key: weight.count if weight.parameter else 0 for weight in program.weights for key in weight.keys[:1]
        }
        self._calls = 0
        self._convolved: list[Convolved] = []
        self.operations: list[Operation] = []
        self.modules: dict[str, tuple[int, int]] = {}
        self.known: dict[str, Value] = {}
        for given, tensor in zip(program.inputs, inputs, strict=True):
            plane = Plane.drawn(tensor.shape, -1) if tensor.ndim == 4 else None
            self.known[given.name] = Value(plane=plane, origin=Origin(image=True))
        for weight in program.weights:
            self.known[weight.value] = (
                Value(origin=Origin(weights=frozenset(weight.keys[:1]))) if weight.parameter else Value()
            )
        self.known |= dict.fromkeys(program.constants, Value())

    def see(self, seen: Seen) -> None:
        """Follow one call."""
        node, outputs = seen.node, seen.outputs
        number, self._calls = self._calls, self._calls + 1
        if node.operator == "getitem":
            (source,), index = node.references(), node.arguments[1]
            self._know(node, (self.known[f"{source}.{index}"],))
            return
        if not outputs:  # A size, which says nothing of any image.
            return
        call = Call(
            number, node.name, node.module, node.operator, seen.arguments, self._arguments(node), outputs, self._images
        )
        try:
            found = REGISTRY[node.operator].follow(call)
        except (
            RuntimeError,
            TypeError,
            ValueError,
            IndexError,
            KeyError,
            AttributeError,
            ZeroDivisionError,
            StopIteration,
        ) as error:
            raise ReplayError(
                f"{node.operator} of {node.module or 'the network'} can't be followed ({type(error).__name__})."
            ) from error
        values = self._on_one_plane(call, found.values) if call.base == "convolution" else found.values
        self._know(node, values)
        for operation in found.operations:
            self.operations.append(
                replace(operation, parameters=sum(self._counts.pop(key, 0) for key in operation.uses))
            )

    def _on_one_plane(self, call: Call, values: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return what a convolution makes: where it has run before on other places of the same map, on the plane of
        what it made then, so that the two are seen to lie apart."""
        made, given, weights = values[0].plane, call.known["input"].plane, call.known["weight"].origin.weights
        if made is None or given is None or made.call != call.number or not weights or given.places.ndim != 4:
            return values
        now = Convolved(weights, call, given, made)
        for before in self._convolved:
            if before.weights & weights and before.given.call == given.call:
                taps, others = now.taps, before.taps
                if taps is not None and others is not None and taps.moved_from(others):
                    return (replace(values[0], plane=taps.on(others, before.made, made.places.shape)),)
        self._convolved.append(now)
        return values

    def _know(self, node: Node, values: tuple[Value, ...]) -> None:
        self.known[node.name] = values[0]
        for index, value in enumerate(values):
            self.known[f"{node.name}.{index}"] = value
        self.modules[node.module] = values[0].reach.pixels

    def _arguments(self, node: Node) -> dict[str, object]:
        names = (argument.name for argument in REGISTRY[node.operator].schema.arguments)
        given = dict(zip(names, node.arguments, strict=False)) | dict(node.keywords)
        return {name: self._of(argument) for name, argument in given.items() if any(_known(argument, self.known))}

    def _of(self, argument: Argument) -> Value | list[Value | None]:
        if isinstance(argument, Reference):
            return self.known[argument.name]
        listed = argument if isinstance(argument, tuple) else ()
        return [self.known.get(each.name) if isinstance(each, Reference) else None for each in listed]


def _known(argument: Argument, known: dict[str, Value]) -> Iterator[bool]:
    for each in argument if isinstance(argument, tuple) else (argument,):
        yield isinstance(each, Reference) and each.name in known
