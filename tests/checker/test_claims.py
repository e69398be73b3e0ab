"""What a notebook prints may break a rule, and proves none kept."""

from types import SimpleNamespace

import pytest

from checker.notebook.accuracies import Accuracy
from checker.notebook.epochs import Epoch
from checker.rules.claims import sustained_accuracy
from checker.verdict import CannotCheckError


def printed(of_training: int | None) -> SimpleNamespace:
    """A notebook that prints five good epochs, each trained on so many images."""
    test = Accuracy(percent=90.0, correct=9_000, total=10_000, decimals=2)
    train = None if of_training is None else Accuracy(percent=90.0, correct=None, total=of_training, decimals=2)
    epochs = [Epoch(number, test, train, cell=3) for number in range(1, 6)]
    return SimpleNamespace(printed_epochs=epochs, test_total=10_000)


@pytest.mark.parametrize("total", [5_000, 500_000])
def test_epochs_that_are_no_pass_over_the_training_set(total: int) -> None:
    verdict = sustained_accuracy(printed(total), threshold=85.0, images=50_000)
    assert verdict.passed is False and f"{total:,} training images" in verdict.message


@pytest.mark.parametrize("total", [None, 50_000, 49_920])
def test_epochs_that_would_do_prove_nothing(total: int | None) -> None:
    with pytest.raises(CannotCheckError, match="proves nothing"):
        sustained_accuracy(printed(total), threshold=85.0, images=50_000)
