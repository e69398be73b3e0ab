"""Draw the checker's report on session 5's main run, as the README shows it: session05/report.svg.

python benchmarks/report_picture.py
"""

import argparse
import io
import os
import subprocess
import sys

from rich.console import Console
from rich.text import Text
from sessions import REPOSITORY

COMMAND = ["-m", "checker", "session05", "--run", "under-8k"]


def main() -> int:
    """Check, draw, and return the exit code of the check."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    # Colours as on a terminal of 80 columns.
    finished = subprocess.run(
        [sys.executable, *COMMAND],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"FORCE_COLOR": "1", "COLUMNS": "80"},
    )
    if finished.returncode == 2:
        print(finished.stderr, file=sys.stderr)
        return 2
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(finished.stdout))
    console.save_svg(str(REPOSITORY / "session05" / "report.svg"), title="python " + " ".join(COMMAND))
    return finished.returncode


if __name__ == "__main__":
    sys.exit(main())
