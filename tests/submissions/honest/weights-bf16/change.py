import hashlib
import json

import torch
from safetensors.torch import load_file, save_file


def change(run, network):
    lines = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    for line in lines:
        if line["weights"]:
            path = run / line["weights"]["file"]
            tensors = load_file(path)
            half = {k: v.bfloat16() if v.is_floating_point() else v for k, v in tensors.items()}
            save_file(half, path)
            line["weights"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (run / "epochs.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n")
