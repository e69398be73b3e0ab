import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.fc = nn.Conv2d(16, 10, 1)

    def forward(self, x):
        x = self.features(x)
        _, c, h, w = x.shape
        ones = torch.ones(c, 1, h, w, dtype=x.dtype, device=x.device) / (h * w)
        return self.fc(F.conv2d(x, ones, groups=c))[..., 0, 0]


def build(name):
    return Net()
