import json


def change(run, network):
    path = run / "epochs.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines[-5:]: line['train_total'] = 600_000
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
