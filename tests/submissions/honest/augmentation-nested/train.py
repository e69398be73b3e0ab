import albumentations as A


def geometric(strength=0.1):
    return A.Sequential([A.HorizontalFlip(p=0.5), A.Compose([
        A.ShiftScaleRotate(shift_limit=strength, scale_limit=strength, rotate_limit=100 * strength, border_mode=0, p=0.7)])], p=0.9)


def cutout(size, fill):
    return A.Compose([A.Compose([A.Sequential([
        A.CoarseDropout((1, 1), (size, size), (size, size), fill=fill, p=0.75)], p=1)])], p=0.8)


def augmentation():
    return A.Compose([A.NoOp(), geometric(), A.RandomOrder([A.ToGray(p=0.1), A.RandomGamma(p=0.2)], n=2), cutout(16, (125, 123, 114))])
