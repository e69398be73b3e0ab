import torch
from torch import nn


class Sparse(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.ModuleList()
        for i, o, s in ((1, 8, 2), (8, 16, 2), (16, 16, 1)):
            self.features += [nn.Conv2d(i, o, 3, s, 1), nn.GroupNorm(1, o), nn.ReLU()]
        self.fc = nn.Linear(16, 10)
        self.register_buffer("penalty", torch.tensor(0.0))
        self.register_buffer("history", torch.zeros(1000), persistent=False)

    def forward(self, x):
        penalty = 0.0
        for layer in self.features:
            x = layer(x)
            penalty = penalty + x.abs().mean()
        if self.training:
            self.penalty = penalty.detach()
            self.history = torch.roll(self.history, 1)
        return self.fc(x.mean((2, 3)))


def build(name):
    return Sparse()
