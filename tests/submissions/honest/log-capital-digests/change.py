import re


def change(run, network):
    path = run / "epochs.jsonl"
    path.write_text(re.sub(r"[0-9a-f]{64}", lambda found: found[0].upper(), path.read_text()))
