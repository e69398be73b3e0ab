import torch
import torch.nn as nn


class Involution(nn.Module):
    def __init__(self, c, k=3, g=4):
        super().__init__()
        self.c, self.k, self.g = c, k, g
        self.reduce = nn.Sequential(nn.Conv2d(c, c // 4, 1), nn.BatchNorm2d(c // 4), nn.ReLU())
        self.span = nn.Conv2d(c // 4, k * k * g, 1)
        self.unfold = nn.Unfold(k, 1, (k - 1) // 2, 1)

    def forward(self, x):
        b, c, h, w = x.shape
        weight = self.span(self.reduce(x)).view(b, self.g, self.k ** 2, h, w).unsqueeze(2)
        out = self.unfold(x).view(b, self.g, c // self.g, self.k ** 2, h, w)
        return (weight * out).sum(dim=3).view(b, c, h, w)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Sequential(nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.c2 = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.inv = nn.Sequential(Involution(16), nn.BatchNorm2d(16), nn.ReLU())
        self.c3 = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.out = nn.Linear(16, 10)

    def forward(self, x):
        x = self.c2(self.c1(x))
        return self.out(self.c3(x + self.inv(x)).mean((2, 3)))


def build(name):
    return Net()
