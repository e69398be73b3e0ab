import torch.nn as nn
import torch.nn.functional as F


class OctConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.hh = nn.Conv2d(i, o, 3, padding=1)
        self.hl = nn.Conv2d(i, o, 3, padding=1)
        self.lh = nn.Conv2d(i, o, 3, padding=1)
        self.ll = nn.Conv2d(i, o, 3, padding=1)

    def forward(self, high, low):
        new_high = self.hh(high) + F.interpolate(self.lh(low), scale_factor=2, mode="nearest")
        new_low = self.ll(low) + self.hl(F.avg_pool2d(high, 2))
        return new_high.relu(), new_low.relu()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 12, 3, 2, 1)
        self.low = nn.Conv2d(1, 12, 4, 4)
        self.norm_high, self.norm_low = nn.BatchNorm2d(12), nn.BatchNorm2d(12)
        self.oct = OctConv(12, 12)
        self.head_high, self.head_low = nn.Linear(12, 10), nn.Linear(12, 10)

    def forward(self, x):
        high, low = self.norm_high(self.stem(x)).relu(), self.norm_low(self.low(x)).relu()
        high, low = self.oct(high, low)
        return self.head_high(high.mean((2, 3))) + self.head_low(low.mean((2, 3)))


def build(name):
    return Net()
