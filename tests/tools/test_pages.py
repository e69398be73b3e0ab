"""What writes the pages: a page or picture that is out of date is noticed, and says what there is."""

import json
import re
from pathlib import Path

import pytest

from checker.rules import RULES
from checker.rules.pages import pages as rule_pages
from tests.conftest import REPOSITORY
from tests.corpus import cases
from tools import pages, pictures, report_picture
from tools.rules_page import constants
from tools.tables import table

READMES = [REPOSITORY / "README.md", *sorted(REPOSITORY.glob("session*/README.md"))]


def test_a_table_is_markdown() -> None:
    text = table(["name", "|w|"], [["a|b", 1]])
    assert text == "| name | &#124;w&#124; |\n|---|---:|\n| a&#124;b | 1 |"


def test_a_page_that_is_out_of_date_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    page = tmp_path / "page.md"
    monkeypatch.setattr(pages, "REPOSITORY", tmp_path)
    monkeypatch.setattr(pages, "pages", lambda: [(page, lambda: "new")])
    monkeypatch.setattr(pictures, "stale", list)
    for arguments, code in ((["--check"], 1), ([], 0), (["--check"], 0)):
        monkeypatch.setattr("sys.argv", ["pages", *arguments])
        assert pages.main() == code
        assert ("Out of date: page.md" in capsys.readouterr().err) == (code == 1)
    assert page.read_text() == "new"


@pytest.mark.parametrize("changed", ["source", "picture.png"])
def test_a_picture_is_stale_where_it_or_its_source_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    monkeypatch.setattr(pictures, "REPOSITORY", tmp_path)
    monkeypatch.setattr(pictures, "DIGESTS", tmp_path / "pictures.json")
    (tmp_path / "source").write_text("a")
    drawing = pictures.Drawing(
        ("picture.png",), ("source",), lambda: (tmp_path / "picture.png").write_text("drawn") and None
    )
    monkeypatch.setattr(pictures, "DRAWINGS", (drawing,))
    assert pictures.stale([drawing]) == [drawing]
    pictures.redraw([drawing])
    assert pictures.stale([drawing]) == []
    (tmp_path / changed).write_text("another")
    assert pictures.stale([drawing]) == [drawing]


def test_every_picture_of_a_session_is_drawn_by_the_command() -> None:
    drawn = {name for drawing in pictures.DRAWINGS for name in drawing.pictures}
    found = {
        str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("session*/**/*.png") if "/." not in str(path)
    }
    assert found == {name for name in drawn if name.endswith(".png")}


def test_every_session_has_one_skeleton() -> None:
    for path in READMES[1:]:
        headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
        assert headings == ["Assignment", "Result", "Try it", "Story", "Appendix"], path


@pytest.mark.parametrize("path", [*READMES, *sorted((REPOSITORY / "docs").glob("*.md"))], ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", path.read_text()):
        name, _, heading = (target[0] or target[1]).partition("#")
        if name.startswith("http"):
            continue
        file = (path.parent / name) if name else path
        assert file.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
            assert heading in anchors, target


def test_every_rule_has_a_page_and_its_examples_are_of_the_corpus() -> None:
    texts = rule_pages()
    assert set(texts) == set(RULES)
    cheats, honest = ({case.folder.name: case for case in cases(kind)} for kind in ("cheats", "honest"))
    for id, page in texts.items():
        assert page.cannot_see and (page.breaks or page.breaks_by) and (page.keeps or page.keeps_by), id
        assert all(cheats[name].rule == id for name in page.breaks), id
        for name in page.keeps:
            assert id in honest[name].assignment.every_rule and honest[name].unknown != id, (id, name)


def test_constants_come_with_their_comments(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        "# Why so.\n# And more.\nA, B = 1, 2.5\nC = 2**-9  # Beside.\nD = frozenset()\n_E = 1\n"
    )
    assert list(constants(tmp_path / "module.py")) == [
        (("A", "B"), (1, 2.5), "Why so. And more."),
        (("C",), (2**-9,), "Beside."),
    ]


def test_the_report_is_drawn_from_what_the_checker_said() -> None:
    report = json.loads(report_picture.REPORT.read_text())
    (result,) = report_picture.results(report)
    assert result.passed is report["passed"] is True and [run.name for run in result.runs] == [report_picture.RUN]
    assert "under-8k" in report_picture.draw()
