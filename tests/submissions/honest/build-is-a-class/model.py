from dataclasses import dataclass, field

import torch.nn as nn
from torch import Tensor


@dataclass
class Settings:
    widths: tuple[int, ...] = (8, 16, 16)
    act: type[nn.Module] = nn.SiLU
    norm: dict = field(default_factory=lambda: {"eps": 1e-3, "momentum": 0.05})


class build(nn.Module):
    def __init__(self, name: str, settings: Settings | None = None) -> None:
        super().__init__()
        self.name, self.settings = name, settings or Settings()
        channels = 1
        for place, width in enumerate(self.settings.widths):
            setattr(self, f"layer{place}", nn.Sequential(
                nn.Conv2d(channels, width, 3, 2 - place // 2, 1, bias=False), nn.BatchNorm2d(width, **self.settings.norm), self.settings.act()))
            channels = width
        self.head = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        for place in range(len(self.settings.widths)):
            x = getattr(self, f"layer{place}")(x)
        return self.head(x.mean(dim=(2, 3)))
