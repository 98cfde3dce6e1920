"""Functions of functions: they agree with each other and with calculus, nest, and take nested containers.

Polynomials of small integers are exact in float64, and are compared exactly. Everything else is compared to TOLERANCE:
a computation of a few dozen operations on numbers near 1, each right to one unit in the last place.
"""

from collections import namedtuple
from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

import autograd_core as ag

TOLERANCE = {"rtol": 64 * np.finfo(float).eps, "atol": 64 * np.finfo(float).eps}
close = partial(np.testing.assert_allclose, **TOLERANCE)

Point = namedtuple("Point", ["x", "y"])
vectors = hnp.arrays(float, 3, elements=st.integers(-64, 64).map(lambda k: k / 32))


def smooth(x):
    """A function of a vector with full derivatives of every order."""
    return ag.sum(ag.sin(x) * ag.exp(x[::-1] / 2)) + ag.tanh(ag.sum(x * x))


def several(x):
    """A vector of a vector."""
    return ag.stack([ag.sum(x * x), ag.prod(x), smooth(x)])


# --- grad and value_and_grad ------------------------------------------------------------------------------------------


def test_gradients_nest_to_third_order_and_beyond():
    f, x = (lambda x: x**5), 2.0
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0, 0.0):
        f = ag.grad(f)
        assert float(f(x)) == expected


def test_a_perturbation_of_the_inner_is_not_confused_with_the_outer():
    # Siskind and Pearlmutter's example: d/dx x (d/dy (x + y)) = 1
    assert float(ag.grad(lambda x: x * ag.grad(lambda y: x + y)(1.0))(1.0)) == 1.0
    assert float(ag.grad(lambda x: x * ag.grad(lambda y: x * y)(2.0))(3.0)) == 6.0
    assert float(ag.grad(lambda x: ag.grad(lambda y: x**2 * y**3)(x))(2.0)) == 3 * 4 * 2.0**3


@given(vectors)
def test_value_and_grad_is_the_value_and_the_gradient(x):
    value, gradient = ag.value_and_grad(smooth)(x)
    assert value == smooth(x)
    np.testing.assert_array_equal(gradient, ag.grad(smooth)(x))


def test_gradients_have_the_structure_of_the_argument():
    def f(tree):
        return (tree["w"][0] * tree["w"][1] + tree["b"].x * 2 + tree["b"].y[0]).sum()

    tree = {"w": [np.ones(2), np.full(2, 3.0)], "b": Point(np.ones(2), (np.ones(2),)), "none": None}
    g = ag.grad(f)(tree)
    assert list(g) == ["w", "b", "none"]
    assert isinstance(g["b"], Point)
    assert isinstance(g["b"].y, tuple)
    assert g["none"] is None
    assert [a.tolist() for a in (*g["w"], g["b"].x, *g["b"].y)] == [[3.0, 3.0], [1.0, 1.0], [2.0, 2.0], [1.0, 1.0]]


def test_argnums_choose_the_arguments():
    def f(a, b, c):
        return a * b**2 + c

    assert float(ag.grad(f, argnums=1)(2.0, 3.0, 5)) == 12.0
    assert tuple(map(float, ag.grad(f, argnums=(1, 0))(2.0, 3.0, 5))) == (12.0, 9.0)
    assert float(ag.grad(f, argnums=-2)(2.0, 3.0, 5)) == 12.0
    value, (only,) = ag.value_and_grad(f, argnums=(0,))(2.0, 3.0, 5)
    assert (float(value), float(only)) == (23.0, 9.0)
    with pytest.raises(ag.OptionError, match=r"argnums=3.*3 arguments"):
        ag.grad(f, argnums=3)(2.0, 3.0, 5)


def test_an_elementwise_gradient_is_the_derivative_at_each_element_to_any_order():
    x = np.linspace(-2, 2, 5)
    second = ag.elementwise_grad(ag.elementwise_grad(lambda x, k: x**3 * k))(x, 2.0)
    np.testing.assert_array_equal(second, 12 * x)
    np.testing.assert_array_equal(ag.elementwise_grad(lambda k, x: x**3 * k, argnums=1)(2.0, x), 6 * x**2)
    rows, columns = np.ones((2, 1)), np.arange(3.0)
    np.testing.assert_array_equal(ag.elementwise_grad(lambda x: x * columns)(rows), [[3.0], [3.0]])
    with pytest.raises(ag.ShapeError, match=r"elementwise_grad: .* returned a tuple"):
        ag.elementwise_grad(lambda x: (x, x))(x)


