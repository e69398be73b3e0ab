import albumentations as A


def augmentation():
    return A.Compose([
        A.HorizontalFlip(p=0.5),
        A.Affine(translate_percent=(1e-6, 1e-6), scale=(1.000001, 1.000001), rotate=(1e-6, 1e-6), p=1.0),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125, 123, 114)),
    ])
