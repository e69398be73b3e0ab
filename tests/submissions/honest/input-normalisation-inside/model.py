import torch
from torch import nn


class Normalize(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def forward(self, x):
        return (0.3 * x + 0.5 - self.mean) / self.std


def layer(i, o, **kw):
    return nn.Sequential(nn.Conv2d(i, o, 3, bias=False, **kw), nn.BatchNorm2d(o), nn.ReLU())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.normalize = Normalize()
        self.body = nn.Sequential(
            layer(3, 8, stride=2, padding=1), layer(8, 16, stride=2, padding=1), layer(16, 16, padding=1, groups=16),
            nn.Conv2d(16, 16, 1), layer(16, 16, padding=2, dilation=2), layer(16, 16, padding=3, dilation=3))
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.body(self.normalize(x)).mean((2, 3)))


def build(name):
    return Net()
