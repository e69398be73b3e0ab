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
        self.frame = nn.Parameter(torch.randn(16, 9, 9))
        self.blend = nn.Conv2d(16, 16, 3, bias=False)

    def forward(self, images):
        x = F.pad(self.features(images), (1, 1, 1, 1)) + self.frame
        x = self.blend(x).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
