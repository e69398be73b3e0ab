"""Draw session 3's picture from its committed run: examples with both predictions, and the addition table it learned.

python session03/figures.py
"""

import argparse
import sys

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from train import NUMBERS, SESSION

from common.data import MNIST, Images, load_images
from common.errors import UserError
from common.figures import png
from common.files import write_atomically
from common.finished_run import trained

SHOWN = 10
RIGHT, WRONG = "#0072b2", "#d55e00"


def predict(network: nn.Module, images: Images, numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Return the predicted digits and sums (int64 N) for images and the numbers (int64 N) beside them."""
    network.eval()
    inputs = SESSION.recipes["digit-sum"].normalization(images.pixels.float() / 255)
    with torch.no_grad():
        digits, sums = network(inputs, F.one_hot(numbers, NUMBERS).float())
    return digits.argmax(1), sums.argmax(1)


def draw(network: nn.Module, test: Images) -> bytes:
    """Return a PNG: test images with a random number each, wrong ones in the second row, and the learned table."""
    from matplotlib.figure import Figure

    numbers = torch.randint(NUMBERS, (len(test),), generator=torch.Generator().manual_seed(0))
    digits, sums = predict(network, test, numbers)
    wrong = ((digits != test.labels) | (sums != test.labels + numbers)).nonzero().flatten()[:SHOWN].tolist()
    figure = Figure(figsize=(13, 8.5), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1.15))
    above.suptitle("The first test images, and the first that digit-sum misclassifies, each beside a random number")
    grid = above.subplots(2, SHOWN)
    for row, indices in zip(grid, (range(SHOWN), wrong), strict=True):
        for axes in row:
            axes.axis("off")
        for axes, index in zip(row, indices, strict=False):
            digit, number, read, added = (int(each[index]) for each in (test.labels, numbers, digits, sums))
            axes.imshow(test.pixels[index, 0].numpy(), cmap="gray")
            axes.set_title(
                f"predicted {read} + {number} = {added}\ntrue {digit} + {number} = {digit + number}",
                fontsize=8,
                color=RIGHT if (read, added) == (digit, digit + number) else WRONG,
            )
    table = network.sum.weight.detach().view(19, 10, NUMBERS).argmax(0)
    axes = below.subplots(1, 1)
    axes.imshow(table.numpy(), cmap="viridis")
    for digit in range(10):
        for number in range(NUMBERS):
            axes.text(
                number,
                digit,
                int(table[digit, number]),
                ha="center",
                va="center",
                color="white" if table[digit, number] < 12 else "black",
            )
    axes.set(
        xlabel="number",
        ylabel="digit",
        xticks=range(NUMBERS),
        yticks=range(10),
        title="The addition table it learned: the sum with the largest weight for each pair",
    )
    return png(figure)


def main() -> int:
    """Draw the picture and return the exit code."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    try:
        network, _ = trained(SESSION, "digit-sum")
        write_atomically(SESSION.folder / "examples.png", draw(network, load_images(MNIST, "test")))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
