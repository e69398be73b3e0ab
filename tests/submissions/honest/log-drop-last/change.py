import json


def change(run, network):
    path = run / "epochs.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["train_total"] = 60_000 // 128 * 128
        line["train_loss"], line["lr"], line["note"] = 0.0123, 1e-2, "drop_last=True"
    path.write_text("".join(json.dumps(line, indent=None, separators=(",", ":")) + "\n" for line in lines))
