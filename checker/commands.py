"""What the command line asks for: one submission or several, a class, an export."""

import argparse
import os
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

from checker.arguments import nearest
from checker.assignments import ASSIGNMENTS, Assignment
from checker.cohorts import COHORTS, asked
from checker.intake.files import shown
from checker.listing import known_rule
from checker.streams import console_into, refuse_output, write_out
from checker.verdict import CannotCheckError, SubmissionResult, combine
from common.files import write_atomically

REPOSITORY = Path(__file__).resolve().parent.parent
# A submission of a class records in less than one; on a busy machine in a few.
RECORDING_SECONDS = 10
EXIT_CODES = {True: 0, False: 1, None: 2}


def check(options: argparse.Namespace) -> int:
    """Check submissions, write the report, and return the exit code. Raises CannotCheckError."""
    assignments = _assignments(options)
    chosen = {assignment.id: _rules(assignment, options.select, options.ignore) for assignment in assignments}
    left_out = [assignment.id for assignment in assignments if not chosen[assignment.id]]
    assignments = [assignment for assignment in assignments if chosen[assignment.id]]
    if not assignments:
        raise CannotCheckError(f"No rule of {options.assignment} is left to check.", "Select others, or ignore fewer.")
    if left_out:
        print(f"Left out, as none of their rules is asked for: {', '.join(left_out)}.", file=sys.stderr)
    if options.output is not None:
        refuse_output(options.output)

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
        write_out(document(options.format, results, passed))
    else:
        report = StringIO()
        as_rich(
            results,
            passed,
            console_into(report, plain_width=80),
        )
        write_out(report.getvalue())
    return EXIT_CODES[passed]


def check_class(options: argparse.Namespace) -> int:
    """Check what a class has handed in. Each submission has got its verdict where this returns 0."""
    if options.assignment in (None, "all"):
        raise CannotCheckError("A class hands in one assignment.", f"Name it: {', '.join(ASSIGNMENTS)}.")
    if options.output is None:
        raise CannotCheckError("The table of a class needs a file.", "Name it with --output, such as results.csv.")
    if any(each is not None for each in (options.path, options.model, options.init, options.run)):
        raise CannotCheckError("--batch is a folder of submissions.", "Leave --path, --model, --init and --run out.")
    if options.format not in ("rich", "json", "html", "markdown"):
        raise CannotCheckError(
            f"A class has no reports as {options.format}.", "Leave --format out, or ask for html or markdown."
        )
    refuse_output(options.output)

    from checker.batch import command
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
    checked = command.check_class(
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
    summary = StringIO()
    command.summarise(checked, console_into(summary, plain_width=80))
    write_out(summary.getvalue())
    return 2 if any(each.fault for each in checked.found) else 0


def export(options: argparse.Namespace) -> int:
    """Write a run's network as an ONNX file, and return the exit code. Raises CannotCheckError."""
    id, _, name = options.run.partition("/")
    if id not in ASSIGNMENTS or not name:
        raise CannotCheckError(
            f"{shown(options.run)} is no SESSION/RUN.",
            f"The sessions are {', '.join(ASSIGNMENTS)}; --list names their runs.",
        )
    refuse_output(options.output)

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
    write_out(f"{options.output}: {counted.images:,} test images{sums} classified correctly, as recorded\n")
    return 0


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
