"""How Tensors meet plain NumPy and plain Python: what stays in the graph, what gives values, and what is refused.

The rule: an expression on ndarrays means the same on Tensors, or raises. Nothing turns a Tensor that requires a
gradient into numbers without being asked to (by `.item()`, `.tolist()`, `.detach()`, a format or a comparison).
"""

import array
import copy
import json
import math
import operator
import pickle

import numpy as np
import pytest

import autograd_core as ag


@pytest.fixture
def leaf():
    return ag.tensor([1.0, 2.0], requires_grad=True)


@pytest.fixture
def number(leaf):
    """One computed number, 2."""
    return leaf[0] * leaf[1]


CONSTANT = ag.tensor([1.0, 2.0])
PLAIN = np.array([3.0, 4.0])


# --- mixed operands ---------------------------------------------------------------------------------------------------

OTHERS = [PLAIN, [3.0, 4.0], (3.0, 4.0), 3.0, 3, True, np.float64(3), np.float32(3), np.int64(3), np.array(3.0)]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


@pytest.mark.parametrize("other", OTHERS, ids=repr)
@pytest.mark.parametrize("op", OPERATORS)
def test_arithmetic_with_anything_that_numpy_takes_in_either_order_stays_in_the_graph(leaf, op, other):
    values = np.array([1.0, 2.0])
    for result, expected in ((op(leaf, other), op(values, other)), (op(other, leaf), op(other, values))):
        assert isinstance(result, ag.Tensor)
        assert result.requires_grad
        np.testing.assert_array_equal(result.detach(), expected)
        assert result.dtype == expected.dtype


@pytest.mark.parametrize("other", OTHERS, ids=repr)
@pytest.mark.parametrize("op", COMPARISONS)
def test_comparisons_with_anything_in_either_order_give_booleans(leaf, op, other):
    values = np.array([1.0, 2.0])
    for result, expected in ((op(leaf, other), op(values, other)), (op(other, leaf), op(other, values))):
        assert not result.requires_grad
        np.testing.assert_array_equal(result, expected)


def test_matrix_products_in_either_order(leaf):
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert (matrix @ leaf).tolist() == [5.0, 11.0]
    assert (leaf @ matrix).tolist() == [7.0, 10.0]
    assert np.dot(matrix, leaf).tolist() == [5.0, 11.0]
    assert all(x.requires_grad for x in (matrix @ leaf, leaf @ matrix, np.dot(matrix, leaf)))


NO_NUMBERS = [1j, np.array([1j, 2.0]), "a", None, np.array(["a", "b"]), object(), np.array([1, None])]


@pytest.mark.parametrize("other", NO_NUMBERS, ids=lambda x: str(np.asarray(x).dtype))
def test_what_is_no_number_is_refused_in_either_order(leaf, other):
    for compute in (lambda: leaf + other, lambda: other + leaf, lambda: np.multiply(other, leaf)):
        with pytest.raises((ag.DTypeError, TypeError)):
            compute()


# --- containers: iteration, len, in, unpacking ------------------------------------------------------------------------


def test_iteration_unpacking_and_the_functions_of_python_stay_in_the_graph(leaf):
    a, b = leaf
    for result, expected in (
        (a * b, 2.0),
        (sum(leaf), 3.0),
        (sum(x * x for x in leaf), 5.0),
        (max(leaf), 2.0),
        (min(leaf), 1.0),
        (sorted(leaf, reverse=True)[0], 2.0),
        (next(reversed(leaf)), 2.0),
        (sum(i * x for i, x in enumerate(leaf)), 2.0),
        (sum(x * y for x, y in zip(leaf, PLAIN, strict=True)), 11.0),
        (abs(-leaf)[1], 2.0),
    ):
        assert result.item() == expected
        assert result.requires_grad


def test_rows_of_a_matrix_are_unpacked_like_numpys():
    matrix = ag.tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    assert [row.tolist() for row in matrix] == [[0, 1], [2, 3], [4, 5]]
    (_, x), *rest = matrix
    assert (x.item(), len(rest)) == (1.0, 2)


