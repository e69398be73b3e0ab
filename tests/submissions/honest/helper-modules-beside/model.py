from __future__ import annotations

import json
from pathlib import Path

from torch import Tensor, nn

from blocks import conv_block
from blocks.pooling import GlobalAverage

CONFIG = json.loads((Path(__file__).parent / "config.json").read_text())


class Net(nn.Module):
    def __init__(self, widths: list[int]):
        super().__init__()
        self.blocks = nn.Sequential(*(conv_block(i, o, 2 if place < 2 else 1) for place, (i, o) in enumerate(zip(widths, widths[1:]))))
        self.pool = GlobalAverage()
        self.fc = nn.Linear(widths[-1], CONFIG["classes"])

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.blocks(x)))


def build(name: str) -> nn.Module:
    return Net(CONFIG["widths"])
