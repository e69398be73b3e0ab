import torch
import torch.nn.functional as F
from torch import nn


def quantize(x, bits=8):
    scale = x.detach().abs().amax() / (2 ** (bits - 1) - 1)
    return x + (torch.round(x / scale) * scale - x).detach()


def quantize_activation(x, top=6.0):
    x = x.clamp(0, top)
    return x + (torch.round(x * 255 / top) / 255 * top - x).detach()


class QConv(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, quantize(self.weight), self.bias, self.stride, self.padding)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([QConv(1, 8, 3, 2, 1), QConv(8, 16, 3, 2, 1), QConv(16, 16, 3, 1, 1)])
        self.norms = nn.ModuleList([nn.BatchNorm2d(c) for c in (8, 16, 16)])
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = quantize_activation(norm(conv(x)))
        return self.fc(x.mean((2, 3)))


def build(name):
    return Net()
