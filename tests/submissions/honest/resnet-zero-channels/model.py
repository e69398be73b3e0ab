import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.more, self.stride = o - i, stride

    def forward(self, x):
        short = F.avg_pool2d(x, 1, self.stride) if self.stride > 1 else x
        if self.more:
            short = torch.cat([short, torch.zeros_like(short[:, :1]).expand(-1, self.more, -1, -1)], 1)
        return (self.bn(self.conv(x)) + short).relu()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU())
        self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2), Block(16, 16, 1))
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))


def build(name):
    return Net()
