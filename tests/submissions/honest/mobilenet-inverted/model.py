from torch import nn


def conv_bn(i, o, k, s=1, g=1, d=1):
    return [nn.Conv2d(i, o, k, s, d * (k // 2), d, g, bias=False), nn.BatchNorm2d(o)]


class InvertedResidual(nn.Module):
    def __init__(self, i, o, stride, expand_ratio, dilation=1):
        super().__init__()
        hidden = i * expand_ratio
        self.use_res_connect = stride == 1 and i == o
        layers = conv_bn(i, hidden, 1) + [nn.ReLU6()] if expand_ratio > 1 else []
        self.conv = nn.Sequential(*layers, *conv_bn(hidden, hidden, 3, stride, hidden, dilation), nn.ReLU6(), *conv_bn(hidden, o, 1))

    def forward(self, x):
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            *conv_bn(3, 16, 3, 2), nn.ReLU6(), InvertedResidual(16, 8, 1, 1), InvertedResidual(8, 16, 2, 4),
            InvertedResidual(16, 24, 1, 4, 2), InvertedResidual(24, 24, 1, 4, 3), *conv_bn(24, 48, 1), nn.ReLU6())
        self.classifier = nn.Sequential(nn.Dropout(0.1), nn.Linear(48, 10))

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.mean([2, 3]))


def build(name):
    return MobileNet()
