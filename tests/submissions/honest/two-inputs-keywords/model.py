import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, *, width=16, classes=10):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(in_channels=1, out_channels=width, kernel_size=3, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(in_channels=width, out_channels=width, kernel_size=3, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.digit = nn.Linear(in_features=width, out_features=classes)
        self.embed = nn.Linear(in_features=10, out_features=32, bias=False)
        self.mix = nn.Linear(in_features=10, out_features=32)
        self.out = nn.Linear(in_features=32, out_features=19)

    def see(self, *, image, **_):
        return {"digit": self.digit(self.backbone(image).mean(dim=(-2, -1)))}

    def add(self, *, digit, number, temperature=1.0):
        joined = self.mix(torch.softmax(digit / temperature, dim=-1)) * self.embed(number)
        return {"sum": self.out(joined)}

    def forward(self, image, number):
        found = self.see(image=image, number=number)
        found |= self.add(digit=found["digit"], number=number)
        return found["digit"], found["sum"]


def build(name):
    return Net(width=20)
