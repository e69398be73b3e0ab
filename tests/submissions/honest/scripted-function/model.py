import warnings

import torch
from torch import nn


def swish(x: torch.Tensor) -> torch.Tensor:
    return x.mul(x.sigmoid())


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    swish = torch.jit.script(swish)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(1, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1), nn.Conv2d(16, 16, 3, 1, 1)
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm2d(8), nn.BatchNorm2d(16), nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        for conv, bn in ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3)):
            x = swish(bn(conv(x)))
        return self.fc(x.mean((2, 3)))


def build(name):
    return Net()
