import torch
import torch.nn as nn


class SK(nn.Module):
    def __init__(self, i, o, d=8):
        super().__init__()
        self.o = o
        self.convs = nn.ModuleList([nn.Sequential(nn.Conv2d(i, o, 3, padding=k, dilation=k, bias=False), nn.BatchNorm2d(o),
                                                  nn.ReLU(inplace=False)) for k in (1, 2)])
        self.fc = nn.Sequential(nn.Conv2d(o, d, 1, bias=False), nn.BatchNorm2d(d), nn.ReLU(inplace=True))
        self.select = nn.Conv2d(d, 2 * o, 1)

    def forward(self, x):
        feats = torch.stack([conv(x) for conv in self.convs], dim=1)
        z = feats.sum(1).mean((2, 3), keepdim=True)
        weights = self.select(self.fc(z)).reshape(-1, 2, self.o, 1, 1).softmax(dim=1)
        return (feats * weights).sum(dim=1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Sequential(nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.sk = SK(8, 16)
        self.c2 = nn.Sequential(nn.Conv2d(16, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.out = nn.Conv2d(16, 10, 1)

    def forward(self, x):
        x = self.c2(self.sk(self.c1(x)))
        return self.out(x).mean(dim=3).mean(dim=2)


def build(name):
    return Net()
