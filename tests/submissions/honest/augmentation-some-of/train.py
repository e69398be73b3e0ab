import albumentations as A


def augmentation():
    pool = [
        A.HorizontalFlip(p=1),
        A.ShiftScaleRotate(shift_limit=(-0.1, 0.1), scale_limit=(-0.1, 0.2), rotate_limit=(-7, 7), p=1),
        A.RandomBrightnessContrast(p=1),
        A.HueSaturationValue(p=1),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125.3, 123.0, 113.9), p=1),
    ]
    return A.SomeOf(pool, n=2, replace=False, p=1.0)
