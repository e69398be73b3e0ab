"""A warm process that checks one submission after another. A program: a Setup as JSON comes on stdin, then a line for
each submission; on stdout goes a line for each outcome. It ends when stdin does, whatever it is doing.

    python -m checker.batch.worker
"""

import json
import os
import queue
import shutil
import tempfile
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from checker.batch.entries import ARCHIVE, MOST_READ, NOTEBOOK
from checker.batch.setup import Setup
from checker.check import check_handed_in
from checker.copies import fingerprint
from checker.details import as_values
from checker.evidence import Evidence
from checker.intake.files import shown
from checker.means import Means
from checker.report.json import submission_as_json
from checker.sandbox import scratch
from checker.sandbox.run import warm
from checker.sandbox.tasks import Limits
from checker.verdict import CannotCheckError, FaultError, SubmissionResult
from common.errors import UserError

SECONDS_TO_CLEAN_UP = 5
_NAME = "submission"  # What every submission is called while it is checked: no verdict depends on its name.


def main() -> None:
    """Check what comes on stdin."""
    source = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # What anything prints is no answer.
    setup = Setup(**json.loads(source.readline()))
    place = tempfile.tempdir = tempfile.mkdtemp(prefix="checker-batch-")
    os.chmod(place, 0o711)  # What runs as nobody finds its own folder in it.
    observed: list[Evidence] = []
    means = Means(
        device=setup.device,
        data_dir=setup.data_dir,
        isolation=setup.isolation,
        limits=Limits(seconds=setup.recording),
        zygote=warm(setup.isolation),
        processes=1,
        observe=observed.append,
    )
    with means:
        means.tests(setup.asked.dataset)  # Forks, which a process with threads should not do.
        asked = _listen(source, place)
        while True:
            path = Path(asked.get())
            observed.clear()
            outcome = _outcome(setup, path, means, observed, place)
            answers.write(json.dumps(outcome) + "\n")
            answers.flush()


def _listen(source: TextIO, place: str) -> "queue.SimpleQueue[str]":
    """Return a queue of what comes on `source`. At its end nobody waits for the outcome any more, so this process ends,
    and with it all that it has started."""
    asked: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in source:
            asked.put(json.loads(line))
        end = time.monotonic() + SECONDS_TO_CLEAN_UP
        while os.path.exists(place) and time.monotonic() < end:  # What is being unpacked goes on meanwhile.
            scratch.remove(place)
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    return asked


def _outcome(setup: Setup, path: Path, means: Means, observed: list[Evidence], place: str) -> dict[str, Any]:
    """Return {"result": a submission's result as JSON, "details": those of each of its runs, "fingerprints": of those
    that were measured}; "fault", beside it or alone, says what went wrong in the checker itself, and "stop" why nothing
    can be checked.

    observed: takes the runs that means.observe hears of
    """
    os.chdir(place)
    try:
        result = _checked(setup, path, means)
        faults = [rule.verdict.message for run in result.runs for rule in run.rules if rule.verdict.fault]
        outcome = {
            "result": submission_as_json(replace(result, path="")),
            "details": [None if run.details is None else as_values(run.details) for run in result.runs],
            "fingerprints": [each.as_json() for run in observed if (each := fingerprint(run)) is not None],
        }
        return outcome | ({"fault": faults[0]} if faults else {})
    except UserError as error:  # The test images are missing: so they are for every submission.
        return {"stop": str(error)}
    except Exception as error:
        traceback.print_exc()
        return {"fault": shown(f"{type(error).__name__}: {error}", 300)}
    finally:
        os.chdir("/")
        for left in os.listdir(place):
            path = Path(place, left)
            path.unlink() if path.is_symlink() or path.is_file() else scratch.remove(str(path))


def _checked(setup: Setup, path: Path, means: Means) -> SubmissionResult:
    is_file = path.suffix.lower() in (ARCHIVE, NOTEBOOK) and path.is_file()
    handed_in = Path(_NAME + path.suffix.lower() * is_file)
    assignment = setup.asked
    try:
        if handed_in.suffix == NOTEBOOK:  # Alone, since weights beside it would be taken for its own.
            if path.stat().st_size > MOST_READ:
                raise CannotCheckError("The notebook is too large.", "Clear the outputs that hold pictures.")
            shutil.copyfile(path, handed_in, follow_symlinks=False)
        else:
            handed_in.symlink_to(path)
        return check_handed_in(
            assignment,
            handed_in,
            rules=list(setup.rules),
            means=means,
            tell=lambda doing: None,
            details=setup.details,
        )
    except FaultError:
        raise
    except CannotCheckError as error:
        problem = shown(f"{error.message} {error.help}", 1000)
        return SubmissionResult(assignment.id, assignment.title, "", (), problem, cohort=assignment.cohort)


if __name__ == "__main__":
    main()
