import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.s1 = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.s2 = nn.Sequential(nn.Conv2d(8, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.s3 = nn.Sequential(nn.Conv2d(16, 24, 3, 2, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU())
        self.top = nn.Sequential(nn.Linear(48, 32), nn.Hardswish(), nn.Dropout(0.1), nn.Linear(32, 10))

    def forward(self, x):
        feats = []
        for stage in (self.s1, self.s2, self.s3):
            x = stage(x)
            feats.append(x.mean((2, 3)))
        return self.top(torch.cat(feats, -1))


def build(name):
    return Net()
