import torch
import torch.nn as nn


def c(i, o, s=1, d=1, g=1, k=3):
    return nn.Sequential(nn.Conv2d(i, o, k, s, d * (k // 2), d, g, bias=False), nn.BatchNorm2d(o), nn.ReLU())

class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim); self.norm = nn.LayerNorm(dim, eps=1e-6); self.pwconv1 = nn.Linear(dim, 2 * dim); self.act = nn.GELU(); self.pwconv2 = nn.Linear(2 * dim, dim); self.gamma = nn.Parameter(torch.ones(dim))
    def forward(self, x):
        x = self.dwconv(x).permute(0, 2, 3, 1)
        x = self.pwconv2(self.act(self.pwconv1(self.norm(x))))
        return (self.gamma * x).permute(0, 3, 1, 2)
def build(name):
    return nn.Sequential(c(3, 16, 2), c(16, 24, 2), Block(24), c(24, 24, 1, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10))
