"""An exported network does what the recorded one does, or is not written."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from checker import export
from checker.__main__ import main
from checker.score import Counts
from checker.verdict import CannotCheckError
from common.anatomy.record import record
from tests.written_submission import COUNT, write_submission

IMAGE = (1, 8, 8)


def written(data: Path, folder: Path, *more: str) -> int:
    where = ["--path", str(folder), "--output", str(folder / "net.onnx"), "--data-dir", str(data)]
    return main(["export", "session05/mine", *where, *more])


def test_the_file_counts_as_the_checker_does(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    write_submission(tmp_path)
    assert written(generated_data, tmp_path) == 0
    assert capsys.readouterr().out == (
        f"{tmp_path}/net.onnx: {COUNT:,} test images classified correctly, as recorded\n"
    )
    network = onnxruntime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    for count in (1, 7):  # It takes any number of images.
        (logits,) = network.run(["logits"], {network.get_inputs()[0].name: np.zeros((count, 1, 28, 28), np.float32)})
        assert logits.shape == (count, 10)


def test_a_file_that_counts_otherwise_is_not_written(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    write_submission(tmp_path)
    monkeypatch.setattr(export, "_counts", lambda *of: Counts(COUNT - 1))
    assert written(generated_data, tmp_path) == 2 and not (tmp_path / "net.onnx").exists()
    assert f"classifies {COUNT - 1} images correctly, the recorded one {COUNT:,}" in capsys.readouterr().err


def test_a_missing_package_is_one_sentence(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_submission(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert written(generated_data, tmp_path) == 2
    assert capsys.readouterr().err == (
        "An export to ONNX needs onnx and onnxruntime and onnxscript. Install it: pip install onnx onnxruntime "
        "onnxscript.\n"
    )


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ("session05", "is no SESSION/RUN"),
        ("session99/mine", "is no SESSION/RUN"),
        ("session05/other", "There is no run 'other'"),
    ],
)
def test_what_is_no_run_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, run: str, sentence: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    write_submission(tmp_path)
    assert main(["export", run, "--path", str(tmp_path), "--output", str(tmp_path / "net.onnx")]) == 2
    assert sentence in capsys.readouterr().err


class Sums(nn.Module):
    """Two inputs and two outputs, for as many images as it was recorded with where it looks at their number."""

    def __init__(self, fixed: bool) -> None:
        super().__init__()
        self.fixed, self.linear = fixed, nn.Linear(64, 10)

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        digit = self.linear(images.flatten(1) + (torch.ones(50, 1) if self.fixed else 0))
        return digit, digit + numbers


@pytest.mark.parametrize("fixed", [False, True])
def test_two_inputs_and_a_fixed_number_of_images(fixed: bool) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    network = Sums(fixed)
    program = record(network, [IMAGE, (10,)], 50)
    content = export.as_onnx(program, dict(network.state_dict()))
    exported = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    given = torch.randn(50, *IMAGE), torch.eye(10)[torch.arange(50) % 10]
    names = [each.name for each in exported.get_inputs()]
    found = exported.run(["digit", "sum"], {name: each.numpy() for name, each in zip(names, given, strict=True)})
    for one, other in zip(found, network(*given), strict=True):
        torch.testing.assert_close(torch.as_tensor(one), other, rtol=1e-4, atol=1e-5)
    assert exported.get_inputs()[0].shape[0] == (50 if fixed else "batch")


class Greatest(nn.Module):
    """The greatest number so far, which ONNX has no operator for."""

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1).cummax(1)[0][:, :10]


def test_an_operator_without_a_counterpart_is_named() -> None:
    pytest.importorskip("onnxscript")
    with pytest.raises(CannotCheckError, match=r"can't be written as ONNX: it has no counterpart of aten\.cummax"):
        export.as_onnx(record(Greatest(), [IMAGE], 50), {})
