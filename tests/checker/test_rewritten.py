"""Runs that are rewritten while they are checked: what is judged is what was read, once, whatever the folder holds by
then."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from checker.__main__ import main
from checker.intake import folder as intake
from checker.sandbox.run import Sandbox
from checker.submission import Submission
from checker.verdict import CannotCheckError
from tests.written_submission import read_log, write_log, write_submission

pytestmark = pytest.mark.for_real


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_submission(tmp_path / "mine")


def read(run: Path) -> Submission:
    return intake.read_folder(
        run.parents[1], [run.name], [(1, 28, 28)], networks=True, augmentation=False, sandbox=Sandbox()
    )


def as_checkpoints(run: Path) -> None:
    """Make a .pt file of each weight file."""
    lines = read_log(run)
    for line in lines[-5:]:
        tensors = load((run / line["weights"]["file"]).read_bytes())
        (run / line["weights"]["file"]).unlink()
        file = run / f"{line['epoch']}.pt"
        torch.save(tensors, file)
        line["weights"] = {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    write_log(run, lines)


@pytest.mark.parametrize("checkpoints", [False, True])
def test_what_was_read_stays_what_it_was(run: Path, checkpoints: bool) -> None:
    if checkpoints:
        as_checkpoints(run)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    submission = read(run)
    shutil.rmtree(run.parents[1])
    try:
        read_run = submission.runs[run.name]
        assert len(read_run.log) == 15 and read_run.program.result().parameter_count
        for place, epoch in enumerate(read_run.log[-5:]):
            weights = read_run.weights[place].result()
            assert weights.sha256 == epoch.sha256 == hashlib.sha256(before[epoch.file]).hexdigest()
            assert load(weights.content).keys() == {
                "tiles.weight",
                "norm.weight",
                "norm.bias",
                "norm.running_mean",
                "norm.running_var",
                "norm.num_batches_tracked",
                "classify.weight",
                "classify.bias",
            }
    finally:
        submission.close()


def test_the_digest_of_a_checkpoint_is_that_of_the_bytes_that_were_converted(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_checkpoints(run)
    file = run / "15.pt"
    other = {name: torch.zeros_like(tensor) for name, tensor in torch.load(file).items()}
    start = intake.start

    def rewrite_and_start(*arguments: object, **options: object) -> object:
        torch.save(other, file)
        return start(*arguments, **options)

    monkeypatch.setattr(intake, "start", rewrite_and_start)
    submission = read(run)
    shutil.copy(run / "14.pt", file)
    try:
        weights = submission.runs[run.name].weights[4].result()
        torch.save(other, file)
        assert weights.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        assert not any(tensor.any() for tensor in load(weights.content).values())
    finally:
        submission.close()


def test_a_checkpoint_that_goes_while_it_is_read_can_not_be_checked(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_checkpoints(run)
    start = intake.start

    def remove_and_start(*arguments: object, **options: object) -> object:
        (run / "15.pt").unlink()
        return start(*arguments, **options)

    monkeypatch.setattr(intake, "start", remove_and_start)
    submission = read(run)
    try:
        with pytest.raises(CannotCheckError, match=r"15\.pt"):
            submission.runs[run.name].weights[4].result()
    finally:
        submission.close()


REWRITE = """
import sys
from pathlib import Path
files = [path for path in Path(sys.argv[1]).iterdir() if path.suffix != ".py"]
contents = {path: path.read_bytes() for path in files}
while True:
    for path in files:
        path.write_bytes(contents[path].replace(b"10000", b"8000"))
        path.write_bytes(contents[path][::-1])
        path.write_bytes(contents[path])
"""


def test_files_that_never_rest_get_a_verdict(
    run: Path, generated_data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("checker.test_set.verify", lambda *images: None)
    with subprocess.Popen([sys.executable, "-c", REWRITE, str(run)]) as writer:
        try:
            for _ in range(3):
                code = main(
                    ["session05", "--data-dir", str(generated_data), "--path", str(run.parents[1]), "--format", "json"]
                )
                (submission,) = json.loads(capsys.readouterr().out)["submissions"]
                assert code == {True: 0, False: 1, None: 2}[submission["passed"]]
        finally:
            writer.kill()
