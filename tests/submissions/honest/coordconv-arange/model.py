import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.norm1 = norm(8)
        self.conv = nn.Conv2d(8, 16, 3, 2, 1)
        self.norm2 = norm(16)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        b, _, h, w = x.shape
        rows = torch.arange(h, dtype=x.dtype, device=x.device) / (h - 1) * 2 - 1
        cols = torch.arange(w, dtype=x.dtype, device=x.device) / (w - 1) * 2 - 1
        grid = torch.stack(torch.meshgrid(rows, cols, indexing="xy"))
        x = torch.cat([x, grid.repeat(b, 1, 1, 1)], 1)
        x = self.norm1(self.stem(x)).relu()
        x = self.norm2(self.conv(x)).relu()
        return self.fc(x.mean((-1, -2)))


def build(name):
    return Net({"layer": lambda c: nn.GroupNorm(1, c), "group": lambda c: nn.GroupNorm(4, c)}.get(name, nn.BatchNorm2d))
