"""A captured function gives what the function gives, in the same types, however it is called and whatever it sees."""

import copy
import dataclasses
import functools
import inspect
import pickle
import threading
from collections import namedtuple

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core import GraphError, OptionError

X = np.linspace(0.5, 2.0, 4)
Z = np.arange(6.0).reshape(2, 3)
Pair = namedtuple("Pair", "u v")


def _check_same(found, wanted):
    """The same types, containers, shapes and numbers."""
    assert type(found) is type(wanted)
    if isinstance(wanted, tuple | list):
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted, strict=True):
            _check_same(a, b)
    elif isinstance(wanted, dict):
        assert list(found) == list(wanted)
        _check_same(list(found.values()), list(wanted.values()))
    elif isinstance(wanted, ag.Tensor):
        _check_same(found.detach().numpy(), wanted.detach().numpy())
    elif isinstance(wanted, np.ndarray | np.generic):
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_array_equal(found, wanted)
    else:
        assert found == wanted


def _check_calls(function, calls):
    """Every call gives what the function itself gives; the last of them from a plan."""
    captured = ag.compile(function, exact=True)
    for args, kwargs in calls:
        _check_same(captured(*args, **kwargs), function(*args, **kwargs))
    assert captured.plan is not None
    return captured


def _call(*args, **kwargs):
    return args, kwargs


# --- what goes in and comes out ---------------------------------------------------------------------------------------

WEIGHT = ag.tensor(3.0)
TYPES = {
    "a gradient": ag.grad(lambda x: x * x),
    "a gradient by a Tensor from outside": ag.grad(lambda x: x * WEIGHT),
    "a value and a gradient": ag.value_and_grad(lambda x: x * WEIGHT),
    "a value": lambda x: x * x,
    "a value with a Tensor": lambda x: x * WEIGHT,
    "the argument": lambda x: (x, x),
    "views": lambda x: (ag.reshape(x, (1,)), ag.reshape(x, ())),
    "what was made inside": lambda x: (x * 2, ag.zeros(3), 3, np.float32(2), np.array(1.0), None, x * ag.ones(2)),
    "a Jacobian": ag.jacobian(lambda x: ag.sum(x * x)),
    "a Hessian": ag.hessian(lambda x: ag.sum(x**3)),
    "a product with a Hessian": lambda x: ag.hvp(lambda y: y**3, (x,), (np.array(1.0),)),
    "a jvp": lambda x: ag.jvp(lambda y: y**3, (x,), (np.array(1.0),)),
    "a vjp": lambda x: ag.vjp(lambda y: y**3, x)[1](1.0),
    "truth values": lambda x: (x > 1, ag.any(x > 1)),
    "a Tensor by asarray": lambda x: ag.asarray(x) * 2,
    "a Tensor by tensor": lambda x: ag.tensor(x) * 2,
    "what is performed": lambda x: x * ag.perform(lambda: np.full((), 2.0)),
    "a gradient of what reaches nothing": lambda x: ag.grad(lambda a, b: a * 2, (0, 1))(x, x),
}


MAKERS = {"array": np.array, "number": np.float64, "Tensor": ag.tensor}
# A Tensor that is made of a Tensor is refused.
KINDS = [(name, make) for name in TYPES for make in MAKERS if (name, make) != ("a Tensor by tensor", "Tensor")]


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_number_comes_back_as_what_eager_code_makes_of_it(name, kind):
    make = MAKERS[kind]
    _check_calls(TYPES[name], [_call(make(0.5 + i)) for i in range(5)])


