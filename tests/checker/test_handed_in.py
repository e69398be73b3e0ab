"""What students hand in: zip files, unpacked with distrust, and folders in which the submission lies deeper."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from checker.intake import archive
from checker.intake.archive import unpack
from checker.intake.find import begin
from checker.verdict import CannotCheckError, FaultError


def zipped(tmp_path: Path, *members: tuple[str | zipfile.ZipInfo, bytes], way: int = zipfile.ZIP_DEFLATED) -> Path:
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w", way) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_files_are_unpacked_below_one_folder(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("mine/model.py", b"x = 1"), ("mine\\runs\\a\\run.json", b"{}"), ("mine/empty/", b""))
    unpack(path, tmp_path / "out")
    assert below(tmp_path / "out") == {"mine/model.py", "mine/runs/a/run.json"}
    assert (tmp_path / "out/mine/model.py").read_bytes() == b"x = 1" and (tmp_path / "out/mine/empty").is_dir()


@pytest.mark.parametrize("name", ["../out.py", "/tmp/out.py", "a/../../out.py", "..\\out.py", "C:/../../out.py"])
def test_nothing_is_written_outside(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotCheckError, match="outside of its folder"):
        unpack(zipped(tmp_path, (name, b"x")), tmp_path / "out")
    assert below(tmp_path) == {"mine.zip"}


def test_links_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("mine/labels")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    pipe = zipfile.ZipInfo("mine/pipe")
    pipe.external_attr = (stat.S_IFIFO | 0o600) << 16
    members = [("mine/model.py", b""), ("__MACOSX/mine/._model.py", b""), ("mine/.git/config", b""), (link, b"/etc")]
    unpack(zipped(tmp_path, *members, (pipe, b"")), tmp_path / "out")
    assert below(tmp_path / "out") == {"mine/model.py"}


def test_a_bomb_stops_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 10**6)
    with pytest.raises(CannotCheckError, match="unpacks to more than"):
        unpack(zipped(tmp_path, ("a", b"\0" * 600_000), ("b", b"\0" * 600_000)), tmp_path / "out")
    assert sum((tmp_path / "out" / name).stat().st_size for name in below(tmp_path / "out")) <= 10**6


def test_a_size_that_is_a_lie_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path, ("a", b"\0" * 600_000))
    content = path.read_bytes().replace((600_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(content)
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    with pytest.raises(CannotCheckError):
        unpack(path, tmp_path / "out")


def test_many_files_are_refused_before_they_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path, *((str(number), b"") for number in range(20)))
    monkeypatch.setattr(archive, "MOST_FILES", 10)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *given: pytest.fail("its list was read"))
    with pytest.raises(CannotCheckError, match="more than 10 files"):
        unpack(path, tmp_path / "out")


def _encrypted(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"no zip file"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: path.write_bytes(path.read_bytes().replace(b"hello", b"jello")),
        _encrypted,
    ],
)
def test_what_is_damaged_or_locked_is_one_sentence(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    path = zipped(tmp_path, ("a.py", b"hello" * 10), way=zipfile.ZIP_STORED)
    damage(path)
    with pytest.raises(CannotCheckError, match=r"mine\.zip can't be unpacked \(.*\)\."):
        unpack(path, tmp_path / "out")


def test_a_name_of_nothing_and_a_damaged_lzma_are_one_sentence(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("QQQQ", b"x"))
    path.write_bytes(path.read_bytes().replace(b"QQQQ", b"\0QQQ"))
    with pytest.raises(CannotCheckError, match="outside of its folder"):
        unpack(path, tmp_path / "a")
    path = zipped(tmp_path, ("a.py", b"hello" * 100), way=zipfile.ZIP_LZMA)
    content = bytearray(path.read_bytes())
    place = content.index(b"a.py") + 4
    content[place + 4 : place + 9] = b"\xff" * 5  # What it says of how it was compressed.
    path.write_bytes(content)
    with pytest.raises(CannotCheckError, match="can't be unpacked"):
        unpack(path, tmp_path / "b")


def test_the_folder_itself_may_be_listed(tmp_path: Path) -> None:
    unpack(zipped(tmp_path, ("./", b""), ("./a/b.py", b"x")), tmp_path / "out")
    assert below(tmp_path / "out") == {"a/b.py"}


def test_many_folders_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 20)
    path = zipped(tmp_path, *((f"{number}/{'d/' * 12}x", b"") for number in range(4)))
    with pytest.raises(CannotCheckError, match="more than 20 folders"):
        unpack(path, tmp_path / "out")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        path = zipped(tmp_path, ("a.py", b"1"), ("a.py", b"2"))
    with pytest.raises(CannotCheckError, match="File exists"):
        unpack(path, tmp_path / "out")


def test_a_full_disk_is_no_fault_of_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "_unpack", full)
    with pytest.raises(FaultError, match="No space left"):
        unpack(zipped(tmp_path, ("a.py", b"1")), tmp_path / "out")


def made(folder: Path, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (["runs/a/run.json", "notes.ipynb"], ""),
        (["Session 5 (final)/runs/a/run.json", "__MACOSX/x"], "Session 5 (final)"),
        (["a/b/c/my.ipynb", "a/b/c/epoch.pt"], "a/b/c/my.ipynb"),
        (["handed in/work.ZIP", ".DS_Store"], "handed in/work.ZIP"),
    ],
)
def test_the_submission_is_found(tmp_path: Path, files: list[str], found: str) -> None:
    assert begin(made(tmp_path, *files)) == tmp_path / found


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["one.ipynb", "two.ipynb"], "It holds 2 notebooks, and no folder runs: one.ipynb, two.ipynb."),
        (["a/model.py", "b/model.py"], "neither a folder runs nor a notebook"),
        (["a/b/c/d/e/f/runs/x"], "neither a folder runs nor a notebook"),
        (["model.py"], "neither a folder runs nor a notebook"),
    ],
)
def test_what_is_no_submission_says_so(tmp_path: Path, files: list[str], said: str) -> None:
    with pytest.raises(CannotCheckError) as raised:
        begin(made(tmp_path, *files))
    assert said in raised.value.message and raised.value.help
