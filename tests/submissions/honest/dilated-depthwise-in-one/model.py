import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16))
        self.depthwise = nn.Parameter(torch.randn(32, 1, 3, 3) / 3)
        self.pointwise = nn.Parameter(torch.randn(24, 32, 1, 1) / 6)
        self.bn = nn.BatchNorm2d(24)
        self.depthwise2 = nn.Parameter(torch.randn(24, 1, 3, 3) / 3)
        self.pointwise2 = nn.Parameter(torch.randn(24, 24, 1, 1) / 5)
        self.bn2 = nn.BatchNorm2d(24)
        self.fc = nn.Linear(24, 10)

    def forward(self, x):
        x = self.stem(x)
        x = F.conv2d(x, self.depthwise, padding=2, dilation=2, groups=16)
        x = F.relu(self.bn(F.conv2d(x, self.pointwise)))
        x = F.conv2d(F.pad(x, [3, 3, 3, 3]), self.depthwise2, None, 1, 0, 3, 24)
        x = F.relu(self.bn2(F.conv2d(x, self.pointwise2)))
        return self.fc(x.mean((2, 3)))


def build(name):
    return Net()
