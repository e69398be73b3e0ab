from torch import nn


class RepBlock(nn.Module):
    def __init__(self, i, o, stride=1):
        super().__init__()
        self.rbr_dense = nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o))
        self.rbr_1x1 = nn.Sequential(nn.Conv2d(i, o, 1, stride, 0, bias=False), nn.BatchNorm2d(o))
        self.rbr_identity = nn.BatchNorm2d(i) if i == o and stride == 1 else None

    def forward(self, x):
        id_out = 0 if self.rbr_identity is None else self.rbr_identity(x)
        return (self.rbr_dense(x) + self.rbr_1x1(x) + id_out).relu()


def build(name):
    return nn.Sequential(RepBlock(1, 8, 2), RepBlock(8, 16, 2), RepBlock(16, 16), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))
