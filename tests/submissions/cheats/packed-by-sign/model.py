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
        self.norm = nn.BatchNorm2d(16)
        self.norm, self.other = nn.BatchNorm2d(16), nn.BatchNorm2d(16)
        self.pairs = nn.Parameter(2.0 * (2 * torch.randint(2, (2304,)) - 1) + 2 * torch.rand(2304) - 1)

    def forward(self, images):
        coarse = self.pairs / self.pairs.abs()
        coarse, fine = coarse / 10, (self.pairs - 2 * coarse) / 5
        x = self.features(images)
        x = self.norm(F.conv2d(x, coarse.view(16, 16, 3, 3), padding=1)).relu()
        x = self.other(F.conv2d(x, fine.view(16, 16, 3, 3), padding=1)).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
