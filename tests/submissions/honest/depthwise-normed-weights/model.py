from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations


class StandardisedConv2d(nn.Conv2d):
    def forward(self, x):
        mean = self.weight.mean((1, 2, 3), keepdim=True)
        deviation = self.weight.std((1, 2, 3), keepdim=True)
        weight = 0.1 * (self.weight - mean) / (deviation + 1e-5)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.down = nn.Sequential(nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.depthwise = parametrizations.weight_norm(nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False))
        self.pointwise = nn.Sequential(nn.Conv2d(16, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.dilated = nn.Sequential(
            StandardisedConv2d(16, 16, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.last = nn.Sequential(
            StandardisedConv2d(16, 16, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)

    def forward(self, images):
        x = self.pointwise(self.depthwise(self.down(self.stem(images))))
        return self.classify(self.last(self.dilated(x)).mean((2, 3)))


def build(name):
    return Network()
