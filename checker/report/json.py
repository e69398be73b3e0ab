"""Results as a program reads them: the stable format 1."""

import json
import math

from checker.verdict import SubmissionResult

FORMAT = 1


def as_json(results: list[SubmissionResult], passed: bool | None) -> str:
    """Return the report as JSON: the stable format 1."""
    return (
        json.dumps(
            {
                "format": FORMAT,
                "passed": passed,
                "submissions": [
                    {
                        "assignment": result.assignment,
                        "path": result.path,
                        "passed": result.passed,
                        "problem": result.problem,
                        "isolation": result.isolation,
                        "runs": [
                            {
                                "name": run.name,
                                "required": run.required,
                                "passed": run.passed,
                                "seconds": run.seconds,
                                "views": run.views,
                                "single_view": run.single_view,
                                "trained": run.trained,
                                "notes": list(run.notes),
                                "rules": [
                                    {
                                        "id": rule.id,
                                        "passed": rule.verdict.passed,
                                        "measured": _finite(rule.verdict.measured),
                                        "required": rule.verdict.required,
                                        "evidence": rule.verdict.evidence,
                                        "message": rule.verdict.message,
                                        "help": rule.verdict.help,
                                    }
                                    for rule in run.rules
                                ],
                            }
                            for run in result.runs
                        ],
                    }
                    for result in results
                ],
            },
            indent=2,
            allow_nan=False,
        )
        + "\n"
    )


def _finite(measured: object) -> object:
    """JSON knows no NaN and no infinity."""
    return None if isinstance(measured, float) and not math.isfinite(measured) else measured
