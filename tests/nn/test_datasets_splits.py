"""Scripts for torchvision: its data sets and transforms under their names, one image at a time or all at once."""

import gzip
import struct

import numpy as np
import pytest

import autograd_core as ag
from nn.augment import Rotate
from nn.data import DataLoader, Subset
from nn.datasets import CIFAR10, MNIST, FashionMNIST, cifar10, mnist, transforms
from nn.datasets.cifar import TEST, TRAIN
from nn.datasets.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, RandomRotation, ToTensor

IMAGES = np.random.default_rng(0).integers(256, size=(7, 28, 28), dtype=np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 9, 2], np.uint8)
COLOURED = np.random.default_rng(1).integers(256, size=(6, 3, 32, 32), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _nowhere_else(monkeypatch, tmp_path_factory):
    monkeypatch.delenv("AUTOGRAD_CORE_DATA", raising=False)
    monkeypatch.setenv("AUTOGRAD_CORE_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def root(tmp_path):
    """Both data sets, where torchvision would put the one and the archive's folder of the other."""
    for name in ("MNIST", "FashionMNIST"):
        (tmp_path / name / "raw").mkdir(parents=True)
        for part, count in (("train", 7), ("t10k", 4)):
            images, labels = IMAGES[:count], LABELS[:count]
            for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
                content = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
                (tmp_path / name / "raw" / f"{part}-{kind}-ubyte.gz").write_bytes(gzip.compress(content))
    (tmp_path / "cifar-10-batches-bin").mkdir()
    for i, name in enumerate((*TRAIN, *TEST)):
        (tmp_path / "cifar-10-batches-bin" / name).write_bytes(bytes([i]) + COLOURED[i].tobytes())
    return tmp_path


usual = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])


@pytest.mark.parametrize("kind", [MNIST, FashionMNIST])
def test_attributes_are_torchvisions(root, kind):
    train, test = kind(root, train=True), kind(root, train=False, download=True)
    assert (len(train), len(test)) == (7, 4)
    assert np.array_equal(train.data.data, IMAGES)
    assert train.data.dtype == np.uint8
    assert train.targets.tolist() == LABELS.tolist()
    assert train.classes[train.class_to_idx[train.classes[4]]] == train.classes[4]
    image, target = train[2]
    assert np.array_equal(image, IMAGES[2])
    assert (target, type(target)) == (4, int)
    assert repr(test) == f"{kind.__name__}(4 images for testing)"


def test_colours_come_last_before_to_tensor_and_first_after(root):
    train = CIFAR10(root)
    assert train.data.shape == (5, 32, 32, 3)
    assert train.targets == [0, 1, 2, 3, 4]
    assert np.array_equal(train[1][0], COLOURED[1].transpose(1, 2, 0))
    (x, y) = next(iter(DataLoader(CIFAR10(root, transform=ToTensor()), 5)))
    assert np.array_equal(x.data, cifar10(root).train.tensors[0].data)
    assert y.dtype == np.int64


def test_the_usual_transform_is_the_formula(root):
    data = MNIST(root, transform=usual)
    x, y = next(iter(DataLoader(data, 7)))
    # the same operations in the same order, in float32
    expected = (IMAGES[:, None] / np.float32(255) - np.float32(0.1307)) / np.float32(0.3081)
    assert np.array_equal(x.data, expected)
    assert x.dtype == np.float32
    assert y.tolist() == LABELS.tolist()
    plain = mnist(root).train.tensors[0].data
    assert np.array_equal(next(iter(DataLoader(MNIST(root, transform=ToTensor()), 7)))[0].data, plain)


