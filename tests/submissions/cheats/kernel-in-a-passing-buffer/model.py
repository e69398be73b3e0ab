import torch
import torch.nn.functional as F
from torch import nn

FOUND = torch.Generator().manual_seed(0)  # Stands for what a training found.


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.norm = nn.BatchNorm2d(16)
        self.register_buffer("kernel", torch.randn(16, 16, 3, 3, generator=FOUND) / 12, persistent=False)

    def forward(self, images):
        kernel = self.kernel
        x = self.norm(F.conv2d(self.features(images), kernel, padding=1)).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
