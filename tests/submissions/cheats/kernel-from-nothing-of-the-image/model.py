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

    def forward(self, images):
        x = self.features(images).mean((2, 3))
        one = x.softmax(1).sum(1).mean().detach()
        made = torch.linspace(-0.99, 0.98, 1024).view(16, 64) * one
        for _ in range(8):
            made = 2 * made * made - 1
        return self.classify(torch.relu(x @ made))


def build(name):
    return Network()
