import torch
from torch import nn


class Fuse(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(c, c, 3, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU())
        self.alpha = nn.Parameter(torch.zeros(2))
        self.w = nn.Parameter(torch.ones(2))

    def forward(self, x):
        a = torch.softmax(self.alpha, 0)
        x = a[0] * x + a[1] * self.body(x)
        w = torch.relu(self.w)
        w = w / (w.sum() + 1e-4)
        return torch.stack([w[0] * x, w[1] * torch.tanh(x)]).sum(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 16, 4, 4), nn.BatchNorm2d(16), Fuse(16), Fuse(16), nn.AdaptiveAvgPool2d(1))
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.net(x).view(x.shape[0], -1))


def build(name):
    return Net()
