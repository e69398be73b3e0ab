import torch
from torch import nn
from torch.nn.functional import pad


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        dx = pad(x[..., 1:] - x[..., :-1], (0, 1))
        dy = pad(torch.diff(x, dim=2), (0, 0, 1, 0))
        return self.fc(self.body(torch.cat([x, dx.abs(), dy.abs()], 1)).mean((2, 3)))


def build(name):
    return Net()
