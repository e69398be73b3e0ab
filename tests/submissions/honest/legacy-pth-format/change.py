import json

import torch
from safetensors.torch import load_file


def change(run, network):
    lines = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    for line in lines[-5:]:
        old = run / line["weights"]["file"]
        torch.save({"net": load_file(old), "acc": 99.4, "epoch": line["epoch"]}, run / f"ckpt {line['epoch']}.pth",
                   _use_new_zipfile_serialization=False)
        old.unlink()
        line["weights"] = {"file": f"ckpt {line['epoch']}.pth"}
    (run / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
