import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16))
        self.prototypes = nn.Parameter(torch.randn(10, 16))

    def forward(self, x):
        embedding = F.normalize(self.features(x).mean((2, 3)), dim=1)
        return F.cosine_similarity(embedding[:, None], self.prototypes[None], dim=-1) / 0.07


def build(name):
    return Net()
