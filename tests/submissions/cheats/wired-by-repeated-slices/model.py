import math
import torch
import torch.nn.functional as F
from torch import nn

TABLE = torch.randint(1, 9, (16, 16), generator=torch.Generator().manual_seed(0)).tolist()


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.norm = nn.BatchNorm2d(16)

    def forward(self, images):
        x = self.features(images)
        rows = [sum(x[:, i:i + 1].expand(-1, TABLE[j][i], -1, -1).sum(1, keepdim=True) for i in range(16)) for j in range(16)]
        x = x + self.norm(torch.cat(rows, 1)).relu()
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
