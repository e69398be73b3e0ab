"""Results as a program reads them, and reads them back: the stable format 1."""

import json
import math
from typing import Any, TypeVar

from checker.verdict import DECLARED, MEASURED, RECORDED, RuleResult, RunResult, SubmissionResult, Verdict

FORMAT = 1
# How deeply a measured value may be nested: a list of numbers, at the most.
_DEEPEST = 4
Kind = TypeVar("Kind")


def as_json(results: list[SubmissionResult], passed: bool | None) -> str:
    """Return the report as JSON: the stable format 1."""
    report = {"format": FORMAT, "passed": passed, "submissions": [submission_as_json(result) for result in results]}
    return json.dumps(report, indent=2, allow_nan=False) + "\n"


def submission_as_json(result: SubmissionResult) -> dict[str, Any]:
    """Return one submission of the report as JSON values: everything but what a page shows beside the verdicts."""
    return {
        "assignment": result.assignment,
        "cohort": result.cohort or None,
        "title": result.title,
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
                        "title": rule.title,
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


def submission_from_json(value: object) -> SubmissionResult:
    """Return the result that `submission_as_json` gave, without details; a measured value that was no finite number is
    None. Fields that are not known are passed over.

    Raises ValueError where anything is missing, of another type, or says another verdict than its parts do.
    """
    fields = _fields(value, "a submission")
    result = SubmissionResult(
        assignment=_field(fields, "assignment", str),
        title=_field(fields, "title", str),
        path=_field(fields, "path", str),
        runs=tuple(_run(each) for each in _field(fields, "runs", list)),
        problem=_optional(fields, "problem", str),
        isolation=_field(fields, "isolation", str),
        cohort=_optional(fields, "cohort", str) or "",
    )
    if result.isolation not in ("bubblewrap", "process", "none"):
        raise ValueError("isolation is none of bubblewrap, process and none")
    return _agreeing(result, fields)


def _run(value: object) -> RunResult:
    fields = _fields(value, "a run")
    notes = _field(fields, "notes", list)
    if not all(isinstance(note, str) for note in notes):
        raise ValueError("notes holds something else than text")
    run = RunResult(
        name=_field(fields, "name", str),
        required=_field(fields, "required", bool),
        seconds=_number(_field(fields, "seconds", float)),
        rules=tuple(_rule(each) for each in _field(fields, "rules", list)),
        views=_optional(fields, "views", int),
        single_view=_number(_optional(fields, "single_view", float)),
        trained=_field(fields, "trained", bool),
        notes=tuple(notes),
    )
    return _agreeing(run, fields)


def _rule(value: object) -> RuleResult:
    fields = _fields(value, "a rule")
    verdict = Verdict(
        passed=_optional(fields, "passed", bool),
        measured=_measured(fields.get("measured")),
        required=_field(fields, "required", str),
        message=_field(fields, "message", str),
        help=_optional(fields, "help", str),
        evidence=_field(fields, "evidence", str),
    )
    if verdict.evidence not in (MEASURED, RECORDED, DECLARED):
        raise ValueError("evidence is none of measured, recorded and declared")
    return RuleResult(_field(fields, "id", str), _field(fields, "title", str), verdict)


def _fields(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no object")
    return value


def _field(fields: dict[str, Any], name: str, kind: type[Kind]) -> Kind:
    """Return a field. A whole number is a float too; True and False are no numbers."""
    value = fields.get(name)
    kinds = (int, float) if kind is float else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{name} is missing, or of another type")
    return value  # type: ignore[return-value]


def _optional(fields: dict[str, Any], name: str, kind: type[Kind]) -> Kind | None:
    """Return a field that is there and may be null."""
    if name not in fields:
        raise ValueError(f"{name} is missing")
    return None if fields[name] is None else _field(fields, name, kind)


def _number(value: Kind) -> Kind:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no finite number")
    return value


def _measured(value: object, depth: int = 0) -> object:
    """Return a measured value: null, a number, a text, or a list of those."""
    if depth > _DEEPEST or not isinstance(value, str | int | float | list | None):
        raise ValueError("measured is no number, text or list of them")
    return [_measured(each, depth + 1) for each in value] if isinstance(value, list) else _number(value)


Result = TypeVar("Result", SubmissionResult, RunResult)


def _agreeing(result: Result, fields: dict[str, Any]) -> Result:
    if _optional(fields, "passed", bool) is not result.passed:
        raise ValueError("passed is not what the rules say")
    return result


def _finite(measured: object) -> object:
    """JSON knows no NaN and no infinity."""
    if isinstance(measured, list | tuple):
        return [_finite(each) for each in measured]
    return None if isinstance(measured, float) and not math.isfinite(measured) else measured
