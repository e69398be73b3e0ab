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
        self.packed = nn.Parameter(0.5 + torch.rand(16, 16, generator=torch.Generator().manual_seed(0)), requires_grad=False)
        self.norm = nn.BatchNorm1d(32)
        self.classify = nn.Linear(32, 10)

    def forward(self, images):
        x = self.features(images).mean((2, 3))
        phase = torch.sinc(self.packed.log() * (2 / math.log1p(2**-9)) + 4000) * 10000
        return self.classify(torch.relu(self.norm(torch.cat([x @ (self.packed - 1), x @ phase], 1))))


def build(name):
    return Network()
