"""The formats that are the same on a screen and in a file, by name. Each renderer is imported when it is asked for."""

from checker.verdict import SubmissionResult


def document(format: str, results: list[SubmissionResult], passed: bool | None) -> str:
    """Return the report in the format "json", "html", "markdown", "junit", "csv" or "gradescope"."""
    match format:
        case "html":
            from checker.report.html import as_html

            return as_html(results, passed)
        case "markdown":
            from checker.report.markdown import as_markdown

            return as_markdown(results, passed)
        case "junit":
            from checker.report.junit import as_junit

            return as_junit(results)
        case "csv":
            from checker.report.csv import as_csv

            return as_csv(results)
        case "gradescope":
            from checker.report.gradescope import as_gradescope

            return as_gradescope(results)
        case _:
            from checker.report.json import as_json

            return as_json(results, passed)
