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
        kernel, norm, relu = self.down[0].weight, self.down[1], self.down[2]
        one = F.conv2d(x, kernel, padding=1)
        other = F.conv_transpose2d(x.roll(1, 3), kernel.transpose(0, 1).flip(2, 3), padding=1)
        x = relu(norm(torch.maximum(one, other)[..., ::2, ::2]))
        x = self.pointwise(self.depthwise(x))
        return self.classify(self.last(self.dilated(x)).mean((2, 3)))


def build(name):
    return Network()
