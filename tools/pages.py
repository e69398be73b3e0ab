"""Write every page and picture that is made from something else, so that none of their numbers is typed by hand.

    python -m tools.pages            write what is out of date: tables, docs/rules.md, layer tables, pictures
    python -m tools.pages --check    change nothing; exit code 1 where something is out of date

Tables come from the committed runs, the results that the benchmarks keep, and published.toml; docs/rules.md comes from
the rules, the picture of the report from session05/report.json. A README marks what is filled in between
<!-- begin NAME --> and <!-- end -->.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from common.errors import UserError
from tools import pictures, report_picture, rules_page, scatter, tables
from tools.sessions import REPOSITORY, SESSIONS

BLOCK = re.compile(r"(<!-- begin (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> Iterator[tuple[Path, Callable[[], str]]]:
    """Yield every page that is written here, and what returns its text."""
    readmes = {REPOSITORY / "README.md": {"results": tables.results}}
    readmes[REPOSITORY / "session00" / "README.md"] = tables.session00()
    readmes |= {session.folder / "README.md": tables.of_session(session) for session in SESSIONS.values()}
    for path, blocks in readmes.items():
        yield path, partial(_filled, path, blocks)
    yield REPOSITORY / "docs" / "rules.md", rules_page.write
    for name, theme in scatter.THEMES.items():
        yield REPOSITORY / "docs" / f"results-{name}.svg", partial(scatter.draw, theme)
    yield REPOSITORY / "session05" / "report.svg", report_picture.draw


def _filled(path: Path, blocks: dict[str, Callable[[], str]]) -> str:
    """Return a README with every block filled. Raises KeyError for a block that nobody fills."""
    return BLOCK.sub(lambda block: f"{block[1]}{blocks[block[2]]()}\n{block[3]}", path.read_text())


def main() -> int:
    """Write or check the pages and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    try:
        stale = []
        for path, make in pages():
            text = make()
            if not path.exists() or path.read_text() != text:
                stale.append(str(path.relative_to(REPOSITORY)))
                if not check:
                    path.parent.mkdir(exist_ok=True)
                    path.write_text(text)
        drawings = pictures.stale()
        stale += [picture for drawing in drawings for picture in drawing.pictures]
        if not check:
            pictures.redraw(drawings)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(error.cmd[1:])} failed.", file=sys.stderr)
        return 2
    if stale:
        print(f"{'Out of date' if check else 'Written'}: {', '.join(stale)}", file=sys.stderr)
    if stale and check:
        print("Write them with: python -m tools.pages", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
