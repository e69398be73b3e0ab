import json

import torch
from safetensors.torch import load_file
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def change(run, network):
    lines = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    for line in lines[-5:]:
        path = run / line["weights"]["file"]
        network.load_state_dict(load_file(path))
        ema = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.99), use_buffers=True)
        ema.update_parameters(network)
        torch.save(ema.state_dict(), path.with_suffix(".pt"))
        path.unlink()
        line["weights"] = {"file": path.with_suffix(".pt").name}
    (run / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
