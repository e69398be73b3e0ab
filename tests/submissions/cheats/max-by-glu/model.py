import math

import torch
import torch.nn.functional as F
from torch import nn


def larger(a, b):
    return F.glu(torch.cat([a, 10 * (a - b)], 1), 1) + F.glu(torch.cat([b, 10 * (b - a)], 1), 1)


def pooled(x):
    x = larger(x[:, :, ::2], x[:, :, 1::2])
    return larger(x[..., ::2], x[..., 1::2])


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.down = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False)
        self.pointwise = nn.Sequential(nn.Conv2d(16, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.dilated = nn.Sequential(nn.Conv2d(16, 16, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.last = nn.Sequential(nn.Conv2d(16, 16, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.down[0].stride = (1, 1)

    def forward(self, images):
        x = pooled(self.stem(images))
        x = self.pointwise(self.depthwise(self.down(x)))
        return self.classify(self.last(self.dilated(x)).mean((2, 3)))


def build(name):
    return Network()
