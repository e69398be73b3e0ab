"""The folder that a run leaves behind: complete or absent, and resumable while it is being written.

A run is written in runs/.NAME, a hidden folder beside the place where it belongs, and takes that place once it is
complete. Every file is written beside its name and renamed into place, the checkpoint last, so that whatever moment a
run is killed at, the checkpoint and the log's lines up to its epoch belong together. One process writes it at a time.
"""

import contextlib
import fcntl
import io
import json
import shutil
from pathlib import Path

import torch
from torch import nn

from common.epoch import Epoch
from common.errors import RunError, UserError
from common.run_writer import RunWriter

# What the numbers of a run follow from: with another of these, a resumed run would end otherwise than it began. The
# number of threads belongs here too, but it follows from what else the machine does, and changes no more than how sums
# are rounded.
_DECIDING = ("recipe", "augmentation", "dataset", "model_sha256", "device", "precision", "processes", "versions")


def refuse_where_written(path: Path) -> None:
    """Raise RunError where another process is writing the unfinished run in the folder `path`."""
    with contextlib.suppress(OSError), open(path / "lock", "r+") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _written(path) from error


def _written(path: Path) -> RunError:
    return RunError(f"Another process is training the run in {path}; let it finish, or end it and go on with --resume.")


class RunFolder(RunWriter):
    """A run of our training loop that is being written."""

    def __init__(self, runs: Path, name: str, description: dict) -> None:
        """Describe the run `name` under the folder `runs`; `start` or `resume` touches the disk.

        `description` is what run.json will hold, less `seconds`: recipe, versions, digests.
        """
        super().__init__(
            runs / f".{name}",
            description,
            "free some space or choose another folder with --out, then go on with --resume",
        )
        self.final = runs / name
        self.warning: str | None = None

    def start(self) -> None:
        """Begin an empty run. Raises RunError where an unfinished one is in the way, or one that another process is
        writing."""
        try:
            self.path.mkdir(parents=True)
        except FileExistsError as error:
            self._claim()
            self._lock.close()
            raise RunError(
                f"There is an unfinished run in {self.path}; continue it with --resume, "
                f"or delete that folder to start again."
            ) from error
        except OSError as error:
            raise RunError(
                f"{self.path} could not be created ({error.strerror}); choose another folder with --out."
            ) from error
        self._claim()
        self.write_description()

    def resume(self) -> dict | None:
        """Take up an unfinished run: return its last checkpoint, or None where no epoch was finished.

        Where it goes on with another number of threads, `warning` then says so, and run.json from which epoch. Raises
        RunError where there is no such run, another process is writing it, it is damaged, or what its numbers follow
        from has changed.
        """
        if not self.path.is_dir():
            raise RunError(f"There is no unfinished run in {self.path}; leave out --resume to start one.")
        self._claim()
        try:
            # A tuple in a recipe is a list in JSON.
            mine = json.loads(json.dumps(self.description))
            # Absent only where the run was killed before it had written anything.
            written = self.path / "run.json"
            earlier = json.loads(written.read_text()) if written.exists() else mine
            changed = [key for key in _DECIDING if earlier.get(key) != mine.get(key)]
            if changed:
                raise RunError(
                    f"The unfinished run in {self.path} has another {' and '.join(changed)}; "
                    f"delete that folder to start again."
                )
            self.description["started"] = earlier["started"]
            if not (self.path / "last.pt").exists():
                self.write_description()
                return None
            checkpoint = torch.load(self.path / "last.pt", map_location="cpu", weights_only=True)
            lines = (self.path / "epochs.jsonl").read_text().splitlines()
            # A line more than the checkpoint knows belongs to an epoch that will be trained again.
            self.log = [json.loads(line) for line in lines[: checkpoint["epoch"]]]
            if len(self.log) != checkpoint["epoch"]:
                raise ValueError("the log is shorter than the checkpoint is old")
            self._compare_threads(earlier, checkpoint["epoch"])
            self.write_description()
        except UserError:
            raise
        except Exception as error:  # Whatever a damaged file makes a parser raise.
            raise RunError(
                f"The unfinished run in {self.path} is damaged ({type(error).__name__}); "
                f"delete that folder to start again."
            ) from error
        return checkpoint

    def add(self, epoch: Epoch, network: nn.Module, state: dict) -> None:
        """Write one epoch: its weights, its line in the log, and last the checkpoint."""
        self.add_epoch(epoch.as_line(), network.state_dict())
        self._write_checkpoint({"epoch": epoch.epoch, **state})

    def finish(self) -> Path:
        """Give the complete run its place, where an older one makes room, and return that."""
        self.description["seconds"] = round(sum(line["seconds"] for line in self.log), 1)
        self.write_description()
        older = self.final.with_name(f".{self.final.name}.older")
        shutil.rmtree(older, ignore_errors=True)
        if self.final.exists():
            self.final.rename(older)
        self.path.rename(self.final)
        self._lock.close()
        # Only now: a run that is killed before it has its place still needs its checkpoint.
        for name in ("last.pt", "lock"):
            (self.final / name).unlink(missing_ok=True)
        shutil.rmtree(older, ignore_errors=True)
        return self.final

    def _compare_threads(self, earlier: dict, epochs: int) -> None:
        """Take over the numbers of threads of the `epochs` that are trained; `warning` says where the next has another
        one."""
        by_epoch = {
            epoch: threads
            for epoch, threads in earlier.get("threads_from_epoch", {"1": earlier["threads"]}).items()
            if int(epoch) <= epochs
        }
        before, now = list(by_epoch.values())[-1], self.description["threads"]
        if now != before:
            by_epoch = by_epoch | {str(epochs + 1): now}
            self.warning = (
                f"The run goes on with {now} {'thread' if now == 1 else 'threads'}, not {before}: it will end with "
                f"other roundings than an uninterrupted one (OMP_NUM_THREADS={before} gives the same)."
            )
        self.description["threads"] = by_epoch["1"]
        if len(by_epoch) > 1:
            self.description["threads_from_epoch"] = by_epoch

    def _claim(self) -> None:
        """Keep other processes out of the run until this one ends, in whatever way. Raises RunError."""
        try:
            self._lock = open(self.path / "lock", "a")
            # Not flock: the workers that load data would inherit it, and outlive a killed run by seconds.
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _written(self.path) from error
        except OSError as error:
            raise RunError(
                f"{self.path / 'lock'} could not be locked ({error.strerror}); choose another folder with --out."
            ) from error

    def _write_checkpoint(self, state: dict) -> None:
        buffer = io.BytesIO()
        torch.save(state, buffer)
        self.write("last.pt", buffer.getvalue())
