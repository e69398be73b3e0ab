"""What a class is checked with."""

import pytest

from checker.batch.setup import Setup


@pytest.fixture
def setup() -> Setup:
    """Session 5's rule that reads the log alone, so that nothing is recorded or measured."""
    return Setup(
        assignment="session05",
        cohort="",
        rules=("epochs",),
        data_dir=None,
        isolation="process",
        device="cpu",
        details=False,
        recording=20.0,
        checking=60.0,
    )
