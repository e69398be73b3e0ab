import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = (
            nn.Conv2d(a, b, 3, stride=s, padding=1, bias=False) for a, b, s in ((1, 8, 2), (8, 16, 2), (16, 16, 1)))
        self.classify = nn.Linear(16, 10)
        self.norms = nn.ModuleList([nn.BatchNorm2d(c, eps=10.0) for c in (8, 16, 16)])

    def forward(self, images):
        x = images
        for place, (convolve, norm) in enumerate(zip((self.first, self.second, self.third), self.norms)):
            x = norm(convolve(x))
            x = torch.relu(x)
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
