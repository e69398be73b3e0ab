from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = {}
        self.conv1 = nn.Conv2d(1, 8, 3, 2, 1)
        self.conv2 = nn.Conv2d(8, 16, 3, 2, 1)
        self.conv3 = nn.Conv2d(16, 16, 3, 1, 1)
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm2d(8), nn.BatchNorm2d(16), nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 10)
        self.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 0.5,))
        for name, module in self.named_children():
            if name.startswith("bn"):
                module.register_forward_hook(lambda module, inputs, output, name=name: self.remember(name, output))

    def remember(self, name, output):
        self.seen[name] = output.detach()
        return output.relu()

    def forward(self, x):
        x = self.bn3(self.conv3(self.bn2(self.conv2(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


def build(name):
    return Net()
