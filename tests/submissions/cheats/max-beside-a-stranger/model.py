import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.down = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False)
        self.pointwise = nn.Sequential(nn.Conv2d(16, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.dilated = nn.Sequential(nn.Conv2d(16, 16, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.last = nn.Sequential(nn.Conv2d(16, 16, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)

    def forward(self, images):
        x = self.stem(images)
        m = F.avg_pool2d(x, 2)
        a, b, c, d = (0.1 * m + x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1))
        x = torch.maximum(torch.maximum(a, b), torch.maximum(c, d))
        x = self.down[1:](F.conv2d(x, self.down[0].weight, padding=1))
        x = self.pointwise(self.depthwise(x))
        return self.classify(self.last(self.dilated(x)).mean((2, 3)))


def build(name):
    return Network()
