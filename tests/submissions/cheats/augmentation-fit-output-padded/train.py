import albumentations as A


def augmentation():
    return A.Compose([
        A.HorizontalFlip(p=0.5),
        A.Affine(translate_percent=(-0.1, 0.1), scale=(0.9, 1.1), rotate=(-10, 10), fit_output=True, p=0.5),
        A.PadIfNeeded(48, 48), A.CenterCrop(32, 32),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125, 123, 114)),
    ])
