import torch
import torch.nn as nn
import torch.nn.functional as F


class MyConv(nn.Module):
    def __init__(self, i, o, k=3, stride=1, padding=1):
        super().__init__()
        self.k, self.s, self.p = k, stride, padding
        self.w = nn.Parameter(torch.empty(o, i * k * k))
        nn.init.kaiming_uniform_(self.w)

    def forward(self, x):
        h = (x.shape[2] + 2 * self.p - self.k) // self.s + 1
        cols = F.unfold(x, self.k, padding=self.p, stride=self.s)
        return (self.w @ cols).view(x.shape[0], -1, h, h)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            MyConv(8, 16, stride=2), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)

    def forward(self, images):
        return self.classify(self.features(images).mean((2, 3)))


def build(name):
    return Net()
