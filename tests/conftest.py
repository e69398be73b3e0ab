"""Where tests find data: a generated set in MNIST's layout, and the real one where it is at hand."""

from pathlib import Path

import pytest

from common.data import data_folder
from tests.submissions import write_dataset

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def generated_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with generated images in place of MNIST's."""
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder)
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real MNIST."""
    folder = data_folder()
    folder = folder if folder.is_absolute() else Path.cwd() / folder
    if not (folder / "MNIST" / "raw").is_dir():
        pytest.skip(f"the real MNIST is not in {folder}: set DATA_DIR")
    return folder
