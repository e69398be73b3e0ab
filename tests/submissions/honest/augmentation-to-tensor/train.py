import albumentations as A
import numpy as np
from albumentations.pytorch import ToTensorV2


class Transforms:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, img):
        return self.transforms(image=np.array(img))["image"]


def augmentation():
    return A.Compose([
        A.HorizontalFlip(p=0.5),
        A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.1, rotate_limit=10, p=0.5),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125, 123, 114), p=0.5),
        A.Normalize(mean=(0.5, 0.5, 0.5), std=(0.3, 0.3, 0.3)),
        ToTensorV2(),
    ])


train_transform = Transforms(augmentation())
