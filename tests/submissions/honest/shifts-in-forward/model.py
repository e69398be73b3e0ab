import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))

    def forward(self, x):
        if self.training:
            return self.body(x)
        n = x.shape[0]
        padded = F.pad(x, (4, 4, 4, 4), mode="replicate")
        views = torch.cat([padded[:, :, i:i + 28, j:j + 28] for i, j in ((4, 4), (0, 4), (8, 4), (4, 0), (4, 8))])
        return self.body(views).softmax(1).view(5, n, 10).mean(0).clamp_min(1e-9).log()


def build(name):
    return Net()
