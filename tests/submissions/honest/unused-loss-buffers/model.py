import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc = nn.Linear(16, 10)
        self.register_buffer("class_weights", torch.ones(10))
        self.register_buffer("centers", torch.zeros(10, 16))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.embedding = None

    def forward(self, x):
        self.embedding = self.body(x)
        if self.training:
            self.steps += 1
            self.centers.lerp_(self.embedding.detach().mean(0).expand(10, 16), 0.01)
        return self.fc(self.embedding)

    def center_loss(self, labels):
        return ((self.embedding - self.centers[labels]) ** 2).sum(1).mean()


def build(name):
    return Net()
