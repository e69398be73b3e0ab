import torch
from torch import nn
from torch.nn.utils import parametrize


class ZeroSum(nn.Module):
    def forward(self, w):
        return w - w.mean((2, 3), keepdim=True)

    def right_inverse(self, w):
        return w


class Positive(nn.Module):
    def forward(self, w):
        return torch.exp(w)

    def right_inverse(self, w):
        return torch.log(w)


def build(name):
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
    parametrize.register_parametrization(net[0], "weight", ZeroSum())
    for place in (1, 4, 7):
        parametrize.register_parametrization(net[place], "weight", Positive())
    return net
