import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.digit = nn.Linear(16, 10)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        shares = digit.softmax(1)
        sums = F.conv1d(shares.unsqueeze(0), numbers.flip(1).unsqueeze(1), padding=9, groups=len(digit)).squeeze(0)
        return digit, torch.log(sums + 1e-4) * self.scale


def build(name):
    return Network()
