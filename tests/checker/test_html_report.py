"""The page: in a real browser, by keyboard, in both themes, on a phone; and what may not get out of a submission's
names."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from checker.__main__ import main
from checker.assignments import SESSION05
from checker.check import check_folder
from checker.intake.run_folder import read_log as submitted_log
from checker.means import Means
from checker.report.html import as_html, class_page, student_page
from checker.report.published import published_networks
from checker.score import NO_CLASS, Labels
from tests.checker.report_pages import HOSTILE, details, results, run, students
from tests.written_submission import HONEST_MODEL, read_log, set_tiles, write_log, write_submission

WITHOUT_IMAGES = re.compile(r"data:image/png;base64,[^\"]+")
KB = 1000


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """A browser; without one, tests are skipped, but not in CI."""
    program = shutil.which("chromium")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("There is no Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The addresses of pages."""
    folder = tmp_path_factory.mktemp("pages")
    written = {
        "all": as_html(results(), False),
        "student": student_page(results()[1]),
        "class": class_page(students(40), [f"student-{number}.html" for number in range(40)]),
    }
    for name, text in written.items():
        (folder / f"{name}.html").write_text(text)
    return {name: (folder / f"{name}.html").as_uri() for name in written}


@pytest.fixture
def opened(chromium: object, pages: dict[str, str]) -> Iterator[object]:
    """Opens a page by its name, and sees that the browser complains of nothing."""
    said, contexts = [], []

    def open_page(name: str, **options: object) -> object:
        contexts.append(chromium.new_context(**{"viewport": {"width": 1280, "height": 900}} | options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request", lambda request: said.append(request.url) if request.url[:5] not in ("file:", "data:") else None
        )
        page.goto(pages[name])
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [("all", 390, "light"), ("all", 1280, "dark"), ("student", 1280, "light"), ("class", 390, "dark")],
)
def test_axe_finds_nothing_and_nothing_sticks_out(opened: object, name: str, width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    # The page's policy forbids scripts, axe too.
    page = opened(name, viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_is_reached_by_keyboard(opened: object) -> None:
    page = opened("all")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(e => e === document.body ? null : e.id || e.href || e.innerText)(document.activeElement)")
        )
        if reached[-1] is None:
            break
    links = page.evaluate("[...document.querySelectorAll('a')].map(each => each.href)")
    summaries = page.evaluate("[...document.querySelectorAll('summary')].map(each => each.innerText)")
    assert reached[-1] is None and {*links, *summaries} <= set(reached)
    assert {"every-kind", "every-rule"} <= set(reached)  # Arrows lead on within a group of buttons.


def test_a_link_opens_the_card_that_it_leads_to(opened: object) -> None:
    page = opened("all")
    assert not page.locator("#s0r0").is_visible()
    page.get_by_role("link", name="under-8k").press("Enter")
    page.locator("#s0r0").wait_for(state="visible")
    page.locator("summary", has_text="under-8k").press("Enter")
    page.locator("#s0r0").wait_for(state="hidden")


def test_filters_need_no_script(opened: object) -> None:
    page = opened("class", java_script_enabled=False)
    rows = page.locator("tbody tr:visible")
    shown = []
    for button in ("only-failed", "only-unknown", "every-kind"):
        page.locator(f"#{button}").check(force=True)
        shown.append(page.locator(".rows tbody tr:visible").count())
    assert shown == [10, 10, 40]
    page.get_by_role("radio", name="rule 6").check(force=True)
    page.locator("#only-passed").check(force=True)
    assert page.locator(".rows tbody tr:visible").count() == 0
    page.locator("#only-failed").focus()
    page.keyboard.press("ArrowUp")
    assert page.locator("#only-passed").is_checked()
    assert rows.count() == 0


def test_names_stay_text(opened: object) -> None:
    page = opened("all", bypass_csp=True)  # Even a browser that knows no policy runs nothing.
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.title().startswith("The sessions' trained networks")
    assert page.evaluate("document.querySelectorAll('script, iframe, object, link, base, form').length") == 0
    assert page.evaluate("[...document.images].every(each => each.src.startsWith('data:image/png;base64,'))")
    assert page.evaluate(
        "[...document.querySelectorAll('*')].every(e => [...e.attributes].every(a => !/^on/.test(a.name)))"
    )
    assert page.get_by_text(HOSTILE).count() > 10


def test_paper_shows_what_is_folded(opened: object) -> None:
    page = opened("all")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("#s0r0").is_visible() and not page.locator(".filters").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_pages_are_small() -> None:
    runs = [run(f"run-{number}", shows=details(20, 20)) for number in range(17)]
    text = as_html([replace(result, runs=tuple(runs[:6])) for result in results()[:3]], True)
    assert len(WITHOUT_IMAGES.sub("", text).encode()) < 300 * KB
    # As long a log and as many layers as are shown at all.
    text = student_page(replace(results()[0], runs=(run(shows=details(300, 120)),)))
    assert len(WITHOUT_IMAGES.sub("", text).encode()) < 120 * KB
    pupils = students(1000)
    assert len(class_page(pupils, [each.path for each in pupils]).encode()) < 300 * KB


def test_a_verdict_is_a_shape_and_a_word() -> None:
    text = class_page(students(4), ["a", "b", "c", "d"])
    for kind, word in (("passed", "passed"), ("failed", "failed"), ("unknown", "could not be checked")):
        assert re.search(rf'<use href="#{kind}"/></svg> {word}', text)


def test_a_reason_that_many_rules_share_is_told_once() -> None:
    text = student_page(results()[1])
    assert text.count("the network decides by values") == 1 and text.count("Leave values alone.") == 1


def test_the_command_line_writes_a_page(tmp_path: Path, generated_data: Path) -> None:
    def mix_up_two_classes(network: torch.nn.Module) -> None:
        set_tiles(network)
        with torch.no_grad():
            network.tiles.weight[3] = network.tiles.weight[8].clone()

    folder = write_submission(tmp_path / "work", prepare=mix_up_two_classes, name="<b>mine")
    lines = read_log(folder)
    for line in lines:
        line |= {"train_loss": 1 / line["epoch"], "test_loss": float("nan"), "train_correct": "<i>all</i>"}
    write_log(folder, lines)
    target = tmp_path / "page.html"
    arguments = ["session05", "--path", tmp_path / "work", "--data-dir", generated_data]
    assert main([str(each) for each in (*arguments, "--format", "html", "--output", target)]) == 1
    text = target.read_text()
    assert "&lt;b&gt;mine" in text and "<b>mine" not in text and "all</i>" not in text
    assert "convolution 16×16, stride 4, then batch norm" in text and "10×4×4" in text
    assert text.count("data:image/png;base64,") == 10 and "read as" in text
    assert "Loss over 15 epochs." in text and 'class="threshold"' in text


def test_layers_are_those_of_one_view(tmp_path: Path, generated_data: Path) -> None:
    twice = "        return (self.look(images.roll(4, 3)) + self.look(images)) / 2\n\n    def look(self, images):\n"
    head = "    def forward(self, images):\n"
    write_submission(tmp_path, model=HONEST_MODEL.replace(head, head + twice))
    checked = check_folder(
        SESSION05,
        tmp_path,
        own=False,
        only_run=None,
        rules=["parameters", "sustained_accuracy"],
        means=Means(data_dir=str(generated_data)),
        tell=lambda doing: None,
        details=True,
    )
    (found,) = checked.runs
    assert found.views == 2
    assert [(layer.what, layer.parameters) for layer in found.details.layers] == [
        ("convolution 16×16, stride 4, then batch norm", 2_580),
        ("global average", 0),
        ("convolution 1×1", 110),
    ]
    assert [epoch.measured for epoch in found.details.epochs] == [None] * 10 + [100.0] * 5


def test_what_only_curves_show_refuses_no_log(tmp_path: Path) -> None:
    values = '{"epoch": 1, "train_total": 9, "test_correct": 8, "test_total": 9, "train_loss": %s, "test_loss": %s}'
    for numbers in (("NaN", "-Infinity"), ('"a"', "[1]"), ("1" + 400 * "0", "true"), ("1e999", "null")):
        (tmp_path / "epochs.jsonl").write_text(values % numbers)
        (epoch,) = submitted_log(tmp_path, two_inputs=False)
        assert (epoch.train_loss, epoch.test_loss, epoch.train_correct) == (None, None, None)


def test_numbers_of_any_size_are_drawn() -> None:
    shows = details()
    wild = [0.0, -1.0, 1e-300, 9e15, 1.0]
    epochs = tuple(
        replace(epoch, epoch=2**52 + number, train_loss=wild[number % 5], test_loss=wild[-number % 5], test=0.0)
        for number, epoch in enumerate(shows.epochs)
    )
    layer = replace(shows.layers[0], output=(0, 10**8), receptive_field=(10**9, 0), parameters=10**15)
    for side in (0, 28):
        strange = replace(shows, epochs=epochs, layers=(layer, replace(layer, output=())), side=side, parameters=0)
        text = student_page(replace(results()[0], runs=(run(shows=strange),)))
        assert not re.search(r'[="M L]-?(nan|inf)\b|e\+\d', text)
    assert "<svg" in student_page(replace(results()[0], runs=(run(shows=details(1, 1, 0)),)))


def test_mistakes_are_those_that_the_network_is_surest_of() -> None:
    logits = np.array([[0, 1, 0], [9, 0, 1], [0, 5, 0], [np.nan, 0, 0]], np.float32)
    labels = Labels(torch.tensor([1, 1, 0, 2]))
    count, surest = labels.mistakes(np.array([1, 0, 1, NO_CLASS]), logits, most=10)
    assert count == 3 and surest == [(1, 1, 0), (2, 0, 1), (3, 2, None)]
    assert labels.mistakes(np.array([1, 0, 1, NO_CLASS]), logits, most=1)[1] == [(1, 1, 0)]


def test_published_networks_stand_beside_those_of_their_sessions() -> None:
    text = as_html(results(), False)
    sessions = {result.assignment for result in results()}
    count = sum(each.session in sessions and each.parameters is not None for each in published_networks())
    assert "ResNet-20: 270,000 parameters, 92.60 %" in text and count > 10 and text.count('5z"><title>') == count
    assert "ResNet-20" not in student_page(results()[0])
