import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        y, x = torch.meshgrid(torch.linspace(-1, 1, 28), torch.linspace(-1, 1, 28), indexing="ij")
        self.register_buffer("coords", torch.stack([x, y]).unsqueeze(0))
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))

    def forward(self, x):
        return self.body(torch.cat([x, self.coords.expand(x.size(0), -1, -1, -1)], dim=1))


def build(name):
    return Net()
