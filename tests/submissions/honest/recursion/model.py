import torch
import torch.nn.functional as F
from torch import nn


class Recursive(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 4, 2, 1)
        self.layer = nn.Conv2d(16, 16, 3, 1, 1)
        self.norm = nn.GroupNorm(2, 16)
        self.fc = nn.Linear(16, 10)

    def shrink(self, x):
        if x.size(-1) <= 4:
            return x
        half = F.avg_pool2d(torch.relu(self.norm(self.layer(x))), 2, ceil_mode=True, count_include_pad=False)
        return self.shrink(half)

    def forward(self, x):
        return self.fc(self.shrink(torch.relu(self.stem(x))).mean((2, 3)))


def build(name):
    return Recursive()
