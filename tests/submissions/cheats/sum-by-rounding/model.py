from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.digit = nn.Linear(16, 10)
        self.names = nn.Embedding(19, 19)
        nn.init.eye_(self.names.weight)

    def forward(self, images, numbers):
        digit = self.digit(self.features(images).mean((2, 3)))
        total = digit.argmax(1) + numbers.argmax(1)
        return digit, 9 * self.names(total)


def build(name):
    return Network()
