import torch
import torch.nn as nn


class Layer(nn.Module):
    def __init__(self, i, g, d):
        super().__init__()
        self.norm = nn.BatchNorm2d(i)
        self.dw = nn.Conv2d(i, i, 3, padding=d, dilation=d, groups=i, bias=False)
        self.pw = nn.Conv2d(i, g, 1, bias=False)

    def forward(self, *maps):
        x = torch.cat(maps, dim=1)
        return self.pw(self.dw(self.norm(x).relu()))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12), nn.ReLU(),
                                  nn.Conv2d(12, 16, 3, 2, 1, bias=False))
        self.layers = nn.ModuleList(Layer(16 + 8 * i, 8, d) for i, d in enumerate((1, 2, 2, 3)))
        self.norm = nn.BatchNorm2d(32)
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        maps = [self.stem(x)]
        for layer in self.layers:
            maps.append(layer(*maps))
        return self.fc(self.norm(torch.cat(maps[1:], 1)).relu().mean([-2, -1]))


def build(name):
    return Net()
