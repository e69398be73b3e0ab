import torch
from torch import nn


class RMSNorm2d(nn.Module):
    def __init__(self, c, eps=1e-6):
        super().__init__()
        self.scale, self.eps = nn.Parameter(torch.ones(1, c, 1, 1)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + self.eps) * self.scale


class GRN(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.zeros(1, c, 1, 1)), nn.Parameter(torch.zeros(1, c, 1, 1))

    def forward(self, x):
        gx = torch.norm(x, p=2, dim=(2, 3), keepdim=True)
        return self.gamma * (x * (gx / (gx.mean(dim=1, keepdim=True) + 1e-6))) + self.beta + x


def build(name):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, 2, 1), RMSNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), RMSNorm2d(16), nn.ReLU(), GRN(16),
        nn.Conv2d(16, 16, 3, 1, 1), RMSNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
