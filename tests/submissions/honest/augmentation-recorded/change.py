import json
import warnings

import albumentations as A


def change(run, network):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = A.Compose([
            A.HorizontalFlip(p=0.5),
            A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.1, rotate_limit=10, p=0.5),
            A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125, 123, 114)),
        ])
    record = json.loads((run / "run.json").read_text())
    record["augmentation"] = pipeline.to_dict()
    (run / "run.json").write_text(json.dumps(record, indent=2, sort_keys=True))
