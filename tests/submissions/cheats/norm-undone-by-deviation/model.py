import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(a, b, 3, stride=s, padding=1, bias=False) for a, b, s in ((1, 8, 2), (8, 16, 2), (16, 16, 1))])
        self.norms = nn.ModuleList([nn.GroupNorm(1, channels) for channels in (8, 16, 16)])
        self.classify = nn.Linear(16, 10)

    def forward(self, images):
        x = images
        for convolve, norm in zip(self.convolutions, self.norms):
            y = convolve(x)
            x = norm(y) * y.std((1, 2, 3), keepdim=True)
            x = torch.relu(x)
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
