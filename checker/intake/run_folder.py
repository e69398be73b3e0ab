"""One run's folder: run.json, epochs.jsonl, and the weight files that the log names."""

import hashlib
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from checker.intake.files import MB, read_regular, read_text, shown, strict_json
from checker.submission import LAST_EPOCHS, LoggedEpoch, WeightFile
from checker.verdict import CannotCheckError

LOG = "epochs.jsonl"
MOST_RECORD, MOST_LOG, MOST_WEIGHTS = 4 * MB, 16 * MB, 256 * MB
# Of all runs of a submission together: they are held in memory.
MOST_WEIGHTS_IN_ALL = 2_000 * MB


def read_record(folder: Path) -> dict[str, Any] | CannotCheckError:
    """Return run.json."""
    path = folder / "run.json"
    try:
        record = strict_json(
            read_text(path, MOST_RECORD, "Train with our train.py, or write the file as the README describes it.")
        )
        if not isinstance(record, dict):
            raise CannotCheckError(f"{path.name} holds no JSON object.", "Train again, or mend the file.")
        return record
    except CannotCheckError as error:
        return error
    except (ValueError, RecursionError) as error:
        return CannotCheckError(f"{path.name} can't be read as JSON ({error}).", "Train again, or mend the file.")


def read_log(folder: Path, *, two_inputs: bool) -> tuple[LoggedEpoch, ...] | CannotCheckError:
    """Return epochs.jsonl; blank lines count for nothing."""
    path = folder / LOG
    try:
        text = read_text(path, MOST_LOG, "Train again: the log is written with the weights.")
        epochs = tuple(
            _epoch(number, line, two_inputs) for number, line in enumerate(text.splitlines(), start=1) if line.strip()
        )
        if not epochs:
            raise CannotCheckError(f"{path.name} is empty.", "Train again: the log is written with the weights.")
        return epochs
    except CannotCheckError as error:
        return error


def read_weights(
    folder: Path, log: tuple[LoggedEpoch, ...], most: int = MOST_WEIGHTS_IN_ALL
) -> dict[int, Future[WeightFile]]:
    """Return the safetensors files of the last epochs, as far as they have `most` bytes together; what is another
    format is pending."""
    weights: dict[int, Future[WeightFile]] = {}
    for place, epoch in enumerate(log[-LAST_EPOCHS:]):
        weights[place] = Future()
        try:
            if not epoch.file:
                raise CannotCheckError(
                    f"The log names no weights for epoch {epoch.epoch}.",
                    "Keep the weights of the last five epochs and name them in epochs.jsonl.",
                )
            if Path(epoch.file).name != epoch.file or epoch.file in (".", ".."):
                raise CannotCheckError(
                    f"The weights of epoch {epoch.epoch} lie outside the run's folder: {shown(epoch.file)}.",
                    "Put them beside epochs.jsonl.",
                )
            if Path(epoch.file).suffix not in (".safetensors", ".pt", ".pth"):
                raise CannotCheckError(
                    f"{shown(epoch.file)} is neither a .safetensors nor a .pt or .pth file.",
                    "Save the state dict with safetensors.torch.save_file.",
                )
            content = read_regular(
                folder / epoch.file,
                MOST_WEIGHTS,
                "Train again, or put the file back: the last five epochs' weights are the proof.",
            )
            most -= len(content)
            if most < 0:
                raise CannotCheckError(
                    f"The weights of all runs are larger than {MOST_WEIGHTS_IN_ALL / MB:,.0f} MB together.",
                    "Submit fewer runs, or smaller networks.",
                )
            if epoch.file.endswith(".safetensors"):
                weights[place].set_result(WeightFile(content, hashlib.sha256(content).hexdigest()))
        except CannotCheckError as error:
            weights[place].set_exception(error)
    return weights


def _epoch(number: int, line: str, two_inputs: bool) -> LoggedEpoch:
    try:
        values = strict_json(line)
        if not isinstance(values, dict) or not isinstance(values.get("weights") or {}, dict):
            raise TypeError("a line and its weights must be JSON objects")
        weights = values.get("weights") or {}
        for correct, total in (("test_correct", "test_total"), *[("sum_correct", "sum_total")] * two_inputs):
            if _count(values[correct]) > _count(values[total]):
                raise ValueError(f"{values[correct]:,} of {values[total]:,} are right")
        return LoggedEpoch(
            epoch=_count(values["epoch"]),
            train_total=_count(values["train_total"], least=1),
            test_correct=_count(values["test_correct"]),
            test_total=_count(values["test_total"]),
            sum_correct=_count(values["sum_correct"]) if two_inputs else None,
            sum_total=_count(values["sum_total"]) if two_inputs else None,
            file=_text(weights.get("file")),
            sha256=_text(weights.get("sha256")),
            **{key: _number(values.get(key)) for key in ("train_correct", "train_loss", "test_loss")},
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else shown(str(error))
        raise CannotCheckError(
            f"Line {number} of epochs.jsonl can't be read: {reason}.",
            "Each line is a JSON object as the README describes it; train again, or mend the line.",
        ) from error


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: object) -> float | None:
    """What only curves show refuses no log."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:  # NaN is not.
        return None
    return float(value)


def _count(value: object, least: int = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**53:
        raise ValueError(f"{value!r} is no count")
    return value
