import torch
import torch.nn.functional as F
from torch import nn


class Involution(nn.Module):
    def __init__(self, channels, kernel_size=3, groups=2):
        super().__init__()
        self.k, self.g = kernel_size, groups
        self.reduce = nn.Sequential(nn.Conv2d(channels, channels // 2, 1), nn.BatchNorm2d(channels // 2), nn.ReLU())
        self.span = nn.Conv2d(channels // 2, kernel_size ** 2 * groups, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        weight = self.span(self.reduce(x)).view(b, self.g, 1, self.k ** 2, h, w)
        patches = F.unfold(x, self.k, padding=1).view(b, self.g, c // self.g, self.k ** 2, h, w)
        return (weight * patches).sum(dim=3).view(b, c, h, w)


def build(name):
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, 4), nn.BatchNorm2d(16), nn.ReLU(), Involution(16), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 20, 3, padding=1), nn.BatchNorm2d(20), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(20, 10))
