import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.random = torch.randn(200, 1, 7, 7, generator=torch.Generator().manual_seed(3)) / 7
        self.classify = nn.Linear(200, 10)

    def forward(self, images):
        x = F.conv2d(images, self.random, stride=2).relu()
        x = F.avg_pool2d(x, 3, 2)
        return self.classify(F.avg_pool2d(x, 3, 2).mean((2, 3)))


def build(name):
    return Network()
