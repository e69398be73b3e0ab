import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        laplacian = x.new_tensor([[0, 1, 0], [1, -4, 1], [0, 1, 0]]).view(1, 1, 3, 3)
        d = torch.arange(5, device=x.device, dtype=x.dtype) - 2
        gaussian = torch.exp(-(d[:, None] ** 2 + d[None, :] ** 2) / (2 * 0.8 ** 2))
        gaussian = (gaussian / gaussian.sum())[None, None]
        edges = torch.cat([x, F.conv2d(x, laplacian, padding=1), F.conv2d(x, gaussian, padding=2)], dim=1)
        return self.fc(self.body(edges).mean((2, 3)))


def build(name):
    return Net()
