import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.LazyConv2d(8, 3, stride=2, padding=1), nn.LazyBatchNorm2d(), nn.ReLU(),
            nn.LazyConv2d(16, 3, stride=2, padding=1), nn.LazyBatchNorm2d(), nn.ReLU(),
            nn.LazyConv2d(16, 3, padding=1), nn.LazyBatchNorm2d(), nn.ReLU())
        self.classify = nn.LazyLinear(10)

    def forward(self, x):
        return self.classify(self.features(x).mean((2, 3)))


def build(name):
    network = Net()
    network(torch.zeros(2, 1, 28, 28))
    return network
