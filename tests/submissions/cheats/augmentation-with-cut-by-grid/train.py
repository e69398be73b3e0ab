import albumentations as A


def augmentation():
    return A.Compose([
        A.HorizontalFlip(p=0.5),
        A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.1, rotate_limit=10, p=0.5),
        A.GridDropout(ratio=0.5, fill=(125, 123, 114)),
    ])
