import torch
import torch.nn.functional as F
from torch import nn


class Haar(nn.Module):
    def __init__(self):
        super().__init__()
        h = torch.tensor([[1., 1.], [1., -1.]]) / 2 ** 0.5
        self.register_buffer("w", torch.stack([torch.outer(a, b) for a in h for b in h]).unsqueeze(1))

    def forward(self, x):
        c = x.shape[1]
        return F.conv2d(x, self.w.repeat(c, 1, 1, 1), stride=2, groups=c)


def build(name):
    return nn.Sequential(
        Haar(), Haar(), nn.Conv2d(16, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.Conv2d(24, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