@pytest.mark.parametrize(
    "transform",
    [
        None,
        usual,
        Compose([ToTensor(), lambda image: image * 2]),
        Compose([lambda image: image[:20], ToTensor()]),
        lambda image: ag.asarray(image.astype(np.float32)),
    ],
)
def test_all_at_once_and_one_by_one_are_the_same(root, transform):
    data = MNIST(root, transform=transform)
    x, y = next(iter(DataLoader(Subset(data, [5, 0, 3]), 3)))
    for image, label, index in zip(x.data, y.tolist(), (5, 0, 3), strict=True):
        own, target = data[index]
        assert np.array_equal(image, own.data if isinstance(own, ag.Tensor) else own)
        assert label == target


def test_a_transform_of_the_class_is_heeded(root):
    data = MNIST(root, transform=usual, target_transform=lambda label: label % 2)
    assert next(iter(DataLoader(data, 7)))[1].tolist() == (LABELS % 2).tolist()


def test_a_subclass_that_changes_samples_is_heeded(root):
    class Numbered(MNIST):
        def __getitem__(self, index):
            return index, super().__getitem__(index)[1]

    assert next(iter(DataLoader(Numbered(root), 3)))[0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("change", [RandomCrop(28, padding=2), RandomHorizontalFlip(1.0), RandomRotation(0)])
def test_random_transforms_work_before_and_after_to_tensor(change):
    for images in (IMAGES, COLOURED.transpose(0, 2, 3, 1)):
        change.rng = np.random.default_rng(3)
        before = ToTensor().batch(change.batch(images))
        change.rng = np.random.default_rng(3)
        after = change.batch(ToTensor().batch(images))
        assert np.array_equal(before.data, after.data)
        assert change(images[0]).dtype == np.uint8
    change.rng = np.random.default_rng(3)


def test_what_lies_between_pixels_is_rounded():
    whole = RandomRotation(30, rng=3).batch(IMAGES)
    between = Rotate(30)(IMAGES[:, None].astype(np.float32), rng=3)[:, 0]
    assert np.abs(whole - between).max() <= 0.5


def test_mirrored_is_mirrored():
    assert np.array_equal(RandomHorizontalFlip(1.0)(IMAGES[0]), IMAGES[0, :, ::-1])


def test_a_loader_of_random_transforms_is_resumed(root):
    def make(seed):
        change = Compose([RandomCrop(32, padding=4, rng=seed), RandomHorizontalFlip(rng=seed + 1), ToTensor()])
        return DataLoader(CIFAR10(root, transform=change), 2, shuffle=True, rng=seed)

    loader, resumed = make(1), make(50)
    batches = iter(loader)
    next(batches)
    state = loader.state_dict()
    assert sorted(state["data"]) == ["dataset.transform.transforms.0.rng", "dataset.transform.transforms.1.rng"]
    resumed.load_state_dict(state)
    for (x, y), (u, v) in zip([*batches, *loader], [*resumed, *resumed], strict=True):
        assert np.array_equal(x.data, u.data)
        assert np.array_equal(y.data, v.data)


def test_what_transforms_are_shows():
    assert repr(usual) == "Compose(transforms=[ToTensor(), Normalize(mean=(0.1307,), std=(0.3081,))])"
    assert repr(transforms.RandomCrop(32, padding=4)) == "RandomCrop(size=32, padding=4)"


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: MNIST("nowhere"), FileNotFoundError, "train-images-idx3-ubyte.gz"),
        (lambda: Normalize((0.5,), (0.0,)), ag.OptionError, "std must be positive"),
        (lambda: Normalize((0.5,), (0.5,))(IMAGES[0]), ag.DTypeError, r"put ToTensor\(\) before"),
        (
            lambda: Compose([ToTensor(), Normalize([0.5] * 3, [0.5] * 3)])(IMAGES[0]),
            ag.ShapeError,
            "3 values.*1 channels",
        ),
        (lambda: ToTensor()(np.zeros(5)), ag.ShapeError, r"\(height, width\).*got \(5,\)"),
    ],
)
def test_what_is_refused_and_in_which_words(call, error, words):
    with pytest.raises(error, match=words):
        call()
