import math
import torch
import torch.nn as nn
import torch.nn.functional as F

def cbr(i, o, s=1, k=3, d=1, g=1): return nn.Sequential(nn.Conv2d(i, o, k, s, d * (k // 2), d, g, bias=False), nn.BatchNorm2d(o), nn.ReLU())

class eca_layer(nn.Module):
    def __init__(self, k_size=3): super().__init__(); self.avg_pool = nn.AdaptiveAvgPool2d(1); self.conv = nn.Conv1d(1, 1, kernel_size=k_size, padding=(k_size - 1) // 2, bias=False); self.sigmoid = nn.Sigmoid()
    def forward(self, x):
        y = self.avg_pool(x); y = self.conv(y.squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)
        return x * self.sigmoid(y).expand_as(x)
class Net(nn.Module):
    def __init__(self): super().__init__(); self.f = nn.Sequential(cbr(3, 12, 2), cbr(12, 20, 2), nn.Conv2d(20, 20, 3, 1, 1, groups=20), cbr(20, 20, k=1), eca_layer(), cbr(20, 20, d=2), cbr(20, 20, d=2)); self.c = nn.Linear(20, 10)
    def forward(self, x): return self.c(self.f(x).mean((2, 3)))

def build(name): return Net()
