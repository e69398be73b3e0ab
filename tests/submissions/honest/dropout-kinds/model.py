import torch
import torch.nn.functional as F
from torch import nn


class GaussianNoise(nn.Module):
    def __init__(self, stddev):
        super().__init__()
        self.stddev = stddev

    def forward(self, x):
        return x + torch.randn_like(x) * self.stddev if self.training else x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.noise = GaussianNoise(0.1)
        self.c1, self.c2, self.c3 = nn.Conv2d(1, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1), nn.Conv2d(16, 24, 3, 1, 1)
        self.b1, self.b2 = nn.BatchNorm2d(8), nn.BatchNorm2d(16)
        self.fc = nn.Linear(24, 10)

    def forward(self, x):
        x = F.dropout2d(F.relu(self.b1(self.c1(self.noise(x)))), 0.05, training=self.training)
        x = F.dropout(F.relu(self.b2(self.c2(x))), p=0.05, training=self.training)
        x = F.feature_alpha_dropout(F.alpha_dropout(F.selu(self.c3(x)), 0.02, self.training), 0.02, self.training)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def build(name):
    return Net()
