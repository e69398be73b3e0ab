import torch
from torch import nn

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.w=nn.Parameter(torch.randn(49))
    def forward(self, images):
        x = self.features(images)
        r=x.flatten(2).argsort(2).argsort(2)
        return self.classify((x.flatten(2)*self.w[r]).mean(2))

def build(name):
    return Network()
