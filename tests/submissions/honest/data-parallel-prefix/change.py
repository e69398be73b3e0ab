import json

import torch
from safetensors.torch import load_file


def change(run, network):
    wrapped = torch.nn.DataParallel(network)
    text = ""
    for line in map(json.loads, (run / "epochs.jsonl").open()):
        if line["weights"]:
            path = run / line["weights"]["file"]
            network.load_state_dict(load_file(path))
            torch.save(wrapped.state_dict(), path.with_suffix(".pth"))
            path.unlink()
            line["weights"] = {"file": path.stem + ".pth"}
        text += json.dumps(line) + "\n"
    (run / "epochs.jsonl").write_text(text)
