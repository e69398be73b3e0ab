"""The checker's command line. See `python -m checker --help`.

Exit codes: 0 everything that must pass has passed; 1 a rule failed; 2 something could not be checked.
"""

if __name__ == "__main__":
    from common.interrupt import end_at_once

    end_at_once()  # At Ctrl-C.

import argparse
import contextlib
import os
import sys
from dataclasses import replace
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from checker.arguments import explain_parser, export_parser, nearest, parser
from checker.assignments import ASSIGNMENTS, Assignment
from checker.cohorts import COHORTS, asked
from checker.intake.files import shown
from checker.listing import known_rule
from checker.verdict import CannotCheckError, SubmissionResult, combine
from common.errors import UserError
from common.files import write_atomically
from common.interrupt import may_raise

if TYPE_CHECKING:
    from rich.console import Console

REPOSITORY = Path(__file__).resolve().parent.parent
# A submission of a class records in less than one; on a busy machine in a few.
RECORDING_SECONDS = 20
EXIT_CODES = {True: 0, False: 1, None: 2}


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line asks for, report it, and return the exit code."""
    closed = _open_what_is_closed()
    arguments = sys.argv[1:] if arguments is None else arguments
    command = arguments[0] if arguments[:1] in (["export"], ["explain"]) else "check"
    grammar = {"export": export_parser, "explain": explain_parser, "check": parser}[command]()
    options = grammar.parse_args(arguments if command == "check" else arguments[1:])
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # A submission may name files as no terminal can write them.
    try:
        may_raise()
        if command == "export":
            return _export(options)
        if closed and (command == "explain" or options.list or options.version or options.output is None):
            raise CannotCheckError(
                "There is nowhere to write the report: stdout is closed.", "Open it, or name a file with --output."
            )
        if command == "explain":
            return _explain(options.rule)
        if options.version:
            _print(f"{_version()}\n")
            return 0
        if options.list:
            return _list(options.assignment, options.cohort)
        return _check(options) if options.batch is None else _check_class(options)
    except CannotCheckError as error:
        return _failed(f"{error.message} {error.help}")
    except UserError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        of_class = getattr(options, "batch", None) is not None
        _failed(
            "Interrupted; the verdicts so far are kept: start again to go on."
            if of_class
            else "Interrupted; nothing was written."
        )
        return 130
    except Exception as error:  # Python would end with 1, which says that a rule has failed.
        if options.debug:
            import traceback

            traceback.print_exc()
        return _failed(
            f"The checker itself failed ({shown(f'{type(error).__name__}: {error}', 200)}), and has judged nothing; "
            "report this to its authors, with what it prints when started with --debug."
        )


def _export(options: argparse.Namespace) -> int:
    id, _, name = options.run.partition("/")
    if id not in ASSIGNMENTS or not name:
        raise CannotCheckError(
            f"{shown(options.run)} is no SESSION/RUN.",
            f"The sessions are {', '.join(ASSIGNMENTS)}; --list names their runs.",
        )
    _refuse_output(options.output)

    from rich.console import Console
    from rich.text import Text

    from checker.export import export_run
    from checker.means import Means

    assignment = ASSIGNMENTS[id]
    folder = options.path or _own_folder(assignment)
    means = Means(data_dir=options.data_dir, isolation=options.isolation)
    with means, Console(stderr=True).status("reading") as status:
        counted = export_run(
            assignment,
            folder,
            name,
            options.output,
            own=options.path is None,
            means=means,
            tell=lambda doing: status.update(Text(doing)),
        )
    sums = "" if counted.sums is None else f" and {counted.sums:,} sums"
    _print(f"{options.output}: {counted.images:,} test images{sums} classified correctly, as recorded\n")
    return 0


def _check(options: argparse.Namespace) -> int:
    assignments = _assignments(options)
    chosen = {assignment.id: _rules(assignment, options.select, options.ignore) for assignment in assignments}
    left_out = [assignment.id for assignment in assignments if not chosen[assignment.id]]
    assignments = [assignment for assignment in assignments if chosen[assignment.id]]
    if not assignments:
        raise CannotCheckError(f"No rule of {options.assignment} is left to check.", "Select others, or ignore fewer.")
    if left_out:
        print(f"Left out, as none of their rules is asked for: {', '.join(left_out)}.", file=sys.stderr)
    if options.output is not None:
        _refuse_output(options.output)

    from rich.console import Console
    from rich.text import Text

    from checker.check import check_folder, check_handed_in, check_model
    from checker.means import Means
    from checker.report.formats import document
    from checker.report.terminal import as_rich, as_text

    if options.model is not None and (options.path is not None or options.assignment == "all"):
        raise CannotCheckError(
            "--model is one network, before it is trained.", "Name its assignment, and leave --path out."
        )
    if options.init is not None and options.model is None:
        raise CannotCheckError("--init says how to build a network.", "Name its file with --model.")

    errors = Console(stderr=True)
    results = []
    if options.device != "cpu":  # That there is a CPU is certain, and to look takes seconds.
        from common.device import choose_device

        choose_device(options.device)
    means = Means(device=options.device, data_dir=options.data_dir, isolation=options.isolation)
    with means, errors.status("reading") as status:
        for assignment in assignments:
            folder = options.path or _own_folder(assignment)
            try:
                if options.model is not None:
                    file, _, name = options.model.rpartition(":") if ":" in options.model else (options.model, "", "")
                    results.append(
                        check_model(
                            assignment,
                            Path(file),
                            built_by=options.init or (name and f"{name}()"),
                            run=options.run,
                            rules=chosen[assignment.id],
                            means=means,
                            tell=lambda doing: status.update(Text(doing)),
                        )
                    )
                    continue
                if folder.suffix.lower() in (".ipynb", ".zip"):
                    results.append(
                        check_handed_in(
                            assignment,
                            folder,
                            only_run=options.run,
                            rules=chosen[assignment.id],
                            means=means,
                            tell=lambda doing: status.update(Text(doing)),
                            details=options.format == "html",
                        )
                    )
                    continue
                results.append(
                    check_folder(
                        assignment,
                        folder,
                        own=options.path is None,
                        only_run=options.run,
                        rules=chosen[assignment.id],
                        means=means,
                        tell=lambda doing: status.update(Text(doing)),
                        details=options.format == "html",
                    )
                )  # A name in brackets is no markup.
            except CannotCheckError as error:
                if len(assignments) == 1 and options.format == "rich":
                    raise
                results.append(
                    SubmissionResult(
                        assignment.id,
                        assignment.title,
                        str(folder),
                        (),
                        shown(f"{error.message} {error.help}", 1000),
                        cohort=assignment.cohort,
                    )
                )
    if options.run is not None:  # Asked for by name, a run decides whether or not it is required otherwise.
        results = [
            replace(result, runs=tuple(replace(run, required=True) for run in result.runs)) for result in results
        ]
    passed = combine(result.passed for result in results)
    if options.output is not None:
        text = as_text(results, passed) if options.format == "rich" else document(options.format, results, passed)
        try:
            # Where it is a link, what it points to is written.
            write_atomically(
                options.output.resolve(), text.encode(errors="backslashreplace"), "choose another --output"
            )
        except OSError as error:
            raise CannotCheckError(
                f"{options.output} could not be written ({error.strerror}).", "Choose another --output."
            ) from error
    elif options.format != "rich":
        _print(document(options.format, results, passed))
    else:
        screen, report = Console(), StringIO()
        as_rich(
            results,
            passed,
            _like(screen, report) if screen.is_terminal else Console(file=report, width=80, no_color=True),
        )
        _print(report.getvalue())
    return EXIT_CODES[passed]


def _check_class(options: argparse.Namespace) -> int:
    """Check what a class has handed in. Each submission has got its verdict where this returns 0."""
    if options.assignment in (None, "all"):
        raise CannotCheckError("A class hands in one assignment.", f"Name it: {', '.join(ASSIGNMENTS)}.")
    if options.output is None:
        raise CannotCheckError("The table of a class needs a file.", "Name it with --output, such as results.csv.")
    if any(each is not None for each in (options.path, options.model, options.init, options.run)):
        raise CannotCheckError("--batch is a folder of submissions.", "Leave --path, --model, --init and --run out.")
    _refuse_output(options.output)

    from rich.console import Console

    from checker.batch.command import check_class, summarise
    from checker.batch.setup import Setup
    from checker.sandbox.isolation import choose_isolation

    assignment = asked(options.assignment, options.cohort or "")
    setup = Setup(
        assignment=assignment.id,
        cohort=assignment.cohort,
        rules=tuple(_rules(assignment, options.select, options.ignore)),
        data_dir=None if options.data_dir is None else os.path.abspath(options.data_dir),
        isolation=choose_isolation(options.isolation),
        device=options.device,
        details=options.format == "html",
        recording=float(min(RECORDING_SECONDS, options.seconds)),
        checking=float(options.seconds),
    )
    checked = check_class(
        options.batch,
        options.output,
        setup,
        reports=options.reports,
        formats=[options.format],
        ledgers=options.ledger,
        jobs=options.jobs,
        scheduler=options.scheduler,
        part=options.part,
        roster=options.roster,
    )
    screen, summary = Console(), StringIO()
    summarise(checked, _like(screen, summary) if screen.is_terminal else Console(file=summary, width=80, no_color=True))
    _print(summary.getvalue())
    return 2 if any(each.fault for each in checked.found) else 0


def _refuse_output(path: Path) -> None:
    """Raise CannotCheckError where no report can be written to `path`. A pipe or device would be replaced by a file."""
    if not os.path.isdir(path.parent):
        raise CannotCheckError(f"There is no folder {path.parent} for the report.", "Create it first.")
    if os.path.isdir(path):
        raise CannotCheckError(f"{path} is a folder.", "Name a file for --output.")
    if os.path.exists(path) and not os.path.isfile(path):
        raise CannotCheckError(
            f"{path} is no regular file.", "Name one for --output, or leave it out and redirect what is printed."
        )


def _open_what_is_closed() -> bool:
    """Open /dev/null for the standard files that are closed, so that no other file takes their place; return whether
    stdout is."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # The lowest number that is free.
    closed = sys.stdout is None
    sys.stdout = sys.stdout or open(os.devnull, "w")
    sys.stderr = sys.stderr or open(os.devnull, "w")
    return closed


