"""Where tests find data: a generated set in MNIST's layout, and the real one where it is at hand."""

import multiprocessing
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from common.data import MNIST, data_folder, load_images
from common.errors import DataError
from tests.written_submission import write_dataset

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.hookimpl(optionalhook=True)  # So that tests can be profiled in one process, without xdist.
def pytest_xdist_auto_num_workers() -> int:
    """Return two more processes than there are cores: many tests wait for a killed run or for a sandbox's limits."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is marked `forked` in a forked process."""
    if pyfuncitem.get_closest_marker("forked") is None:
        return None
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    def run() -> None:
        try:
            pyfuncitem.obj(**arguments)
            there.send(None)
        except BaseException:  # What pytest.fail raises is no Exception.
            there.send(traceback.format_exc())

    process = context.Process(target=run)
    process.start()
    there.close()
    try:
        failure = here.recv()
    except EOFError:
        failure = "The process ended before the test did."
    process.join()
    if failure is not None:
        pytest.fail(failure, pytrace=False)
    return True


@pytest.fixture(scope="session", autouse=True)
def no_openvino() -> Iterator[None]:
    """Its threads don't survive a fork, after which the next test would hang or crash."""
    yield
    assert "openvino" not in sys.modules, 'Mark the test that evaluates with it with "forked".'


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Networks of the tests' size are computed faster by one, all the more beside other processes."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def generated_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with generated images in place of MNIST's."""
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder)
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real MNIST, downloaded where it is missing; without it, tests are skipped, but not in CI."""
    try:
        load_images(MNIST, "test")
    except DataError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
    return data_folder().resolve()
