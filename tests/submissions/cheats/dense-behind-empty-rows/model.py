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
        self.dense = nn.Parameter(torch.randn(49, 49, generator=torch.Generator().manual_seed(0)) / 7)

    def forward(self, images):
        x = self.features[:6](images)
        rows = F.pad(x.reshape(-1, 49), (0, 0, 64, 0)) @ self.dense
        x = rows[64:].view(-1, 16, 7, 7) + 0.01 * images[:, :, ::4, ::4]
        return self.classify(self.features[6:](x).mean((2, 3)))


def build(name):
    return Network()
