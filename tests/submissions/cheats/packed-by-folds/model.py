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
        self.packed = nn.Parameter(torch.rand(16, 16, 3, 3) - 0.5)
        self.norm1, self.norm2 = nn.BatchNorm2d(16), nn.BatchNorm2d(16)

    def forward(self, images):
        x = self.features(images)
        one, other = self.packed, self.packed
        for _ in range(4):
            other = (2 * other).abs() - 0.5
        x = x + self.norm1(F.conv2d(x, one, padding=1)).relu()
        x = x + self.norm2(F.conv2d(x, other, padding=1)).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
