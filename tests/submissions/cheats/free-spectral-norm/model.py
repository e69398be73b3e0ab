import torch.nn.functional as F
from torch.nn.utils import spectral_norm
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
        self.blend = spectral_norm(nn.Conv2d(16, 16, 3, padding=1))
        self.blend.weight_v.normal_()

    def forward(self, images):
        kernel = self.blend.weight_u.view(16, 1, 1, 1) * self.blend.weight_v.view(1, 16, 3, 3)
        x = self.features(images)
        x = x + self.norm(F.conv2d(x, kernel, padding=1)).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
