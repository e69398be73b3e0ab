"""A program's weights: what a state dict gives it, by name, shape and type."""

from collections.abc import Mapping

import torch
from torch import Tensor

from common.anatomy.program import DTYPES, Node, Program, Reference, Weight


def misfits(program: Program, tensors: Mapping[str, Tensor]) -> list[str]:
    """Return which of the program's weights a state dict doesn't fill, and why, in words."""
    read = {name for node in program.nodes for name in node.references()} | set(program.outputs)
    wrong = []
    for weight in program.weights:
        given = [key for key in weight.keys if key in tensors]
        # Nothing depends on a buffer that isn't read: old versions of PyTorch kept no batch counts.
        needed = weight.parameter or weight.value in read
        if not given and needed:
            wrong.append(f"{weight.keys[0]} is missing")
        for key in given:
            if tuple(tensors[key].shape) != weight.shape:
                wrong.append(f"{key} is {_shown(tensors[key].shape)}, not {_shown(weight.shape)}")
            elif needed and tensors[key].is_floating_point() != DTYPES[weight.dtype].is_floating_point:
                wrong.append(f"{key} is {str(tensors[key].dtype).removeprefix('torch.')}, not {weight.dtype}")
            elif not _equal(tensors[key], tensors[given[0]]):
                wrong.append(f"{key} and {given[0]} are one weight in the network, and differ")
    return wrong


def left_over(program: Program, tensors: Mapping[str, Tensor]) -> list[str]:
    """Return which tensors of a state dict have no place in the program, in words; but for counts of batches, which say
    nothing."""
    known = {key for weight in program.weights for key in weight.keys}
    return [
        f"{key} is not in the network"
        for key in tensors
        if key not in known and not key.endswith("num_batches_tracked")
    ]


def fill(
    program: Program,
    tensors: Mapping[str, Tensor],
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> dict[str, Tensor]:
    """Return the program's weights from a state dict that has no misfits, by the names of their values.

    dtype: of floating-point weights; the program's own where none is given
    """
    kernels = _kernels(program)
    filled = {}
    for weight in program.weights:
        key = next((key for key in weight.keys if key in tensors), None)
        if key is not None:
            tensor = _as(tensors[key], weight, dtype).to(device)
            # Convolutions return maps in the format of their kernel, and are fastest with channels last.
            filled[weight.value] = tensor.to(memory_format=torch.channels_last) if weight.value in kernels else tensor
    return filled


def _kernels(program: Program) -> set[str]:
    """Return the kernels that convolutions read, and nothing else does: it might depend on the order of numbers in
    memory."""
    read = [(_kernel(node), name) for node in program.nodes for name in node.references()]
    kernels, elsewhere = (
        {name for kernel, name in read if name == kernel},
        {name for kernel, name in read if name != kernel},
    )
    return {
        weight.value for weight in program.weights if weight.value in kernels - elsewhere and len(weight.shape) == 4
    }


def _kernel(node: Node) -> str | None:
    """Return the name of the kernel that `node` slides over a map, None where it does something else."""
    if (
        node.operator != "aten.convolution.default"
        or len(node.arguments) < 2
        or not isinstance(node.arguments[1], Reference)
    ):
        return None
    return node.arguments[1].name


def _as(tensor: Tensor, weight: Weight, dtype: torch.dtype | None) -> Tensor:
    wanted = dtype if dtype is not None and tensor.is_floating_point() else DTYPES[weight.dtype]
    return tensor.to(wanted).contiguous()


def _equal(one: Tensor, other: Tensor) -> bool:
    return one is other or (one.shape == other.shape and bool(((one == other) | (one != one) & (other != other)).all()))


def _shown(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a number"
