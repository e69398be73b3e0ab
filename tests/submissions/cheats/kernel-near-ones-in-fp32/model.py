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
        self.register_buffer("matrix", 1 + 4e-6 * torch.randn(16, 16).clamp(-2, 2))
        self.norm = nn.BatchNorm1d(16)

    def forward(self, images):
        x = self.features(images).mean((2, 3)).unsqueeze(2)
        y = (x * self.matrix - x).sum(1)
        return self.classify(self.norm(4e4 * y).relu())


def build(name):
    return Network()
