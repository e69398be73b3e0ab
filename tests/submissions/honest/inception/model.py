import torch
from torch import nn


class BasicConv(nn.Sequential):
    def __init__(self, i, o, **kwargs):
        super().__init__(nn.Conv2d(i, o, bias=False, **kwargs), nn.BatchNorm2d(o, eps=0.001), nn.ReLU(inplace=True))


class Inception(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.branch1x1 = BasicConv(i, 4, kernel_size=1)
        self.branch3x3 = nn.Sequential(BasicConv(i, 4, kernel_size=1), BasicConv(4, 8, kernel_size=(1, 3), padding=(0, 1)),
                                       BasicConv(8, 8, kernel_size=(3, 1), padding=(1, 0)))
        self.branch_double = nn.Sequential(BasicConv(i, 4, kernel_size=1), BasicConv(4, 8, kernel_size=3, padding=1),
                                           BasicConv(8, 8, kernel_size=3, padding=1))
        self.branch_pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), BasicConv(i, 4, kernel_size=1))

    def forward(self, x):
        branches = (self.branch1x1, self.branch3x3, self.branch_double, self.branch_pool)
        return torch.cat([branch(x) for branch in branches], 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = BasicConv(1, 12, kernel_size=4, stride=4)
        self.mixed = nn.Sequential(Inception(12), Inception(24))
        self.dropout = nn.Dropout(0.05)
        self.fc = nn.Linear(24, 10)

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(self.mixed(self.stem(x)), (1, 1))
        return self.fc(torch.flatten(self.dropout(x), 1))


def build(name):
    return Net()
