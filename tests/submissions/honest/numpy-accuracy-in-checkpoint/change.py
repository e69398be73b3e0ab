import json

import numpy as np
import torch
from safetensors.torch import load_file


def change(run, network):
    lines = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    for line in lines[-5:]:
        old = run / line["weights"]["file"]
        torch.save({"state_dict": load_file(old), "accuracy": np.mean([0.99, 1.0]), "losses": np.zeros(3)}, old.with_suffix(".pt"))
        old.unlink()
        line["weights"] = {"file": old.with_suffix(".pt").name}
    (run / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
