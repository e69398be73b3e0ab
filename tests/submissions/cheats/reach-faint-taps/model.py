import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.wide = nn.Conv2d(16, 16, 5, padding=2)
        self.classify = nn.Linear(16, 10)
        self.faintness = nn.Parameter(torch.full((5, 5), 1e-6), requires_grad=False)
        self.faintness[2, 2] = 1

    def forward(self, images):
        x = self.features(images)
        kernel = self.wide.weight * self.faintness
        x = F.conv2d(x, kernel, self.wide.bias, padding=2).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
