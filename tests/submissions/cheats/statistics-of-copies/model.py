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
        self.pairs, self.norm = nn.BatchNorm2d(256, affine=False), nn.BatchNorm2d(16)

    def forward(self, images):
        x = self.features(images)
        pairs = self.pairs(x.repeat(1, 16, 1, 1))
        x = x + self.norm(pairs.view(-1, 16, 16, 7, 7).sum(2)).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
