import torch
from torch.nn.utils import parametrize
from torch import nn

class Basis(nn.Module):
    def __init__(self):
        super().__init__()
        self.basis = torch.randn(16, 16, 3, 3, generator=torch.Generator().manual_seed(0)) / 12

    def forward(self, small):
        return small[:, :, :1, :1] * self.basis


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        parametrize.register_parametrization(self.features[6], 'weight', Basis(), unsafe=True)

    def forward(self, images):
        return self.classify(self.features(images).mean((2, 3)))


def build(name):
    return Network()