def test_len_and_in_are_numpys(leaf, number):
    assert len(leaf) == 2
    assert 2.0 in leaf
    assert 3.0 not in leaf
    assert np.float64(1) in leaf
    assert leaf[1] in leaf
    with pytest.raises(TypeError, match="no axes"):
        len(number)
    with pytest.raises(TypeError, match="no axes"):
        list(number)


def test_truth_is_that_of_one_element(leaf, number):
    assert number > 1
    assert not number < 1
    assert bool(number)
    assert (number if number > 1 else 0.0) is number
    with pytest.raises(ValueError, match="not one truth"):
        bool(leaf)


def test_integers_index_lists_and_arrays_and_count_loops(leaf):
    index = ag.argmax(leaf)
    assert [10, 20][index] == 20
    assert np.array([10, 20])[index] == 20
    assert np.array([10, 20])[ag.tensor([1, 0])].tolist() == [20, 10]
    assert np.array([10, 20])[leaf > 1].tolist() == [20]
    assert len(range(index)) == 1
    assert np.zeros((2, 2))[index].shape == (2,)
    with pytest.raises(TypeError, match="integer"):
        [10, 20][leaf[0]]


def test_a_tensor_is_a_key_by_identity(leaf, number):
    names = {leaf: "leaf", number: "number"}
    assert names[leaf] == "leaf"
    assert names[number] == "number"
    assert len({leaf, leaf, number}) == 2


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_values_are_had_by_asking_for_them(leaf, number):
    assert number.item() == 2.0
    assert leaf.tolist() == [1.0, 2.0]
    assert float(number.detach()) == 2.0
    assert float(CONSTANT[1]) == 2.0
    assert int(number) == 2
    assert complex(CONSTANT[1]) == 2
    assert np.float64(CONSTANT[1]) == 2.0
    assert json.dumps(leaf.tolist()) == "[1.0, 2.0]"


def test_formats_show_the_value_and_where_it_comes_from(leaf, number):
    assert f"{number:.3f}" == "2.000"
    assert f"{number:8.2e}|" == "2.00e+00|"
    assert f"{number}" == "Tensor(2., op=multiply)"
    assert f"{leaf}" == str(leaf) == repr(leaf) == "Tensor([1., 2.], requires_grad=True)"
    assert f"{leaf!s:>40}".endswith("requires_grad=True)")
    assert "{:.1f}".format(CONSTANT[1]) == "2.0"  # noqa: UP032


def _assigned(x):
    values = np.zeros(3)
    values[0] = x
    return values


def _assigned_in_a_slice(x):
    values = np.zeros(3)
    values[:2] = [x, x]
    return values


def _added(x):
    values = np.zeros(3)
    values += x
    return values


def _filled(x):
    values = np.zeros(3)
    values.fill(x)
    return values


LOSING = {
    "float": float,
    "complex": complex,
    "math.sin": math.sin,
    "math.fsum": lambda x: math.fsum([x, x]),
    "np.float64": np.float64,
    "np.array(x)": np.array,
    "np.asarray(x)": np.asarray,
    "np.array([x, x])": lambda x: np.array([x, x]),
    "np.array([x, 1])": lambda x: np.array([x, 1.0]),
    "np.array([[x], [1]])": lambda x: np.array([[x], [1.0]]),
    "np.array(dtype=object)": lambda x: np.array([x, x + 1], dtype=object),
    "np.full(3, x)": lambda x: np.full(3, x),
    "np.sum([x, x])": lambda x: np.sum([x, x]),
    "np.fromiter": lambda x: np.fromiter([x], dtype=float),
    "array.array": lambda x: array.array("d", [x]),
    "a[0] = x": _assigned,
    "a[:2] = [x, x]": _assigned_in_a_slice,
    "a += x": _added,
    "a.fill(x)": _filled,
    "a.dot(x)": lambda x: np.ones(3).dot(x),
    "np.ma.array * x": lambda x: np.ma.array([1.0, 2.0]) * x,
    "np.copyto": lambda x: np.copyto(np.zeros(3), x),
    "np.put": lambda x: np.put(np.zeros(3), [0], x),
    "np.vectorize": lambda x: np.vectorize(lambda y: y + 1)(x),
    "np.frompyfunc": lambda x: np.frompyfunc(lambda y: y + 1, 1, 1)(x),
    "rng.normal": lambda x: np.random.default_rng(0).normal(x),
    "ag.tensor([x, x])": lambda x: ag.tensor([x, x]),
    "ag.asarray([x, x])": lambda x: ag.asarray([x, x]),
}


