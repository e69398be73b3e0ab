import torch
import torch.nn as nn


def cbr(i, o, k=3, s=1, p=None, g=1, d=1, act=nn.ReLU):
    p = (k - 1) // 2 * d if p is None else p
    return nn.Sequential(nn.Conv2d(i, o, k, s, p, dilation=d, groups=g, bias=False), nn.BatchNorm2d(o), act(inplace=True))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(cbr(1, 8, s=2), cbr(8, 16, s=2), cbr(16, 16))
        self.fc = nn.Linear(16, 10)
        self.s, self.c2 = nn.Parameter(torch.ones(8, 1, 1)), cbr(16, 16)

    def forward(self, x):
        x = self.f(x)
        y = x.clone()
        y[:, :8] *= self.s
        y += self.c2(x)
        y.clamp_(max=20).relu_()
        x = y
        return self.fc(x.mean((2, 3)))


def build(name):
    return Net()
