import torch
import torch.nn.functional as F
from torch import nn


class BinaryConv(nn.Conv2d):
    def forward(self, x):
        scale = self.weight.abs().mean((1, 2, 3), keepdim=True)
        binary = scale * torch.sign(self.weight)
        return F.conv2d(x, self.weight + (binary - self.weight).detach(), self.bias, self.stride, self.padding)


def build(name):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardtanh(),
        BinaryConv(8, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.Hardtanh(),
        BinaryConv(16, 20, 3, 1, 1, bias=False), nn.BatchNorm2d(20), nn.Hardtanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(20, 10))