FLOATS = {"float", "complex", "math.sin", "math.fsum", "np.float64", "np.fromiter", "array.array", "a.fill(x)"}
"""Ways that ask for a Python float, as a training loop does that prints its loss."""


def ours_of(error):
    """The error of ours behind NumPy's own, which is raised from it where an element is assigned."""
    while not isinstance(error, ag.AutogradError) and error.__cause__ is not None:
        error = error.__cause__
    return error


@pytest.mark.parametrize("lose", LOSING.values(), ids=LOSING)
def test_no_way_into_plain_numbers_loses_the_graph_of_a_function_in_silence(lose):
    with pytest.raises((ag.AutogradError, ValueError)) as caught:
        ag.grad(lambda x: np.sum(lose(x)))(2.0)
    assert isinstance(ours_of(caught.value), ag.AutogradError)


@pytest.mark.parametrize("lose", [LOSING[name] for name in sorted({*LOSING} - FLOATS)], ids=sorted({*LOSING} - FLOATS))
def test_no_array_of_numbers_takes_a_tensor_with_a_graph(number, lose):
    with pytest.raises((ag.AutogradError, ValueError)) as caught:
        lose(number)
    assert isinstance(ours_of(caught.value), ag.AutogradError)


def test_a_loss_can_be_printed_and_kept_as_a_number(number):
    losses = [float(number * number), int(number), complex(number), f"{number:.1f}"]
    assert losses == [4.0, 2, 2 + 0j, "2.0"]
    kept = np.zeros(2)
    kept[0] = float(number)
    with ag.no_grad():
        kept[1] = number
    assert kept.tolist() == [2.0, 2.0]


def test_the_refusal_says_what_to_write_instead(number):
    with pytest.raises(ag.GraphError, match=r"np\.stack.*np\.concatenate.*np\.dot\(a, x\).*\.detach\(\)"):
        np.array([number, number])
    with pytest.raises(ag.GraphError, match=r"np\.stack.*math's.*\.item\(\)"):
        ag.grad(math.sin)(1.0)


@pytest.mark.parametrize(
    "name",
    ["float", "np.array(x)", "np.array([x, x])", "np.array([x, 1])", "np.full(3, x)", "a[0] = x", "a += x", "math.sin"],
)
def test_a_constant_is_as_good_as_a_number_everywhere(name):
    x = ag.tensor(2.0)
    np.testing.assert_array_equal(LOSING[name](x), LOSING[name](np.float64(2.0)))


def test_where_with_a_condition_alone_says_where(leaf):
    rows = np.stack([leaf, -leaf])
    places = np.where(rows > 0)
    assert all(isinstance(x, ag.Tensor) for x in places)
    np.testing.assert_array_equal(np.stack(places), np.stack(np.where(rows.detach().data > 0)))
    assert rows[places].requires_grad


def test_lists_of_numbers_become_arrays_in_the_graph_by_stack(leaf, number):
    assert np.stack([number, 1.0, leaf[0]]).tolist() == [2.0, 1.0, 1.0]
    assert np.stack([[1.0, 2.0], leaf]).tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert np.concatenate([leaf, [3.0], number[None]]).tolist() == [1.0, 2.0, 3.0, 2.0]
    assert ag.grad(lambda x: np.sum(np.stack([x, 2 * x, 3.0]) ** 2))(1.0) == 10.0


# --- testing, storing, copying ----------------------------------------------------------------------------------------


def test_gradients_are_compared_by_numpys_own_assertions(leaf):
    np.sum(leaf**2).backward()
    np.testing.assert_allclose(leaf.grad, [2.0, 4.0])
    np.testing.assert_array_equal(leaf.grad, np.array([2.0, 4.0]))
    np.testing.assert_array_equal(np.array([2.0, 4.0]), leaf.grad)
    np.testing.assert_allclose(ag.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0])), [2.0, 4.0])
    np.testing.assert_allclose(leaf.detach(), [1.0, 2.0])
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(leaf.grad, [2.0, 5.0])


