import torch
import torch.nn as nn


class ReZeroBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, 1, 1)
        self.resweight = nn.Parameter(torch.Tensor([0]))

    def forward(self, x):
        return torch.addcmul(x, self.resweight, torch.relu(self.conv(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 4, 4)
        self.layers = nn.ModuleList([ReZeroBlock(16) for _ in range(3)])
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        for layer in self.layers:
            x = layer(x)
        return self.fc(x.mean(-1).mean(-1))


def build(name):
    return Net()
