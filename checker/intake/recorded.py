"""A network that was recorded where it was trained: program.json and its constants, in the run's own folder. Nothing of
such a submission is executed but registered operators."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from checker.intake.files import MB, read_regular, read_text, shown, strict_json
from checker.sandbox.tasks import Answer
from checker.verdict import CannotCheckError
from common.anatomy import FIXED_BATCH

if TYPE_CHECKING:
    from common.anatomy.program import Program

PROGRAM, CONSTANTS = "program.json", "program.safetensors"
MOST_PROGRAM, MOST_CONSTANTS = 8 * MB, 256 * MB
_AGAIN = "Record the network again, with checker.recorder or our train.py."


def read_program(folder: Path, inputs: Sequence[tuple[int, ...]]) -> "Future[Program]":
    """Return the network that was recorded into a run's folder; its files are read at once, and understood by a thread,
    since that imports PyTorch."""
    found: Future[Program] = Future()
    try:
        value = strict_json(read_text(folder / PROGRAM, MOST_PROGRAM, _AGAIN))
        constants = read_regular(folder / CONSTANTS, MOST_CONSTANTS, _AGAIN)
    except CannotCheckError as error:
        found.set_exception(error)
    except (ValueError, RecursionError) as error:
        found.set_exception(CannotCheckError(f"{PROGRAM} can't be read as JSON ({shown(str(error))}).", _AGAIN))
    else:

        def understand() -> None:
            try:
                found.set_result(program_for(inputs)(Answer(value, constants)))
            except Exception as error:
                found.set_exception(error)

        threading.Thread(target=understand, daemon=True).start()
    return found


def program_for(inputs: Sequence[tuple[int, ...]]) -> "Callable[[Answer], Program]":
    """Return what reads a recorded network, and sees that it takes what it will be given."""

    def program(answer: Answer) -> "Program":
        from checker.intake.tensors import refuse_strange
        from common.anatomy.program import ProgramError, from_values

        help = "Submit a network whose forward pass torch.export can record."
        try:
            refuse_strange(answer.blob)
            found = from_values(answer.value, answer.blob)
        except ProgramError as error:
            raise CannotCheckError(str(error), help) from error
        except ValueError as error:
            raise CannotCheckError(
                f"The constants of the recorded network can't be read ({shown(str(error))}).", help
            ) from error
        if [given.shape for given in found.inputs] != list(map(tuple, inputs)) or found.batch not in (
            None,
            FIXED_BATCH,
        ):
            raise CannotCheckError("The recorded network takes other inputs than it was recorded with.", help)
        return found

    return program
