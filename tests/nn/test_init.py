"""Initialisers draw from the distributions that were published, in place, and refuse what they cannot fill."""

import math

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import init

SIZE = 60_000  # numbers drawn: a mean of theirs lies within 5 / sqrt(SIZE) = 2 % of a standard deviation of its own


def drawn(function, *arguments, shape=(300, 200), **options):
    return function(ag.Tensor(np.full(shape, np.nan)), *arguments, rng=0, **options).data


def spread(function, *arguments, shape=(300, 200), **options):
    """What an initialiser fills in, as (lowest, highest, standard deviation); in place and of the tensor's type."""
    p = nn.Parameter(np.zeros(shape, np.float32))
    assert function(p, *arguments, **options, rng=0) is p
    assert p.dtype == np.float32
    return p.data.min(), p.data.max(), p.data.std()


def test_initialisers_have_the_published_spread():
    root = math.sqrt
    for function, bound in [
        (init.xavier_uniform_, root(6 / 500)),
        (init.kaiming_uniform_, root(6 / 200)),
        (lambda p, rng: init.kaiming_uniform_(p, a=root(5), rng=rng), 1 / root(200)),
        (lambda p, rng: init.kaiming_uniform_(p, mode="fan_out", nonlinearity="linear", rng=rng), root(3 / 300)),
        (lambda p, rng: init.uniform_(p, -2, 2, rng=rng), 2),
    ]:
        low, high, std = spread(function)
        # 60,000 numbers: the ends come within 0.1 % of the bounds, the deviation within 1 %
        assert low == pytest.approx(-bound, rel=1e-3)
        assert high == pytest.approx(bound, rel=1e-3)
        assert std == pytest.approx(bound / root(3), rel=1e-2)
    for function, expected in [
        (init.xavier_normal_, root(2 / 500)),
        (lambda p, rng: init.xavier_normal_(p, 3, rng=rng), 3 * root(2 / 500)),
        (lambda p, rng: init.kaiming_normal_(p, nonlinearity="relu", rng=rng), root(2 / 200)),
        (lambda p, rng: init.normal_(p, 0, 0.5, rng=rng), 0.5),
    ]:
        assert spread(function)[2] == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (3, 2, 2)])
def test_orthogonal_rows_or_columns(shape):
    p = init.orthogonal_(nn.Parameter(np.zeros(shape)), gain=2, rng=0)
    q = p.data.reshape(shape[0], -1)
    gram = q @ q.T if q.shape[0] <= q.shape[1] else q.T @ q
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-13)  # rounding of a QR of order 7


def test_constants_and_gains():
    p = nn.Parameter(np.zeros((2, 2)))
    assert init.ones_(p).tolist() == [[1, 1], [1, 1]]
    assert init.zeros_(p).tolist() == [[0, 0], [0, 0]]
    assert init.constant_(p, 0.5).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    gains = {
        "linear": 1,
        "conv2d": 1,
        "conv_transpose3d": 1,
        "sigmoid": 1,
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "selu": 0.75,
    }
    assert {name: init.calculate_gain(name) for name in gains} == gains  # the table of torch.nn.init
    assert init.calculate_gain("leaky_relu", 0.2) == math.sqrt(2 / 1.04)
    with pytest.raises(ag.OptionError, match="nonlinearity must be one of linear"):
        init.calculate_gain("swish")
    with pytest.raises(ag.OptionError, match="mode must be one of fan_in, fan_out"):
        init.kaiming_normal_(p, mode="fan")
    with pytest.raises(ag.ShapeError, match="fans are those of a weight"):
        init.xavier_normal_(nn.Parameter(np.zeros(3)))


def test_lecun_and_nielsen_divide_the_variance_by_the_inputs():
    shape = (100, 20, 5, 6)  # fan_in 600
    for function in (init.lecun_normal_, init.lecun_uniform_, init.nielsen_default_):
        value = drawn(function, shape=shape) * math.sqrt(600)
        assert abs(value.mean()) < 5 / math.sqrt(SIZE)
        assert abs(value.var() - 1) < 5 * math.sqrt(2 / SIZE)  # the variance of the square is 2, or 0.8 if uniform
    assert abs(drawn(init.lecun_uniform_, shape=shape)).max() <= math.sqrt(3 / 600)
    for value in (drawn(init.nielsen_large_), drawn(init.nielsen_default_, shape=(SIZE,))):
        assert abs(value.mean()) < 5 / math.sqrt(SIZE)
        assert abs(value.var() - 1) < 5 * math.sqrt(2 / SIZE)


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"),
    [
        (0, 1, -2, 2),
        (0, 1, -0.3, 0.2),
        (1, 2, -10, 0),
        (0, 0.02, -2, 2),
        (0, 1, 3, 9),
        (5, 1, -math.inf, 0),
        (0, 1, 0.4, math.inf),
        (0, 3, 30, 31),
        (0, 1, -4, -0.1),
    ],
)
def test_a_truncated_normal_has_the_distribution_function_of_the_normal_one_between_its_bounds(mean, std, a, b):
    """Kolmogorov's bound: 60,000 draws differ by more than 2.5 / sqrt(60,000) with a chance of 7e-6."""
    stats = pytest.importorskip("scipy.stats")
    value = np.sort(drawn(init.trunc_normal_, mean, std, a, b).ravel())
    assert a <= value[0]
    assert value[-1] <= b
    wanted = stats.truncnorm.cdf(value, (a - mean) / std, (b - mean) / std, loc=mean, scale=std)
    assert abs(np.arange(1, SIZE + 1) / SIZE - wanted).max() < 2.5 / math.sqrt(SIZE)