def _print(text: str, *, whole: bool = True) -> None:
    """Write `text` to stdout. Raises CannotCheckError where it can't be written, since a verdict that nobody got is
    none.

    whole: False where a reader may have read enough before its end, as `head` does
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _forget(sys.stdout)
        if not whole and isinstance(error, BrokenPipeError):
            return
        raise CannotCheckError(
            f"The report could not be written ({error.strerror}).",
            "Free some space, let what reads it read to its end, or name a file with --output.",
        ) from error


def _failed(sentence: str) -> int:
    """Say why nothing was judged, and return the exit code."""
    try:
        print(shown(sentence, 1000), file=sys.stderr, flush=True)
    except OSError:
        _forget(sys.stderr)
    return 2


def _forget(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere: Python would try again at its end, and complain."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def _assignments(options: argparse.Namespace) -> list[Assignment]:
    if options.assignment is None:
        raise CannotCheckError("Nothing to check.", f"Name an assignment: {', '.join(ASSIGNMENTS)} or all.")
    if options.assignment == "all":
        if options.path is not None:
            raise CannotCheckError(
                "--path holds one submission, all are many.", "Name the assignment to check it against."
            )
        not_covered = COHORTS[options.cohort].not_covered if options.cohort else {}
        if not_covered:
            print(f"Left out, as no rules are there for it: {', '.join(not_covered)}.", file=sys.stderr)
        sessions = [asked(id, options.cohort or "") for id in ASSIGNMENTS if id not in not_covered]
        wanted = [each for each in sessions if options.run is None or options.run in each.runs]
        if not wanted:
            known = [run for each in sessions for run in each.runs]
            raise CannotCheckError(
                f"No session has a run {options.run!r}.",
                nearest(options.run, known).strip() or f"The runs are: {', '.join(known)}.",
            )
        return wanted
    return [asked(options.assignment, options.cohort or "")]


def _own_folder(assignment: Assignment) -> Path:
    """The session's folder, as the reader of a report would type it."""
    folder = REPOSITORY / assignment.id
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _rules(assignment: Assignment, select: list[str], ignore: list[str]) -> list[str]:
    for id in [*select, *ignore]:
        known_rule(id)
    return [id for id in assignment.every_rule if (not select or id in select) and id not in ignore]


def _list(only: str | None, cohort: str | None) -> int:
    from rich.console import Console

    from checker.listing import print_rules

    listed = StringIO()
    print_rules(only, cohort or "", _like(Console(), listed))
    _print(listed.getvalue(), whole=False)
    return 0


def _explain(id: str) -> int:
    rule = known_rule(id)
    from rich.console import Console

    from checker.listing import print_page

    listed = StringIO()
    print_page(rule, _like(Console(), listed))
    _print(listed.getvalue(), whole=False)
    return 0


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"deep-vision-checker {version('deep-vision-sessions')}"
    except PackageNotFoundError:  # Started from a checkout that nobody has installed.
        return "deep-vision-checker (not installed)"


def _like(screen: "Console", file: TextIO) -> "Console":
    """Return a console that writes into `file` what `screen` would show."""
    from rich.console import Console

    colors: Any = screen.color_system  # One of those that Console takes.
    return Console(
        file=file, width=screen.width, force_terminal=screen.is_terminal, color_system=colors, highlight=False
    )


if __name__ == "__main__":
    sys.exit(main())
