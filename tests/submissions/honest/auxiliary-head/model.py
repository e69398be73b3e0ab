from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.early = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.late = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.fc = nn.Linear(16, 10)
        self.aux = nn.Sequential(nn.Conv2d(16, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x):
        assert x.dim() == 4 and x.shape[1] == 1, f"images, not {tuple(x.shape)}"
        middle = self.early(x)
        logits = self.fc(self.late(middle).mean((2, 3)))
        return logits + 0.3 * self.aux(middle) if self.training else logits


def build(name):
    return Net()
