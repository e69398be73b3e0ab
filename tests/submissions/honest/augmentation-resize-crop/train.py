import albumentations as A


def augmentation():
    return A.Compose([A.Resize(40, 40), A.RandomCrop(32, 32), A.HorizontalFlip(p=0.5), A.ShiftScaleRotate(p=0.5), A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125, 123, 114), p=0.5), ])
