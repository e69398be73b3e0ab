"""Operators that move numbers and change none: what is known of the places moves with them."""

import itertools
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from common.anatomy.operators.registry import REGISTRY, Call, Found, follows
from common.anatomy.operators.value import Plane, Value, pair


def _reshaped(tensor: Tensor, size: list[int], stride: list[int] | None = None) -> Tensor:
    """What `view` does, in whatever memory format the tensor is: the network was recorded in another."""
    return tensor.reshape(size)


def _copied(
    tensor: Tensor, dtype: torch.dtype | None = None, memory_format: torch.memory_format | None = None, **unused: object
) -> Tensor:
    """What `_to_copy` does, less the move to another device."""
    return tensor.to(dtype=dtype or tensor.dtype, copy=True, memory_format=memory_format or torch.preserve_format)


def _same(tensor: Tensor, memory_format: torch.memory_format | None = None) -> Tensor:
    """What `clone` gives; a copy only where it must lie otherwise in memory, since nothing here is written to again."""
    return tensor if memory_format in (None, torch.preserve_format) else tensor.contiguous(memory_format=memory_format)


def _copied_into(tensor: Tensor, source: Tensor, non_blocking: bool = False) -> Tensor:
    """What `copy` gives, which has no derivative of its own."""
    return source.to(tensor.dtype).expand_as(tensor)


# _unsafe_index would read beyond the tensor.
@follows("_unsafe_index.Tensor", run=torch.ops.aten.index.Tensor)
@follows("view.default", "_unsafe_view.default", "_reshape_alias.default", run=_reshaped)
@follows("_to_copy.default", run=_copied)
@follows("clone.default", run=_same)
@follows("copy.default", run=_copied_into)
@follows(
    "permute.default",
    "transpose.int",
    "t.default",
    "expand.default",
    "unsqueeze.default",
    "squeeze.default",
    "squeeze.dim",
    "squeeze.dims",
    "slice.Tensor",
    "select.int",
    "alias.default",
    "detach.default",
    "cat.default",
    "stack.default",
    "split.Tensor",
    "split_with_sizes.default",
    "unbind.int",
    "flip.default",
    "roll.default",
    "im2col.default",
    "constant_pad_nd.default",
    "reflection_pad1d.default",
    "reflection_pad2d.default",
    "replication_pad1d.default",
    "replication_pad2d.default",
    "repeat.default",
    "channel_shuffle.default",
    "unfold.default",
    "diagonal.default",
    "index_select.default",
    "lift_fresh_copy.default",
    "slice_scatter.default",
    "select_scatter.default",
    "index.Tensor",
    "gather.default",
    "tril.default",
    "triu.default",
    "squeeze_copy.default",
    "unsafe_split.Tensor",
    "narrow_copy.default",
    "movedim.int",
    "rot90.default",
)
def moved(call: Call) -> Found:
    """The same movement of the places; what takes a single place of many picks a pixel."""
    if not any(value.plane is not None for value in call.values):
        return Found((call.merged,) * len(call.outputs))
    if _beside_each_other(call):
        plane = Plane.drawn(call.out.shape, call.number)
        jump = pair(
            max(value.reach.jump[side] * value.plane.spacing[side] for value in call.values if value.plane is not None)
            for side in (0, 1)
        )
        return Found((replace(call.merged, plane=plane, reach=replace(call.merged.reach, jump=jump)),))
    moved = _run(call)
    values = [call.merged.at(each) for each in moved]
    if call.merged.places == 1:
        return Found(tuple(values))
    # What came from nowhere but padding has no place at all.
    return Found(
        tuple(_picked(value) if value.plane is not None and value.plane.count == 1 else value for value in values)
    )


def _beside_each_other(call: Call) -> bool:
    """Whether channels of several maps, whose places are numbered each in its own way, are laid side by side: those at
    one place then lie at one place."""
    planes = [value.plane for value in call.values if value.plane is not None]
    return (
        call.base == "cat"
        and call["dim"] % 4 == 1
        and call.out.ndim == 4
        and len(planes) == len(call.values)
        and len({plane.call for plane in planes}) > 1
        and all(  # Of one map, places that lie apart could still be told apart.
            one.call != other.call or torch.equal(one.places[:, :1], other.places[:, :1])
            for one, other in itertools.combinations(planes, 2)
        )
        and all(plane.depth == (0.0, 0.0) and plane.count == plane.places[0, 0].numel() for plane in planes)
    )


def _picked(value: Value) -> Value:
    """The plane is left without an average."""
    return replace(value, reach=replace(value.reach, local=value.reach.field)).leaving("pick")


def _run(call: Call) -> list[Tensor]:
    """Return where each number of the outputs comes from."""
    # The places may lie in memory otherwise than the activation does, where a view would need a copy.
    if call.base in ("view", "_unsafe_view", "_reshape_alias"):
        return [call.known["self"].plane.places.reshape(call.out.shape)]
    if call.base in ("clone", "_to_copy"):
        return [call.known["self"].plane.places]
    arguments = []
    for argument in REGISTRY[call.operator].schema.arguments:
        given: Any = call.arguments.get(argument.name, argument.default_value)
        known = call.known.get(argument.name)
        if isinstance(known, list):
            given = [
                None
                if tensor is None
                else tensor
                if tensor.dtype in (torch.int64, torch.bool)
                else _places(tensor, value)
                for tensor, value in zip(given, known, strict=True)
            ]
        elif known is not None and given.dtype not in (torch.int64, torch.bool):
            given = _places(given, known)
        arguments.append((argument, given))
        if argument.name == "value" and "pad" in call.operator:
            arguments[-1] = (argument, 0.0)  # Whatever it holds, what is padded comes from nowhere.
    quiet = {
        argument.name: given
        for argument, given in arguments
        if argument.kwarg_only and argument.name not in ("dtype", "layout", "device", "pin_memory")
    }
    moved = REGISTRY[call.operator].run(*(given for argument, given in arguments if not argument.kwarg_only), **quiet)
    return list(moved) if isinstance(moved, tuple | list) else [moved]


def _places(tensor: Tensor, value: Value) -> Tensor:
    return torch.zeros(tensor.shape) if value.plane is None else value.plane.places
