import json


def change(run, network):
    path = run / "epochs.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[2]["test_correct"] = 2 * lines[2]["test_total"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
