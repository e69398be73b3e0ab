from torch import nn


def build(name):
    return nn.Sequential(
        nn.InstanceNorm2d(1, affine=True), nn.Tanh(),
        nn.Conv2d(1, 8, 3, 2, 1), nn.InstanceNorm2d(8, track_running_stats=True), nn.ReLU(),
        nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
