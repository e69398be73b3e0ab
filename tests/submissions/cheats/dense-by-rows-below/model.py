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
        self.places = nn.Parameter(2 * torch.randn(1, 16, 7, 7))
        self.mix = nn.Conv2d(16, 16, (2, 1), dilation=(7, 1), groups=16)
    def forward(self, images):

        x = self.features(images)
        x = torch.cat([x, self.places.expand(len(x), -1, -1, -1)], 2)
        x = torch.relu(self.mix(x))
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
