import math

import torch
from torch import nn


def silu(x):
    return x / (1 + torch.exp(-x))


def mish(x):
    return x * torch.tanh(torch.log1p(torch.exp(x)))


def gelu(x):
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


def hard_swish(x):
    return x * torch.clamp(x + 3, 0, 6) / 6


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        widths = (1, 8, 16, 16, 16)
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, 2 if o > i else 1, 1) for i, o in zip(widths, widths[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for o in widths[1:])
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        for conv, norm, act in zip(self.convs, self.norms, (silu, mish, gelu, hard_swish)):
            x = act(norm(conv(x)))
        return self.fc(x.mean((2, 3)))


def build(name):
    return Net()
