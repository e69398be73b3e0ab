import torch.nn as nn


def c(i, o, s=1, d=1, g=1, k=3):
    return nn.Sequential(nn.Conv2d(i, o, k, s, d * (k // 2), d, g, bias=False), nn.BatchNorm2d(o), nn.ReLU())

def build(name):
    return nn.Sequential(c(3, 16, 2), c(16, 24, 2), nn.Conv2d(24, 24, 3, 1, 1, groups=24), nn.Conv2d(24, 24, 1), nn.BatchNorm2d(24), nn.ReLU(), c(24, 24, 1, 4), c(24, 24), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10))
