"""Augmentation moves pixels as it says, image by image."""

import torch
from PIL import Image
from torchvision.transforms import functional

from common.augment import Affine, ColorJitter


def test_nothing_to_change_changes_nothing() -> None:
    images = torch.rand(4, 1, 28, 28)
    assert torch.allclose(Affine()(images), images, atol=1e-5)
    assert torch.allclose(ColorJitter()(images), images, atol=1e-6)


def test_each_image_is_moved_by_itself() -> None:
    images = torch.zeros(64, 1, 28, 28)
    images[:, :, 10:18, 10:18] = 1
    moved = Affine(degrees=10, shift=2, scale=0.1, shear=0.1)(images)
    assert moved.shape == images.shape
    assert len({tuple(image.flatten().tolist()) for image in moved}) == 64


def test_shift_is_in_pixels() -> None:
    torch.manual_seed(0)
    images = torch.zeros(2_000, 1, 29, 29)
    images[:, :, 14, 14] = 1
    moved = Affine(shift=3)(images)
    mass = moved.sum((1, 2, 3))
    columns = (moved.sum((1, 2)) * torch.arange(29)).sum(1) / mass - 14
    assert 2.8 < columns.abs().max() <= 3.01


def test_rotation_is_a_rotation() -> None:
    torch.manual_seed(3)
    image = torch.zeros(1, 1, 29, 29)
    image[:, :, 14, 5:24] = 1
    turned = Affine(degrees=40)(image)[0, 0]
    rows, columns = (turned > 0.3).nonzero().T
    angle = torch.rad2deg(torch.atan2((rows - 14.0).abs().max(), (columns - 14.0).abs().max()))
    reference = functional.rotate(image, float(angle))[0, 0]
    both = torch.stack([turned, reference]).flatten(1), torch.stack([turned, reference.flip(0)]).flatten(1)
    assert max(torch.corrcoef(each)[0, 1] for each in both) > 0.6
    assert abs(turned.sum() - 19) < 3


def test_brightness_and_contrast_as_torchvision_defines_them() -> None:
    torch.manual_seed(0)
    images = torch.rand(256, 1, 28, 28)
    jittered = ColorJitter(brightness=0.1)(images)
    factors = jittered.mean((1, 2, 3)) / images.mean((1, 2, 3))
    assert 0.89 < factors.min() < 0.92 and 1.05 < factors.max() < 1.11
    flat = torch.full((8, 1, 28, 28), 0.5)
    assert torch.allclose(ColorJitter(contrast=0.5)(flat), flat)
    spread = ColorJitter(contrast=0.1)(images * 0.5 + 0.25)
    assert torch.allclose(spread.mean((1, 2, 3)), (images * 0.5 + 0.25).mean((1, 2, 3)), atol=1e-3)


def test_saturation_and_hue_leave_a_grey_image_alone() -> None:
    grey = Image.new("L", (28, 28), 77)
    assert functional.adjust_hue(grey, 0.1).tobytes() == grey.tobytes()
    assert functional.adjust_saturation(grey, 1.1).tobytes() == grey.tobytes()
