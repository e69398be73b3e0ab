from torch import nn


class PreAct(nn.Module):
    expansion = 1

    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(i), nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(o), nn.Conv2d(o, o, 3, 1, 1, bias=False)
        if stride != 1 or i != o:
            self.shortcut = nn.Conv2d(i, self.expansion * o, 1, stride, bias=False)

    def forward(self, x):
        out = self.bn1(x).relu()
        shortcut = self.shortcut(out) if hasattr(self, "shortcut") else x
        out = self.conv1(out)
        return self.conv2(self.bn2(out).relu()) + shortcut


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, 2, 1, bias=False)
        self.body = nn.Sequential(PreAct(8, 8, 1), PreAct(8, 16, 2))
        self.bn = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.bn(self.body(self.stem(x))).relu().mean(3).mean(2))


def build(name):
    return Net()
