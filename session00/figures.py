"""Draw session 0's pictures and print its numbers, from one of session 5's trained networks.

    python session00/figures.py

kernels.png:          the first layer's kernels before and after training
channels.png:         what the channels of the first and of a later layer make of a digit
receptive-field.png:  what one place of each layer's map sees of the image
"""

import argparse
import runpy
import sys
import textwrap
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from common.anatomy.follow import Anatomy
from common.anatomy.network import anatomy
from common.data import MNIST, Normalization, load_images
from common.errors import RunError, UserError
from common.figures import png
from common.files import write_atomically

FOLDER = Path(__file__).resolve().parent
SESSION05 = FOLDER.parent / "session05"
RUN = "scheduled"


def sizes(side: int, kernel: int = 3) -> list[int]:
    """Return the sides of the maps from `side` down to 1, a convolution without padding each."""
    maps = [side]
    while maps[-1] > 1:
        maps.append(nn.Conv2d(1, 1, kernel)(torch.zeros(1, 1, maps[-1], maps[-1])).shape[-1])
    return maps


def networks() -> tuple[nn.Sequential, nn.Sequential]:
    """Return session 5's network as training found it (seed 0), and as it left it. Raises RunError."""
    build = runpy.run_path(str(SESSION05 / "model.py"))["build"]
    torch.manual_seed(0)
    before, after = build(RUN), build(RUN)
    weights = SESSION05 / "runs" / RUN / "epoch-15.safetensors"
    try:
        after.load_state_dict(load_file(weights))
    except (OSError, SafetensorError) as error:
        raise RunError(f"{weights} can't be read; train it with python session05/train.py --run {RUN}.") from error
    return before.eval(), after.eval()


def kernels(before: nn.Sequential, after: nn.Sequential) -> bytes:
    """Return a PNG of the eight kernels of the first convolution, before and after."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.2), layout="constrained")
    for row, (words, network) in zip(
        figure.subfigures(2, 1), (("before training", before), ("after training", after)), strict=True
    ):
        weights = network[0][0].weight.detach()[:, 0]
        limit = float(weights.abs().max())
        row.suptitle(f"{words}: weights between {weights.min():.2f} and {weights.max():.2f}", fontsize=10)
        for axes, kernel in zip(row.subplots(1, len(weights)), weights, strict=True):
            axes.imshow(kernel.numpy(), cmap="RdBu_r", vmin=-limit, vmax=limit)
            axes.axis("off")
    return png(figure)


def channels(network: nn.Sequential, image: Tensor) -> bytes:
    """Return a PNG of the maps that the first and the fourth convolution make of an image (float32 1×1×28×28)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    with torch.no_grad():
        first = network[0](image)[0]
        later = nn.Sequential(*list(network)[:5])(image)[0]
    rows = figure.subfigures(3, 1)
    for row, maps, words in zip(
        rows,
        (first, later[:8], later[8:]),
        (
            "first convolution, 8 channels: edges by their direction",
            "fourth convolution, 16 channels: strokes, curves and ends",
            "",
        ),
        strict=True,
    ):
        row.suptitle(words, fontsize=10)
        for axes, one in zip(row.subplots(1, 8), maps, strict=True):
            axes.imshow(one.numpy(), cmap="gray")
            axes.axis("off")
    return png(figure)


def receptive_fields(traced: Anatomy, image: Tensor) -> bytes:
    """Return a PNG of a digit (uint8 28×28), one a layer that widens the view, with what the middle place sees."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    widening = []
    for operation in traced.operations:
        if operation.kind in ("convolution", "max pool") and (
            not widening or operation.receptive_field[0] > widening[-1][1]
        ):
            widening.append((operation.kind, operation.receptive_field[0], operation.output))
    widening = [each for each in widening if each[2][-1] > 1]
    figure = Figure(figsize=(12, 2.3), layout="constrained")
    for axes, (kind, field, output) in zip(figure.subplots(1, len(widening)), widening, strict=True):
        axes.imshow(image.numpy(), cmap="gray", extent=(0, 28, 28, 0))
        axes.add_patch(
            Rectangle((14 - field / 2, 14 - field / 2), field, field, fill=False, edgecolor="#d55e00", linewidth=2)
        )
        axes.set(xlim=(-3, 31), ylim=(31, -3))
        axes.set_title(f"{kind}\n{output[0]}×{output[1]}×{output[2]}\nsees {field}×{field}", fontsize=8)
        axes.axis("off")
    return png(figure)


def main() -> int:
    """Draw the pictures, print the numbers, and return the exit code."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    try:
        test = load_images(MNIST, "test")
        before, after = networks()
        image = test.pixels[:1]
        write_atomically(FOLDER / "kernels.png", kernels(before, after))
        write_atomically(FOLDER / "channels.png", channels(after, Normalization()(image.float() / 255)))
        write_atomically(
            FOLDER / "receptive-field.png", receptive_fields(anatomy(after, torch.zeros(2, 1, 28, 28)), image[0, 0])
        )
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    maps = sizes(199)
    print(f"{len(maps) - 1} convolutions; the side of the map after each:")
    print(textwrap.fill(" ".join(map(str, maps)), 80))
    return 0


if __name__ == "__main__":
    sys.exit(main())
