import torch
from torch import nn


def fixed(kernel):
    k = torch.tensor(kernel)
    conv = nn.Conv2d(1, 1, k.shape[-1], padding=k.shape[-1] // 2, bias=False, padding_mode="replicate")
    conv.weight = nn.Parameter(k.view(1, 1, *k.shape), requires_grad=False)
    return conv


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        g = torch.exp(-torch.arange(-2, 3).float() ** 2 / 2)
        self.gaussian = fixed((torch.outer(g, g) / torch.outer(g, g).sum()).tolist())
        self.laplacian = fixed([[0., 1., 0.], [1., -4., 1.], [0., 1., 0.]])
        self.conv1 = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.conv2 = nn.Sequential(nn.Conv2d(16, 24, 3, 2, 1), nn.BatchNorm2d(24), nn.ReLU())
        self.fc = nn.Conv2d(24, 10, 1)

    def forward(self, x):
        x = torch.cat([x, self.gaussian(x), self.laplacian(self.gaussian(x))], 1)
        return self.fc(self.conv2(self.conv1(x)).mean((2, 3), keepdim=True)).flatten(1)


def build(name):
    return Net()
