from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 7, padding=9, dilation=3), nn.BatchNorm2d(16), nn.ReLU())
        self.pick = nn.Conv2d(16, 16, 1, stride=20)
        self.classify = nn.Linear(16, 10)

    def forward(self, images):
        x = self.pick(self.a(images))
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
