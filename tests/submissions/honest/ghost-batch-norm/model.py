import torch
import torch.nn.functional as F
from torch import nn


class GhostBatchNorm(nn.BatchNorm2d):
    def __init__(self, num_features, num_splits=2):
        super().__init__(num_features)
        self.num_splits = num_splits
        self.register_buffer("running_mean", torch.zeros(num_features * num_splits))
        self.register_buffer("running_var", torch.ones(num_features * num_splits))

    def train(self, mode=True):
        if self.training and not mode:
            for stat in (self.running_mean, self.running_var):
                stat.copy_(stat.view(self.num_splits, -1).mean(0).repeat(self.num_splits))
        return super().train(mode)

    def forward(self, x):
        n, c, h, w = x.shape
        if self.training:
            x = x.reshape(-1, c * self.num_splits, h, w)
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight.repeat(self.num_splits),
                                self.bias.repeat(self.num_splits), True, self.momentum, self.eps).view(n, c, h, w)
        return F.batch_norm(x, self.running_mean[:c], self.running_var[:c], self.weight, self.bias, False, self.momentum, self.eps)


def build(name):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, 2, 1, bias=False), GhostBatchNorm(8), nn.ReLU(),
        nn.Conv2d(8, 16, 3, 2, 1, bias=False), GhostBatchNorm(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, 1, 1, bias=False), GhostBatchNorm(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
