from torch import nn
from torch.nn.utils.parametrizations import spectral_norm


def build(name):
    layers = []
    for cin, cout, stride in ((1, 8, 2), (8, 16, 2), (16, 16, 1)):
        layers += [spectral_norm(nn.Conv2d(cin, cout, 3, stride, 1, bias=False)), nn.BatchNorm2d(cout), nn.LeakyReLU(0.1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), spectral_norm(nn.Linear(16, 10)), Scale())


class Scale(nn.Module):
    def forward(self, x):
        return 5 * x
