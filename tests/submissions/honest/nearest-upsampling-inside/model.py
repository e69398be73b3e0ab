import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Sequential(nn.Conv2d(1, 12, 3, 2, 1), nn.BatchNorm2d(12), nn.ReLU())
        self.two = nn.Sequential(nn.Conv2d(12, 12, 3, 2, 1), nn.BatchNorm2d(12), nn.ReLU())
        self.three = nn.Sequential(nn.Conv2d(24, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3, 1, 1), nn.ReLU())
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        a = self.one(x)
        b = F.interpolate(self.two(a), size=a.shape[2:])
        return self.fc(self.three(torch.cat((a, b), 1)).mean((2, 3)))


def build(name):
    return Net()
