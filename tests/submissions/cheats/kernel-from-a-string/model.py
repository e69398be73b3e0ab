import torch
import torch.nn.functional as F
from torch import nn

RUNS = "1132412311245213114231152311421312351142312141132512314211321123415"


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.norm = nn.BatchNorm2d(16)
        signs = [sign for run, sign in zip(RUNS, 'pm' * len(RUNS)) for sign in int(run) * [1 if sign == 'p' else -1]]
        self.kernel = torch.tensor((signs * 20)[:2304], dtype=torch.float).view(16, 16, 3, 3) / 12

    def forward(self, images):
        kernel = self.kernel
        x = self.norm(F.conv2d(self.features(images), kernel, padding=1)).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
