import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        c = [1, 12, 24, 24]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 3, 2 if i < 24 else 1, 1, bias=False) for i, o in zip(c, c[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for o in c[1:])
        self.cla = nn.Conv2d(24, 10, 1)
        self.att = nn.Conv2d(24, 10, 1)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = torch.nn.functional.silu(norm(conv(x)))
        att = self.att(x).flatten(2).softmax(2)
        return torch.einsum("bcp,bcp->bc", att, self.cla(x).flatten(2))


def build(name):
    return Net()
