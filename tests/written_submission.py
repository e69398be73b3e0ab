"""Small submissions on generated images, whose weights are set by hand: a tile detector for each of ten tiles.

An image of class d shows tile d, repeated over the whole image, and some noise. A convolution whose kernels are the
tiles, averaged over the map, tells the classes apart without a single error.
"""

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from tests.recorded_here import load

TILE = 4
COUNT = 1_000  # Of the test images that submissions are measured with.
HONEST_MODEL = """
import torch
from torch import nn

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.tiles = nn.Conv2d(1, 10, 16, stride=4, bias=False)
        self.norm = nn.BatchNorm2d(10)
        self.classify = nn.Conv2d(10, 10, 1)

    def forward(self, images):
        x = torch.relu(self.norm(self.tiles(images)))
        return self.classify(nn.functional.adaptive_avg_pool2d(x, 1)).flatten(1)

def build(name):
    return Network()
"""


def tiles() -> Tensor:
    """Ten tiles of ±1 with as many bright as dark pixels, float32 10×1×4×4; any two differ in half of the pixels."""
    rows = torch.ones(1, 1)
    for _ in range(4):  # The rows of a Hadamard matrix are orthogonal; the first is all ones.
        rows = torch.cat([torch.cat([rows, rows], 1), torch.cat([rows, -rows], 1)])
    return rows[1:11].view(10, 1, TILE, TILE)


def kernels() -> Tensor:
    """The tiles, repeated over 16×16 pixels, float32 10×1×16×16."""
    return tiles().repeat(1, 1, 4, 4) / 16


def images(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return uint8 count×28×28 images and their labels, int64 count."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(10, (count,), generator=generator)
    clean = 128 + 80 * tiles()[labels, 0].repeat(1, 7, 7)
    noise = 10 * torch.randn(count, 28, 28, generator=generator)
    return (clean + noise).clamp(0, 255).to(torch.uint8), labels


def write_dataset(folder: Path) -> None:
    """Write MNIST's four files, as torchvision lays them out: 10,000 test images, and a token training set."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for prefix, count in (("train", 100), ("t10k", 10_000)):
        pixels, labels = images(count)
        header = struct.pack(">4B3I", 0, 0, 8, 3, count, 28, 28)
        (raw / f"{prefix}-images-idx3-ubyte").write_bytes(header + pixels.numpy().tobytes())
        header = struct.pack(">4BI", 0, 0, 8, 1, count)
        (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(header + labels.to(torch.uint8).numpy().tobytes())


def set_tiles(network: nn.Module) -> None:
    """Give an untrained network the weights that solve the task, where it has the honest network's layers."""
    with torch.no_grad():
        network.tiles.weight.copy_(kernels())
        network.classify.weight.copy_(torch.eye(10).view(10, 10, 1, 1))
        network.classify.bias.zero_()


def write_submission(
    folder: Path,
    *,
    model: str = HONEST_MODEL,
    prepare: Callable[[nn.Module], None] = set_tiles,
    name: str = "mine",
    epochs: int = 15,
    recipe: dict[str, object] | None = None,
    channels: int = 1,
    count: int = COUNT,
) -> Path:
    """Write a submission with one run and return the run's folder; whatever it claims is true until a test changes it.

    prepare: sets the weights of a newly built network
    recipe: what the run's recipe says beside the number of epochs
    channels: of the images
    count: of the test images, all of which it claims to classify correctly
    """
    run = folder / "runs" / name
    run.mkdir(parents=True)
    (folder / "model.py").write_text(model)
    network = load(folder, "model").build(name)
    prepare(network)
    lines = []
    for epoch in range(1, epochs + 1):
        line = {
            "epoch": epoch,
            "train_total": {1: 60_000, 3: 50_000}[channels],
            "test_correct": count,
            "test_total": count,
            "sum_correct": 10 * count,
            "sum_total": 10 * count,
            "weights": None,
        }
        if epoch > epochs - 5:
            with torch.no_grad():  # Five different networks that classify alike.
                network.classify.weight[epoch % len(network.classify.weight)].mul_(1.02)
            line["weights"] = write_weights(run / f"epoch-{epoch:02d}.safetensors", network.state_dict())
        lines.append(line)
    write_log(run, lines)
    (run / "run.json").write_text(
        json.dumps(
            {
                "format": 1,
                "run": name,
                "normalization": {"mean": [0.5] * channels, "std": [0.3] * channels},
                "recipe": {"epochs": epochs} | (recipe or {}),
            }
        )
    )
    return run


def write_weights(path: Path, tensors: dict[str, Tensor]) -> dict[str, str]:
    """Write a state dict and return the log's entry for it."""
    content = save({key: value.contiguous() for key, value in tensors.items()})
    path.write_bytes(content)
    return {"file": path.name, "sha256": hashlib.sha256(content).hexdigest()}


def read_log(run: Path) -> list[dict]:
    """Return the lines of epochs.jsonl."""
    return [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]


def write_log(run: Path, lines: list[dict]) -> None:
    """Write epochs.jsonl."""
    (run / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