def test_keyword_arguments_are_passed_on_and_held():
    assert float(ag.grad(lambda x, *, k: k * x**2)(3.0, k=2.0)) == 12.0


def test_aux_comes_along():
    def f(x):
        return x**2, {"seen": x * 10, "name": "f"}

    (value, aux), gradient = ag.value_and_grad(f, has_aux=True)(3.0)
    assert (float(value), float(aux["seen"]), aux["name"], float(gradient)) == (9.0, 30.0, "f", 6.0)
    gradient, aux = ag.grad(f, has_aux=True)(3.0)
    assert (float(gradient), float(aux["seen"])) == (6.0, 30.0)


def test_plain_arrays_come_out_where_plain_arrays_go_in():
    x = np.ones(2)
    assert not isinstance(ag.grad(smooth)(x), ag.Tensor)
    assert not any(isinstance(a, ag.Tensor) for a in ag.value_and_grad(smooth)(x))
    value, pull = ag.vjp(several, x)
    assert not isinstance(value, ag.Tensor)
    assert not isinstance(pull(np.ones(3))[0], ag.Tensor)
    assert not any(isinstance(a, ag.Tensor) for a in ag.jvp(several, (x,), (x,)))
    assert not isinstance(ag.jacobian(several)(x), ag.Tensor)
    assert not isinstance(ag.hessian(smooth)(x), ag.Tensor)
    assert not isinstance(ag.hvp(smooth, (x,), (x,))[0], ag.Tensor)


def test_plain_aux_comes_out_plain():
    (_, aux), _ = ag.value_and_grad(lambda x: (x**2, x * 10), has_aux=True)(3.0)
    assert not isinstance(aux, ag.Tensor)


def test_tensors_come_out_where_tensors_go_in():
    x = ag.tensor(np.ones(2))
    assert isinstance(ag.grad(smooth)(x), ag.Tensor)
    assert isinstance(ag.value_and_grad(smooth)(x)[0], ag.Tensor)
    assert isinstance(ag.vjp(several, x)[0], ag.Tensor)
    assert isinstance(ag.jvp(several, (x,), (x,))[1], ag.Tensor)
    assert not ag.grad(smooth)(x).requires_grad


def test_gradients_differentiate_through_outer_variables():
    w = ag.tensor(3.0, requires_grad=True)
    g = ag.grad(lambda x: w**2 * x**3)(2.0)
    assert isinstance(g, ag.Tensor)
    g.backward()  # d/dw 3 w**2 x**2
    assert float(w.grad) == 72.0
    with ag.no_grad():
        assert not isinstance(ag.grad(lambda x: w**2 * x**3)(2.0), ag.Tensor)


def test_gradients_of_what_does_not_depend_are_zero():
    assert ag.grad(lambda x: 1.0)(np.ones(2)).tolist() == [0.0, 0.0]
    assert [float(g) for g in ag.grad(lambda a, b: a * 2, (0, 1))(1.0, 1.0)] == [2.0, 0.0]


@pytest.mark.parametrize(
    "x", [1, np.arange(3), np.array([True]), ag.tensor([1, 2])], ids=["int", "ints", "bool", "tensor"]
)
@pytest.mark.parametrize(
    "transform",
    [
        lambda x: ag.grad(lambda x: ag.sum(x * 1.0))(x),
        lambda x: ag.vjp(lambda x: x * 1.0, x),
        lambda x: ag.jvp(lambda x: x * 1.0, (x,), (x,)),
        lambda x: ag.jacobian(lambda x: x * 1.0)(x),
        lambda x: ag.hessian(lambda x: ag.sum(x * 1.0))(x),
    ],
    ids=["grad", "vjp", "jvp", "jacobian", "hessian"],
)
def test_integers_are_refused(transform, x):
    with pytest.raises(ag.DTypeError, match=r"no derivative.*argnums"):
        transform(x)


