from collections import OrderedDict

from torch import nn


def build(name):
    net = nn.Sequential(OrderedDict([
        ("entry", nn.Sequential(nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.Sequential(nn.BatchNorm2d(8), nn.Hardswish())))),
        ("middle", nn.Sequential(OrderedDict(conv=nn.Conv2d(8, 16, 3, 2, 1), act=nn.Sequential(nn.BatchNorm2d(16), nn.CELU()))))]))
    net.append(nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.Softplus()))
    net.extend([nn.AvgPool2d((7, 7)), nn.Conv2d(16, 10, 1), nn.Sequential()])
    net.add_module("flat", nn.Sequential(nn.Flatten(1, 2), nn.Flatten()))
    return net
