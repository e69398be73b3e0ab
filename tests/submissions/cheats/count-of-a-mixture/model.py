from torch import nn

def member():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.members = nn.ModuleList([member() for _ in range(3)])

    def forward(self, images):
        return sum(each(images) for each in self.members) / 3


def build(name):
    return Network()
