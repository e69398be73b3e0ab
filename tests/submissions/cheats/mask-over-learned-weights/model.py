import torch
import torch.nn.functional as F
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
        self.scale = nn.Parameter(torch.tensor([0.1]))
        self.register_buffer("bits", torch.rand(16, 16, 3, 3) > 0.5)

    def forward(self, images):
        kernel = torch.where(self.bits, self.scale.view(1, 1, 1, 1), -self.scale.view(1, 1, 1, 1))
        x = self.norm(F.conv2d(self.features(images), kernel, padding=1)).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
