"""The checker's command line. See `python -m checker --help`.

Exit codes: 0 everything that must pass has passed; 1 a rule failed; 2 something could not be checked.
"""

if __name__ == "__main__":
    from common.interrupt import end_at_once

    end_at_once()  # At Ctrl-C.

import sys
from io import StringIO, TextIOWrapper

from checker import commands
from checker.arguments import explain_parser, export_parser, parser
from checker.intake.files import shown
from checker.listing import known_rule
from checker.streams import console_into, failed, open_what_is_closed, write_out
from checker.verdict import CannotCheckError
from common.errors import UserError
from common.interrupt import may_raise


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line asks for, report it, and return the exit code."""
    closed = open_what_is_closed()
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
            return commands.export(options)
        if closed and (command == "explain" or options.list or options.version or options.output is None):
            raise CannotCheckError(
                "There is nowhere to write the report: stdout is closed.", "Open it, or name a file with --output."
            )
        if command == "explain":
            return _explain(options.rule)
        if options.version:
            write_out(f"{_version()}\n")
            return 0
        if options.list:
            return _list(options.assignment, options.cohort)
        return commands.check(options) if options.batch is None else commands.check_class(options)
    except CannotCheckError as error:
        return failed(f"{error.message} {error.help}")
    except UserError as error:
        return failed(str(error))
    except KeyboardInterrupt:
        of_class = getattr(options, "batch", None) is not None
        failed(
            "Interrupted; the verdicts so far are kept: start again to go on."
            if of_class
            else "Interrupted; nothing was written."
        )
        return 130
    except Exception as error:  # Python would end with 1, which says that a rule has failed.
        if options.debug:
            import traceback

            traceback.print_exc()
        return failed(
            f"The checker itself failed ({shown(f'{type(error).__name__}: {error}', 200)}), and has judged nothing; "
            "report this to its authors, with what it prints when started with --debug."
        )


def _list(only: str | None, cohort: str | None) -> int:
    from checker.listing import print_rules

    listed = StringIO()
    print_rules(only, cohort or "", console_into(listed))
    write_out(listed.getvalue(), whole=False)
    return 0


def _explain(id: str) -> int:
    rule = known_rule(id)
    from checker.listing import print_page

    listed = StringIO()
    print_page(rule, console_into(listed))
    write_out(listed.getvalue(), whole=False)
    return 0


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"deep-vision-checker {version('deep-vision-sessions')}"
    except PackageNotFoundError:  # Started from a checkout that nobody has installed.
        return "deep-vision-checker (not installed)"


if __name__ == "__main__":
    sys.exit(main())
