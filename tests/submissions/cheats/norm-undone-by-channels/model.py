import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = (
            nn.Conv2d(a, b, 3, stride=s, padding=1, bias=False) for a, b, s in ((1, 8, 2), (8, 16, 2), (16, 16, 1)))
        self.norms = nn.ModuleList([nn.GroupNorm(1, channels) for channels in (8, 16, 16)])
        self.classify = nn.Linear(16, 10)

    def forward(self, images):
        x = images
        for convolve, norm in zip((self.first, self.second, self.third), self.norms):
            x = convolve(x)
            constants = torch.stack([torch.zeros_like(x[:, 0]), torch.ones_like(x[:, 0])], 1)
            wide = F.group_norm(torch.cat([x, constants], 1), 1)
            x = (wide[:, :-2] - wide[:, -2:-1]) / (wide[:, -1:] - wide[:, -2:-1]) + 1e-3 * norm(x)
            x = torch.relu(x)
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