CONTAINERS = {
    "keywords in another order": (
        lambda **k: k["a"] - k["b"], [*[_call(a=X, b=X * 2)] * 4, *[_call(b=X, a=X * 5)] * 4]),
    "a dict in another order": (
        lambda d: d["a"] - d["b"], [*[_call({"a": X, "b": X * 2})] * 4, *[_call({"b": X, "a": X * 5})] * 4]),
    "any number of arguments": (lambda *xs: sum(xs), [*[_call(X, X * 2)] * 4, *[_call(X, X * 2, X * 3)] * 4]),
    "a named tuple": (lambda p: Pair(p.v, p.u * 2), [_call(Pair(X * i, X)) for i in range(5)]),
    "None or not": (lambda x, n: x if n is None else x * n, [*[_call(X, None)] * 4, *[_call(X, 2)] * 4]),
    "a word": (lambda x, m: getattr(ag, m)(x), [*[_call(X, "sum")] * 4, *[_call(X, "mean")] * 4]),
    "a slice": (lambda x, s: x[s], [*[_call(X, slice(0, 2))] * 4, *[_call(X, slice(1, 3))] * 4]),
    "a function": (lambda x, f: f(x), [*[_call(X, np.sin)] * 4, *[_call(X, np.cos)] * 4]),
    "a type": (lambda x, t: x.astype(t), [*[_call(X, np.float32)] * 4, *[_call(X, "f8")] * 4]),
    "numbers of NumPy": (lambda x, s: x * s, [_call(X, np.float64(i)) for i in range(6)]),
    "an empty array": (ag.grad(lambda x: ag.sum(x * 2)), [_call(np.zeros((0, 3)))] * 4),
    "another layout": (
        lambda x: ag.exp(x), [*[_call(np.ones((4, 6))[::2, ::-1])] * 4, *[_call(np.full((4, 6), 2.0)[::2, ::-1])] * 2]),
    "a broadcast array": (lambda x: x * 2, [_call(np.broadcast_to(np.float64(i), (2, 3))) for i in range(5)]),
    "half precision": (lambda x: ag.tanh(x) + x, [_call((X * i).astype(np.float16)) for i in range(5)]),
    "no arguments": (lambda: ag.ones(3) * 2, [_call()] * 4),
    "an array from outside, as a Tensor": (lambda x: x * ag.asarray(X), [_call(X * i) for i in range(6)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTAINERS)
def test_arguments_may_be_of_many_kinds(name):
    _check_calls(*CONTAINERS[name])


def test_an_array_may_be_given_twice_or_be_seen_besides():
    twice, other = _call(X, X), _call(X, X * 3)
    for calls in ([twice] * 4 + [other] * 4 + [twice], [other] * 4 + [twice] * 4 + [other]):
        _check_calls(lambda a, b: a * 2 + b * 3, calls)
    _check_calls(lambda a: a * X, [*[_call(X)] * 4, *[_call(X * 3)] * 4])


@pytest.mark.parametrize("first", ["twice", "two"])
def test_a_tensor_with_a_gradient_may_be_given_twice_or_be_seen_besides(first):
    t, u = (ag.tensor(X * k, requires_grad=True) for k in (1.0, 2.0))

    def product(a, b):
        return ag.sum(a * a * b * t)

    captured = ag.compile(product, exact=True)
    pairs = [(t, t), (t, u), (u, t), (u, u)]
    for pair in [pairs[first == "two"]] * 4 + pairs * 4:
        found = []
        for f in (product, captured):
            t.grad = u.grad = None
            loss = f(*pair)
            loss.backward()
            found.append([float(loss), t.grad, u.grad])
        _check_same(*found)


def test_each_parameter_that_is_given_is_moved_by_itself():
    def step(w, x):
        loss = ag.sum((w * x) ** 2)
        loss.backward()
        with ag.no_grad():
            w -= 0.1 * w.grad
        w.grad = None
        return loss

    captured = ag.compile(step, exact=True)
    eager, moved = ([ag.tensor(X * k, requires_grad=True) for k in (1.0, 2.0)] for _ in range(2))
    for which in (0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0):
        assert float(captured(moved[which], X)) == float(step(eager[which], X))
        _check_same(moved, eager)
    assert captured.plan is not None


def test_a_single_truth_value_is_that_of_each_call():
    def chosen(x):
        return ag.sum(ag.where(ag.sum(x) > 0, x * 2, x * 3))

    captured = ag.compile(ag.grad(chosen), exact=True)
    for sign in (1, 1, 1, 1, -1, 1, -1):
        np.testing.assert_array_equal(captured(sign * X), np.full(4, 2.0 if sign > 0 else 3.0))
    assert captured.plan is not None


def test_a_single_truth_value_from_outside_may_change():
    seen = [ag.sum(ag.tensor(X)) > 0]
    captured = ag.compile(ag.grad(lambda x: ag.sum(ag.where(seen[0], x * 2, x * 3))), exact=True)
    for i in range(8):
        if i > 4:
            seen[0] = ag.sum(ag.tensor(X)) < i - 6
        np.testing.assert_array_equal(captured(X), np.full(4, 2.0 if bool(seen[0]) else 3.0))


# --- what it sees -----------------------------------------------------------------------------------------------------


class Held:
    """An object whose parts functions read in many ways."""

    shared = 2.0

    def __init__(self):
        self.own, self.hidden, self.array, self.flags = 2.0, 3.0, X.copy(), {"on"}

    @property
    def computed(self):
        return self.hidden

    def method(self):
        return self.hidden * self.shared

    @classmethod
    def of_class(cls):
        return cls.shared

    def scaled(self, x):
        return x * self.method()


class Slotted:
    """An object without a dict."""

    __slots__ = ("own",)


def _own_of(held):
    return held.own


HELD, SLOTTED, TABLE = Held(), Slotted(), {"a": 2.0, "b": 3.0}
SLOTTED.own = 2.0


def _set(of, name, value):
    return lambda: setattr(of, name, value)


def _defaulted(x, k=[2.0]):  # noqa: B006 - a default that changes is the point
    return x * k[0]


SEEN = {
    "an attribute that a function reads": (lambda x: x * _own_of(HELD), _set(HELD, "own", 5.0)),
    "an attribute behind a property": (lambda x: x * HELD.computed, _set(HELD, "hidden", 5.0)),
    "an attribute behind a method": (lambda x: x * HELD.method(), _set(HELD, "hidden", 6.0)),
    "an attribute behind a method of a method": (HELD.scaled, _set(HELD, "hidden", 7.0)),
    "an attribute of a class": (lambda x: x * Held.shared, _set(Held, "shared", 5.0)),
    "an attribute of its class": (lambda x: x * HELD.shared, _set(Held, "shared", 6.0)),
    "an attribute behind a classmethod": (lambda x: x * Held.of_class(), _set(Held, "shared", 7.0)),
    "a slot": (lambda x: x * _own_of(SLOTTED), _set(SLOTTED, "own", 5.0)),
    "a key that is computed": (lambda x: x * TABLE["".join(["a"])], lambda: TABLE.update(a=5.0)),
    "all values of a dict": (lambda x: x * sum(TABLE.values()), lambda: TABLE.update(c=5.0)),
    "the elements of a set": (lambda x: x * 2 if "on" in HELD.flags else x, lambda: HELD.flags.clear()),
    "what a partial holds": (
        functools.partial(lambda held, x: x * held.own, HELD), _set(HELD, "own", 77.0)),
    "a default": (_defaulted, lambda: _defaulted.__defaults__[0].__setitem__(0, 4.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEN)
def test_what_a_function_sees_by_way_of_others_may_change(name):
    function, change = SEEN[name]
    captured = _check_calls(function, [_call(X)] * 4)
    before = function(X)
    change()
    assert not np.array_equal(function(X), before)
    _check_same(captured(X), function(X))


def test_an_object_may_be_an_argument_and_change():
    def scaled(x, held):
        return x * held.array * held.own * held.method()

    held = Held()
    captured = _check_calls(scaled, [_call(X, held)] * 4)
    for change in (_set(held, "own", 5.0), _set(held, "array", X * 3), _set(held, "hidden", 1.0)):
        change()
        _check_same(captured(X, held), scaled(X, held))
    held.array[0] = 7.0
    _check_same(captured(X, held), scaled(X, held))


def test_a_module_may_be_an_argument():
    def applied(module, x):
        return module(x)

    linear, other = (nn.Linear(4, 2, rng=i, dtype=np.float64) for i in range(2))
    captured = _check_calls(applied, [*[_call(linear, X)] * 4, *[_call(other, X)] * 4, _call(linear, X)])
    dropout = nn.Dropout(0.5, rng=0)
    for _ in range(4):
        captured(dropout, X)
    dropout.eval()
    np.testing.assert_array_equal(captured(dropout, X), X)


class Model:
    """Captured methods of every kind."""

    def __init__(self, factor):
        self.factor, self.array = factor, X * factor

    @ag.compile
    def scaled(self, x, *, by=1):
        """x, scaled."""
        return x * self.factor * self.array * by

    @staticmethod
    @ag.compile
    def doubled(x):
        return x * 2

    @classmethod
    @ag.compile
    def tripled(cls, x):
        return x * 3


def test_methods_are_captured_for_each_object():
    models = [Model(2.0), Model(3.0)]
    for i in range(5):
        for model in models:
            np.testing.assert_allclose(model.scaled(X * i, by=2), X * i * model.factor * model.array * 2, rtol=1e-15)
    models[0].factor = 7.0
    models[1].array = X * 9
    for model in models:
        np.testing.assert_allclose(model.scaled(X), X * model.factor * model.array, rtol=1e-15)
    for _ in range(4):
        np.testing.assert_array_equal(Model.doubled(X), X * 2)
        np.testing.assert_array_equal(models[0].tripled(X), X * 3)


def test_a_captured_function_says_what_it_is():
    bound = Model(2.0).scaled
    assert (Model.scaled.__doc__, bound.__doc__, bound.__name__) == ("x, scaled.", "x, scaled.", "scaled")
    assert str(inspect.signature(Model.scaled)) == "(self, x, *, by=1)"
    assert str(inspect.signature(bound)) == "(x, *, by=1)"
    assert repr(Model.scaled).startswith("compile(<function Model.scaled")


@ag.compile
def _doubled(x):
    return x * 2


def test_a_captured_function_may_be_copied_and_pickled():
    for _ in range(3):
        _doubled(X)
    assert pickle.loads(pickle.dumps(_doubled)) is _doubled is copy.deepcopy(_doubled)
    model = ag.compile(nn.Linear(4, 2, rng=0, dtype=np.float64), exact=True)
    wanted = [model(X) for _ in range(4)][-1]
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.plan is None
        with ag.no_grad():
            twin.weight.writable()[...] = 0
        for _ in range(4):
            np.testing.assert_array_equal(twin(X).detach(), twin.bias.detach())
    _check_same(model(X), wanted)
    assert copy.copy(model)._function is model._function


def test_threads_may_make_plans_of_one_function_at_once():
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 2, rng=1)).to(np.float64)
    gradient = ag.value_and_grad(lambda x: ag.sum(model(x) ** 2))
    captured = ag.compile(gradient, exact=True)
    rng = np.random.default_rng(0)
    given = [rng.standard_normal((3 + i % 3, 4)) for i in range(6)]
    wanted, failures = [gradient(x) for x in given], []

    def work(start):
        try:
            for i in range(60):
                x = (start + i) % len(given)
                _check_same(captured(given[x]), wanted[x])
        except BaseException as error:  # whatever it is, it is to be seen outside of the thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


# --- what it cannot do ------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Result:
    """A container that nobody knows."""

    value: object


def _written(x):
    x += 1
    return x * 2


def _assigned(x):
    x[0] = 5.0
    return x * 2


def _into_an_array(x):
    out = np.empty(4)
    np.multiply(x, 2, out=out)
    return out


REFUSED = {
    "writing into an argument": (_written, X, "writes into an argument"),
    "writing into a part of an argument": (_assigned, X, "writes into an argument"),
    "np.clip(out=) of an argument": (lambda x: np.clip(x, 0, 1, out=x), X, "writes into an argument"),
    "out= of a plain array": (_into_an_array, X, "writes the numbers of this one call into an array"),
    "a list that is changed": (lambda xs: (xs.append(1), xs[0])[1], [X], "changes a list or dict among its arguments"),
    "an object with an array": (lambda x: Result(x * 2), X, "holds a Result"),
    "Tensor.equal": (lambda x: x if ag.asarray(x).equal(X) else x * 2, X, "asks for the numbers"),
    "np.allclose": (lambda x: x if np.allclose(x, X) else x * 2, X, "asks for the numbers"),
    "a Tensor of a Tensor": (lambda x: x * ag.Tensor(ag.sum(x)), ag.tensor(X), "detach"),
    "copy.deepcopy": (lambda x: copy.deepcopy(x) * 2, X, "asks for the numbers"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_replay_would_not_do_is_refused_at_once(name):
    function, given, words = REFUSED[name]
    before = copy.deepcopy(given)
    with pytest.raises(GraphError, match=words):
        ag.compile(function)(given)
    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize(
    "argument", [np.ma.array([1.0, 2.0], mask=[0, 1]), np.array([[1.0]]).view(np.matrix)], ids=["masked", "matrix"]
)
def test_arrays_that_mean_something_else_are_refused(argument):
    with pytest.raises(OptionError, match="means something else"):
        ag.compile(lambda x: x * 2)(argument)


class Keeping:
    """An object that keeps a result."""

    last = None

    def kept(self, x):
        self.last = x * 2
        return self.last


class Layer(nn.Module):
    """A module that does."""

    def forward(self, x):
        self.last = x * 2
        return self.last


@pytest.mark.parametrize("make", [lambda: Keeping().kept, Layer], ids=["an object", "a module"])
def test_keeping_a_result_in_an_object_is_refused_by_name(make):
    captured = ag.compile(make())
    with pytest.raises(GraphError, match="changes in every call what it also sees, 'last'"):  # noqa: PT012 - in which call is not promised
        for i in range(8):
            np.testing.assert_array_equal(captured(X * i), X * i * 2)


# --- what NumPy computes without an operation of ours -----------------------------------------------------------------

BY_NUMPY = {
    "nonzero": lambda x: x[np.nonzero(x > 2)],
    "argwhere": lambda x: np.argwhere(x > 2),
    "isin": lambda x: np.isin(x, [1.0, 5.0]),
    "digitize": lambda x: np.digitize(x, [1.0, 3.0]),
    "lexsort": lambda x: np.lexsort((x[1], x[0])),
    "histogram": lambda x: np.histogram(x, bins=3)[0],
    "isnan": lambda x: np.isnan(x, where=True),
}


@pytest.mark.parametrize("make", [np.asarray, ag.asarray], ids=["array", "Tensor"])
@pytest.mark.parametrize("name", BY_NUMPY)
def test_numpys_functions_of_values_are_called_in_every_replay(name, make):
    _check_calls(BY_NUMPY[name], [*[_call(make(Z))] * 4, _call(make(Z[::-1].copy()))])


def test_a_mask_may_be_a_tensor_with_other_values():
    def selected(x, mask):
        return x.masked_select(mask)

    given = [ag.tensor(Z), ag.tensor(Z > 2)], [ag.tensor(Z), ag.tensor(Z < 3)]
    _check_calls(selected, [*[_call(*given[0])] * 4, _call(*given[1])])


LEAVING_OUT = {
    "nanmax": ag.nanmax, "nanmin": ag.nanmin, "nanmean": ag.nanmean, "nanvar": ag.nanvar, "nanstd": ag.nanstd,
    "nanmedian": ag.nanmedian, "nanquantile": lambda x, axis: ag.nanquantile(x, 0.3, axis),
    "median": ag.median, "quantile": lambda x, axis: ag.quantile(x, 0.3, axis),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*slice has:RuntimeWarning")
@pytest.mark.parametrize("name", LEAVING_OUT)
def test_nans_may_come_and_go(name):
    function = ag.value_and_grad(lambda x, w: ag.sum(w * LEAVING_OUT[name](x, axis=1)), (0, 1))
    rng = np.random.default_rng(0)
    captured = ag.compile(function, exact=True)
    for missing in (0, 0, 0, 1, 2, 5, 0, 3):
        x = rng.normal(size=(3, 5))
        x[1, rng.permutation(5)[:missing]] = np.nan
        _check_same(captured(x, np.ones(3)), function(x, np.ones(3)))
    assert captured.plan is not None


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # infinity less infinity
@pytest.mark.parametrize("q", [0.25, np.array([0.0, 1.0])])
def test_quantiles_of_infinite_numbers_are_those_of_eager_code(q):
    _check_calls(lambda x: ag.quantile(x, q), [*[_call(X)] * 4, _call(np.array([1.0, np.inf, -np.inf, 2.0]))])


def test_what_is_no_quantile_and_no_sequence_of_points_is_refused_in_a_replay():
    points = np.array([1.0, 2.0, 3.0])
    captured = _check_calls(ag.interp, [_call(X, points, points**2)] * 4)
    with pytest.raises(OptionError, match="xp must increase"):
        captured(X, points[::-1].copy(), points)
    captured = _check_calls(ag.quantile, [_call(X, np.array([0.5, 0.25]))] * 4)
    with pytest.raises(OptionError, match="from 0 to 1"):
        captured(X, np.array([0.5, 1.25]))


# --- what a plan was not made for -------------------------------------------------------------------------------------


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "fused"])
def test_labels_that_do_not_count_may_come_after_a_plan_was_made(exact):
    def training():
        model = nn.Sequential(nn.Linear(5, 4, rng=0), nn.Tanh(), nn.Linear(4, 3, rng=1)).to(np.float64)
        optimizer = nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

        def step(x, y):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        return model, step

    (eager, eager_step), (model, step) = training(), training()
    captured = ag.compile(step, exact=exact)
    rng = np.random.default_rng(0)
    # Rounding, as each of 24 steps multiplies it by no more than 2 here.
    rounding = 0 if exact else 1e3 * float(np.finfo(np.float64).eps)
    for i in range(24):
        x, y = rng.standard_normal((6, 5)), rng.integers(0, 3, 6)
        if i in (5, 6, 7, 8, 13, 14):
            y[rng.integers(0, 6, 2)] = -100
        if i == 15:
            y[:] = -100
        if i == 10:
            for f in (eager_step, captured):
                with pytest.raises(OptionError, match="label 7 is out of range"):
                    f(x, np.where(y == y[0], 7, y))
        np.testing.assert_allclose(float(captured(x, y)), float(eager_step(x, y)), rtol=rounding, atol=rounding)
        for p, q in zip(model.parameters(), eager.parameters(), strict=True):
            np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=rounding, atol=rounding)
    assert captured.plan is not None


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1), (3, 1), (1, 3)])
def test_few_numbers_do_not_agree_by_chance(shape):
    slope = ag.grad(lambda x: ag.sum(ag.special.ndtr(x)))
    captured = ag.compile(slope, exact=True)
    rng = np.random.default_rng(0)
    for _ in range(200):
        x = rng.standard_normal(shape) * 3
        np.testing.assert_array_equal(captured(x), slope(x))


