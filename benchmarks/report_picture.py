"""Draw the checker's report on session 5's main run, as the README shows it: session05/report.svg.

    python benchmarks/report_picture.py
"""

import io
import sys
from dataclasses import replace

from rich.console import Console
from sessions import REPOSITORY, load

from checker.assignments import SESSION05
from checker.check import check_folder
from checker.report import as_rich
from common.errors import UserError


def main() -> int:
    """Check, draw, and return the exit code."""
    run = load("session05").main
    try:
        result = check_folder(SESSION05, REPOSITORY / "session05", own=True, only_run=run, rules=list(SESSION05.rules),
                              device="cpu", data_dir=None, tell=lambda doing: None)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True)
    # The path as the reader sees it, not where this copy of the repository lies.
    as_rich([replace(result, path="session05")], result.passed, console)
    console.save_svg(str(REPOSITORY / "session05" / "report.svg"), title=f"python -m checker session05 --run {run}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
