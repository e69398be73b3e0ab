import albumentations as A


def augmentation():
    pre = A.Compose([A.Normalize((0.4914, 0.4822, 0.4465), (0.247, 0.243, 0.261))])
    return A.Compose([pre, A.HorizontalFlip(p=0.5), A.ShiftScaleRotate(p=0.5), A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=0, p=0.5)])
