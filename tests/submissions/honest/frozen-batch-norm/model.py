from torch import nn
from torchvision.ops import FrozenBatchNorm2d


def unit(i, o, norm=nn.BatchNorm2d, **kw):
    return nn.Sequential(nn.Conv2d(i, o, 3, **kw), norm(o), nn.ReLU())


def build(name):
    return nn.Sequential(
        unit(3, 12, FrozenBatchNorm2d, stride=2, padding=1), unit(12, 16, stride=2, padding=1),
        nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.Conv2d(16, 24, 1), nn.BatchNorm2d(24), nn.ReLU(),
        unit(24, 16, padding=2, dilation=2), unit(16, 16, padding=3, dilation=3),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
