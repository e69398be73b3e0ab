from torch import nn


class RMSNorm2d(nn.RMSNorm):
    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def build(name):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, 2, 1), RMSNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), RMSNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, 1, 1), RMSNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
