import torch
import torch.nn as nn
import torch.nn.functional as F


class AddCoords(nn.Module):
    def forward(self, x):
        n, _, h, w = x.shape
        ys = torch.linspace(-1, 1, h, device=x.device).view(1, 1, h, 1).expand(n, 1, h, w)
        xs = torch.linspace(-1, 1, w, device=x.device).view(1, 1, 1, w).expand(n, 1, h, w)
        r = torch.sqrt(xs ** 2 + ys ** 2)
        return torch.cat((x, xs, ys, r), 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.coords = AddCoords()
        self.conv1 = nn.Conv2d(4, 8, 3, 2, 1)
        self.conv2 = nn.Conv2d(11, 16, 3, 2, 1)
        self.conv3 = nn.Conv2d(16, 16, 3, 1, 1)
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm2d(8), nn.BatchNorm2d(16), nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(self.coords(x))))
        x = F.relu(self.bn2(self.conv2(self.coords(x))))
        x = F.relu(self.bn3(self.conv3(x)))
        return self.fc(x.mean([2, 3]))


def build(name):
    return Net()
