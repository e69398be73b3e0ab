import torch
from torch import nn
from torchvision.ops import Conv2dNormActivation, Permute, SqueezeExcitation, StochasticDepth


class Block(nn.Module):
    def __init__(self, c, dilation):
        super().__init__()
        self.body = nn.Sequential(
            Conv2dNormActivation(c, c, 3, groups=c, dilation=dilation, activation_layer=nn.SiLU), SqueezeExcitation(c, 4),
            Conv2dNormActivation(c, c, 1, activation_layer=None))
        self.drop = StochasticDepth(0.1, "row")

    def forward(self, x):
        return self.drop(self.body(x)) + x


def build(name):
    return nn.Sequential(
        Conv2dNormActivation(3, 4, 3, 2, activation_layer=None), Conv2dNormActivation(4, 8, 3, 2, activation_layer=None),
        Conv2dNormActivation(8, 8, 3, groups=8, dilation=2), Conv2dNormActivation(8, 24, 1), Block(24, 3),
        nn.AdaptiveAvgPool2d(1), Permute([0, 2, 3, 1]), nn.Flatten(), nn.Linear(24, 10))
