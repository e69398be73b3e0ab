import albumentations as A


def augmentation():
    return A.Compose([
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(0.5, 0.5), hole_width_range=(0.5, 0.5), fill=(125, 123, 114), p=0.5),
        A.ShiftScaleRotate(shift_limit_x=0.1, shift_limit_y=0.05, scale_limit=0.1, rotate_limit=10, p=0.5, fill=(125, 123, 114)),
        A.HorizontalFlip(p=0.5),
    ], p=1.0)
