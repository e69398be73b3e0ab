import json


def change(run, network):
    path = run / "epochs.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["weights"] = line["weights"] or {"file": f"epoch-{line['epoch']:02d}.safetensors", "sha256": "0" * 64}
        line["test_loss"] = float("nan") if line["epoch"] == 1 else 0.02
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
