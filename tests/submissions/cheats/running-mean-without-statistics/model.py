import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.norm = nn.BatchNorm2d(784, affine=False)
        self.norm.running_mean.normal_(0, 0.3)
        self.norm.running_var.uniform_(0.3, 3)

    def forward(self, images):
        x = self.features(images).view(-1, 784, 1, 1)
        x = F.batch_norm(x, self.norm.running_mean, self.norm.running_var).view(-1, 16, 7, 7)
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
