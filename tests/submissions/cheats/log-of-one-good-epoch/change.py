import json

from safetensors.torch import load_file, save_file


def change(run, network):
    path = run / "epochs.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    file = run / lines[-3]["weights"]["file"]
    tensors = load_file(file)
    tensors["classify.bias"][3] += 40
    save_file(tensors, file)
    del lines[-3]["weights"]["sha256"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
