"""Train session 3's network on MNIST and random numbers: the digit, and the digit plus the number.

    python session03/train.py            digit-sum
    python session03/train.py --resume   go on after Ctrl-C, a crash or a power cut

The run leaves a folder session03/runs/digit-sum, which `python -m checker session03` measures again.
"""

import sys
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    from common.interrupt import end_at_once

    end_at_once()  # At Ctrl-C; to import torch takes seconds.

import torch
import torch.nn.functional as F
from model import build
from torch import Tensor, nn

from common.augment import DIGITS
from common.batches import in_order
from common.command_line import main
from common.data import Images, Normalization
from common.recipe import ONE_CYCLE
from common.session import Session
from common.task import Evaluation, evaluating

NUMBERS = 10


class DigitSum:
    """Image and one-hot number in, logits of the digit and of the sum out; the two cross-entropies are added.

    In training each image meets a random number, another one each epoch. Evaluation is over all ten numbers for every
    image, so that no draw decides; a digit is right where it is right beside each of them.
    """

    also = ("sum",)

    def input_shapes(self, image: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        return image, (NUMBERS,)

    def draw(self, images: Tensor, labels: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        numbers = torch.randint(NUMBERS, labels.shape, device=labels.device)
        return (images, F.one_hot(numbers, NUMBERS).float()), torch.stack([labels, labels + numbers], 1)

    def loss(self, outputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
        return sum(F.cross_entropy(logits.float(), target) for logits, target in zip(outputs, targets.T, strict=True))

    def right(self, outputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
        return outputs[0].argmax(1) == targets[:, 0]

    def evaluate(self, network: nn.Module, images: Images, normalization: Normalization) -> Evaluation:
        loss, sums, predictions, right = 0.0, 0, [], []
        with evaluating(network):
            for inputs, labels in in_order(images, normalization):
                always = torch.ones_like(labels, dtype=torch.bool)
                for number in range(NUMBERS):
                    numbers = F.one_hot(torch.full_like(labels, number), NUMBERS).float()
                    outputs = network(inputs, numbers)
                    targets = torch.stack([labels, labels + number], 1)
                    loss += self.loss(outputs, targets).item() * len(labels) / NUMBERS
                    always &= self.right(outputs, targets)
                    sums += int((outputs[1].argmax(1) == targets[:, 1]).sum())
                predictions.append(outputs[0].argmax(1))
                right.append(always)
        return Evaluation(
            loss / len(images),
            torch.cat(predictions),
            torch.cat(right),
            also={"sum_correct": sums, "sum_total": NUMBERS * len(images)},
        )


RECIPES = {
    "digit-sum": replace(ONE_CYCLE, augmentations=DIGITS),
}

SESSION = Session(
    folder=Path(__file__).resolve().parent,
    build=build,
    recipes=RECIPES,
    main="digit-sum",
    threshold=99.4,
    task=DigitSum(),
)

if __name__ == "__main__":
    sys.exit(main(SESSION, __doc__))
