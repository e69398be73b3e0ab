"""What holds for every session: its runs, networks, recipes and rules belong together, and its committed runs are
true."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from checker.assignments import ASSIGNMENTS
from common.anatomy import FIXED_BATCH
from common.anatomy.network import anatomy, parameter_count
from common.anatomy.program import to_bytes
from common.anatomy.record import record
from tests.conftest import REPOSITORY
from tools import report_picture
from tools.sessions import SESSIONS

RUNS = [(name, run) for name, session in SESSIONS.items() for run in session.recipes]


@pytest.mark.parametrize("name", SESSIONS)
def test_every_run_has_a_network_a_recipe_and_rules(name: str) -> None:
    session = SESSIONS[name]
    assert session.name == name and session.main in session.recipes
    assert set(session.recipes) == set(ASSIGNMENTS[name].runs)
    assert {path.name for path in (session.folder / "runs").iterdir() if not path.name.startswith(".")} == set(
        session.recipes
    )


def inputs(name: str, count: int) -> list[torch.Tensor]:
    return [torch.rand(count, *shape) for shape in SESSIONS[name].task.input_shapes(SESSIONS[name].dataset.shape)]


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_networks_return_logits(name: str, run: str) -> None:
    outputs = SESSIONS[name].build(run)(*inputs(name, 3))
    sizes = [each.shape for each in outputs] if ASSIGNMENTS[name].two_inputs else [outputs.shape]
    assert sizes == [(3, 10), (3, 19)][: len(sizes)]


@pytest.mark.parametrize("name", SESSIONS)
def test_networks_average_their_maps(name: str) -> None:
    traced = anatomy(SESSIONS[name].build(SESSIONS[name].main), *inputs(name, 2))
    assert traced.collapses == {"average"} and traced.flat and not traced.not_understood


@pytest.mark.parametrize("name", SESSIONS)
def test_model_py_stands_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text((SESSIONS[name].folder / "model.py").read_text())
    subprocess.run(
        [sys.executable, "-I", "-c", f"import runpy; runpy.run_path('model.py')['build']('{SESSIONS[name].main}')"],
        cwd=tmp_path,
        check=True,
    )


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_committed_runs_were_trained_with_the_committed_code(name: str, run: str) -> None:
    session = SESSIONS[name]
    folder = session.folder / "runs" / run
    described = json.loads((folder / "run.json").read_text())
    assert described["recipe"] == json.loads(json.dumps(session.recipes[run].as_dict()))
    assert described.get("augmentation") == (
        session.augmentation and json.loads(json.dumps(session.augmentation().to_dict()))
    )
    assert described["parameters"] == parameter_count(session.build(run))
    assert all((folder / file).stat().st_size > 0 for file in ("curves.png", "misclassified.png", "summary.txt"))


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_committed_runs_hold_the_network_that_is_built(name: str, run: str) -> None:
    """As data: model.py may be written otherwise than when the run was trained, and say the same."""
    session = SESSIONS[name]
    text, _ = to_bytes(record(session.build(run), session.task.input_shapes(session.dataset.shape), FIXED_BATCH))
    assert json.loads(text) == json.loads((session.folder / "runs" / run / "program.json").read_text())


def test_what_each_model_py_must_hold_for_itself_is_alike() -> None:
    sources = []
    for session in ("session03", "session04"):
        text = (SESSIONS[session].folder / "model.py").read_text()
        (node,) = [node for node in ast.parse(text).body if getattr(node, "name", None) == "convolution"]
        sources.append(ast.get_source_segment(text, node))
    assert len(sources) > 1 and len(set(sources)) == 1


PROMISED = [
    ("session03", "digit-sum", "sustained_accuracy", 99.4),
    ("session03", "digit-sum", "sum_accuracy", 99.3),
    ("session04", "published-10066", "sustained_accuracy", 99.41),
    ("session04", "under-20k", "sustained_accuracy", 99.6),
    ("session05", "scheduled", "sustained_accuracy", 99.5),
    ("session05", "under-8k", "sustained_accuracy", 99.5),
    ("session05", "smallest", "sustained_accuracy", 99.4),
    ("session06", "batch-l1", "sustained_accuracy", 99.4),
    ("session06", "layer", "sustained_accuracy", 99.4),
    ("session06", "group", "sustained_accuracy", 99.4),
    ("session07", "cifar10", "sustained_accuracy", 91.0),
    ("session07", "under-100k", "sustained_accuracy", 89.0),
    ("session07", "fast", "sustained_accuracy", 85.0),
]


def drawn_run() -> dict:
    """The run that the picture of the report shows."""
    (submission,) = json.loads(report_picture.REPORT.read_text())["submissions"]
    (run,) = submission["runs"]
    return run


def as_drawn(run: dict) -> list[tuple]:
    """What the picture shows of a run's rules, numbers aside: another machine may round another image's logits."""
    return [
        (rule["id"], rule["passed"], rule["required"], rule["evidence"], re.sub(r"\d[\d.,]*", "#", rule["message"]))
        for rule in run["rules"]
    ]


def test_the_checker_passes_all_committed_runs_and_they_hold_what_the_project_promises(real_data: Path) -> None:
    """One test, so that what takes minutes is measured once, however many processes run the tests."""
    finished = subprocess.run(
        [sys.executable, "-m", "checker", "all", "--data-dir", real_data, "--format", "json"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    runs = {
        (submission["assignment"], run["name"]): run
        for submission in json.loads(finished.stdout)["submissions"]
        for run in submission["runs"]
    }
    assert set(runs) == set(RUNS)
    broken = [
        (key, rule["id"], rule["message"])
        for key, run in runs.items()
        if run["required"]
        for rule in run["rules"]
        if rule["passed"] is not True
    ]
    assert finished.returncode == 0 and not broken, broken
    assert as_drawn(runs[report_picture.SESSION, report_picture.RUN]) == as_drawn(drawn_run()), (
        "session05/report.svg shows another report; measure it again: python -m tools.report_picture && "
        "python -m tools.pages"
    )
    for session, name, rule, least in PROMISED:
        assert {each["id"]: each["measured"] for each in runs[session, name]["rules"]}[rule] >= least, (
            session,
            name,
            rule,
        )


def test_every_page_and_picture_is_up_to_date() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "tools.pages", "--check"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
