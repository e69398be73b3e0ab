import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.two = nn.Sequential(nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.three = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.merge = nn.Sequential(nn.Conv2d(24, 10, 1), nn.BatchNorm2d(10), nn.ReLU(), nn.Conv2d(10, 10, 1))

    def forward(self, x):
        a = self.one(x)
        b = self.three(self.two(a))
        return self.merge(torch.cat([a, self.up(b)], 1)).mean((2, 3))


def build(name):
    return Net()