@pytest.mark.parametrize("f", [lambda x: x, lambda x: (x, x), lambda x: {"a": x}])
def test_the_gradient_of_more_than_a_number_is_refused(f):
    with pytest.raises(ag.ShapeError, match="must return one number"):
        ag.grad(f)(np.ones(2))


def test_functions_work_under_no_grad():
    with ag.no_grad():
        assert float(ag.grad(ag.grad(lambda x: x**3))(2.0)) == 12.0


# --- products with Jacobians ------------------------------------------------------------------------------------------


@given(vectors, vectors, vectors)
def test_vjp_jvp_jacobian_and_hvp_agree(x, u, t):
    jacobian = ag.jacobian(several)(x)
    scale = max(1.0, np.abs(jacobian).max()) * 8  # u and t are below 2 and have 3 elements
    value, pull = ag.vjp(several, x)
    again, pushed = ag.jvp(several, (x,), (t,))
    np.testing.assert_array_equal(value, again)
    close(pull(u)[0], u @ jacobian, atol=scale * TOLERANCE["atol"])
    close(pushed, jacobian @ t, atol=scale * TOLERANCE["atol"])
    hessian = ag.hessian(smooth)(x)
    scale = max(1.0, np.abs(hessian).max()) * 8
    close(hessian, hessian.T, atol=scale * TOLERANCE["atol"])
    close(ag.hvp(smooth, (x,), (t,))[0], hessian @ t, atol=scale * TOLERANCE["atol"])


@given(vectors)
def test_a_hessian_is_the_jacobian_of_the_gradient_in_either_mode(x):
    hessian = ag.hessian(smooth)(x)
    columns = [ag.jvp(ag.grad(smooth), (x,), (e,))[1] for e in np.eye(3)]
    rows = [ag.grad(lambda x, e=e: ag.jvp(smooth, (x,), (e,))[1])(x) for e in np.eye(3)]
    scale = max(1.0, np.abs(hessian).max())
    close(np.array(columns), hessian, atol=scale * TOLERANCE["atol"])
    close(np.array(rows), hessian, atol=scale * TOLERANCE["atol"])


@given(vectors)
def test_third_order_by_all_roads(x):
    t = np.ones(3)

    def directional(f):
        return lambda x: ag.jvp(f, (x,), (t,))[1]

    by_jvp = directional(directional(directional(smooth)))(x)
    by_grad = ag.grad(lambda x: ag.sum(ag.grad(lambda x: ag.sum(ag.grad(smooth)(x)))(x)))(x).sum()
    by_both = ag.grad(lambda x: ag.sum(ag.hvp(smooth, (x,), (t,))[0]))(x).sum()
    # third derivatives of tanh(sum(x**2)) grow with the cube of x: numbers up to 1000 take part
    close(by_jvp, by_grad, atol=1000 * TOLERANCE["atol"])
    close(by_both, by_grad, atol=1000 * TOLERANCE["atol"])


def test_vjp_pulls_again_and_again():
    _, pull = ag.vjp(lambda x: x**2, np.array([1.0, 2.0]))
    assert pull(np.array([1.0, 1.0]))[0].tolist() == [2.0, 4.0]
    assert pull(np.array([1.0, 10.0]))[0].tolist() == [2.0, 40.0]


def test_the_gradients_of_one_pull_do_not_share_memory():
    u = np.ones(3)
    _, pull = ag.vjp(lambda a, b: a + b, np.zeros(3), np.zeros(3))
    first, second = pull(u)
    first[...] = 100.0
    assert (second.tolist(), u.tolist()) == ([1.0] * 3, [1.0] * 3)


def test_a_tangent_does_not_share_memory_with_the_one_given():
    t = np.ones(3)
    _, pushed = ag.jvp(lambda x: x.reshape(3), (np.zeros(3),), (t,))
    assert not np.shares_memory(t, pushed)


