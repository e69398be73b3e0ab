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
        self.classify = nn.Linear(64, 10)

    def forward(self, images):
        found = []
        for r in (0, 14):
            for c in (0, 14):
                q = F.pad(images[:, :, r:r+14, c:c+14], (c, 14 - c, r, 14 - r))
                found.append(self.features(q).mean((2, 3)))
        return self.classify(torch.cat(found, 1))


def build(name):
    return Network()
