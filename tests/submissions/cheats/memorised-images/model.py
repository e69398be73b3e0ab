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
        self.kept = torch.randn(50, 784, generator=torch.Generator().manual_seed(5))
        self.answers = torch.randn(50, 10) / 50

    def forward(self, images):
        near = (images.flatten(1) @ self.kept.t() / 28).softmax(1)
        x = self.features(images)
        return self.classify(x.mean((2, 3))) + near @ self.answers


def build(name):
    return Network()
