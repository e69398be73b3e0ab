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
        self.v = [100 + (i * i * 37) % 101 for i in range(64)]
    def forward(self, images):

        x = self.features(images)
        parts = [F.avg_pool2d(x[:, i % 16:i % 16 + 1], 1, divisor_override=v) * 128 for i, v in enumerate(self.v)]
        y = torch.cat(parts, 1).view(len(x), 4, 16, 7, 7).mean(1)
        return self.classify(y.mean((2, 3)))


def build(name):
    return Network()
