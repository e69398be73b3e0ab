"""A log that says otherwise than its weights: the usual reasons are told apart."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from checker.check import check_folder
from checker.means import Means
from checker.verdict import Verdict
from common.data import Images
from tests import corpus
from tests.written_submission import read_log, write_log, write_weights

CASE = next(case for case in corpus.cases("honest") if case.folder.name == "base-05")


def verdict(
    folder: Path, monkeypatch: pytest.MonkeyPatch, images: Images, rule: str = "log_matches_weights"
) -> Verdict:
    monkeypatch.setattr("checker.test_set.load_images", lambda *given: images)
    result = check_folder(
        CASE.assignment,
        folder,
        own=False,
        only_run=None,
        rules=[rule],
        means=Means(),
        tell=lambda doing: None,
    )
    return result.runs[0].rules[0].verdict


def another_normalization(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    record["normalization"] = {"mean": [0.1307], "std": [0.1]}
    (run / "run.json").write_text(json.dumps(record))


def statistics_of_nothing(run: Path) -> None:
    lines = read_log(run)
    for line in lines[-5:]:
        tensors = load_file(run / line["weights"]["file"])
        for name in tensors:
            if name.endswith("running_mean"):
                tensors[name] = tensors[name] - 3
        line["weights"] = write_weights(run / line["weights"]["file"], tensors)
    write_log(run, lines)


def transposed(images: Images) -> Images:
    return Images(images.pixels.transpose(2, 3).contiguous(), images.labels)


@pytest.mark.parametrize(
    ("change", "see", "words"),
    [
        (another_normalization, None, "a mean and a deviation of 0.5. Write it into run.json"),
        (statistics_of_nothing, None, "a network in training mode. Call network.eval()"),
        (None, transposed, "transposed images"),
    ],
)
def test_a_reason_is_named(
    change: Callable[[Path], None] | None,
    see: Callable[[Images], Images] | None,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(corpus, "STD", 0.5)
    run = corpus.write(CASE, tmp_path)
    images = corpus.images("MNIST")
    if change is not None:
        change(run)
    found = verdict(tmp_path, monkeypatch, see(images) if see else images)
    assert found.passed is False and words in found.help


def test_weights_of_another_epoch_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = corpus.write(CASE, tmp_path)
    lines = read_log(run)
    tensors = load_file(run / lines[-1]["weights"]["file"])
    for name in tensors:
        if "classify" in name:
            tensors[name] = torch.zeros_like(tensors[name])
    lines[-1]["weights"] = write_weights(run / lines[-1]["weights"]["file"], tensors)
    write_log(run, lines)
    help = verdict(tmp_path, monkeypatch, corpus.images("MNIST")).help
    assert "is that of the weights of epoch" in help


def test_what_no_usual_reason_explains_is_told_in_general(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = corpus.write(CASE, tmp_path)
    lines = read_log(run)
    for line in lines:
        line["test_correct"] = 123
    write_log(run, lines)
    found = verdict(tmp_path, monkeypatch, corpus.images("MNIST"))
    assert found.passed is False and found.help.startswith("Log what is saved")


def test_epochs_that_fall_short_are_named_with_their_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = corpus.write(CASE, tmp_path)
    lines = read_log(run)
    tensors = load_file(run / lines[-2]["weights"]["file"])
    for name in tensors:
        if "classify" in name:
            tensors[name] = torch.rand_like(tensors[name])
    lines[-2]["weights"] = write_weights(run / lines[-2]["weights"]["file"], tensors)
    write_log(run, lines)
    found = verdict(tmp_path, monkeypatch, corpus.images("MNIST"), "sustained_accuracy")
    assert found.passed is False
    assert (
        "497 of 500 images are needed; short are epoch 14 by" in found.help and "see log_matches_weights" in found.help
    )
