import torch
import torch.nn.functional as F
from torch import nn


class Im2ColConv(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(o, i * 9) * (2 / (i * 9)) ** 0.5)
        self.stride = stride

    def forward(self, x):
        side = (x.shape[-1] - 1) // self.stride + 1
        columns = F.unfold(x, 3, padding=1, stride=self.stride)
        return (self.weight @ columns).view(x.shape[0], -1, side, side)


def build(name):
    return nn.Sequential(
        Im2ColConv(1, 8, 2), nn.BatchNorm2d(8), nn.ReLU(), Im2ColConv(8, 16, 2), nn.BatchNorm2d(16), nn.ReLU(),
        Im2ColConv(16, 16, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
