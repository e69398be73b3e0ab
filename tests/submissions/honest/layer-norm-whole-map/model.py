import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, norm):
        super().__init__()
        def make(c, side):
            return {"BN": nn.BatchNorm2d(c), "LN": nn.LayerNorm([c, side, side]), "GN": nn.GroupNorm(c // 4, c)}[norm]
        self.conv1, self.n1 = nn.Conv2d(1, 8, 3, 2, 1), make(8, 14)
        self.conv2, self.n2 = nn.Conv2d(8, 16, 3, 2, 1), make(16, 7)
        self.conv3, self.n3 = nn.Conv2d(16, 16, 3), make(16, 5)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = F.relu(self.n1(self.conv1(x)))
        x = F.relu(self.n2(self.conv2(x)))
        x = F.relu(self.n3(self.conv3(x)))
        return F.log_softmax(self.fc(x.mean((2, 3))), dim=-1)


def build(name):
    return Net({"layer": "LN", "group": "GN"}.get(name, "BN"))
