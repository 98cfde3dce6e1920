"""Augmentation: every image is changed in its own way, as far as it was said and no further, and keeps its label."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd_core as ag
from nn.augment import (
    Affine,
    Augmentation,
    Augmented,
    Compose,
    Crop,
    Distorted,
    Elastic,
    Erase,
    Flip,
    Noise,
    Rotate,
    Shift,
    affine,
    expand,
)
from nn.data import DataLoader, Subset, TensorDataset

seeds = st.integers(0, 2**32 - 1)
CHANGES = [
    Shift(2),
    Crop(6),
    Crop((8, 7), padding=2),
    Flip(),
    Rotate(20),
    Affine(),
    Elastic(),
    Noise(),
    Erase(),
    Compose([Shift(1), Flip(), Noise(0.1)]),
]
changes = pytest.mark.parametrize("change", CHANGES, ids=repr)


def images(n=6, channels=2, height=8, width=7, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).random((n, channels, height, width)).astype(dtype)


def placed(image, down, right):
    """An image moved by whole pixels, by hand."""
    moved = np.zeros_like(image)
    height, width = image.shape[-2:]
    for i in range(height):
        for j in range(width):
            if 0 <= i - down < height and 0 <= j - right < width:
                moved[..., i, j] = image[..., i - down, j - right]
    return moved


# --- what holds for all of them ---


@changes
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_type_the_number_and_the_input_stay(change, dtype):
    x = images(dtype=dtype)
    before = x.copy()
    changed = change(x, rng=0)
    assert changed.dtype == dtype
    assert changed.shape[:2] == x.shape[:2]
    assert np.array_equal(x, before)
    assert not np.shares_memory(changed, x)
    assert np.isfinite(changed).all()


@changes
def test_the_seed_decides_and_each_image_has_a_change_of_its_own(change):
    x = np.repeat(images(1), 40, axis=0)
    assert np.array_equal(change(x, rng=1), change(x, rng=1))
    assert not np.array_equal(change(x, rng=1), change(x, rng=2))
    assert len({image.tobytes() for image in change(x, rng=1)}) > 1


@changes
def test_one_image_is_a_batch_of_one_and_a_tensor_stays_one(change):
    x = images(1)
    expected = change(x, rng=3)
    assert np.array_equal(change(x[0], rng=3), expected[0])
    tensor = change(ag.asarray(x), rng=3)
    assert isinstance(tensor, ag.Tensor)
    assert np.array_equal(tensor.data, expected)
    # not contiguous in memory
    assert np.array_equal(change(np.asfortranarray(x), rng=3), expected)


@changes
def test_no_image_is_no_image(change):
    assert len(change(images(0), rng=0)) == 0


def test_a_change_has_a_generator_of_its_own_where_none_is_handed_over():
    one, other = Shift(2, rng=5), Shift(2, rng=5)
    x = images(20)
    first = one(x)
    assert np.array_equal(first, other(x))
    assert not np.array_equal(first, one(x))


# --- moved by whole pixels ---


@given(seeds, st.integers(1, 4))
def test_a_shift_is_one_of_all_whole_shifts(seed, pixels):
    x = images(4)
    every = range(-pixels, pixels + 1)
    for image, moved in zip(x, Shift(pixels)(x, rng=seed), strict=True):
        assert any(np.array_equal(moved, placed(image, i, j)) for i in every for j in every)


def test_every_shift_comes_equally_often():
    x = np.zeros((9000, 1, 5, 5), np.float32)
    x[:, :, 2, 2] = 1
    counts = Shift(1)(x, rng=0).sum(axis=(0, 1))
    assert counts[1:4, 1:4].sum() == 9000
    # five standard deviations of a binomial count
    assert np.abs(counts[1:4, 1:4] - 1000).max() < 5 * np.sqrt(9000 * 8 / 81)


def test_a_crop_without_room_is_the_image_and_with_room_a_part():
    x = images(30)
    assert np.array_equal(Crop((8, 7))(x, rng=0), x)
    parts = Crop(3)(x, rng=0)
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    for part, own in zip(parts, windows, strict=True):
        assert any(np.array_equal(part, own[:, i, j]) for i in range(6) for j in range(5))


def test_a_padded_crop_is_a_shift():
    x = images(50)
    assert np.array_equal(Crop((8, 7), padding=2)(x, rng=0).shape, x.shape)
    every = range(-2, 3)
    for image, moved in zip(x, Crop((8, 7), padding=2)(x, rng=0), strict=True):
        assert any(np.array_equal(moved, placed(image, i, j)) for i in every for j in every)


@given(st.floats(0, 1), seeds)
def test_a_flip_mirrors_or_does_nothing(p, seed):
    x = images(10)
    for image, flipped in zip(x, Flip(p)(x, rng=seed), strict=True):
        assert np.array_equal(flipped, image) or np.array_equal(flipped, image[..., ::-1])


def test_certain_flips():
    x = images(10)
    assert np.array_equal(Flip(1.0)(x, rng=0), x[..., ::-1])
    assert np.array_equal(Flip(0.0)(x, rng=0), x)


# --- read between pixels ---


@settings(max_examples=25)
@given(seeds, st.floats(-1, 1), st.floats(0.5, 2), st.floats(-3, 3), st.floats(-3, 3))
def test_an_affine_map_agrees_with_scipy(seed, shear, size, down, right):
    ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy is the independent truth for interpolation")
    x = images(2, 2, dtype=np.float64, seed=seed % 1000)
    matrix = np.array([[size, shear], [-shear / 2, 1 / size]])
    seen = affine(x, np.stack([matrix, np.eye(2)]), np.array([[down, right], [0.0, 0.0]]))
    middle = np.array([3.5, 3.0])
    # SciPy ends an image at its outermost pixels, here it fades to 0 over one more: room around makes them alike
    room = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
    offset = middle + 2 + np.array([down, right]) - matrix @ (middle + 2)
    for channel in range(2):
        expected = ndimage.affine_transform(room[0, channel], matrix, offset, order=1)[2:-2, 2:-2]
        # positions are rounded differently, and the values change by at most 1 between neighbours
        np.testing.assert_allclose(seen[0, channel], expected, rtol=0, atol=1e-12)
    assert np.array_equal(seen[1], x[1])


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_exact(turns):
    x = images(2, 3, 6, 6)
    cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][turns]
    matrices = np.array([[[cos, sin], [-sin, cos]]] * 2, float)
    assert np.array_equal(affine(x, matrices, np.zeros((2, 2))), np.rot90(x, turns, axes=(2, 3)))


def test_nothing_to_change_changes_nothing():
    x = images()
    assert np.array_equal(Affine(0, 0, 0)(x, rng=0), x)
    assert np.array_equal(Rotate(0)(x, rng=0), x)
    assert np.array_equal(Elastic(alpha=0)(x, rng=0), x)
    assert np.array_equal(Noise(0)(x, rng=0), x)
    assert np.array_equal(Erase(p=0)(x, rng=0), x)


def test_far_outside_there_is_nothing():
    assert not affine(images(1), np.eye(2)[None] * 1e9, np.array([[1e9, -1e9]])).any()


def test_a_rotation_stays_within_its_angle():
    x = np.zeros((300, 1, 41, 41))
    x[:, :, 20, 35] = 1  # fifteen pixels to the right of the middle
    turned = Rotate(30)(x, rng=0)
    rows, columns = np.indices((41, 41)) - 20
    mass = turned[:, 0] / turned.sum(axis=(1, 2, 3))[:, None, None]
    angle = np.rad2deg(np.arctan2((mass * rows).sum(axis=(1, 2)), (mass * columns).sum(axis=(1, 2))))
    assert np.abs(angle).max() < 30 + 2  # the point is spread over pixels, which are 4 degrees wide there
    assert np.abs(angle).max() > 25
    assert min(angle) < 0 < max(angle)


def test_elastic_moves_are_smooth_and_as_strong_as_published():
    """The field of moves, seen in a ramp whose values are the positions."""
    ramp = np.broadcast_to(np.arange(60.0)[:, None], (40, 1, 60, 60)).copy()
    moves = (Elastic(alpha=34, sigma=4)(ramp, rng=0) - ramp)[:, 0, 20:40, 20:40]
    # uniform noise of variance alpha^2 / 3 averaged with normal weights, whose squares sum to 1 / (4 pi sigma^2)
    expected = 34 / np.sqrt(3) / np.sqrt(4 * np.pi * 4**2)
    assert abs(moves.std() / expected - 1) < 0.15  # 40 fields of about (20 / 4)^2 independent moves: 3 % each way
    assert np.abs(np.diff(moves, axis=1)).std() < moves.std() / 3


# --- spoiled ---


def test_noise_has_its_deviation_and_no_mean():
    noise = Noise(0.5)(np.zeros((10, 1, 100, 100), np.float32), rng=0)
    assert abs(noise.std() - 0.5) < 5 * 0.5 / np.sqrt(2 * noise.size)  # five standard errors
    assert abs(noise.mean()) < 5 * 0.5 / np.sqrt(noise.size)


@given(seeds)
def test_what_is_erased_is_one_rectangle_of_the_size_that_was_said(seed):
    x = np.ones((8, 2, 30, 40))
    erased = Erase(p=1.0, scale=(0.1, 0.2), ratio=(0.5, 2.0), value=7.0)(x, rng=seed)
    assert set(np.unique(erased)) == {1.0, 7.0}
    for image in erased:
        rows, columns = np.nonzero(image[0] == 7)
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert height * width == len(rows)  # it is filled
        assert np.array_equal(image[0], image[1])
        # sides of up to 22 are rounded to whole pixels, by half a pixel each
        assert 0.1 * 1200 - 30 < len(rows) < 0.2 * 1200 + 30
        assert 0.5 - 0.1 < height / width < 2.0 + 0.3


def test_what_is_erased_is_as_often_tall_as_wide():
    erased = Erase(p=1.0, scale=(0.1, 0.2), ratio=(0.5, 2.0))(np.ones((2000, 1, 60, 60), np.float32), rng=0)[:, 0] == 0
    heights, widths = erased.any(axis=2).sum(axis=1), erased.any(axis=1).sum(axis=1)
    ratio = heights / widths
    assert ratio.min() < 0.55
    assert ratio.max() > 1.8
    assert abs((ratio > 1).mean() + (ratio == 1).mean() / 2 - 0.5) < 5 * 0.5 / np.sqrt(2000)  # five standard deviations


def test_about_as_many_are_erased_as_was_said():
    erased = Erase(p=0.3)(np.ones((5000, 1, 6, 6), np.float32), rng=0)
    share = (erased == 0).any(axis=(1, 2, 3)).mean()
    assert abs(share - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 5000)  # five standard deviations


# --- several, and data sets seen through them ---


def test_changes_come_one_after_the_other():
    x, rng = images(), np.random.default_rng(4)
    by_hand = Noise(0.1)(Shift(2)(x, rng=rng), rng=rng)
    assert np.array_equal(Compose([Shift(2), Noise(0.1)])(x, rng=4), by_hand)


def test_a_change_of_ones_own():
    class Negative(Augmentation):
        def apply(self, images, rng):
            return 1 - images

    x = images()
    assert np.array_equal(Compose([Negative(), Negative()])(x), 1 - (1 - x))
    assert repr(Negative()) == "Negative()"


def test_labels_stay_and_images_differ_from_epoch_to_epoch():
    data = TensorDataset(images(10), np.arange(10), np.arange(10) / 2)
    seen = Augmented(data, Shift(2), Noise(0.1), rng=0)
    (first, labels, extra), (second, _, _) = (next(iter(DataLoader(seen, 10))) for _ in range(2))
    assert labels.tolist() == list(range(10))
    assert extra.tolist() == [i / 2 for i in range(10)]
    assert first.dtype == np.float32
    assert not np.array_equal(first.data, second.data)
    assert len(seen) == 10
    assert repr(seen) == f"Augmented({data!r}, Compose([Shift(pixels=2), Noise(std=0.1)]))"


def test_one_by_one_is_like_batches_of_one():
    data = TensorDataset(images(10), np.arange(10))
    one, other = (Augmented(data, Shift(2), rng=0) for _ in range(2))
    for i, (x, y) in enumerate(DataLoader(one, 1)):
        image, label = other[i]
        assert np.array_equal(image.data, x.data[0])
        assert label.item() == y.item()


def test_a_part_of_a_distorted_data_set_is_distorted():
    data = Distorted(TensorDataset(images(10), np.arange(10)), degrees=20, rng=0)
    x, y = next(iter(DataLoader(Subset(data, [7, 3]), 2)))
    assert y.tolist() == [7, 3]
    assert not np.array_equal(x.data, images(10)[[7, 3]])
    assert (data.degrees, data.scale, data.pixels) == (20, 0.1, 0.5)


@given(st.integers(1, 3), st.booleans())
def test_an_expanded_set_has_each_image_in_five_places(pixels, flatten):
    x, y = images(4, 1, 6, 6), np.array([3, 1, 4, 1])
    larger = expand(TensorDataset(x.reshape(4, 36) if flatten else x, y), pixels)
    assert len(larger) == 20
    moves = [(0, 0), (pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)]
    for i in range(4):
        for k, (down, right) in enumerate(moves):
            image, label = larger[5 * i + k]
            assert np.array_equal(image.data.reshape(1, 6, 6), placed(x[i], down, right))
            assert image.dtype == np.float32
            assert label.item() == y[i]


def test_expanding_is_nielsens():
    """His loop over np.roll, in the order of his program."""
    x = images(3, 1, 28, 28)
    expected = []
    for image in x[:, 0]:
        expected.append(image)
        for step, axis, first, index in [(1, 0, True, 0), (-1, 0, True, 27), (1, 1, False, 0), (-1, 1, False, 27)]:
            moved = np.roll(image, step, axis)
            if first:
                moved[index, :] = 0
            else:
                moved[:, index] = 0
            expected.append(moved)
    assert np.array_equal(expand(TensorDataset(x, np.arange(3))).tensors[0].data[:, 0], expected)


# --- refusals ---


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Shift(0), ag.OptionError, "Shift: pixels must be a positive whole number"),
        (lambda: Shift(1)(np.zeros((4, 784), np.float32)), ag.ShapeError, r"\(4, 784\); load them with flatten=False"),
        (lambda: Shift(1)(np.zeros((4, 1, 5, 5), np.uint8)), ag.DTypeError, "floating point, got uint8.*/ 255"),
        (lambda: Crop(9)(images()), ag.ShapeError, r"\(8, 7\) with padding=0 are smaller than size=9"),
        (lambda: Crop((1, 2, 3)), ag.OptionError, r"a number or \(height, width\)"),
        (lambda: Crop(3, padding=-1), ag.OptionError, "padding must be a positive whole number"),
        (lambda: Flip(1.5), ag.OptionError, "p must be a probability from 0 to 1, got float 1.5"),
        (lambda: Rotate(-3), ag.OptionError, "degrees must be a finite number from 0"),
        (lambda: Noise(float("nan")), ag.OptionError, "std must be a finite number from 0"),
        (lambda: Erase(scale=(0.5, 0.1)), ag.OptionError, "scale must be two positive numbers, the smaller one first"),
        (lambda: Erase(scale=(0.5, 2)), ag.OptionError, "at most 1"),
        (lambda: Compose([np.flip]), ag.OptionError, "a list of augmentations such as Shift"),
        (lambda: Augmented([1], np.flip), ag.OptionError, "a list of augmentations such as Shift"),
        (lambda: Augmented([1], Shift(1))[0], ag.DataError, "a tuple that begins with an image, got int 1"),
        (lambda: expand(TensorDataset(np.zeros((2, 10)), [0, 1])), ag.ShapeError, "10 values are not square"),
        (lambda: Shift(1, rng="seed"), ag.OptionError, "rng must be a seed"),
    ],
)
def test_what_is_refused_and_in_which_words(call, error, words):
    with pytest.raises(error, match=words):
        call()
