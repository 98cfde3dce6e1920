"""Image data sets: what is read is exactly what was written, and everything else is refused by name."""

import gzip
import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

import autograd_core as ag
from nn.data import DataLoader
from nn.datasets import digits, fashion_mnist, mnist
from nn.datasets.files import search_folders
from nn.datasets.idx import read_idx

REAL_DATA = os.environ.get("AUTOGRAD_CORE_DATA")
CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


@pytest.fixture(autouse=True)
def _nowhere_else(monkeypatch, tmp_path_factory):
    """No test sees the network, or data that lie on this computer."""
    monkeypatch.delenv("AUTOGRAD_CORE_DATA", raising=False)
    monkeypatch.setenv("AUTOGRAD_CORE_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("idx") / "file"


def idx_bytes(array):
    """An array in the IDX format."""
    header = struct.pack(f">HBB{array.ndim}I", 0, CODES[array.dtype.str[1:]], array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


# --- the IDX format ---

arrays = st.sampled_from(sorted(CODES)).flatmap(
    lambda code: hnp.arrays(code, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5))
)


@given(array=arrays, zipped=st.booleans())
def test_reading_undoes_writing(file, array, zipped):
    file.write_bytes(gzip.compress(idx_bytes(array), 1) if zipped else idx_bytes(array))
    found = read_idx(file, ndim=array.ndim, dtype=array.dtype)
    assert found.dtype == array.dtype
    assert found.dtype.isnative
    assert found.flags.writeable
    np.testing.assert_array_equal(found, array)


@given(array=arrays, zipped=st.booleans(), data=st.data())
def test_every_truncation_and_every_excess_is_refused(file, array, zipped, data):
    whole = gzip.compress(idx_bytes(array), 1) if zipped else idx_bytes(array)
    cut = data.draw(st.integers(0, len(whole) - 1))
    excess = b"\1" * data.draw(st.integers(1, 5))
    too_long = gzip.compress(idx_bytes(array) + excess, 1) if zipped else whole + excess
    for damaged in (whole[:cut], too_long):
        file.write_bytes(damaged)
        with pytest.raises(ag.DataError, match=str(file)):
            read_idx(file)


@given(array=hnp.arrays("u1", (3, 4, 4)), data=st.data())
def test_a_flipped_bit_in_a_gzip_file_is_refused_or_without_effect(file, array, data):
    whole = bytearray(gzip.compress(idx_bytes(array), 1))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(whole)
    with suppress(ag.DataError):
        np.testing.assert_array_equal(read_idx(file), array)  # gzip's header has bytes that mean nothing here


@given(
    content=st.binary(max_size=40)
    | st.builds(
        lambda code, ndim, rest: bytes([0, 0, code, ndim]) + rest,
        st.sampled_from(sorted(CODES.values())),
        st.integers(0, 255),
        st.lists(st.sampled_from([0, 1, 2, 255]), max_size=40).map(bytes),
    )
)
def test_any_bytes_are_an_array_or_a_data_error(file, content):
    file.write_bytes(content)
    try:
        found = read_idx(file)
    except ag.DataError:
        return
    assert idx_bytes(found) == content


IMAGES, LABELS = np.zeros((3, 28, 28), np.uint8), np.array([3, 1, 2], np.uint8)
RAW = idx_bytes(IMAGES)


@pytest.mark.parametrize(
    ("content", "expected", "words"),
    [
        (b"", {}, "not an IDX file: it starts with nothing.*00 00, a type code"),
        (b"PK\x03\x04zip", {}, "not an IDX file: it starts with 50 4b 03 04"),
        (b"\0\0\x0a\x01", {}, "not an IDX file: it starts with 00 00 0a 01"),
        (RAW[:9], {}, "ends within its header, after 9 bytes.*download it again"),
        (RAW[:-1], {}, r"an array \(3, 28, 28\) of 2352 bytes, but only 2351 follow.*download it again"),
        (RAW + b"\0", {}, "2352 bytes, but more follow"),
        (b"\0\0\x08\x03" + b"\xff" * 20, {}, "but only 8 follow"),
        (idx_bytes(LABELS), {"ndim": 3}, r"labels \(1 axis\), where images \(3 axes\) is expected.*swapped"),
        (RAW, {"ndim": 1}, r"images \(3 axes\), where labels \(1 axis\) is expected.*swapped"),
        (idx_bytes(IMAGES.astype(np.int16)), {"dtype": "u1"}, r"int16 \(type code 0b\), where uint8 is expected"),
        (gzip.compress(RAW)[:-9], {}, "cannot be unzipped.*download it again"),
        (gzip.compress(RAW)[:-8] + b"\0" * 8, {}, "cannot be unzipped.*CRC"),
        (gzip.compress(RAW) + b"more", {}, "cannot be unzipped"),
    ],
)
def test_a_wrong_idx_file_is_refused_in_words(file, content, expected, words):
    file.write_bytes(content)
    with pytest.raises(ag.DataError, match=f"{file}: .*{words}"):
        read_idx(file, **expected)


# --- MNIST ---


def make_mnist(folder, *, first_label=0, zipped=True, **replaced):
    """A small data set of MNIST's form: 5 images to train, 3 to test; image i is of one grey level."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, size in (("train", 5), ("t10k", 3)):
        images = np.broadcast_to(np.arange(size, dtype=np.uint8)[:, None, None] * 51, (size, 28, 28))
        labels = (np.arange(size, dtype=np.uint8) + first_label) % 10
        for kind, array in ((f"{part}-images-idx3", images), (f"{part}-labels-idx1", labels)):
            content = replaced.get(kind.replace("-", "_"), idx_bytes(array))
            path = folder / f"{kind}-ubyte{'.gz' if zipped else ''}"
            path.write_bytes(gzip.compress(content, 1) if zipped else content)
    return folder


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("flatten", "shape"), [(False, (1, 28, 28)), (True, (784,))])
def test_images_are_scaled_to_1_and_paired_with_their_labels(tmp_path, zipped, dtype, flatten, shape):
    data = mnist(make_mnist(tmp_path, zipped=zipped), flatten=flatten, dtype=dtype)
    (images, labels), (test_images, test_labels) = data.train.tensors, data.test.tensors
    assert images.shape == (5, *shape)
    assert test_images.shape == (3, *shape)
    assert images.dtype == dtype
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 1, 2, 3, 4]
    assert test_labels.tolist() == [0, 1, 2]
    levels = images.data.reshape(5, -1)
    np.testing.assert_array_equal(levels, np.full((1, 784), 1, dtype) * (np.arange(5) / 5).astype(dtype)[:, None])
    assert data.classes == tuple("0123456789")


def test_the_folders_are_searched_in_order(tmp_path, monkeypatch):
    shared, cache = tmp_path / "shared", tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("AUTOGRAD_CORE_DATA", str(shared))
    root = tmp_path / "root"
    later_to_sooner = [cache / "autograd_core" / "mnist", shared / "mnist", shared, root / "mnist", root]
    assert search_folders("mnist", root) == later_to_sooner[::-1]
    for number, folder in enumerate(later_to_sooner):
        make_mnist(folder, first_label=number)
        assert mnist(root).train[0][1].item() == number


@pytest.mark.parametrize(("load", "folder"), [(mnist, "MNIST"), (fashion_mnist, "FashionMNIST")])
def test_files_are_found_where_torchvision_keeps_them(tmp_path, load, folder):
    make_mnist(tmp_path / folder / "raw", first_label=2, zipped=False)
    assert load(tmp_path).train[0][1].item() == 2


def test_the_twin_has_names_for_its_classes_and_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_CORE_DATA", str(tmp_path))
    make_mnist(tmp_path / "fashion_mnist")
    data = fashion_mnist(flatten=True)
    # the table of labels in the README of zalandoresearch/fashion-mnist
    assert (data.classes[0], data.classes[9], len(data.classes)) == ("T-shirt/top", "Ankle boot", 10)
    assert repr(data) == (
        "ImageData(train=TensorDataset((5, 784) float32, (5,) int64), "
        "test=TensorDataset((3, 784) float32, (3,) int64), 10 classes: T-shirt/top, "
        "Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot)"
    )
    with pytest.raises(FileNotFoundError, match="mnist: no folder has all of its files"):
        mnist()


def test_one_twin_is_never_taken_for_the_other(tmp_path):
    """Their files have the same names and sizes."""
    digits_first = np.array([5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7, 2, 8, 6, 9], np.uint8)
    clothes_first = np.array([9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9, 1, 0, 6, 4], np.uint8)
    pictures = idx_bytes(np.zeros((20, 28, 28), np.uint8))
    for load, other, folder, own_labels, other_labels in (
        (mnist, fashion_mnist, "MNIST/raw", digits_first, clothes_first),
        (fashion_mnist, mnist, "FashionMNIST/raw", clothes_first, digits_first),
    ):
        root = tmp_path / load.__name__
        make_mnist(root, train_images_idx3=pictures, train_labels_idx1=idx_bytes(other_labels))
        with pytest.raises(FileNotFoundError, match=f"In {root} files of these names are of another data set"):
            load(root)
        assert len(other(root).train) == 20
        make_mnist(root / folder, train_images_idx3=pictures, train_labels_idx1=idx_bytes(own_labels))
        assert load(root).train.tensors[1].tolist() == own_labels.tolist()


def test_without_the_variables_the_cache_is_in_the_home_folder(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert search_folders("mnist") == [Path.home() / ".cache" / "autograd_core" / "mnist"]


def test_an_incomplete_folder_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_CORE_DATA", str(make_mnist(tmp_path / "shared", first_label=4)))
    (make_mnist(tmp_path / "root") / "t10k-labels-idx1-ubyte.gz").unlink()
    assert mnist(tmp_path / "root").train[0][1].item() == 4


@pytest.mark.parametrize(
    ("replaced", "name", "words"),
    [
        ({"train_images_idx3": idx_bytes(LABELS)}, "train-images", "labels.*where images.*swapped"),
        ({"train_labels_idx1": RAW}, "train-labels", "images.*where labels.*swapped"),
        ({"train_labels_idx1": idx_bytes(LABELS)}, "train-labels", "holds 3 labels, where 5 are expected.*swapped"),
        ({"t10k_images_idx3": idx_bytes(IMAGES[:2])}, "t10k-labels", "holds 3 labels, where 2 are expected"),
        ({"t10k_images_idx3": idx_bytes(IMAGES[:, 1:])}, "t10k-images", r"\(3, 27, 28\), where \(N, 28, 28\)"),
        ({"t10k_images_idx3": idx_bytes(IMAGES[:0])}, "t10k-images", r"\(0, 28, 28\), where .* N > 0"),
        ({"t10k_labels_idx1": idx_bytes(LABELS * 5)}, "t10k-labels", "label 15 at position 0, where 0 to 9"),
        ({"t10k_labels_idx1": idx_bytes(LABELS.astype("i4"))}, "t10k-labels", "int32.*where uint8 is expected"),
    ],
)
def test_wrong_files_are_refused_by_name(tmp_path, replaced, name, words):
    with pytest.raises(ag.DataError, match=f"{name}.*-ubyte.gz: .*{words}"):
        mnist(make_mnist(tmp_path, **replaced))


def test_grey_levels_need_a_type_with_fractions(tmp_path):
    with pytest.raises(ag.OptionError, match=r"floating point.*got uint8"):
        mnist(make_mnist(tmp_path), dtype=np.uint8)


# --- the real thing ---


@pytest.mark.skipif(REAL_DATA is None, reason="AUTOGRAD_CORE_DATA is not set, so the real MNIST is not looked for")
def test_the_real_mnist(monkeypatch):
    monkeypatch.setenv("AUTOGRAD_CORE_DATA", REAL_DATA)
    data = mnist()
    images, labels = (tensor.data for tensor in data.train.tensors)
    assert images.shape == (60000, 1, 28, 28)
    assert len(data.test) == 10000
    # the mean in PyTorch's MNIST example, Normalize((0.1307,), (0.3081,)), to the digits given there
    assert abs(images.mean(dtype=np.float64) - 0.1307) < 5e-5
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]  # the first row of the well-known picture
    assert np.bincount(data.test.tensors[1].data).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


# --- digits ---


def rows(dataset):
    images, labels = (tensor.data for tensor in dataset.tensors)
    return [(image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True)]


@pytest.mark.parametrize("test_fraction", [0.2, 0.5, 0.01])
def test_digits_are_split_alike_in_every_class(test_fraction):
    sklearn_datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn brings the scans")
    scans = sklearn_datasets.load_digits()
    data = digits(test_fraction, dtype=np.float64)
    train, test = data.train.tensors[1].data, data.test.tensors[1].data
    assert np.all(np.abs(np.bincount(test) - np.bincount(scans.target) * test_fraction) <= 0.5)
    assert len(train) + len(test) == 1797
    assert len(data.classes) == 10
    everything = [(image.tobytes(), int(label)) for image, label in zip(scans.images / 16, scans.target, strict=True)]
    assert sorted(rows(data.train) + rows(data.test)) == sorted(everything)


def test_digits_follow_their_seed_and_come_in_mixed_order():
    pytest.importorskip("sklearn", reason="scikit-learn brings the scans")
    one, again, other = digits(rng=5), digits(rng=np.random.default_rng(5)), digits(rng=6)
    assert rows(one.train) == rows(again.train)
    assert rows(one.test) == rows(again.test)
    assert rows(one.test) != rows(other.test)
    assert len(set(one.train.tensors[1].tolist()[:50])) == 10  # not sorted by class
    assert repr(digits().train) == "TensorDataset((1438, 1, 8, 8) float32, (1438,) int64)"


def test_digits_feed_a_loader():
    pytest.importorskip("sklearn", reason="scikit-learn brings the scans")
    x, y = next(iter(DataLoader(digits(flatten=True).train, 32, shuffle=True, rng=0)))
    assert x.shape == (32, 64)
    assert x.dtype == np.float32
    assert y.dtype == np.int64
    assert x.data.min() == 0
    assert x.data.max() == 1


@pytest.mark.parametrize("fraction", [0, 1, -0.2, 1.5, 0.001, 0.999, float("nan")])
def test_a_fraction_that_leaves_a_class_without_images_is_refused(fraction):
    pytest.importorskip("sklearn", reason="scikit-learn brings the scans")
    with pytest.raises(ag.OptionError, match=f"between 0 and 1.*got {fraction}"):
        digits(fraction)


def test_digits_without_scikit_learn_name_the_extra(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "nn.scikit", raising=False)  # the door to it, which may stand open
    with pytest.raises(ImportError, match=r"pip install 'autograd-core\[demo\]'"):
        digits()
