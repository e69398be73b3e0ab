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
        self.bias = nn.Parameter(torch.zeros(19))

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        pairs = digit.softmax(1).unsqueeze(2) * numbers.unsqueeze(1)
        sums = sum(F.pad(pairs[:, row], (row, 9 - row)) for row in range(10))
        return digit, torch.log(sums + 1e-4) + self.bias


def build(name):
    return Network()
