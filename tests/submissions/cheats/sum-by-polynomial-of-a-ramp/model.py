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
        self.digits, self.numbers = nn.Parameter(torch.arange(10.0)), nn.Parameter(torch.arange(10.0))

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        total = (2 * digit).softmax(1) @ self.digits + numbers @ self.numbers
        return digit, -4 * (total.unsqueeze(1) - torch.arange(19.0)) ** 2


def build(name):
    return Network()
