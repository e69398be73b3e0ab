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
        self.factor = nn.Parameter(torch.ones(19))

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        sums = torch.fft.irfft(torch.fft.rfft(digit.softmax(1), 19) * torch.fft.rfft(numbers, 19), 19)
        return digit, 9 * sums * self.factor


def build(name):
    return Network()
