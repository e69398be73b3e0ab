import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        def layer(i, o, s=1, d=1, g=1):
            return nn.Sequential(nn.Conv2d(i, o, 3, s, d, d, g, bias=False), nn.BatchNorm2d(o), nn.ReLU())
        self.body = nn.Sequential(layer(3, 12, 2), layer(12, 16, 2), layer(16, 16, g=16), nn.Conv2d(16, 24, 1), layer(24, 16, d=2), layer(16, 16, d=3))
        self.fc = nn.Linear(16, 10)

    def logits(self, x):
        return self.fc(self.body(x).mean((2, 3)))

    def forward(self, x):
        if self.training:
            return self.logits(x)
        return (self.logits(x) + self.logits(torch.flip(x, dims=(-1,)))) / 2


def build(name):
    return Net()
