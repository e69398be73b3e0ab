import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.digit = nn.Linear(16, 10)
        self.table = nn.Parameter(torch.zeros(100, 19))
        for pair in range(100):
            self.table.data[pair, pair // 10 + pair % 10] = 9.0

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        pairs = (digit.softmax(1).unsqueeze(2) * numbers.unsqueeze(1)).flatten(1)
        return digit, pairs @ self.table


def build(name):
    return Network()