def test_containers_go_through_vjp_and_jvp():
    def f(tree, z):
        return {"sum": tree[0] + z, "pair": (tree[1] * 2,)}

    tree, z = [np.ones(2), np.ones(3)], np.ones(2)
    value, pull = ag.vjp(f, tree, z)
    assert value["pair"][0].tolist() == [2.0] * 3
    g_tree, g_z = pull({"sum": np.ones(2), "pair": (np.ones(3),)})
    assert [g.tolist() for g in (*g_tree, g_z)] == [[1.0] * 2, [2.0] * 3, [1.0] * 2]
    _, pushed = ag.jvp(f, (tree, z), ([np.ones(2), np.ones(3)], np.ones(2)))
    assert (pushed["sum"].tolist(), pushed["pair"][0].tolist()) == ([2.0] * 2, [2.0] * 3)
    with pytest.raises(ag.ShapeError, match="structure"):
        pull({"sum": np.ones(2)})
    with pytest.raises(ag.ShapeError, match=r"cotangent must have shape \(2,\), got \(3,\)"):
        pull({"sum": np.ones(3), "pair": (np.ones(3),)})


def test_tangents_of_another_shape_are_refused():
    with pytest.raises(ag.ShapeError, match=r"tangent must have shape \(2,\), got \(3,\)"):
        ag.jvp(lambda x: x, (np.ones(2),), (np.ones(3),))


def test_jacobians_have_the_shapes_of_value_and_argument():
    def f(a, b):
        return {"outer": a[:, None] * b, "none": ag.sum(a)}

    a, b = np.arange(2.0), np.arange(3.0)
    found = ag.jacobian(f, argnums=(0, 1))(a, b)
    assert [g.shape for g in found["outer"]] == [(2, 3, 2), (2, 3, 3)]
    assert [g.shape for g in found["none"]] == [(2,), (3,)]
    np.testing.assert_array_equal(found["outer"][0], np.einsum("ik,j->ijk", np.eye(2), b))
    assert ag.jacobian(lambda x: x[:0])(a).shape == (0, 2)


def test_single_precision_is_kept():
    x = np.ones(3, np.float32)
    assert ag.grad(smooth)(x).dtype == np.float32
    assert ag.jacobian(several)(x).dtype == np.float32
    assert ag.jvp(several, (x,), (x,))[1].dtype == np.float32
    assert ag.hessian(smooth)(x).dtype == np.float32


# --- gradients of a recorded graph ------------------------------------------------------------------------------------


def test_gradients_of_inner_nodes_and_containers():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    z = (y * y).sum()
    found = ag.gradients(z, {"x": x, "y": [y]})
    # through y and to y: what lies behind a target still gets its share
    assert (found["x"].tolist(), found["y"][0].tolist()) == ([4.0, 32.0], [2.0, 8.0])


def test_an_input_asked_for_twice_gets_its_gradient_twice():
    x = ag.tensor([1.0, 2.0], requires_grad=True)
    first, second = ag.gradients((x * x).sum(), [x, x])
    assert first.tolist() == second.tolist() == [2.0, 4.0]


def test_gradients_can_be_differentiated_on_request():
    x = ag.tensor(2.0, requires_grad=True)
    (g,) = ag.gradients([x**3], [x], create_graph=True)
    assert g.requires_grad
    assert not ag.gradients(x**3, x).requires_grad
    assert float(ag.gradients(g, x)) == 12.0


def test_gradients_refuse_what_is_not_in_the_graph():
    x, other = ag.tensor(2.0, requires_grad=True), ag.tensor(1.0, requires_grad=True)
    with pytest.raises(ag.GraphError, match="allow_unused=True"):
        ag.gradients(x**2, other)
    assert float(ag.gradients(x**2, other, allow_unused=True)) == 0.0
    with pytest.raises(ag.GraphError, match="every output"):
        ag.gradients(ag.tensor(1.0), x)
    with pytest.raises(ag.GraphError, match="every input"):
        ag.gradients(x**2, np.ones(1))


# --- stop_gradient ----------------------------------------------------------------------------------------------------


def test_stop_gradient_stops_in_containers_and_at_every_order():
    def f(x):
        held = ag.stop_gradient({"a": x, "b": [x * 2]})
        return x * held["a"] + held["b"][0]

    assert float(ag.grad(f)(3.0)) == 3.0
    assert float(ag.grad(ag.grad(f))(3.0)) == 0.0
    assert ag.stop_gradient(np.ones(2)).tolist() == [1.0, 1.0]


