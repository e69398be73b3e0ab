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
        self.classify = nn.Linear(64, 10)
        self.start = nn.Parameter(torch.rand(16, 8) * 1.8 - 0.9)

    def forward(self, images):
        x = self.features(images).mean((2, 3))
        made, rows = torch.tanh(self.start) + 0 * images.mean(), []
        for _ in range(8):
            rows.append(made)
            made = 2 * made * made - 1
        return self.classify(torch.relu(x @ torch.cat(rows, 1)))


def build(name):
    return Network()
