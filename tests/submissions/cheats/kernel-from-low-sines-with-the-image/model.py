import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(64, 10)

    def forward(self, images):
        x = self.features(images).mean((2, 3))
        made = torch.sin(2.399963 * torch.arange(1024.).view(1, 16, 64) + 0.001 * images.mean((1, 2, 3)).view(-1, 1, 1))
        return self.classify(torch.relu((x.unsqueeze(2) * made).sum(1)))


def build(name):
    return Network()
