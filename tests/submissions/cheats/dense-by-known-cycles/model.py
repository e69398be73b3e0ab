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
        order, number = torch.randperm(49, generator=torch.Generator().manual_seed(0)).tolist(), [None] * 49
        for first in range(49):
            place = first
            while number[place] is None:
                number[place], place = first, order[place]
        weights = torch.randn(16, 49, generator=torch.Generator().manual_seed(1))
        self.places = nn.Parameter(weights[:, number].view(16, 7, 7), requires_grad=False)

    def forward(self, images):
        return self.classify((self.features(images) * self.places).mean((2, 3)))


def build(name):
    return Network()