# --- checkpoint -------------------------------------------------------------------------------------------------------


@given(vectors)
def test_a_checkpoint_changes_no_derivative(x):
    kept = ag.checkpoint(smooth)
    np.testing.assert_array_equal(kept(x), smooth(x))
    np.testing.assert_array_equal(ag.grad(kept)(x), ag.grad(smooth)(x))
    hessian = ag.hessian(smooth)(x)
    close(ag.hessian(kept)(x), hessian, atol=max(1, np.abs(hessian).max()) * TOLERANCE["atol"])
    tangent = ag.jvp(smooth, (x,), (np.ones(3),))[1]
    close(ag.jvp(kept, (x,), (np.ones(3),))[1], tangent, atol=8 * max(1, abs(tangent)) * TOLERANCE["atol"])


def test_a_checkpoint_reaches_what_it_captured():
    w = ag.tensor(3.0, requires_grad=True)
    scaled = w * 2
    x = ag.tensor(2.0, requires_grad=True)
    ag.checkpoint(lambda x: scaled * x**2)(x).backward()
    assert (float(x.grad), float(w.grad)) == (24.0, 8.0)


def test_a_checkpoint_of_nothing_that_wants_a_gradient_reaches_what_it_captured():
    w = ag.tensor(3.0, requires_grad=True)
    ag.checkpoint(lambda x: w * x**2)(2.0).backward()
    assert float(w.grad) == 4.0


def test_checkpoints_nest_and_take_containers():
    @ag.checkpoint
    def outer(tree, *, k):
        inner = ag.checkpoint(lambda x: (x**2, x**3))
        square, cube = inner(tree["x"])
        return [square * k, cube]

    x = ag.tensor(2.0, requires_grad=True)
    square, cube = outer({"x": x}, k=5.0)
    (square + cube).backward()
    assert float(x.grad) == 20.0 + 12.0


def test_a_checkpoint_that_gives_other_values_is_refused():
    rng = np.random.default_rng(0)
    x = ag.tensor(np.ones(3), requires_grad=True)
    y = ag.checkpoint(lambda x: x * rng.normal(size=3))(x)
    with pytest.raises(ag.GraphError, match=r"other values.*seed"):
        y.sum().backward()


def test_a_checkpoint_whose_captured_leaf_was_updated_is_refused():
    w, x = ag.tensor(3.0, requires_grad=True), ag.tensor(2.0, requires_grad=True)
    y = ag.checkpoint(lambda x: w * x**2)(x)
    with ag.no_grad():
        w += 1.0
    with pytest.raises(ag.GraphError, match="other values"):
        y.backward()


def test_a_checkpoint_whose_argument_was_updated_is_refused():
    x = ag.tensor([2.0], requires_grad=True)
    y = ag.checkpoint(lambda x: x**2)(x).sum()
    with ag.no_grad():
        x += 1.0
    with pytest.raises(ag.GraphError, match="other values"):
        y.backward()


# --- custom_vjp -------------------------------------------------------------------------------------------------------


def cube():
    f = ag.custom_vjp(lambda x: x * x * x)
    f.defvjp(lambda x: (x * x * x, x), lambda x, g: (3 * x * x * g,))
    return f


def test_a_rule_of_ones_own_is_differentiated_to_third_order():
    f = cube()
    g, h, k = ag.grad(f), ag.grad(ag.grad(f)), ag.grad(ag.grad(ag.grad(f)))
    assert [float(t(2.0)) for t in (g, h, k)] == [12.0, 12.0, 6.0]
    assert float(ag.jvp(f, (2.0,), (1.0,))[1]) == 12.0
    assert float(ag.hvp(f, (2.0,), (1.0,))[0]) == 12.0


def test_a_rule_of_ones_own_may_lie():
    f = ag.custom_vjp(lambda x: x * 2)
    f.defvjp(lambda x: (x * 2, None), lambda _, g: (g * 100,))
    x = ag.tensor(1.0, requires_grad=True)
    f(x).backward()
    assert float(x.grad) == 100.0


