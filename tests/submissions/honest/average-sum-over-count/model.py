import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 10, 3, 1, 1))

    def forward(self, x):
        x = self.features(x)
        total = torch.sum(torch.sum(x, 3), 2)
        return torch.log_softmax(total / x[0, 0].numel(), dim=1)


def build(name):
    return Net()
