import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.conv2 = nn.Sequential(nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.conv3 = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.mix = nn.Parameter(torch.randn(20, 16) / 4)
        self.classes = nn.Parameter(torch.randn(10, 20) / 4)

    def forward(self, x):
        x = self.conv3(self.conv2(self.conv1(x)))
        x = torch.einsum("nchw,dc->ndhw", x, self.mix).relu()
        return torch.einsum("ndhw,kd->nk", x, self.classes) / (x.size(2) * x.size(3))


def build(name):
    return Net()
