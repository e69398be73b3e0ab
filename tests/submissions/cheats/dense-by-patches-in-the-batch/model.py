from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.classify = nn.Linear(128, 10)

    def forward(self, images):
        x = images.unfold(2, 7, 7).unfold(3, 7, 7)
        x = x.permute(0, 2, 3, 1, 4, 5).reshape(-1, 1, 7, 7)
        x = self.features(x).mean((2, 3))
        return self.classify(x.view(len(images), -1))


def build(name):
    return Network()
