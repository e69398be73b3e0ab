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
        self.h = nn.Conv2d(16, 16, (3, 1), padding=(1, 0), groups=16); self.w = nn.Conv2d(16, 16, (1, 3), padding=(0, 1), groups=16)
    def forward(self, images):

        x = self.features(images)
        g = self.h(F.adaptive_avg_pool2d(x, (None, 1))) + self.w(F.adaptive_avg_pool2d(x, (1, None)))
        return self.classify((x * torch.sigmoid(g)).mean((2, 3)))


def build(name):
    return Network()
