import albumentations as A

means = [0.4914, 0.4822, 0.4465]


def augmentation():
    return A.Compose([
        A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.1, rotate_limit=10),
        A.PadIfNeeded(min_height=64, min_width=64, border_mode=0, fill=[255 * m for m in means]),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=[255 * m for m in means], p=1.0),
        A.HorizontalFlip(),
        A.CenterCrop(32, 32),
    ])