# --- what NumPy warns of ----------------------------------------------------------------------------------------------


def _overflowing(x):
    with np.errstate(over="ignore"):
        return ag.exp(x * 1e3)


def _kept_whole(x):
    with np.errstate(divide="ignore"):
        return ag.perform(lambda x: 1 / np.asarray(x), x - x)


QUIET = {
    "an operation": lambda x: ag.sigmoid(x * -1e3),
    "a rule": ag.grad(lambda x: ag.sqrt(x - x).sum() * 0),
    "a function": _overflowing,
    "what is no step": _kept_whole,
}


@pytest.mark.parametrize("size", [4, 1 << 17], ids=["small", "in blocks"])
@pytest.mark.parametrize("name", QUIET)
def test_what_eager_code_keeps_quiet_is_quiet_in_a_replay(name, size):
    """Warnings are errors here."""
    _check_calls(QUIET[name], [_call(np.linspace(0.5, 2.0, size))] * 4)


def test_a_replay_warns_where_the_surroundings_of_the_first_calls_did_not():
    def function(x):
        return ag.exp(x) * 2

    captured = ag.compile(function, exact=True)
    with np.errstate(over="ignore"):
        for _ in range(3):
            captured(np.array([1e3, 1.0]))
    with pytest.warns(RuntimeWarning, match="overflow"):
        captured(np.array([1e3, 1.0]))
