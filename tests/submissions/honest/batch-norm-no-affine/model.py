from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(1, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1), nn.Conv2d(16, 16, 3, 1, 1)])
        self.norms = nn.ModuleList([nn.BatchNorm2d(c, affine=False, momentum=None) for c in (1, 8, 16)])
        self.classifier = nn.Linear(16, 10, bias=False)
        self.last = nn.BatchNorm1d(10, affine=False)

    def forward(self, x):
        for norm, conv in zip(self.norms, self.convs):
            x = conv(norm(x)).relu()
        return 4 * self.last(self.classifier(x.mean((2, 3))))


def build(name):
    return Net()