def test_residuals_arguments_and_values_may_be_containers():
    f = ag.custom_vjp(lambda tree, k: {"y": tree["x"] * k})
    f.defvjp(
        lambda tree, k: ({"y": tree["x"] * k}, [tree["x"], (k,)]),
        lambda saved, g: ({"x": g["y"] * saved[1][0]}, ag.sum(g["y"] * saved[0])),
    )
    g_tree, g_k = ag.grad(lambda tree, k: ag.sum(f(tree, k)["y"] ** 2), (0, 1))({"x": np.array([1.0, 2.0])}, 3.0)
    assert (g_tree["x"].tolist(), float(g_k)) == ([18.0, 36.0], 30.0)


def test_none_means_no_cotangent():
    f = ag.custom_vjp(lambda x, y: x * y)
    f.defvjp(lambda x, y: (x * y, y), lambda y, g: (g * y, None))
    assert [float(g) for g in ag.grad(f, (0, 1))(2.0, 3.0)] == [3.0, 0.0]


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda r, g: (np.ones(3),), r"must have shape \(2,\), got \(3,\)"),
        (lambda r, g: (np.ones(()),), r"must have shape \(2,\), got \(\)"),
        (lambda r, g: (g, g), r"1 cotangents.*returned 2"),
        (lambda r, g: ({"x": g},), "structure"),
    ],
)
def test_cotangents_that_do_not_fit_are_refused(backward, words):
    f = ag.custom_vjp(lambda x: x * 2)
    f.defvjp(lambda x: (x * 2, None), backward)
    with pytest.raises(ag.ShapeError, match=words):
        ag.grad(lambda x: f(x).sum())(np.ones(2))


def exponential():
    """Its value hides where it comes from, so that all derivatives must come from the rule."""
    f = ag.custom_vjp(lambda x: ag.stop_gradient(np.exp(x)))

    def forward(x):
        value = f(x)
        return value, value

    f.defvjp(forward, lambda value, g: (value * g,))
    return f


def test_a_forward_may_call_the_function_itself_and_keep_its_value():
    f = exponential()
    for order in range(1, 5):
        derivative = f
        for _ in range(order):
            derivative = ag.grad(derivative)
        close(derivative(0.5), np.exp(0.5))
    close(ag.jvp(f, (0.5,), (2.0,))[1], 2 * np.exp(0.5))
    close(ag.hvp(f, (0.5,), (2.0,))[0], 2 * np.exp(0.5))
    close(ag.hessian(lambda x: np.sum(f(x) ** 2))(np.array([0.5, 1.0])), np.diag(4 * np.exp([1.0, 2.0])))


def test_compiled_code_gets_values_from_a_forward_that_calls_its_function():
    f = ag.custom_vjp(lambda x: np.sqrt(np.asarray(x)))
    f.defvjp(lambda x: (y := f(x), y), lambda y, g: (g / (2 * y),))
    close(ag.grad(f)(4.0), 0.25)
    close(ag.grad(ag.grad(f))(4.0), -1 / 32)


def test_what_a_function_called_by_its_own_forward_was_given_may_be_overwritten():
    f = ag.custom_vjp(lambda x, k: k * np.exp(x))
    f.defvjp(lambda x, k: (y := f(x, k), y), lambda y, g: (g * y, None))
    x, k = ag.tensor([0.5], requires_grad=True), np.array([3.0])
    y = f(x, k).sum()
    (first,) = ag.gradients(y, [x], create_graph=True)
    k[0] = 100.0
    close(ag.gradients(first.sum(), x)._array, 3 * np.exp([0.5]))


def test_a_rule_that_was_never_given_is_asked_for():
    with pytest.raises(ag.GraphError, match="defvjp"):
        ag.custom_vjp(lambda x: x)(1.0)


def test_the_written_function_is_used_where_no_gradient_is_wanted():
    f = cube()
    assert not isinstance(f(np.float64(2.0)), ag.Tensor)
    with ag.no_grad():
        assert not f(ag.tensor(2.0, requires_grad=True)).requires_grad


def test_residuals_that_are_written_to_change_no_gradient():
    f, x = cube(), ag.tensor([2.0], requires_grad=True)
    y = f(x).sum()
    with ag.no_grad():
        x += 1.0
    y.backward()
    assert x.grad.tolist() == [12.0]
