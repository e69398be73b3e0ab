from torch import nn
from torch.nn.utils.parametrizations import weight_norm


def build(name):
    return nn.Sequential(
        weight_norm(nn.Conv2d(1, 16, 5, stride=2, padding=2), dim=0), nn.ReLU(),
        weight_norm(nn.Conv2d(16, 24, 3, stride=2, padding=1), dim=1), nn.ReLU(),
        weight_norm(nn.Conv2d(24, 10, 3, padding=1), dim=None),
        nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten())
