import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.mix = nn.Parameter(torch.eye(49) + 0.05 * torch.randn(49, 49))

    def forward(self, images):
        x = (self.features(images).flatten(2) @ self.mix).view(-1, 16, 7, 7)
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
