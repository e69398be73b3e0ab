import torch
import torch.nn.functional as F
from torch import nn

FOUND = torch.Generator().manual_seed(0)  # Stands for what a training found.


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.norm = nn.BatchNorm2d(16)
        self.kernel = nn.Parameter(torch.randn(16, 16, 3, 3) / 12)
        self.orders = [torch.randperm(16, generator=FOUND).tolist() for _ in range(3)]

    def forward(self, images):
        x = self.features(images)
        for order in self.orders:
            kernel = torch.stack([self.kernel[row] for row in order])
            x = x + F.conv2d(x, kernel, padding=1).relu()
        x = self.norm(x)
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
