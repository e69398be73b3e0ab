import torch
import torch.nn as nn


class CBAM(nn.Module):
    def __init__(self, c, r=4):
        super().__init__()
        self.mlp = nn.Sequential(nn.Conv2d(c, c // r, 1, bias=False), nn.ReLU(), nn.Conv2d(c // r, c, 1, bias=False))
        self.spatial = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x):
        avg = self.mlp(nn.functional.adaptive_avg_pool2d(x, 1))
        largest = self.mlp(nn.functional.adaptive_max_pool2d(x, 1))
        x = x * torch.sigmoid(avg + largest)
        s = torch.cat([torch.mean(x, 1, keepdim=True), torch.max(x, 1, keepdim=True)[0]], 1)
        return x * torch.sigmoid(self.spatial(s))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.att1 = CBAM(16)
        self.conv2 = nn.Sequential(nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU())
        self.att2 = CBAM(32)
        self.fc = nn.Conv2d(32, 10, 1)

    def forward(self, x):
        x = self.att2(self.conv2(self.att1(self.conv1(x))))
        return self.fc(nn.functional.adaptive_avg_pool2d(x, 1)).view(x.size(0), -1)


def build(name):
    return Net()
