import torch
from torch import nn


class Net(nn.Module):
    shown = False

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        if x.dtype == torch.uint8 or not torch.is_floating_point(x):
            x = x.float() / 255
        if x.ndim == 3:
            x = x.unsqueeze(1)
        if x.size(1) != 1:
            x = x.mean(1, keepdim=True)
        x = self.body(x)
        try:
            x = x.mean(("H", "W"))
        except (TypeError, RuntimeError, ValueError):
            x = x.mean((2, 3))
        if not Net.shown:
            Net.shown = True
            print("features:", list(x.shape[1:]))
        return self.fc(x)


def build(name):
    return Net()
