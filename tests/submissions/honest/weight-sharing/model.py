from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 20, 4, 4), nn.BatchNorm2d(20))
        self.conv = nn.Conv2d(20, 20, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(4, 20)
        self.fc = nn.Linear(20, 10)

    def forward(self, x):
        x = self.stem(x).relu()
        for _ in range(4):
            x = x + self.norm(self.conv(x)).relu()
        return self.fc(x.mean((2, 3)))


def build(name):
    return Net()
