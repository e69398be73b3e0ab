import albumentations as A


def augmentation(size=16, p=0.5):
    cutout = {"num_holes_range": (1, 1), "hole_height_range": (size,) * 2, "hole_width_range": (size,) * 2}
    steps = [A.HorizontalFlip(p=p), A.ShiftScaleRotate(0.1, 0.1, 10, p=p), A.CoarseDropout(**cutout, fill=(125, 123, 114), p=p)]
    return A.ReplayCompose(steps)
