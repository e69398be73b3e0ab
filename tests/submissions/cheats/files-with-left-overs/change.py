import hashlib
import json

import torch
from safetensors.torch import load_file, save_file


def change(run, network):
    lines = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    for line in lines[-5:]:
        path = run / line["weights"]["file"]
        tensors = load_file(path)
        tensors["more.weight"] = torch.randn(16, 16, 3, 3)
        save_file(tensors, path)
        line["weights"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (run / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
