"""Rules are tested on submissions of our own: recorded and measured in this process, on generated images."""

import pytest
import torch

from common.data import Dataset, Images, load_images
from tests.recorded_here import AnswersHere, WorkersHere
from tests.written_submission import COUNT


@pytest.fixture(autouse=True)
def few_images(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge with the first test images of a folder, which takes a tenth of the time; but with all of the real ones."""
    if "real_data" in request.fixturenames:
        return

    def load(dataset: Dataset, split: str, folder: str | None) -> Images:
        return load_images(dataset, split, folder).select(torch.arange(COUNT))

    monkeypatch.setattr("checker.test_set.load_images", load)


@pytest.fixture(autouse=True)
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither sandbox nor workers nor published images, but where a test is marked `for_real`."""
    if request.node.get_closest_marker("for_real") is None:
        monkeypatch.setattr("checker.intake.folder.start", AnswersHere)
        monkeypatch.setattr("checker.workers.Workers", WorkersHere)
        monkeypatch.setattr("checker.test_set.verify", lambda *images: None)
