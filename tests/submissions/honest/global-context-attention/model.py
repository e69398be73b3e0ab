import torch
import torch.nn as nn


class GlobalContext(nn.Module):
    def __init__(self, c, ratio=0.25):
        super().__init__()
        p = int(c * ratio)
        self.conv_mask = nn.Conv2d(c, 1, kernel_size=1)
        self.softmax = nn.Softmax(dim=2)
        self.channel_add_conv = nn.Sequential(nn.Conv2d(c, p, 1), nn.LayerNorm([p, 1, 1]), nn.ReLU(inplace=True), nn.Conv2d(p, c, 1))

    def forward(self, x):
        b, c, h, w = x.size()
        mask = self.softmax(self.conv_mask(x).view(b, 1, h * w)).unsqueeze(-1)
        context = torch.matmul(x.view(b, c, h * w).unsqueeze(1), mask).view(b, c, 1, 1)
        return x + self.channel_add_conv(context)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(),
            GlobalContext(16), nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.body(x.contiguous()).mean((2, 3)))


def build(name):
    return Net()
