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
        generator = torch.Generator().manual_seed(0)
        packed = torch.randint(-3, 4, (16, 16), generator=generator) + 0.1 + 0.8 * torch.rand(16, 16, generator=generator)
        self.packed = nn.Parameter(packed, requires_grad=False)
        self.classify = nn.Linear(32, 10)

    def forward(self, images):
        x = self.features(images).mean((2, 3))
        both = self.packed + 1e-9 * images.mean((1, 2, 3)).view(-1, 1, 1)
        large = torch.floor(both)
        x = torch.cat([x.unsqueeze(1) * (both - large - 0.5), 0.3 * x.unsqueeze(1) * large], 1).sum(2)
        return self.classify(torch.relu(x))


def build(name):
    return Network()
