import json


def change(run, network):
    record = json.loads((run / "run.json").read_text())
    record["recipe"]["epochs"] = 30
    (run / "run.json").write_text(json.dumps(record))