def test_leaves_are_pickled_with_values_type_and_wish_for_a_gradient(leaf):
    for x in (leaf, CONSTANT, ag.tensor(np.float32(1.5)), ag.tensor([1, 2]), ag.tensor(np.zeros((0, 3)))):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps(x, protocol))
            assert (again.dtype, again.shape, again.requires_grad) == (x.dtype, x.shape, x.requires_grad)
            np.testing.assert_array_equal(again.detach(), x.detach())
    again = pickle.loads(pickle.dumps({"w": leaf}))["w"]
    np.sum(again**2).backward()
    assert again.grad.tolist() == [2.0, 4.0]
    assert leaf.grad is None


def test_copies_of_leaves_are_leaves_of_their_own(leaf):
    for again in (copy.copy(leaf), copy.deepcopy(leaf), copy.deepcopy({"w": [leaf]})["w"][0]):
        np.sum(again**2).backward()
        assert again.grad.tolist() == [2.0, 4.0]
        assert leaf.grad is None
        with ag.no_grad():
            again += 1.0
        assert leaf.tolist() == [1.0, 2.0]
    twice = copy.deepcopy([leaf, leaf])
    assert twice[0] is twice[1]


def test_what_was_computed_is_neither_pickled_nor_copied_deeply(number):
    with pytest.raises(ag.GraphError, match=r"pickle: .*detach"):
        pickle.dumps(number)
    with pytest.raises(ag.GraphError, match=r"deepcopy: .*clone"):
        copy.deepcopy(number)


def test_constants_are_saved_and_loaded_by_numpy(tmp_path):
    np.savez(tmp_path / "x.npz", x=CONSTANT)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npz")["x"], CONSTANT)


# --- being asked about ------------------------------------------------------------------------------------------------


def test_questions_about_shape_and_type_are_answered_by_plain_numbers(leaf):
    assert np.shape(leaf) == (2,)
    assert np.ndim(leaf) == 1
    assert np.size(leaf) == 2
    assert np.result_type(leaf, np.float32) == np.float64
    assert np.iterable(leaf)
    assert not np.isscalar(leaf)
    assert np.broadcast_shapes(leaf.shape, (3, 1)) == (3, 2)
    assert np.issubdtype(leaf.dtype, np.floating)


def test_scipys_compiled_and_checking_functions_refuse_too(number):
    integrate = pytest.importorskip("scipy.integrate", reason="SciPy comes with the extra demo")
    from scipy import linalg, special, stats

    for lose in (
        lambda: ag.grad(lambda a: integrate.quad(lambda x: a * x, 0.0, 1.0)[0])(number.item()),
        lambda: integrate.solve_ivp(lambda t, y: -number * y, (0.0, 1.0), [1.0]),
        lambda: linalg.solve(np.eye(1) * number, np.ones(1)),
        lambda: special.logsumexp(number),
        lambda: stats.norm.logpdf(1.0, number),
    ):
        with pytest.raises(ag.GraphError):
            lose()


def test_scipys_optimizers_take_our_gradients_as_they_are():
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy comes with the extra demo")

    def valley(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    for method in ("BFGS", "L-BFGS-B", "CG"):
        found = optimize.minimize(ag.value_and_grad(valley), np.zeros(3), jac=True, method=method)
        np.testing.assert_allclose(found.x, 1.0, atol=1e-4)
    curvature = {"hess": ag.hessian(valley)}, {"hessp": lambda x, v: ag.hvp(valley, (x,), (v,))[0]}
    for second in curvature:
        found = optimize.minimize(valley, np.zeros(3), jac=ag.grad(valley), method="trust-ncg", **second)
        np.testing.assert_allclose(found.x, 1.0, atol=1e-6)
    root = optimize.newton(lambda x: x**3 - 2, 1.0, fprime=ag.grad(lambda x: x**3 - 2))
    np.testing.assert_allclose(root, 2 ** (1 / 3))
