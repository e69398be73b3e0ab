"""MNIST as it is read: shapes, the held-out slice, and one sentence for whatever is missing or damaged."""

import urllib.request
from pathlib import Path

import pytest
import torch

from common.data import CIFAR10, MNIST, Dataset, Images, Normalization, hold_out, load_images, verify
from common.errors import DataError


def test_real_mnist(real_data: Path) -> None:
    train, test = load_images(MNIST, "train", real_data), load_images(MNIST, "test", real_data)
    assert train.pixels.shape == (60_000, 1, 28, 28) and train.pixels.dtype == torch.uint8
    assert test.pixels.shape == (10_000, 1, 28, 28) and test.labels.bincount().tolist()[0] == 980
    scaled = train.pixels.float() / 255
    assert abs(scaled.mean() - Normalization().mean[0]) < 1e-3 and abs(scaled.std() - Normalization().std[0]) < 1e-3


@pytest.mark.parametrize("dataset", [MNIST, CIFAR10], ids=lambda dataset: dataset.name)
@pytest.mark.parametrize("split", ["train", "test"])
def test_the_published_images_are_verified(dataset: Dataset, split: str, real_data: Path) -> None:
    verify(load_images(dataset, split, real_data), dataset, split, real_data)


def test_one_other_pixel_or_label_is_not_the_published_set(real_data: Path) -> None:
    test = load_images(MNIST, "test", real_data)
    pixels, labels = test.pixels.clone(), test.labels.clone()
    pixels[-1, 0, -1, -1] += 1
    labels[0] = 0
    for other in (Images(pixels, test.labels), Images(test.pixels, labels), test.select(torch.arange(9_999))):
        with pytest.raises(DataError, match="is not MNIST as it was published"):
            verify(other, MNIST, "test", real_data)


def test_images_in_the_place_of_mnist_are_one_sentence_that_says_where(generated_data: Path) -> None:
    with pytest.raises(
        DataError, match=f"The test set in {generated_data}/MNIST/raw is not MNIST.*; delete that folder and let"
    ):
        verify(load_images(MNIST, "test", generated_data), MNIST, "test", generated_data)


def test_the_held_out_images_are_the_same_every_time_and_not_trained_on() -> None:
    train = Images(torch.arange(60_000).view(-1, 1, 1, 1), torch.arange(60_000))
    rest, held = hold_out(train)
    assert len(rest) == 50_000 and len(held) == 10_000
    assert set(rest.labels.tolist()).isdisjoint(held.labels.tolist())
    assert hold_out(train)[1].digest() == held.digest()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **keywords: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.mark.usefixtures("offline")
def test_no_data_and_no_network_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"No MNIST in {tmp_path}.*DATA_DIR"):
        load_images(MNIST, "test", tmp_path)


@pytest.mark.usefixtures("offline")
def test_a_truncated_file_is_one_sentence(generated_data: Path, tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in (generated_data / "MNIST" / "raw").iterdir():
        (raw / path.name).write_bytes(
            path.read_bytes()[:-100] if path.name.startswith("t10k-images") else path.read_bytes()
        )
    with pytest.raises(DataError, match="damaged"):
        load_images(MNIST, "test", tmp_path)


def test_a_set_of_another_size_is_refused(generated_data: Path) -> None:
    with pytest.raises(DataError, match="holds 100 images, not 60,000"):
        load_images(MNIST, "train", generated_data)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="No MNIST in"):
        load_images(MNIST, "test", tmp_path / "file")
