import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.digit = nn.Linear(16, 10)
        self.scale = nn.Parameter(torch.ones(19))

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        sums = sum(numbers[:, n:n + 1] * F.pad(digit, (n, 9 - n), value=-20.0) for n in range(10))
        return digit, sums * self.scale


def build(name):
    return Network()
