import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(64, 10)
        self.seed = nn.Parameter(torch.rand(16) * 2 - 1)

    def forward(self, images):
        x = self.features(images).mean((2, 3))
        t = torch.tanh(self.seed.view(1, 16) + 0.01 * x)
        made, a, b = [], torch.ones_like(t), t
        for _ in range(64):
            made.append(b)
            a, b = b, 2 * t * b - a
        made = torch.stack(made, 2)
        return self.classify(torch.relu((x.unsqueeze(2) * made).sum(1)))


def build(name):
    return Network()
