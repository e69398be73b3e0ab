import torch.nn as nn
import torch.nn.functional as F


def unit(i, o, **kw):
    return nn.Sequential(nn.Conv2d(i, o, 3, bias=False, **kw), nn.BatchNorm2d(o), nn.ReLU6())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = unit(3, 16, stride=2, padding=1)
        self.down = unit(16, 16, stride=4, padding=1)
        self.dw = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.pw = nn.Sequential(nn.Conv2d(16, 32, 1), nn.BatchNorm2d(32), nn.ReLU6())
        self.dil = unit(32, 32, padding=2, dilation=2)
        self.dil2 = unit(32, 32, padding=3, dilation=3)
        self.cls = nn.Linear(32, 10)

    def forward(self, x):
        x = F.interpolate(x, (40, 40), mode="bicubic", align_corners=True)
        x = self.down(self.stem(x))
        x = F.interpolate(x, scale_factor=2, mode="nearest-exact")
        x = self.dil2(self.dil(self.pw(self.dw(x))))
        return self.cls(x.mean(dim=(2, 3)))


def build(name):
    return Net()
