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
        self.start = nn.Parameter(torch.tensor(0.01))
        self.classify = nn.Linear(64, 10)

    def forward(self, images):
        x = self.features(images).mean((2, 3))
        made = torch.linspace(0.1, 0.8, 1024).view(16, 64) + 0.01 * self.start.detach()
        for _ in range(8):
            made = 3.99 * made * (1 - made)
        return self.classify(torch.relu(x @ (made - 0.5)))


def build(name):
    return Network()
