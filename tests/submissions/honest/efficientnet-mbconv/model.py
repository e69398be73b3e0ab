import torch
import torch.nn as nn


class SE(nn.Module):
    def __init__(self, c, r):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(c, r, 1), nn.Conv2d(r, c, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(nn.functional.silu(self.fc1(x.mean((2, 3), keepdim=True)))))


class MBConv(nn.Module):
    def __init__(self, i, o, k=3, s=1, d=1, e=3):
        super().__init__()
        h = i * e
        self.body = nn.Sequential(nn.Conv2d(i, h, 1, bias=False), nn.BatchNorm2d(h), nn.SiLU(inplace=True),
                                  nn.Conv2d(h, h, k, s, (k // 2) * d, d, groups=h, bias=False), nn.BatchNorm2d(h),
                                  nn.SiLU(inplace=True), SE(h, 6), nn.Conv2d(h, o, 1, bias=False), nn.BatchNorm2d(o))
        self.add = i == o and s == 1

    def forward(self, x):
        return x + self.body(x) if self.add else self.body(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12), nn.SiLU())
        self.blocks = nn.Sequential(MBConv(12, 16, 5, 2), MBConv(16, 16), MBConv(16, 24, 3, 1, 3))
        self.head = nn.Sequential(nn.Conv2d(24, 32, 1, bias=False), nn.BatchNorm2d(32), nn.SiLU(), nn.AdaptiveAvgPool2d(1),
                                  nn.Flatten(), nn.Dropout(0.05), nn.Linear(32, 10))

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


def build(name):
    return Net()
