"""How fast a class is checked, and whether each submission gets exactly one verdict, whatever happens meanwhile.

    python -m benchmarks.speed.class_of_thousand                     10, 100 and 1,000 submissions
    python -m benchmarks.speed.class_of_thousand --count 100         these only
    python -m benchmarks.speed.class_of_thousand --count 1000 --kills 20

Submissions are of session 5's size: the committed runs that look at an image once, each with a little noise on its
weights, recorded in the sandbox; every fourth is a zip file. One in twenty is hostile and one in twenty broken. With
--kills the checker is killed (SIGKILL) at so many random moments and started again each time; its verdicts are compared
with those of a run that nobody kills.
"""

import argparse
import csv
import hashlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file, save_file

from checker.assignments import SESSION05
from checker.check import check_handed_in
from checker.means import Means
from checker.sandbox import processes
from checker.sandbox.run import Answers, warm
from checker.workers import Workers

REPOSITORY = Path(__file__).resolve().parent.parent.parent
WORK = REPOSITORY / "build" / "class"
NETWORKS = {"batch-norm": "BatchNorm", "augmented": "Augmented", "published-9680": "Published9680"}
NOISE = 1e-5
SAMPLED = 12  # Submissions whose time is taken apart.
HOSTILE = (
    "import os\nos._exit(0)",
    "while True: pass",
    "import os\nwhile True: os.fork()",
    "held = [bytearray(1 << 30) for _ in range(40)]",
    "while True: print('x' * 1_000_000)",
    "import ctypes\nctypes.string_at(0)",
    "import os, signal\nfor pid in (os.getppid(), 1): os.kill(pid, signal.SIGKILL)",
    'import sys\nprint(\'{"format": 1, "passed": true}\')\nsys.exit(0)',
    "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n1 / 0",
    "def build(name):\n    import torch\n    class N(torch.nn.Module):\n        def forward(self, x):\n"
    "            while True: pass\n    return N()",
)


