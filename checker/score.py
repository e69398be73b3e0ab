"""The only place that knows the test set's labels: predictions in, counts out, and what was mistaken for what."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

NUMBERS = 10
# What stands for an image whose logits aren't all finite: no class.
NO_CLASS = -1


@dataclass(frozen=True)
class Counts:
    """How many test images are classified correctly, beside whatever number; and how many sums, over all pairs of an
    image and a number, where those were tried."""

    images: int
    sums: int | None = None


class Labels:
    """The labels of the test images, in their order."""

    def __init__(self, labels: Tensor) -> None:
        self._labels = labels.numpy()

    def __len__(self) -> int:
        return len(self._labels)

    def counts(self, digits: np.ndarray, sums: np.ndarray | None = None) -> Counts:
        """Return how many are right of the predicted digits (numbers×N) and sums (the same, for the numbers from 0
        on)."""
        images = int((digits == self._labels[: digits.shape[1]]).all(0).sum())
        return Counts(images, None if sums is None or len(sums) < NUMBERS else int(self._right_sums(sums).sum()))

    def mistakes(
        self, digits: np.ndarray, logits: np.ndarray, most: int
    ) -> tuple[int, list[tuple[int, int, int | None]]]:
        """Return how many of the predicted classes (N) are wrong, and (place, label, predicted) of the `most` that
        the logits (N×classes) are surest of; predicted is None where they aren't finite."""
        wrong = np.flatnonzero(digits != self._labels[: len(digits)])
        with np.errstate(all="ignore"):  # They may be as large as they like.
            ahead = logits[wrong].max(1) - logits[wrong, self._labels[wrong]]
        surest = wrong[np.argsort(-np.nan_to_num(ahead, nan=-np.inf, posinf=-np.inf), kind="stable")][:most]
        return len(wrong), [
            (int(place), int(self._labels[place]), None if digits[place] == NO_CLASS else int(digits[place]))
            for place in surest
        ]

    def accuracy(self, digits: np.ndarray) -> float:
        """Return the share of the first N images whose predicted class (N) is right."""
        return float((digits == self._labels[: len(digits)]).mean())

    def sum_accuracy(self, sums: np.ndarray) -> float:
        """Return the share of right sums (10×N) of the first N images with the numbers 0 to 9."""
        return float(self._right_sums(sums).mean())

    def _right_sums(self, sums: np.ndarray) -> np.ndarray:
        right: np.ndarray = sums == self._labels[: sums.shape[1]] + np.arange(len(sums))[:, None]
        return right
