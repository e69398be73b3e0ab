import torch
from torch import nn


class SpectralConv2d(nn.Module):
    def __init__(self, i, o, modes=4):
        super().__init__()
        self.modes = modes
        self.weight = nn.Parameter(torch.randn(i, o, modes, modes, 2) / i)

    def forward(self, x):
        ft = torch.fft.rfft2(x)
        out = torch.zeros(x.size(0), self.weight.size(1), *ft.shape[-2:], dtype=torch.cfloat, device=x.device)
        m = self.modes
        out[:, :, :m, :m] = torch.einsum("bixy,ioxy->boxy", ft[:, :, :m, :m], torch.view_as_complex(self.weight))
        return torch.fft.irfft2(out, s=x.shape[-2:])


class FNO(nn.Module):
    def __init__(self, w=12):
        super().__init__()
        self.lift = nn.Conv2d(1, w, 4, 4)
        self.spectral, self.local = SpectralConv2d(w, w), nn.Conv2d(w, w, 1)
        self.bn = nn.BatchNorm2d(w)
        self.out = nn.Conv2d(w, 10, 1)

    def forward(self, x):
        x = self.lift(x)
        x = torch.relu(self.bn(self.spectral(x) + self.local(x)))
        return self.out(x).mean((2, 3))


def build(name):
    return FNO()
