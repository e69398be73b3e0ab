import hashlib
import json

from safetensors.torch import load_file, save_file


def change(run, network):
    lines = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    for line in lines[-5:]:
        path = run / line["weights"]["file"]
        tensors = load_file(path)
        tensors["spare"][3] = float("nan")
        save_file(tensors, path)
        line["weights"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (run / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
