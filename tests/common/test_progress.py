"""What a person sees: numbers that are whole on a narrow terminal too."""

import io
import re

import pytest
from rich.console import Console

from common import progress
from common.epoch import Epoch
from common.progress import TrainingProgress

EPOCH = Epoch(
    epoch=3,
    lr=0.00321,
    train_loss=0.0456,
    train_correct=59_000,
    train_total=60_000,
    test_loss=0.0211,
    test_correct=9_951,
    test_total=10_000,
    seconds=6.0,
    images_per_second=10_114.0,
    also={"sum_correct": 99_630, "sum_total": 100_000},
)


def shown(width: int, also: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, epochs: int = 15) -> str:
    written = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(
        progress, "console", lambda: Console(file=written, width=width, force_terminal=True, color_system=None)
    )
    with TrainingProgress("session05 under-8k", epochs, 60_000, also) as told:
        told.add(EPOCH)
    written.seek(0)
    return re.sub(r"\x1b\[[0-9?;]*[a-zA-Z]", "", written.read())


@pytest.mark.parametrize("also", [(), ("sum",)])
@pytest.mark.parametrize("width", [40, 45, 60, 80, 120])
def test_a_terminal_of_any_width_shows_whole_numbers(
    width: int, also: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown(width, also, monkeypatch)
    assert "…" not in text and max(map(len, text.splitlines())) <= width
    for number in ("99.51", "98.33", *(("99.63",) if also else ())):
        assert number in text
    assert ("0.00321" in text and "10,114" in text) == (width >= 80)


def test_forty_columns_keep_accuracies_and_test_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(40, (), monkeypatch)
    assert "0.0211" in text and "0.00321" not in text and "loss 0.0456" in text


def test_forty_columns_are_enough_for_a_hundred_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(40, (), monkeypatch, epochs=100)
    assert "epoch 3/100" in text and "loss 0.0456" in text and "…" not in text
