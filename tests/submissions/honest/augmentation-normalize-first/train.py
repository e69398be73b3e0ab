import albumentations as A

mean, std = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def augmentation():
    return A.Compose([
        A.HorizontalFlip(p=0.5),
        A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.1, rotate_limit=10, p=0.5),
        A.Normalize(mean=mean, std=std),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=0, p=0.5),
    ])
