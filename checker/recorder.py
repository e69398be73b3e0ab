"""A recorder for any training loop: it leaves a run that the checker accepts as it is.

    recorder = Recorder("my-session/runs/mine", network, mean=(0.1307,), std=(0.3081,), assignment="session05")
    for epoch in range(15):
        ...  # train and test
        recorder.epoch(train_total=60_000, test_correct=correct)

The network is recorded as data at once, so that the checker later runs no code of yours:
`python -m checker session05 --path my-session`.
"""

import copy
import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import nn

from checker.assignments import ASSIGNMENTS
from checker.intake.files import shown
from checker.submission import INITIAL
from common.anatomy import FIXED_BATCH
from common.anatomy.network import parameter_count
from common.anatomy.record import NotRecordableError, record, unwrapped
from common.data import DATASETS, Normalization
from common.errors import RunError
from common.run_writer import CONSTANTS, PROGRAM, RunWriter

_OWN_FILES = ("run.json", "epochs.jsonl", INITIAL, PROGRAM, CONSTANTS)


class Recorder:
    """Writes a run's folder: the network when it is made, then each epoch with its weights, of which it keeps the last
    five. Every file is whole or absent, so that an interrupted kernel loses no epoch that was recorded."""

    def __init__(
        self,
        folder: str | Path,
        network: nn.Module,
        *,
        mean: Iterable[float],
        std: Iterable[float],
        assignment: str,
        recipe: Mapping[str, object] | None = None,
        augmentation: object = None,
        resume: bool = False,
        replace: bool = False,
    ) -> None:
        """Record `network` into `folder`, SESSION/runs/NAME, and say at once which rules of the assignment it breaks.

        mean, std: of the normalisation that its images have, a number per channel, of pixels from 0 to 1
        recipe: what else run.json shall tell, such as {"epochs": 15, "l1": 1e-5}
        augmentation: the albumentations pipeline of the training images, where the assignment asks for one
        resume: go on with the run that is in the folder; replace: drop that run
        Raises RunError where the network can't be recorded, an argument is of no use, or another run is in the way.
        """
        if assignment not in ASSIGNMENTS:
            raise RunError(f"There is no assignment {assignment!r}; the assignments are {', '.join(ASSIGNMENTS)}.")
        self.folder, self._assignment = Path(folder).resolve(), ASSIGNMENTS[assignment]
        self._dataset = DATASETS[self._assignment.dataset]
        if self.folder.parent.name != "runs":
            raise RunError(f"{folder} is no run's folder; name it SESSION/runs/NAME, such as my-session/runs/mine.")
        self._network = unwrapped(network)
        self._writer = RunWriter(
            self.folder,
            self._description(mean, std, recipe, augmentation),
            "free some space or record into another folder",
        )
        self._take_up(resume, replace)
        self._record()
        self._warn()

    def epoch(
        self,
        *,
        train_total: int,
        test_correct: int,
        test_total: int = 10_000,
        train_correct: int | None = None,
        train_loss: float | None = None,
        test_loss: float | None = None,
        **others: int | float,
    ) -> None:
        """Write the epoch that has just ended, with the network's weights as they are now.

        train_total: how many images it was trained on; test_correct, test_total: of the test set; others: further
        numbers of the log, such as sum_correct and sum_total
        Raises FileError where it can't be written.
        """
        counts = {"train_total": train_total, "test_correct": test_correct, "test_total": test_total}
        numbers = {
            "train_correct": train_correct,
            "train_loss": train_loss,
            "test_loss": test_loss,
            **others,
        }
        line: dict[str, Any] = {"epoch": len(self._writer.log) + 1}
        line |= {key: int(value) for key, value in counts.items()}
        line |= {key: _number(value) for key, value in numbers.items() if value is not None}
        self._writer.add_epoch(line, self._network.state_dict())
        (self.folder / INITIAL).unlink(missing_ok=True)

    def _description(
        self, mean: Iterable[float], std: Iterable[float], recipe: Mapping[str, object] | None, augmentation: Any
    ) -> dict[str, Any]:
        means, stds = [float(each) for each in mean], [float(each) for each in std]
        try:
            Normalization.from_json({"mean": means, "std": stds})
        except ValueError as error:
            raise RunError(
                f"mean and std are of no use ({error}); give a number per channel, as in (0.1307,)."
            ) from error
        if len(means) != self._dataset.shape[0]:
            raise RunError(
                f"mean has {len(means)} numbers, and the images of {self._dataset.name} have {self._dataset.shape[0]} "
                "channels; give a number per channel."
            )
        return {
            "session": self._assignment.id,
            "run": self.folder.name,
            "recipe": dict(recipe or {}),
            "normalization": {"mean": means, "std": stds},
            "parameters": parameter_count(self._network),
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            **({} if augmentation is None else {"augmentation": augmentation.to_dict()}),
        }

    def _take_up(self, resume: bool, replace: bool) -> None:
        """Make the folder, or go on in it."""
        log = self.folder / "epochs.jsonl"
        if log.exists():
            epochs = log.read_text().splitlines()
            if resume:
                self._writer.log = [json.loads(line) for line in epochs]
            elif not replace:
                raise RunError(
                    f"{self.folder} holds {len(epochs)} epochs of a run; go on with it with resume=True, drop it with "
                    "replace=True, or record into another folder."
                )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(
                f"{self.folder} could not be created ({error.strerror}); record into another one."
            ) from error
        if replace and not resume:
            for path in [*(self.folder / name for name in _OWN_FILES), *self.folder.glob("epoch-*.safetensors")]:
                path.unlink(missing_ok=True)

    def _record(self) -> None:
        """Write the network as data, from a copy, so that the one that is trained stays as it is."""
        network = copy.deepcopy(self._network).cpu()
        try:
            program = record(network, self._assignment.inputs, FIXED_BATCH)
        except NotRecordableError as error:
            raise RunError(f"{error.message} {error.help}") from error
        self._writer.write_description()
        self._writer.write_program(program)
        if not self._writer.log:
            self._writer.write_weights(INITIAL, self._network.state_dict())

    def _warn(self) -> None:
        """Check what can be checked before training, as the checker does, and print which rules are broken."""
        if self._writer.log:
            return
        command = [sys.executable, "-m", "checker", self._assignment.id, "--format", "json"]
        command += ["--path", str(self.folder.parent.parent), "--run", self.folder.name]
        finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        try:
            (run,) = json.loads(finished.stdout)["submissions"][0]["runs"]
        except (ValueError, KeyError, IndexError):
            reason = (finished.stderr.strip().splitlines() or ["it ended without a word"])[-1]
            print(f"The network is recorded; it could not be checked yet: {shown(reason, 500)}")
            return
        broken = [rule for rule in run["rules"] if rule["passed"] is False]
        for rule in broken:
            print(f"✗ {rule['id']}: {rule['message']}; required {rule['required']}. {rule['help'] or ''}".rstrip())
        if not broken:
            print(
                f"The network is recorded, {self._writer.description['parameters']:,} parameters; no rule of "
                f"{self._assignment.id} is broken so far."
            )


def _number(value: float | torch.Tensor) -> int | float:
    """Return a number as JSON knows it; a tensor of one number is one."""
    value = value.item() if isinstance(value, torch.Tensor) else value
    return value if isinstance(value, int) else float(value)
