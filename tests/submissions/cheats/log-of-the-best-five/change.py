import json


def change(run, network):
    path = run / "epochs.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line, number in zip(lines[-5:], (31, 38, 47, 52, 60)): line['epoch'] = number
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
