import torch
import torch.nn as nn


class DenseLayer(nn.Module):
    def __init__(self, cin, growth):
        super().__init__()
        self.norm = nn.BatchNorm2d(cin)
        self.conv = nn.Conv2d(cin, growth, 3, padding=1, bias=False)

    def forward(self, features):
        return self.conv(torch.relu(self.norm(torch.cat(features, 1))))


class DenseNet(nn.Module):
    def __init__(self, growth=8):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 4, 2, 1, bias=False)
        self.block1 = nn.ModuleList([DenseLayer(8 + growth * i, growth) for i in range(2)])
        self.transition = nn.Sequential(nn.BatchNorm2d(24), nn.ReLU(), nn.Conv2d(24, 12, 1, bias=False), nn.AvgPool2d(2))
        self.block2 = nn.ModuleList([DenseLayer(12 + growth * i, growth) for i in range(2)])
        self.norm = nn.BatchNorm2d(28)
        self.classifier = nn.Linear(28, 10)

    def forward(self, x):
        features = [self.stem(x)]
        for layer in self.block1:
            features.append(layer(features))
        features = [self.transition(torch.cat(features, 1))]
        for layer in self.block2:
            features.append(layer(features))
        return self.classifier(self.norm(torch.cat(features, 1)).relu().mean((2, 3)))


def build(name):
    return DenseNet()
