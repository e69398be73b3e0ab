"""The command line's grammar, and what it says of a word that it doesn't know."""

import argparse
import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from checker.assignments import ASSIGNMENTS
from checker.cohorts import COHORTS

SECONDS = 600  # For one submission of a class: its networks take a few, a hostile one as many as it may.
_WRONG = re.compile(r"(?:invalid choice: '|unrecognized arguments: )([^\s'=]+)")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean X?" for the known word that is most like `word`, "" where none is."""
    found = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {found[0]}?" if found else ""


class Parser(argparse.ArgumentParser):
    """A parser that suggests what was meant."""

    def error(self, message: str) -> NoReturn:
        wrong = _WRONG.search(message)
        known = [word for action in self._actions for word in (*action.option_strings, *(action.choices or ()))]
        super().error(message + (nearest(wrong[1], known) if wrong else ""))


def parser() -> argparse.ArgumentParser:
    """Return the grammar of a check."""
    parser = Parser(
        prog="python -m checker",
        description="Load a session's trained networks and measure again what they claim.",
        epilog="Exit codes: 0 all passed; 1 a rule failed; 2 something could not be checked. A submission's code runs "
        "in a sandbox, once, to record its network; it never sees a test image. What a rule asks, and why: python -m "
        "checker explain RULE. To write a network as ONNX: python -m checker export --help",
    )
    parser.add_argument("assignment", nargs="?", choices=[*ASSIGNMENTS, "all"], help="what to check")
    parser.add_argument(
        "--cohort",
        choices=COHORTS,
        metavar="NAME",
        help=f"check against the limits of this cohort of the course: {', '.join(COHORTS)}; --list tells what differs",
    )
    parser.add_argument("--run", metavar="NAME", help="check this run only")
    parser.add_argument(
        "--model",
        metavar="FILE[:CLASS]",
        help="before training: check the network in this file, with the weights that it begins with, against every "
        "rule that asks for no trained ones",
    )
    parser.add_argument(
        "--init",
        metavar="CALL",
        help="how to build the network of --model, such as 'Net(norm=\"bn\")' (default: CLASS())",
    )
    parser.add_argument(
        "--select", metavar="RULE", action="append", default=[], help="check this rule; may be repeated"
    )
    parser.add_argument(
        "--ignore", metavar="RULE", action="append", default=[], help="leave this rule out; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="list the assignments and their rules, and check nothing")
    parser.add_argument(
        "--format",
        choices=["rich", "json", "html", "markdown", "junit", "csv", "gradescope"],
        default="rich",
        help="how to report (default: rich, for a terminal)",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="write the report to this file, not to the screen")
    parser.add_argument("--device", default="cpu", help="where to measure: cpu (default), cuda, …")
    _add_what_both_take(parser)
    _add_class(parser)
    parser.add_argument("--version", action="store_true", help="print the checker's version, and check nothing")
    return parser


def _add_class(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "a class", "Check every folder, zip file and notebook in a folder. What is interrupted goes on where it was."
    )
    group.add_argument(
        "--batch",
        metavar="FOLDER",
        type=Path,
        help="the folder of submissions; --output names the table (CSV), --format html or markdown adds a page each",
    )
    group.add_argument(
        "--reports", metavar="FOLDER", type=Path, help="a report for each student goes here (default: beside the table)"
    )
    group.add_argument(
        "--ledger",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="keeps the verdicts (default: beside the table); further ones are read, as parts write them",
    )
    group.add_argument(
        "--roster", metavar="FILE", type=Path, help="the class as CSV, name and key: whose is which, and who is missing"
    )
    group.add_argument("--jobs", metavar="N", type=_count, help="processes that check (default: one for each core)")
    group.add_argument(
        "--part", metavar="I/N", type=_part, default=(1, 1), help="check every N-th submission only, from the I-th on"
    )
    group.add_argument("--scheduler", metavar="ADDRESS", help="check on a Dask cluster, tcp://HOST:8786")
    group.add_argument(
        "--seconds",
        metavar="N",
        type=_count,
        default=SECONDS,
        help="that checking one submission may take (default: %(default)s)",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) < 10**6:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _part(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no share such as 1/4")
    return int(match[1]), int(match[2])


def export_parser() -> argparse.ArgumentParser:
    """Return the grammar of `export`."""
    parser = Parser(
        prog="python -m checker export",
        description="Write a run's network, as it was recorded and with the weights of its last epoch, to an ONNX "
        "file. It is written where onnxruntime classifies as many test images correctly as the checker does.",
        epilog="Needs the packages onnx, onnxruntime and onnxscript. Exit codes: 0 written; 2 could not be exported.",
    )
    parser.add_argument("run", metavar="SESSION/RUN", help=f"{', '.join(ASSIGNMENTS)}, and the name of a run")
    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="the file to write, NAME.onnx")
    _add_what_both_take(parser)
    return parser


def explain_parser() -> argparse.ArgumentParser:
    """Return the grammar of `explain`."""
    parser = Parser(
        prog="python -m checker explain",
        description="Print a rule's page: what it asks, why, how it finds out, and what it can't see.",
    )
    parser.add_argument("rule", metavar="RULE", help="its name, as a report and --list show it")
    _add_debug(parser)
    return parser


def _add_what_both_take(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--path",
        metavar="FOLDER",
        type=Path,
        help="take this folder (model.py, runs/NAME/…), zip file of one, or notebook, not the session's own folder",
    )
    parser.add_argument(
        "--isolation",
        choices=["auto", "bubblewrap", "process"],
        default="auto",
        help="how a submission's code is kept apart: bubblewrap, a plain process with limits, or auto, the better one "
        "that works here (default)",
    )
    parser.add_argument(
        "--data-dir",
        metavar="FOLDER",
        help="the data sets, as torchvision lays them out (default: $DATA_DIR, else data/)",
    )
    _add_debug(parser)


def _add_debug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--debug", action="store_true", help="show a traceback where the checker itself fails")
