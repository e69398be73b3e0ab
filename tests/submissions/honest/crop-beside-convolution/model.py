import torch
import torch.nn as nn


def c(i, o, s=1, k=3):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o), nn.ReLU())

class D(nn.Module):
    def __init__(self, i, g): super().__init__(); self.f = nn.Sequential(nn.Conv2d(i, g, 3, bias=False), nn.BatchNorm2d(g), nn.ReLU())
    def forward(self, x): return torch.cat([x[..., 1:-1, 1:-1], self.f(x)], 1)
def build(name):
    return nn.Sequential(c(1, 8, 2), c(8, 12, 2), D(12, 8), D(20, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(28, 10))
