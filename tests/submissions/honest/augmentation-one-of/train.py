import albumentations as A

MEAN = [0.4914, 0.4822, 0.4465]


def augmentation():
    return A.Compose([
        A.HorizontalFlip(p=0.5),
        A.OneOf([
            A.ShiftScaleRotate(shift_limit=0.0625, scale_limit=0.1, rotate_limit=15, p=1.0),
            A.Perspective(scale=(0.02, 0.05), p=0.5),
            A.ElasticTransform(alpha=1, p=0.5),
        ], p=0.8),
        A.OneOf([
            A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16),
                            fill=[round(255 * m) for m in MEAN], p=0.9),
            A.GaussianBlur(p=0.1),
        ], p=0.7),
    ])
