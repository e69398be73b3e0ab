import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = (
            nn.Conv2d(a, b, 3, stride=s, padding=1, bias=False) for a, b, s in ((1, 8, 2), (8, 16, 2), (16, 16, 1)))
        self.norms = nn.ModuleList([nn.GroupNorm(1, channels, affine=False) for channels in (8, 16, 16)])
        self.classify = nn.Linear(16, 10)

    def forward(self, images):
        x = images
        for place, (convolve, norm) in enumerate(zip((self.first, self.second, self.third), self.norms)):
            x = convolve(x)
            wide = F.pad(F.pad(x, (1, 0, 1, 0), value=200.0), (0, 1, 0, 1), value=-200.0)
            x = 60 * norm(wide)[:, :, 1:-1, 1:-1]
            x = torch.relu(x)
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
