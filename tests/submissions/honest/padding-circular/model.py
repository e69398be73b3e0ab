from torch import nn


def build(name):
    def conv(i, o, s):
        return nn.Conv2d(i, o, kernel_size=3, stride=s, padding=1, padding_mode="circular", bias=False)

    return nn.Sequential(
        conv(1, 8, 2), nn.BatchNorm2d(8), nn.ReLU(),
        conv(8, 16, 2), nn.BatchNorm2d(16), nn.ReLU(),
        conv(16, 16, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AvgPool2d(7), nn.Conv2d(16, 10, 1), nn.Flatten(start_dim=1))
