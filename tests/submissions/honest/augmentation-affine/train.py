import albumentations as A
import cv2


def augmentation():
    return A.Compose([
        A.HorizontalFlip(),
        A.Affine(translate_px={"x": (-3, 3), "y": (-3, 3)}, scale=(0.9, 1.1), rotate=(-10, 10), shear=0, border_mode=cv2.BORDER_REFLECT_101, p=0.6),
        A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125, 123, 114), p=0.5),
    ])
