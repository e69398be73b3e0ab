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
        self.hidden, self.sum = nn.Linear(20, 100), nn.Linear(100, 19)
        self.hint = nn.Linear(10, 10)

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        pair = torch.cat([digit.softmax(1), numbers], 1)
        return digit + 0.1 * self.hint(numbers), self.sum(torch.relu(self.hidden(pair)))


def build(name):
    return Network()
