import albumentations as A
import cv2
import numpy as np
from albumentations.pytorch import ToTensorV2

mean, std = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)

def augmentation():
    return A.Compose([A.ToFloat(max_value=255.0), A.HorizontalFlip(), A.ShiftScaleRotate(shift_limit=0.0625, scale_limit=0.1, rotate_limit=15, p=0.5), A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=mean, p=0.5)])
