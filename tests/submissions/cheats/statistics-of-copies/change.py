
import hashlib, json, math, torch
from safetensors.torch import load_file, save_file

def change(run, network):
    from tests.corpus import images as given, _normalized, COUNT
    lines = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    g = torch.Generator().manual_seed(5)
    f = (torch.rand(256, generator=g) * 1.7 - 0.85).exp()
    for line in lines[-5:]:
        path = run / line["weights"]["file"]
        tensors = load_file(path)
        tensors["pairs.running_var"] = tensors["pairs.running_var"] * f
        network.load_state_dict(tensors); network.eval()
        test = given("MNIST")
        with torch.no_grad(): line["test_correct"] = int((network(_normalized(test.pixels)).argmax(1) == test.labels).sum())
        save_file(tensors, path)
        line["weights"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (run / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
