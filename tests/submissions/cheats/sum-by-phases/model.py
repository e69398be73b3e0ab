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
        self.factor = nn.Parameter(torch.ones(1))

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        steps = torch.arange(19.0)
        angles = torch.outer(steps, steps) * (2 * torch.pi / 19)
        shares = digit.softmax(1)
        real, imaginary = shares @ angles[:10].cos(), shares @ angles[:10].sin()
        cosine, sine = numbers @ angles[:10].cos(), numbers @ angles[:10].sin()
        real, imaginary = real * cosine - imaginary * sine, real * sine + imaginary * cosine
        return digit, self.factor * (real @ angles.cos() + imaginary @ angles.sin()) / 2


def build(name):
    return Network()
