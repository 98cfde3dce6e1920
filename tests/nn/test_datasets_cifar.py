"""CIFAR-10's binary version: what is read is what was written, and everything else is refused by name."""

import io
import tarfile

import numpy as np
import pytest
from hypothesis import given, strategies as st

import autograd_core as ag
from nn.datasets import cifar10
from nn.datasets.cifar import ARCHIVE, TEST, TRAIN, read_cifar10


@pytest.fixture(autouse=True)
def _nowhere_else(monkeypatch, tmp_path_factory):
    monkeypatch.delenv("AUTOGRAD_CORE_DATA", raising=False)
    monkeypatch.setenv("AUTOGRAD_CORE_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def written(images, labels):
    """Records of a label, then the red, the green and the blue plane, row by row."""
    return b"".join(bytes([label]) + image.tobytes() for image, label in zip(images, labels, strict=True))


def contents(seed=0, **replaced):
    """The six files with two images each, and the images and labels behind them."""
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(256, size=(12, 3, 32, 32), dtype=np.uint8), rng.integers(10, size=12)
    files = {
        name: written(images[2 * i : 2 * i + 2], labels[2 * i : 2 * i + 2]) for i, name in enumerate((*TRAIN, *TEST))
    }
    return {**files, **replaced}, images, labels


def unpacked(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def packed(path, files, top="cifar-10-batches-bin"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, content in {"batches.meta.txt": b"airplane\n", **files}.items():
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize("place", ["", "cifar-10-batches-bin", ARCHIVE.name])
@pytest.mark.parametrize("flatten", [False, True])
def test_images_are_scaled_to_1_and_paired_with_their_labels(tmp_path, place, flatten):
    files, images, labels = contents()
    if place == ARCHIVE.name:
        packed(tmp_path / place, files)
    else:
        unpacked(tmp_path / place, files)
    data = cifar10(tmp_path, flatten=flatten, dtype=np.float64)
    shape = (3072,) if flatten else (3, 32, 32)
    for part, where in ((data.train, slice(0, 10)), (data.test, slice(10, 12))):
        assert np.array_equal(part.tensors[0].data, (images[where] / 255).reshape(-1, *shape))
        assert part.tensors[1].tolist() == labels[where].tolist()
        assert part.tensors[1].dtype == np.int64
    assert data.classes[3] == "cat"
    assert len(data.classes) == 10


def test_the_first_folder_that_has_it_counts_packed_or_not(tmp_path, monkeypatch):
    first, _, labels = contents(seed=1)
    second, _, _ = contents(seed=2)
    packed(tmp_path / "root" / ARCHIVE.name, first)
    unpacked(tmp_path / "shared" / "cifar10", second)
    monkeypatch.setenv("AUTOGRAD_CORE_DATA", str(tmp_path / "shared"))
    assert cifar10(tmp_path / "root").train.tensors[1].tolist() == labels[:10].tolist()
    assert cifar10().train.tensors[1].tolist() != labels[:10].tolist()


@given(st.integers(1, 5), st.data())
def test_every_truncation_and_every_excess_is_refused(count, data):
    content = written(np.zeros((count, 3, 32, 32), np.uint8), [1] * count)
    length = data.draw(st.integers(0, 2 * len(content)).filter(lambda n: n % 3073 or n == 0))
    with pytest.raises(ag.DataError, match=f"test.bin: has {length} bytes, where a multiple of 3073"):
        read_cifar10((content * 2)[:length], "test.bin")


@given(st.integers(0, 4000), st.integers(0, 7))
def test_a_flipped_bit_or_a_truncation_of_the_archive_is_refused_or_without_effect(tmp_path_factory, place, bit):
    path = tmp_path_factory.mktemp("cifar") / ARCHIVE.name
    files = {name: bytes([1]) + bytes(3072) for name in (*TRAIN, *TEST)}
    packed(path, files)
    whole = bytearray(path.read_bytes())
    place %= len(whole)
    for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]):
        path.write_bytes(damaged)
        try:
            data = cifar10(path.parent)
        except ag.DataError:
            continue
        assert not data.train.tensors[0].data.any()
        assert data.train.tensors[1].tolist() == [1] * 5


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda files: {**files, "data_batch_3.bin": bytes(100)}, "data_batch_3.bin: has 100 bytes"),
        (
            lambda files: {**files, "test_batch.bin": bytes([30]) + bytes(3072)},
            "test_batch.bin: label 30 at position 0",
        ),
        (lambda files: {name: files[name] for name in TRAIN}, "has no test_batch.bin in cifar-10-batches-bin"),
    ],
)
def test_a_wrong_archive_is_refused_in_words(tmp_path, spoil, words):
    packed(tmp_path / ARCHIVE.name, spoil(contents()[0]))
    with pytest.raises(ag.DataError, match=f"{tmp_path}.*{words}"):
        cifar10(tmp_path)


def test_what_is_no_archive_is_refused(tmp_path):
    (tmp_path / ARCHIVE.name).write_bytes(b"<html>not found</html>")
    with pytest.raises(ag.DataError, match=r"cannot be unpacked.*download it again"):
        cifar10(tmp_path)
    packed(tmp_path / ARCHIVE.name, contents()[0], top="cifar-10-batches-py")
    with pytest.raises(ag.DataError, match=r"has no data_batch_1.bin.*Python version"):
        cifar10(tmp_path)
