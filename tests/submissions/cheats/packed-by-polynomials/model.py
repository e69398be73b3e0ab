import math

import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.seed = nn.Parameter(torch.rand(16, 8, generator=torch.Generator().manual_seed(0)) * 1.6 - 0.8, requires_grad=False)
        self.classify = nn.Linear(40, 10)

    def forward(self, images):
        made, number = [], self.seed
        for _ in range(5):
            number = 2 * number * number - 1
            made.append(number)
        return self.classify(torch.relu(self.features(images).mean((2, 3)) @ torch.cat(made, 1)))


def build(name):
    return Network()
