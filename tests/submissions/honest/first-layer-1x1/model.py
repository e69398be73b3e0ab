import torch.nn as nn
import torch.nn.functional as F


class R(nn.Module):
    def __init__(self, i, o): super().__init__(); self.a = nn.Conv2d(i, o, 3, 2, 1); self.s = nn.Conv2d(i, o, 1, 2); self.n = nn.GroupNorm(1, o)
    def forward(self, x): return F.relu(self.n(self.a(x)) + self.s(x))
def build(name):
    return nn.Sequential(R(1, 8), R(8, 16), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
