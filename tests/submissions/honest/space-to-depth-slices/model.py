import torch
from torch import nn


class Focus(nn.Module):
    def __init__(self, c1, c2):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(4 * c1, c2, 3, padding=1, bias=False), nn.BatchNorm2d(c2), nn.SiLU())

    def forward(self, x):
        return self.conv(torch.cat((x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]), 1))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.focus = Focus(3, 12)
        self.focus2 = Focus(12, 16)
        self.dw = nn.Conv2d(16, 16, 5, padding=2, groups=16)
        self.pw = nn.Conv2d(16, 24, 1)
        self.bn = nn.BatchNorm2d(24)
        self.dilated = nn.Conv2d(24, 24, 3, padding="same", dilation=(3, 3))
        self.bn2 = nn.BatchNorm2d(24)
        self.fc = nn.Linear(24, 10)

    def forward(self, x):
        x = self.bn(self.pw(self.dw(self.focus2(self.focus(x))))).relu()
        x = self.bn2(self.dilated(x)).relu()
        return self.fc(x.mean((2, 3)))


def build(name):
    return Net()
