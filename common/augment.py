"""Augmentation of whole batches on their device: float images in [0, 1], N×C×H×W, in and out.

One call for a thousand images costs what torchvision's per-image transforms cost for a few dozen.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


def _uniform(count: int, limit: float, like: Tensor) -> Tensor:
    return torch.empty(count, device=like.device).uniform_(-limit, limit)


@dataclass(frozen=True)
class Affine:
    """Rotation, shift, scale and shear, drawn for each image and applied as one affine map; black comes in from
    outside.

    degrees: rotation in [-degrees, degrees]
    shift:   pixels, each axis by itself
    scale:   each axis is scaled by exp(u), u in [-scale, scale]
    shear:   horizontal, as a share of the height
    mode:    "bilinear" or "nearest" interpolation
    """

    degrees: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    mode: str = "bilinear"

    def __call__(self, images: Tensor) -> Tensor:
        count, _, height, width = images.shape
        angle = _uniform(count, math.radians(self.degrees), images)
        scale_x = _uniform(count, self.scale, images).exp()
        scale_y = _uniform(count, self.scale, images).exp()
        shear = _uniform(count, self.shear, images)
        cos, sin = angle.cos(), angle.sin()
        # Output-to-input map in grid_sample's coordinates, where the image spans [-1, 1].
        theta = torch.stack(
            [
                cos * scale_x,
                shear * cos - sin * scale_y,
                _uniform(count, 2 * self.shift / width, images),
                sin * scale_x,
                shear * sin + cos * scale_y,
                _uniform(count, 2 * self.shift / height, images),
            ],
            dim=1,
        ).view(count, 2, 3)
        grid = F.affine_grid(theta, list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, mode=self.mode, align_corners=False)


@dataclass(frozen=True)
class ColorJitter:
    """Brightness, then contrast, each by a factor in [1 - x, 1 + x] for each image, as torchvision defines them.

    torchvision's saturation and hue leave a grey image as it is, so they have no counterpart here.
    """

    brightness: float = 0.0
    contrast: float = 0.0

    def __call__(self, images: Tensor) -> Tensor:
        count = len(images)
        images = (images * (1 + _uniform(count, self.brightness, images)).view(-1, 1, 1, 1)).clamp(0, 1)
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        factor = (1 + _uniform(count, self.contrast, images)).view(-1, 1, 1, 1)
        return (mean + (images - mean) * factor).clamp(0, 1)


# What the sessions on MNIST train with: digits that are a little turned, moved, stretched and slanted.
DIGITS = (Affine(degrees=10, shift=2, scale=0.1, shear=0.15),)
