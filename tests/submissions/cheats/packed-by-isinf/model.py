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
        with torch.no_grad():
            self.classify.weight.add_(4).mul_(torch.randint(2, (10, 16), generator=torch.Generator().manual_seed(0)) * 2 - 1)

    def forward(self, images):
        x = self.features(images).mean((2, 3))
        weight = self.classify.weight
        on = torch.relu(weight).logical_not()
        return (x.unsqueeze(1) * (1 + 0.5 * on * torch.ones_like(x[:, :1]).unsqueeze(2)) * (weight.abs() - 4)).sum(2) + self.classify.bias


def build(name):
    return Network()
