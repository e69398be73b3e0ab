"""A network as a table: torchsummary's, with each layer's receptive field beside it."""

import contextlib
import copy
import io

import torch
from torch import nn

from common.anatomy import Trace, parameter_count, trace


def summary(network: nn.Module, image: tuple[int, ...], *others: tuple[int, ...]) -> str:
    """Return torchsummary's table for one image (C×H×W), the receptive fields in a last column.

    others: shapes of the network's further inputs, where it takes any.

    Under it stand the counts that torchsummary gets wrong where a layer runs twice or never: parameters taken from
    the parameters themselves, multiply-adds from what ran.
    """
    import torchsummary

    # torchsummary knows no device but the CPU and the first GPU.
    network = copy.deepcopy(network).cpu()
    # Of an empty image some layers make nothing; and the training's random numbers are left alone.
    generator = torch.Generator().manual_seed(0)
    traced = trace(network, *(torch.rand(2, *shape, generator=generator) for shape in (image, *others)))
    # torchsummary fails on inputs of different ranks, so it is given the image alone.
    network.register_forward_pre_hook(
        lambda module, inputs: (*inputs, *(torch.zeros(len(inputs[0]), *shape) for shape in others)))
    printed = io.StringIO()
    network.train()  # A network that looks several times in evaluation is printed once.
    with contextlib.redirect_stdout(printed):
        torchsummary.summary(network, image, device="cpu")
    lines, fields = [], iter(traced.modules)
    for line in printed.getvalue().splitlines():
        if "Output Shape" in line:
            line += "   Receptive field"
        elif "[-1, " in line:
            line += f"{'×'.join(map(str, next(fields))):>18}"
        lines.append(line)
    multiply_adds = sum(operation.multiply_adds for operation in traced.operations)
    height, width = traced.receptive_field
    return "\n".join([
        *lines, f"Parameters, each counted once: {parameter_count(network):,}",
        f"Multiply-adds for one image: {multiply_adds:,}",
        f"Receptive field: {height}×{width} before the global average, {traced.seen[0]}×{traced.seen[1]} with it", "",
    ])


def receptive_field_table(traced: Trace) -> str:
    """Return a Markdown table of what ran: output shape, parameters, multiply-adds and receptive field of each layer."""
    rows = ["| layer | output | parameters | multiply-adds | receptive field |", "|---|---|---:|---:|---:|"]
    for operation in traced.operations:
        window = f" {'×'.join(map(str, operation.weight[2:]))}" if operation.kind == "convolution" else ""
        grouped = ", depthwise" if operation.groups > 1 and operation.weight[1] == 1 else ""
        strided = f", stride {operation.stride[0]}" if operation.stride and operation.stride[0] > 1 else ""
        dilated = f", dilation {operation.dilation[0]}" if operation.dilation and operation.dilation[0] > 1 else ""
        rows.append(f"| {operation.kind}{window}{grouped}{strided}{dilated} | {'×'.join(map(str, operation.output))} | "
                    f"{operation.parameters:,} | {operation.multiply_adds:,} | {operation.receptive_field[0]} |")
    return "\n".join(rows)
