import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 4, 4)
        self.encoder = nn.Conv2d(16, 16, 3, padding=1)
        self.decoder = self.encoder
        self.head = nn.Conv2d(16, 10, 1)
        self.alias = nn.Conv2d(16, 10, 1)
        self.alias.weight = self.head.weight

    def forward(self, x):
        x = torch.relu(self.conv(x))
        x = torch.relu(self.encoder(x))
        x = torch.relu(self.decoder(x))
        return (self.head(x) + self.alias(x)).mean((2, 3))


def build(name):
    return Net()
