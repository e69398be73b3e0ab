"""Results as JUnit XML, as CI systems read it: Jenkins' schema, junit-10.xsd of its xUnit plugin.

A suite is a run of a submission, a test case a rule. What could not be checked is an error, not a failure; a run that
is shown for comparison fails nothing, so what it misses is skipped.
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from checker.intake.files import shown
from checker.verdict import RunResult, SubmissionResult, Verdict


def as_junit(results: list[SubmissionResult]) -> str:
    """Return the report as an XML document."""
    root = Element("testsuites", name="checker")
    for result in results:
        if result.problem is not None or not result.runs:
            suite = SubElement(root, "testsuite", name=_text(f"{result.assignment} {result.path}"))
            _case(suite, "submission", result.assignment, Verdict(None, None, "", result.problem or "There is no run."))
            _count(suite)
        for run in result.runs:
            _suite(root, result, run)
    for kind in ("tests", "failures", "errors"):
        root.set(kind, str(sum(int(suite.get(kind, "0")) for suite in root)))
    root.set("time", f"{sum(run.seconds for result in results for run in result.runs):.1f}")
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(root: Element, result: SubmissionResult, run: RunResult) -> None:
    name = _text(f"{result.assignment} {result.path} {run.name}")
    suite = SubElement(root, "testsuite", name=name, time=f"{run.seconds:.1f}")
    for rule in run.rules:
        _case(suite, rule.id, f"{result.assignment}.{run.name}", rule.verdict, rule.title, decides=run.required)
    _count(suite)


def _case(suite: Element, name: str, group: str, verdict: Verdict, title: str = "", *, decides: bool = True) -> None:
    case = SubElement(suite, "testcase", name=_text(name), classname=_text(group))
    if verdict.passed is not True:
        kind = "skipped" if not decides else "error" if verdict.passed is None else "failure"
        found = SubElement(case, kind, type=_text(name), message=_text(verdict.message))
        found.text = "\n".join(_text(line) for line in (title, verdict.message, verdict.help) if line)


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite)))
    for kind, counter in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(counter, str(len(suite.findall(f"*/{kind}"))))


def _text(text: str) -> str:
    """Return a text without what XML can't hold: control characters, halves of characters, and no characters."""
    return shown(text, 1000)