@pytest.mark.parametrize(("shape", "sparsity", "zeros"), [((10, 4), 0.25, 3), ((7, 3), 0, 0), ((7, 3), 1, 7)])
def test_sparse_columns_have_their_share_of_zeros_rounded_up(shape, sparsity, zeros):
    assert ((drawn(init.sparse_, sparsity, shape=shape) == 0).sum(axis=0) == zeros).all()


def test_sparse_draws_the_rest_normally_and_puts_the_zeros_anywhere():
    value = drawn(init.sparse_, 0.5, 3.0)
    rest = value[value != 0]
    assert abs(rest.std() / 3 - 1) < 5 / math.sqrt(2 * rest.size)
    # each row is hit by a half of 200 columns, give or take 5 standard deviations of sqrt(200) / 2
    assert (abs((value == 0).sum(axis=1) - 100) < 5 * math.sqrt(200) / 2).all()


def test_eye_and_dirac_pass_the_input_on():
    x = np.random.default_rng(0).normal(size=(2, 4, 7, 7)).astype(np.float32)
    layer = nn.Conv2d(4, 4, 3, padding=1, bias=False, rng=0)
    init.dirac_(layer.weight)
    np.testing.assert_array_equal(layer(x).data, x)
    groups = nn.Conv2d(4, 8, 3, padding=1, groups=2, bias=False, rng=0)
    init.dirac_(groups.weight, groups=2)
    out = groups(x).data  # each group of 4 passes on its 2 channels, and 0 in the others
    np.testing.assert_array_equal(out[:, [0, 1, 4, 5]], x)
    assert not out[:, [2, 3, 6, 7]].any()
    linear = nn.Linear(7, 9, bias=False, rng=0)
    init.eye_(linear.weight)
    np.testing.assert_array_equal(linear(x).data[..., :7], x)
    assert not linear(x).data[..., 7:].any()


@pytest.mark.parametrize("name", sorted(set(init.__all__) - {"calculate_gain", "uniform_fan_in"}))
def test_every_initialiser_fills_in_place_and_takes_pytorchs_generator(name):
    function = getattr(init, name)
    more = {"constant_": (0.5,), "sparse_": (0.1,)}.get(name, ())
    shape = (4, 5, 3) if name == "dirac_" else (4, 5)

    def filled(**options):
        weight = nn.Parameter(np.full(shape, np.nan, np.float32))
        assert function(weight, *more, **options) is weight
        assert (weight.dtype, weight.requires_grad, weight.is_leaf) == (np.float32, True, True)
        assert np.isfinite(weight.data).all()
        return weight.data

    filled()
    if name not in ("constant_", "dirac_", "eye_", "ones_", "zeros_"):
        np.testing.assert_array_equal(filled(rng=3), filled(generator=np.random.default_rng(3)))
        with pytest.raises(ag.OptionError, match="two names for one thing"):
            filled(rng=3, generator=3)
    array = np.full(shape, np.nan, np.float32)
    assert function(array, *more) is array  # as the `.data` of a parameter, which scripts for PyTorch pass
    assert np.isfinite(array).all()
    empty = nn.Parameter(np.empty((0, *shape[1:]), np.float32))
    assert function(empty, *more) is empty


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda p: init.eye_(p), ag.ShapeError, r"eye_: a matrix is needed, got shape \(4, 3, 2\)"),
        (lambda p: init.dirac_(p, 3), ag.OptionError, "dirac_: groups must divide the 4 channels out, got 3"),
        (lambda p: init.dirac_(p[0]), ag.ShapeError, r"dirac_: a weight \(out, in, \*kernel\)"),
        (lambda p: init.sparse_(p, 0.5), ag.ShapeError, "sparse_: a matrix is needed"),
        (lambda p: init.sparse_(p[0], 2), ag.OptionError, "sparse_: sparsity is a share from 0 to 1, got 2"),
        (lambda p: init.normal_(p, 0, -1), ag.OptionError, "normal_: std must not be negative, got -1"),
        (lambda p: init.trunc_normal_(p, a=1, b=1), ag.OptionError, "trunc_normal_: a must be less than b"),
        (lambda p: init.uniform_(p, 1, 0), ag.OptionError, "uniform_: a must not be more than b"),
        (lambda p: init.kaiming_normal_(p, a="x"), ag.OptionError, "negative slope of leaky_relu must be a number"),
        (lambda p: init.normal_(p, rng="x"), ag.OptionError, "normal_: rng must be a seed"),
    ],
)
def test_what_cannot_be_is_refused_in_words(call, kind, words):
    weight = ag.Tensor(np.zeros((4, 3, 2)))
    with pytest.raises(kind, match=words):
        call(weight)
    assert not weight.data.any()
