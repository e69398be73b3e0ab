import albumentations as A


def augmentation():
    return A.Compose([
        A.HorizontalFlip(p=0.5),
        A.ShiftScaleRotate(shift_limit=1e-4, scale_limit=1e-4, rotate_limit=0.01, p=0.5),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125, 123, 114)),
    ])
