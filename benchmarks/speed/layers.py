"""What convolutions cost in training: forward and backward pass of one layer of session 7, alone, at batch size 128.

    python -m benchmarks.speed.layers
    python -m benchmarks.speed.layers --device cuda

Full, dilated, depthwise, and both at once. The table shows medians of several turns, and the ratio to the plain 3×3.
"""

import argparse
import statistics
import sys
import time

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from common.device import autocast, choose_device, training_precision
from common.errors import UserError

BATCH, TURNS = 128, 15
# Name → channels, side of the map, dilation, groups.
LAYERS = {
    "3×3": (64, 8, 1, 1),
    "3×3, dilated": (64, 8, 2, 1),
    "3×3, depthwise": (128, 8, 1, 128),
    "3×3, depthwise, dilated": (128, 8, 2, 128),
    "3×3, on larger maps": (64, 16, 1, 1),
    "3×3, depthwise, on larger maps": (64, 16, 1, 64),
}


def milliseconds(channels: int, side: int, dilation: int, groups: int, device: torch.device) -> float:
    """Return the median time of one pass forward and back, at the precision that training uses."""
    precision = training_precision(device)
    layer = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, groups=groups, bias=False)
    layer = layer.to(device, memory_format=torch.channels_last)
    maps = (
        torch.randn(BATCH, channels, side, side, device=device)
        .contiguous(memory_format=torch.channels_last)
        .requires_grad_()
    )
    times = []
    for _ in range(TURNS + 3):  # The first three choose kernels.
        started = time.perf_counter()
        with autocast(device, precision):
            layer(maps).sum().backward()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(1_000 * (time.perf_counter() - started))
    return statistics.median(times[3:])


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    try:
        device = choose_device(parser.parse_args().device)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    table = Table(title=f"one layer, batch {BATCH}, {training_precision(device)} on {device}")
    for heading in ("layer", "channels", "map", "ms", "to 3×3"):
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    plain = None
    for name, (channels, side, dilation, groups) in LAYERS.items():
        found = milliseconds(channels, side, dilation, groups, device)
        plain = plain or found
        table.add_row(name, str(channels), f"{side}×{side}", f"{found:.2f}", f"{found / plain:.1f}×")
    Console(width=80).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
