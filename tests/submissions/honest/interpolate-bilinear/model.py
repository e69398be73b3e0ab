import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 5, 4, 1), nn.BatchNorm2d(12), nn.ReLU(),
            nn.Conv2d(12, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 10, 3, 1, 1))

    def forward(self, x):
        x = F.interpolate(x, size=(56, 56), mode="bilinear", align_corners=False, antialias=True)
        return F.adaptive_avg_pool2d(self.body(x), 1)[:, :, 0, 0]


def build(name):
    return Net()
