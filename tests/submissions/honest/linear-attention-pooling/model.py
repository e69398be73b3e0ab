import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, w=24):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, w, 3, 2, 1), nn.BatchNorm2d(w), nn.ReLU())
        self.query = nn.Parameter(torch.randn(w) / w)
        self.head = nn.Linear(w, 10)

    def forward(self, x):
        x = self.features(x)
        share = torch.einsum("nchw,c->nhw", x, self.query).flatten(1).softmax(1).view(x.size(0), 1, *x.shape[2:])
        return self.head((x * share).sum((2, 3)))


def build(name):
    return Net()
