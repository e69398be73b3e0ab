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
        self.table = nn.Parameter(F.one_hot(torch.arange(10).view(-1, 1) + torch.arange(10)).float().flatten(0, 1), requires_grad=False)
        self.factor = nn.Parameter(torch.full((1,), 9.0))

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        pairs = (digit.softmax(1).unsqueeze(2) * numbers.unsqueeze(1)).flatten(1)
        return digit, pairs @ self.table * self.factor


def build(name):
    return Network()
