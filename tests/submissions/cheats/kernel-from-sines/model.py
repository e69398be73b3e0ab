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

    def forward(self, images):
        kernel = (torch.arange(2304) * 12.9898).sin().view(16, 16, 3, 3) / 8
        x = self.features(images)
        x = x + self.norm(F.conv2d(x, kernel, padding=1)).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
