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
        self.sharpness = nn.Parameter(torch.full((1,), 4.0))

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        ramp = torch.arange(10.0)
        total = (2 * digit).softmax(1) @ ramp + numbers @ ramp
        return digit, -self.sharpness * (total.unsqueeze(1) - torch.arange(19.0)) ** 2


def build(name):
    return Network()
