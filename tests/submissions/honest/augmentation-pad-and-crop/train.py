import albumentations as A


def augmentation():
    return A.Compose([
        A.PadIfNeeded(min_height=40, min_width=40, border_mode=4),
        A.RandomCrop(height=32, width=32),
        A.HorizontalFlip(p=0.5),
        A.ShiftScaleRotate(shift_limit=0.05, scale_limit=0.05, rotate_limit=5, p=0.3),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125, 123, 114), p=0.5),
    ], seed=137)
