import albumentations as A


def augmentation():
    return A.Compose(transforms=[
        A.OneOrOther(A.HorizontalFlip(p=1), A.NoOp(p=1), p=0.5),
        A.ShiftScaleRotate(p=0.5),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125, 123, 114), p=0.4),
        A.ColorJitter(0.1, 0.1, 0.1, 0.02, p=0.3),
        A.ChannelShuffle(p=0.02),
    ], additional_targets={"image2": "image"})
