import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 10, 3, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x):
        p = torch.softmax(self.features(x) / 8, dim=1)
        return torch.log(p.clamp(1e-6, 1 - 1e-6)) if self.training else p


def build(name):
    return Net()
