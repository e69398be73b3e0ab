"""The two ways in which a stranger's Python is kept apart from this machine.

bubblewrap (Linux, with the program `bwrap` and user namespaces). The code sees a file system of its own: the
interpreter and
    its packages, the system's libraries, `checker`, `common` and a copy of the submission, all read-only, and an empty
    /tmp of limited size. No data set, no home, no network, no other processes, no environment. What the kernel itself
    gets wrong is not
    kept out: there is no filter of system calls.
process (everywhere else). Another process in a session of its own with an empty environment, the same limits, and a
scratch
    folder. As root it becomes nobody where nobody can read the interpreter, and gives up root's capabilities where not.
    On a Linux with Landlock (5.13; TCP 6.7; signals 6.12) it reads and writes only what bubblewrap would show, starts
    no program, opens no TCP connection and signals no process but its own. Where the kernel lets it, it has no network
    at all and no shared memory with others; where not, it can send UDP, and leave System V shared memory behind. It
    sees the interpreter's whole prefix even where a data set lies there, and reaches Unix sockets by path. Without
    Landlock (macOS, old kernels) it reads what the user may read, writes what the user may write, and can kill the
    user's other processes and what watches
    over it: good against mistakes, not against malice.
Both limit memory, processes, files, time and output, and leave nothing behind; see supervisor.py.
"""

import functools
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checker.sandbox.restrict import NOBODY, landlock_version
from checker.sandbox.tasks import Limits
from common.errors import UserError

BUBBLEWRAP, PROCESS, AUTO = "bubblewrap", "process", "auto"

REPOSITORY = Path(__file__).resolve().parent.parent.parent
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/etc/ld.so.cache", "/etc/alternatives", "/nix/store")
# What the C library and PyTorch look up about the machine; bubblewrap has a /proc and /dev of its own.
_MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/dev/urandom", "/dev/zero")
_INSTALL = (
    "install bubblewrap 0.8 or newer (apt install bubblewrap) and allow user namespaces, or choose the isolation "
    '"process"'
)


class IsolationError(UserError):
    """The isolation that was asked for is not to be had here."""


@dataclass(frozen=True)
class Place:
    """Where the child finds things, as it sees them; `path` is its sys.path without the submission."""

    submission: str
    job: str
    scratch: str
    path: tuple[str, ...]


def choose_isolation(requested: str = AUTO) -> str:
    """Return the isolation that is used where `requested` ("auto", "bubblewrap", "process") is asked for.

    "auto" is bubblewrap where that works. Raises IsolationError where bubblewrap is insisted on and doesn't work.
    """
    if requested not in (AUTO, BUBBLEWRAP, PROCESS):
        raise IsolationError(f"There is no isolation {requested!r}; choose {AUTO}, {BUBBLEWRAP} or {PROCESS}.")
    if requested == PROCESS:
        return PROCESS
    reason = _bubblewrap_problem()
    if reason is not None and requested == BUBBLEWRAP:
        raise IsolationError(f"bubblewrap can't be used here ({reason}); {_INSTALL}.")
    return PROCESS if reason else BUBBLEWRAP


def place_of(isolation: str, folder: Path) -> Place:
    """Return where a child finds what lies in `folder`: submission/, job.json, and, for "process", scratch/."""
    if isolation == BUBBLEWRAP:
        return Place("/submission", "/job.json", "/tmp", (*import_path(), "/code"))
    return Place(
        str(folder / "submission"),
        str(folder / "job.json"),
        str(folder / "scratch"),
        (*import_path(), str(REPOSITORY)),
    )


def command(isolation: str, folder: Path, answers: int, limits: Limits, hidden: Sequence[Path]) -> list[str]:
    """Return the command that answers the job in `folder` on the file descriptor `answers`; `hidden` folders are empty
    there."""
    place = place_of(isolation, folder)
    inside = f"{place.path[-1]}/checker/sandbox/inside.py"
    python = [os.path.realpath(sys.executable), "-I", "-S", "-B", "-u", "-W", "ignore", inside, place.job, str(answers)]
    return python if isolation == PROCESS else [*sandbox(folder, limits, hidden), "--", *python]


def sandbox(folder: Path, limits: Limits, hidden: Sequence[Path]) -> list[str]:
    """Return the command with which bubblewrap makes the sandbox for the job in `folder`, without what it starts."""
    place = place_of(BUBBLEWRAP, folder)
    return [
        *_bubblewrap(limits.scratch, hidden),
        "--ro-bind",
        str(folder / "submission"),
        place.submission,
        "--ro-bind",
        str(folder / "job.json"),
        place.job,
        "--remount-ro",
        "/",
        "--chdir",
        place.submission,
    ]


