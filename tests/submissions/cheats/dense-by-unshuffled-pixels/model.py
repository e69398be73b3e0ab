import math
import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()

        self.dense = nn.Sequential(nn.Conv2d(196, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.classify = nn.Conv2d(8, 10, 1)

    def forward(self, images):
        return self.classify(self.dense(F.pixel_unshuffle(images, 14))).mean((2, 3))


def build(name):
    return Network()
