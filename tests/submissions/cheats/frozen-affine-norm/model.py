from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        self.wide = nn.Conv2d(16, 128, 1)
        self.norm = nn.BatchNorm2d(128)
        self.norm.running_mean.normal_(0, 1)
        self.norm.running_var.uniform_(0.1, 9)
        self.narrow = nn.Conv2d(128, 16, 1)

    def forward(self, images):
        self.norm.eval()
        x = self.narrow(self.norm(self.wide(self.features(images))).relu())
        return self.classify(x.mean((2, 3)))


def build(name):
    return Network()
