"""The picture of the report: session05/report.svg, drawn from session05/report.json.

    python -m tools.report_picture    checks session 5's main run, and keeps the JSON report

The pages' command draws the picture from the kept report, so it shows the current layout. The test that checks all
committed runs compares the kept report with what the checker says.
"""

import io
import json
import subprocess
import sys

from rich.console import Console
from rich.text import Text

from checker.assignments import ASSIGNMENTS
from checker.report.terminal import as_rich
from checker.verdict import RuleResult, RunResult, SubmissionResult, Verdict
from tools.sessions import REPOSITORY

SESSION, RUN = "session05", "under-8k"
COMMAND = ["-m", "checker", SESSION, "--run", RUN]
REPORT = REPOSITORY / SESSION / "report.json"
WIDTH = 80


def results(report: dict) -> list[SubmissionResult]:
    """Return the results that a JSON report tells of."""
    return [
        SubmissionResult(
            submission["assignment"],
            ASSIGNMENTS[submission["assignment"]].title,
            submission["path"],
            tuple(_run(run) for run in submission["runs"]),
            submission["problem"],
            submission["isolation"],
        )
        for submission in report["submissions"]
    ]


def _run(run: dict) -> RunResult:
    rules = tuple(
        RuleResult(
            rule["id"],
            "",
            Verdict(
                rule["passed"], rule["measured"], rule["required"], rule["message"], rule["help"], rule["evidence"]
            ),
        )
        for rule in run["rules"]
    )
    return RunResult(run["name"], run["required"], run["seconds"], rules, run["views"], run["single_view"])


def draw() -> str:
    """Return the picture of the kept report: an SVG of a terminal of 80 columns."""
    report = json.loads(REPORT.read_text())
    coloured = io.StringIO()
    as_rich(
        results(report),
        report["passed"],
        Console(file=coloured, width=WIDTH, force_terminal=True, color_system="standard", legacy_windows=False),
    )
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(coloured.getvalue()))
    return console.export_svg(title="python " + " ".join(COMMAND))


def main() -> int:
    """Check the run, keep the report, and return the exit code."""
    finished = subprocess.run(
        [sys.executable, *COMMAND, "--format", "json"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=False
    )
    if finished.returncode == 0:
        REPORT.write_text(finished.stdout)
    return finished.returncode


if __name__ == "__main__":
    sys.exit(main())
