import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.wide = nn.Conv2d(16, 16, 5, padding=2)
        self.classify = nn.Linear(16, 10)
        self.mask = nn.Parameter(torch.zeros(5, 5), requires_grad=False)
        self.mask[2, 2] = 1

    def forward(self, images):
        x = self.features(images)
        x = F.conv2d(x, self.wide.weight * self.mask, self.wide.bias, padding=2).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
