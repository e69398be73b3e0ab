import torch.nn as nn


def c(i, o, s=1, k=3):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o), nn.ReLU())

class Net(nn.Module):
    def __init__(self):
        super().__init__(); self.s = nn.Sequential(c(1, 8, 2), c(8, 16, 2)); self.b = c(16, 16); self.fc = nn.Linear(16, 10)
    def forward(self, x):
        x = self.s(x)
        for _ in range(3): x = x + self.b(x)
        return self.fc(x.mean((2, 3)))

def build(name):
    return Net()
