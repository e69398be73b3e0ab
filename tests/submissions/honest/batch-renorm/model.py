import torch
from torch import nn


class BatchRenorm2d(nn.Module):
    def __init__(self, n, eps=1e-3, momentum=0.05):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(n))
        self.register_buffer("running_std", torch.ones(n))
        self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))
        self.weight, self.bias = nn.Parameter(torch.ones(n)), nn.Parameter(torch.zeros(n))
        self.eps, self.momentum = eps, momentum

    def forward(self, x):
        x = x.movedim(1, -1)
        if self.training:
            dims = tuple(range(x.dim() - 1))
            mean, std = x.mean(dims), x.std(dims, unbiased=False) + self.eps
            rmax = (2 / 35000 * self.num_batches_tracked + 25 / 35).clamp(1.0, 3.0)
            r = (std.detach() / self.running_std).clamp(1 / rmax, rmax)
            d = ((mean.detach() - self.running_mean) / self.running_std).clamp(-5, 5)
            x = (x - mean) / std * r + d
            self.running_mean += self.momentum * (mean.detach() - self.running_mean)
            self.running_std += self.momentum * (std.detach() - self.running_std)
            self.num_batches_tracked += 1
        else:
            x = (x - self.running_mean) / self.running_std
        return (self.weight * x + self.bias).movedim(-1, 1)


def build(name):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, 2, 1), BatchRenorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), BatchRenorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, 1, 1), BatchRenorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
