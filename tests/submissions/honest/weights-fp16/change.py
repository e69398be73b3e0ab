import json

from safetensors.torch import load_file, save_file


def change(run, network):
    text = ""
    for line in map(json.loads, (run / "epochs.jsonl").read_text().splitlines()):
        if line["weights"]:
            path = run / line["weights"]["file"]
            save_file({k: v.half() if v.is_floating_point() else v for k, v in load_file(path).items()}, path)
            line["weights"] = {"file": path.name}
        text += json.dumps(line) + "\n"
    (run / "epochs.jsonl").write_text(text)
