"""A network as a table: torchsummary's, with each layer's receptive field beside it."""

import contextlib
import copy
import io

import torch
from torch import nn

from common.anatomy.follow import Anatomy
from common.anatomy.network import anatomy, parameter_count

# How wide torchsummary's lines are, and the column beside them: 80 characters in all.
_TABLE, _FIELD = 64, 16


def summary(network: nn.Module, image: tuple[int, ...], *others: tuple[int, ...]) -> str:
    """Return torchsummary's table for one image (C×H×W), 80 columns wide, the receptive fields in a last column.

    others: shapes of the network's further inputs, where it takes any.

    Under it stand the counts that torchsummary gets wrong where a layer runs twice or never: parameters taken from
    the parameters themselves, multiply-adds from what ran.
    """
    import torchsummary

    # torchsummary knows no device but the CPU and the first GPU.
    network = copy.deepcopy(network).cpu()
    # Of an empty image some layers make nothing; and the training's random numbers are left alone.
    generator = torch.Generator().manual_seed(0)
    found = anatomy(network, *(torch.rand(2, *shape, generator=generator) for shape in (image, *others)))
    called = _calls(network)
    # torchsummary fails on inputs of different ranks, so it is given the image alone.
    network.register_forward_pre_hook(
        lambda module, inputs: (*inputs, *(torch.zeros(len(inputs[0]), *shape) for shape in others))
    )
    printed = io.StringIO()
    network.train()  # A network with test-time augmentation is printed with a single view.
    with contextlib.redirect_stdout(printed):
        torchsummary.summary(network, image, device="cpu")
    lines, fields, behind = [], iter(called), (1, 1)
    for line in printed.getvalue().splitlines():
        if "Output Shape" in line:
            line = f"{line:<{_TABLE}}{'Receptive field':>{_FIELD}}"
        elif "[-1, " in line:
            # A module that computes nothing, such as one that flattens, sees what the one before it saw.
            behind = found.modules.get(next(fields), behind)
            line = f"{_fitting(line)}{'×'.join(map(str, behind)):>{_FIELD}}"
        lines.append(line)
    multiply_adds = sum(operation.multiply_adds for operation in found.operations)
    height, width = found.receptive_field
    return "\n".join(
        [
            *lines,
            f"Parameters, each counted once: {parameter_count(network):,}",
            f"Multiply-adds for one image: {multiply_adds:,}",
            f"Receptive field: {height}×{width} before the global average, {found.seen[0]}×{found.seen[1]} with it",
            "",
        ]
    )


def _fitting(line: str) -> str:
    """Return a layer's line no wider than the table: a long name is cut, not the numbers behind it."""
    excess = len(line) - _TABLE
    if excess <= 0:
        return line
    kind, dash, rest = line.partition("-")
    return f"{kind[: -excess - 1]}…{dash}{rest}"


def _calls(network: nn.Module) -> list[str]:
    """Return a list that the network's modules write their paths into whenever one ends, as a program names them."""
    calls: list[str] = []

    def add(path: str) -> None:
        again = sum(each.partition("@")[0] == path for each in calls)
        calls.append(f"{path}@{again}" if again else path)

    for path, module in network.named_modules():
        if module is not network and not isinstance(module, nn.Sequential | nn.ModuleList):
            module.register_forward_hook(lambda module, inputs, output, path=path: add(path))
    return calls


def receptive_field_table(traced: Anatomy) -> str:
    """Return a Markdown table of what ran: output shape, parameters, multiply-adds and receptive field of each
    layer."""
    rows = ["| layer | output | parameters | multiply-adds | receptive field |", "|---|---|---:|---:|---:|"]
    for operation in traced.operations:
        window = f" {'×'.join(map(str, operation.weight[2:]))}" if operation.kind == "convolution" else ""
        grouped = ", depthwise" if operation.groups > 1 and operation.weight[1] == 1 else ""
        strided = f", stride {operation.stride[0]}" if operation.stride and operation.stride[0] > 1 else ""
        dilated = f", dilation {operation.dilation[0]}" if operation.dilation and operation.dilation[0] > 1 else ""
        rows.append(
            f"| {operation.kind}{window}{grouped}{strided}{dilated} | {'×'.join(map(str, operation.output))} | "
            f"{operation.parameters:,} | {operation.multiply_adds:,} | {operation.receptive_field[0]} |"
        )
    return "\n".join(rows)
