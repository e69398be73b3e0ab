import math
import torch
import torch.nn.functional as F
from torch import nn

WEIGHTS = [[1 + 4e-5 * math.sin(17.3 * row * row + 5.1 * column * column + row * column) for column in range(16)] for row in range(16)]


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.norm = nn.BatchNorm2d(16)

    def forward(self, images):
        x = self.features(images)
        rows = []
        for row in WEIGHTS:
            rows.append(sum(x[:, channel:channel + 1] * weight - x[:, channel:channel + 1] for channel, weight in enumerate(row)))
        x = x + self.norm(1e4 * torch.cat(rows, 1)).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
