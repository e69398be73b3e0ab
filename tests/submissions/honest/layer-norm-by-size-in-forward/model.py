from functools import partial

import torch.nn as nn
import torch.nn.functional as F

norm_layer = partial(nn.GroupNorm, 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(16, 16, 3, padding=1)
        self.n3 = norm_layer(16)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = self.conv1(x)
        x = F.relu(F.layer_norm(x, x.size()[1:]))
        x = self.conv2(x)
        x = F.relu(F.layer_norm(x, x.shape[1:], eps=1e-3))
        x = F.relu(self.n3(self.conv3(x)))
        x = F.adaptive_avg_pool2d(x, 1).squeeze()
        return self.fc(x)


def build(name):
    return Net()
