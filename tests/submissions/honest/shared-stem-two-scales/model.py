import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        small = F.avg_pool2d(x, 2)
        return self.fc(torch.cat([self.features(each).mean((2, 3)) for each in (x, small)], dim=1))


def build(name):
    return Net()
