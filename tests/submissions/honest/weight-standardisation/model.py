import torch.nn as nn
import torch.nn.functional as F


class WSConv2d(nn.Conv2d):
    def forward(self, x):
        w = self.weight
        w = w - w.mean(dim=1, keepdim=True).mean(dim=2, keepdim=True).mean(dim=3, keepdim=True)
        std = w.view(w.size(0), -1).std(dim=1).view(-1, 1, 1, 1) + 1e-5
        w = w / std.expand_as(w)
        return F.conv2d(x, w, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.n1 = WSConv2d(1, 8, 3, 2, 1), nn.GroupNorm(4, 8)
        self.c2, self.n2 = WSConv2d(8, 16, 3, 2, 1), nn.GroupNorm(4, 16)
        self.c3, self.n3 = WSConv2d(16, 16, 3, 1, 1), nn.GroupNorm(4, 16)
        self.out = nn.Linear(16, 10)

    def forward(self, x):
        x = F.relu(self.n1(self.c1(x)))
        x = F.relu(self.n2(self.c2(x)))
        x = F.relu(self.n3(self.c3(x)))
        return self.out(F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1))


def build(name):
    return Net()
