from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.norm = nn.BatchNorm2d(16)
        self.scales = [0.5 + (37 * index % 101) / 101 for index in range(36)]

    def forward(self, images):
        x = self.features(images)
        x = x + self.norm(sum(scale * x.roll(index, 1) for index, scale in enumerate(self.scales)))
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
