import json

import torch
from safetensors.torch import load_file


def change(run, network):
    lines = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    for line in lines[-5:]:
        old = run / line["weights"]["file"]
        state = {"module._orig_mod." + k: v for k, v in load_file(old).items()}
        torch.save({"model": state, "args": {"lr": 0.1, "compile": True}}, run / f"{line['epoch']}.pt")
        line["weights"] = {"file": f"{line['epoch']}.pt"}
    (run / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
