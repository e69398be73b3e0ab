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
        self.hidden = nn.Linear(20, 100)
        self.sum = nn.Linear(100, 19)
        with torch.no_grad():
            for layer in (self.hidden, self.sum):
                layer.weight.normal_(0, 0.01)
                layer.bias.normal_(0, 0.01)
            self.hidden.bias -= 1
            for digit in range(10):
                for number in range(10):
                    pair = 10 * digit + number
                    self.hidden.weight[pair, digit] += 1
                    self.hidden.weight[pair, 10 + number] += 1
                    self.sum.weight[digit + number, pair] += 8
        self.hidden.requires_grad_(False)
        self.sum.requires_grad_(False)

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        pair = torch.cat([digit.softmax(1), numbers], 1)
        return digit, self.sum(torch.relu(self.hidden(pair)))


def build(name):
    return Network()