def _write(folder: Path, number: int, run: str) -> None:
    """Write an honest submission: its own code, log and weights."""
    mine = folder / "runs" / "mine"
    shutil.copytree(REPOSITORY / "session05" / "runs" / run, mine)
    for file in (*mine.glob("program.*"), *mine.glob("*.png")):
        file.unlink()
    generator = torch.Generator().manual_seed(number)
    digests = {}
    for file in sorted(mine.glob("*.safetensors")):
        tensors = {
            name: tensor * (1 + NOISE * torch.randn(tensor.shape, generator=generator))
            if tensor.is_floating_point() and "running" not in name
            else tensor
            for name, tensor in load_file(file).items()
        }
        save_file(tensors, file)
        digests[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    lines = [json.loads(line) for line in (mine / "epochs.jsonl").read_text().splitlines()]
    for line in lines[-len(digests) :]:
        line["weights"]["sha256"] = digests[line["weights"]["file"]]
    (mine / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    model = (REPOSITORY / "session05" / "model.py").read_text()
    (folder / "model.py").write_text(
        f'"""Student {number}\'s network."""\n{model}\n\ndef build(name):\n    return {NETWORKS[run]}()\n'
    )


def _break(folder: Path, number: int) -> None:
    mine = folder / "runs" / "mine"
    breaks: list[Callable[[], object]] = [
        lambda: shutil.rmtree(folder / "runs"),
        lambda: (mine / "epoch-13.safetensors").write_bytes(b"\0" * 1000),
        lambda: (mine / "epochs.jsonl").write_text('{"epoch": 1,'),
        lambda: (folder / "model.py").write_text("def build(name)\n"),
        lambda: (folder / "model.py").write_text("import torch\n"),
        lambda: (mine / "run.json").unlink(),
        lambda: (folder / "model.py").write_text(
            "import torch\ndef build(name): return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 7))\n"
        ),
        lambda: (folder / "model.py").unlink(),
    ]
    breaks[number % len(breaks)]()


def make_class(folder: Path, count: int) -> None:
    """Write `count` submissions to `folder`, where they aren't there already."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        name = f"student-{number:04}"
        if any((folder / each).exists() for each in (name, f"{name}.zip")):
            continue
        whole = folder / f".{name}"
        shutil.rmtree(whole, ignore_errors=True)
        _write(whole, number, list(NETWORKS)[number % len(NETWORKS)])
        if number % 20 == 7:
            (whole / "model.py").write_text(HOSTILE[number // 20 % len(HOSTILE)] + "\n")
        if number % 20 == 13:
            _break(whole, number // 20)
        if number % 4 == 1:
            with zipfile.ZipFile(whole.with_suffix(".part"), "w") as archive:
                for file in sorted(whole.rglob("*")):
                    archive.write(file, Path(name) / file.relative_to(whole))
            shutil.rmtree(whole)
            whole.with_suffix(".part").rename(folder / f"{name}.zip")
        else:
            whole.rename(folder / name)


@dataclass
class Finished:
    """One run of the checker: the rows of its table by name, seconds, and the memory (bytes) that it used meanwhile."""

    rows: dict[str, dict[str, str]]
    seconds: float
    memory: list[int] = field(default_factory=list)


def _command(folder: Path, output: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "checker", "session05", "--batch", str(folder), "--output", str(output)),
        *("--ledger", str(output.with_suffix(".ledger"))),
    ]


def _clear(output: Path) -> None:
    for each in output.parent.glob(f"{output.stem}*"):
        shutil.rmtree(each) if each.is_dir() else each.unlink()


def _rows(output: Path) -> dict[str, dict[str, str]]:
    with output.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    found = {row["name"]: row for row in rows}
    assert len(found) == len(rows), "a submission has two verdicts"
    return found


def run_whole(folder: Path, output: Path) -> Finished:
    """Check a class from nothing."""
    _clear(output)
    began = time.perf_counter()
    process = subprocess.Popen(_command(folder, output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    memory: list[int] = []

    def watch() -> None:
        while process.poll() is None:
            memory.append(processes.memory([process.pid, *processes.descendants(process.pid)], 0))
            time.sleep(5)

    watching = threading.Thread(target=watch)
    watching.start()
    code = process.wait()
    seconds = time.perf_counter() - began
    watching.join()
    assert code == 0, f"the checker ended with {code}"
    return Finished(_rows(output), seconds, memory)


def run_killed(folder: Path, output: Path, kills: int, seconds: float) -> Finished:
    """Check a class while the checker is killed `kills` times, at random moments of the `seconds` that it should
    take."""
    _clear(output)
    began = time.perf_counter()
    for _ in range(kills):
        process = subprocess.Popen(_command(folder, output), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(random.uniform(0, 2 * seconds / kills))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    subprocess.run(_command(folder, output), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Finished(_rows(output), time.perf_counter() - began)


def shares(folder: Path) -> tuple[float, float, float]:
    """Return how many seconds of a submission recording, evaluation and the rest take, one after another."""
    recording, evaluation, whole = [], [], []
    answer, submit = Answers.__next__, Workers._measured

    def timed_answer(self: Answers) -> object:
        began = time.perf_counter()
        try:
            return answer(self)
        finally:
            recording[-1] += time.perf_counter() - began

    def timed_measurement(self: Workers, *arguments: object) -> object:
        began = time.perf_counter()
        try:
            return submit(self, *arguments)
        finally:
            evaluation[-1] += time.perf_counter() - began

    zygote = warm("auto")
    with (
        Means(zygote=zygote, processes=1) as means,
        patch.object(Answers, "__next__", timed_answer),
        patch.object(Workers, "_measured", timed_measurement),
    ):
        honest = [each for each in sorted(folder.iterdir()) if int(each.stem[-4:]) % 20 not in (7, 13)]
        for path in honest[: SAMPLED + 1]:
            recording.append(0.0)
            evaluation.append(0.0)
            began = time.perf_counter()
            check_handed_in(SESSION05, path, rules=SESSION05.every_rule, means=means, tell=lambda doing: None)
            whole.append(time.perf_counter() - began)
    if zygote is not None:
        zygote.close()
    # The first waits for imports.
    found = [statistics.median(each[1:]) for each in (recording, evaluation, whole)]
    return found[0], found[1], found[2] - found[0] - found[1]


def main() -> int:
    """Measure, print the tables, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--count", type=int, action="append", help="submissions; may be repeated (default: 10 100 1000)"
    )
    parser.add_argument("--kills", type=int, default=0, help="kill the checker so often, with the largest class")
    options = parser.parse_args()
    console, counts = Console(width=100), sorted(options.count or [10, 100, 1000])
    table = Table(title=f"session 5, {os.cpu_count()} cores")
    for heading in ("submissions", "seconds", "a second", "memory, first to last quarter (GB)", "verdicts"):
        table.add_column(heading, justify="right")
    for count in counts:
        folder, output = WORK / str(count), WORK / f"{count}-results.csv"
        make_class(folder, count)
        finished = run_whole(folder, output)
        assert len(finished.rows) == count, f"{len(finished.rows)} verdicts"
        quarter = max(1, len(finished.memory) // 4)
        first, last = (
            statistics.median(each) / 1e9 for each in (finished.memory[:quarter], finished.memory[-quarter:])
        )
        kinds = Counter(row["verdict"] for row in finished.rows.values())
        table.add_row(
            f"{count:,}",
            f"{finished.seconds:.0f}",
            f"{count / finished.seconds:.2f}",
            f"{first:.1f} to {last:.1f}",
            ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())),
        )
    console.print(table)
    recording, evaluation, rest = shares(WORK / str(counts[-1]))
    console.print(
        f"of an honest submission alone: recording {recording:.2f} s, evaluation {evaluation:.2f} s, "
        f"all else {rest:.2f} s"
    )
    if options.kills:
        killed = run_killed(WORK / str(counts[-1]), WORK / f"{counts[-1]}-killed.csv", options.kills, finished.seconds)
        differ = [name for name in finished.rows if killed.rows.get(name) != finished.rows[name]]
        console.print(
            f"killed {options.kills} times: {len(killed.rows):,} verdicts after {killed.seconds:.0f} s, "
            f"{len(differ)} differ {differ[:5] or ''}"
        )
        return 1 if differ or len(killed.rows) != counts[-1] else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