def environment(scratch: str) -> dict[str, str]:
    """Return all that the child knows of its environment."""
    known = {
        "HOME": scratch,
        "TMPDIR": scratch,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "PYTHONHASHSEED": "0",
        "CUDA_VISIBLE_DEVICES": "",
        "MPLBACKEND": "Agg",
        # Recording needs no speed, and every thread counts as a process.
        "OMP_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2",
        "NO_ALBUMENTATIONS_UPDATE": "1",
    }  # It would look for a newer version over the network.
    if "LD_LIBRARY_PATH" in os.environ:
        known["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return known


def restrictions(isolation: str, place: Place) -> dict[str, object] | None:
    """Return what a child does to itself before it runs the code: nothing in bubblewrap, else as inside.py understands
    it."""
    if isolation == BUBBLEWRAP:
        return None
    code = [f"{REPOSITORY}/checker", f"{REPOSITORY}/common", place.submission]
    return {
        "nobody": _becomes_nobody(),
        "landlock": landlock_version(),
        "namespaces": True,
        "readable": [*map(str, _bound()), *_MACHINE, *code],
        "writable": [place.scratch, "/dev/null"],
    }


def _becomes_nobody() -> bool:
    """Whether a child without bubblewrap can run as nobody: this process is root, and the interpreter is everybody's to
    read."""
    paths = [
        Path(os.path.realpath(sys.executable)),
        REPOSITORY / "checker",
        REPOSITORY / "common",
        *map(Path, import_path()),
    ]
    return sys.platform == "linux" and os.geteuid() == 0 and all(map(_everybody_reads, paths))


def _bubblewrap(scratch: int, hidden: Sequence[Path]) -> list[str]:
    arguments = [
        shutil.which("bwrap") or "bwrap",
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
        "--uid",
        str(NOBODY),
        "--gid",
        str(NOBODY),
        "--hostname",
        "sandbox",
        "--cap-drop",
        "ALL",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--size",
        str(scratch),
        "--tmpfs",
        "/tmp",
    ]
    bound = _bound()
    for path in bound:
        # Where /lib is a link to usr/lib it stays one.
        arguments += (
            ["--symlink", os.readlink(path), str(path)] if path.is_symlink() else ["--ro-bind", str(path), str(path)]
        )
    for path in map(Path.resolve, hidden):
        below = any(path.is_relative_to(each.resolve()) for each in bound)
        needed = any(each.resolve().is_relative_to(path) for each in bound)
        if below and not needed and path.is_dir():
            arguments += ["--size", "4096", "--tmpfs", str(path), "--remount-ro", str(path)]
    # Last, so that no data set hides them.
    for name in ("checker", "common"):
        arguments += ["--ro-bind", str(REPOSITORY / name), f"/code/{name}"]
    # Where root starts bubblewrap, its user is root to /proc/sys: without this, it may write what the kernel starts as
    # root.
    return [*arguments, "--remount-ro", "/proc", "--remount-ro", "/dev"]


def _bound() -> list[Path]:
    """Return what is shown of this machine's files: the system's libraries and the interpreter with its packages."""
    libraries = filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    paths = [Path(path) for path in (*_SYSTEM, *_prefixes(), *libraries) if os.path.lexists(path)]
    kept: list[Path] = []
    for path in sorted(set(paths), key=lambda each: len(each.parts)):
        if not any(path.is_relative_to(each) for each in kept) and path != Path("/"):
            kept.append(path)
    return kept


def _prefixes() -> list[str]:
    import site

    packages = [sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")]
    users = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    # A prefix of /usr or /usr/local is everybody's; one in a home is a folder made for Python.
    return [
        os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix, *packages, *users) if path
    ]


def import_path() -> list[str]:
    """Return what the child can import from: this process's own path, as far as it belongs to the interpreter."""
    bound = [each.resolve() for each in _bound()]
    paths = [os.path.realpath(path) for path in sys.path if path]
    return [path for path in dict.fromkeys(paths) if any(Path(path).is_relative_to(each) for each in bound)]


def _everybody_reads(path: Path) -> bool:
    if not path.exists():
        return True
    needed = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
    return path.stat().st_mode & needed == needed and all(
        parent.stat().st_mode & stat.S_IXOTH for parent in path.parents
    )


@functools.cache
def _bubblewrap_problem() -> str | None:
    """Return why bubblewrap doesn't work here, or None where it was tried and does."""
    if sys.platform != "linux" or shutil.which("bwrap") is None:
        return "there is no program bwrap"
    python = [os.path.realpath(sys.executable), "-I", "-S", "-c", "print(1)"]
    try:
        tried = subprocess.run(
            [*_bubblewrap(Limits.scratch, ()), "--remount-ro", "/", "--", *python],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            env=environment("/tmp"),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it raised {type(error).__name__}"
    if tried.returncode == 0 and tried.stdout.strip() == b"1":
        return None
    lines = tried.stderr.decode(errors="replace").split("\n")
    return next((line.strip() for line in lines if line.strip()), f"it ended with {tried.returncode}")[:200]
