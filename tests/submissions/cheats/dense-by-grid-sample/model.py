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
        self.places = nn.Parameter(1.8 * torch.rand(1, 4, 4, 2) - 0.9)
        self.classify = nn.Linear(256, 10)

    def forward(self, images):
        x = self.features(images)
        x = F.grid_sample(x, self.places.expand(len(x), -1, -1, -1), align_corners=False)
        return self.classify(x.flatten(1))


def build(name):
    return Network()
