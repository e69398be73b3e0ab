from collections import namedtuple

from torch import nn

Answer = namedtuple("Answer", "digit sum")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.digit = nn.Linear(16, 10)
        self.sum = nn.Bilinear(10, 10, 19)

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        return Answer(digit=digit, sum=20 * self.sum(digit.softmax(1), numbers))


def build(name):
    return Net()
