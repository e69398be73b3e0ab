import hashlib
import json

import torch
from safetensors.torch import load_file, save_file


def change(run, network):
    lines = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    for line in lines[-5:]:
        path = run / line["weights"]["file"]
        tensors = load_file(path)
        factor = 10 ** torch.randn(16)
        weight, variance = tensors["features.7.weight"], tensors["features.7.running_var"]
        variance_then = (variance + 1e-5) * factor ** 2
        tensors["features.7.running_var"] = variance_then - 1e-5
        tensors["features.7.weight"] = weight * factor
        save_file(tensors, path)
        line["weights"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (run / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
