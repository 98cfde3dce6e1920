"""Shapes, joining and products where the conformance suite does not reach: NumPy's calls, nested lists, refusals."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import autograd_core as ag

_RNG = np.random.default_rng(0)
ARRAYS = {
    "A": _RNG.normal(size=(3, 4)),
    "B": _RNG.normal(size=(4, 3)),
    "S": _RNG.normal(size=(2, 3, 3)),
    "v": _RNG.normal(size=3),
    "w": _RNG.normal(size=4),
    "p": _RNG.uniform(0.5, 1.5, size=3),
    "c": np.array(1.5),
}
# NumPy's calls with arguments by place and by name, aliases, several results, lists of arrays, and ufuncs with axes.
CALLS = """
np.reshape(A, (4, 3), order="F")
np.reshape(A, -1, copy=True)
np.ravel(A, "F")
np.permute_dims(S, axes=(1, 0, 2))
np.matrix_transpose(S)
np.rollaxis(S, 0, start=3)
np.roll(A, (1, 2), axis=(0, 1))
np.rot90(S, k=3, axes=(1, 2))
np.atleast_2d(v, A, c)
np.atleast_3d(v)
np.broadcast_arrays(v, A.T, subok=False)
np.resize(A, (5, 4))
np.repeat(A, [1, 2, 0], axis=0)
np.tile(A, reps=(2, 1, 2))
np.trim_zeros(np.pad(v, 2), "f")
np.copy(A, order="C")
np.full_like(A, c, shape=(2, 2), dtype=np.float32)
np.astype(A, np.float32, copy=False)
np.delete(A, [0, 1], 1)
np.insert(A, 1, v, axis=1)
np.insert(v, [0, 2], [7.0, 8.0])
np.append(v, w)
np.unstack(A, axis=1)
np.array_split(A, 3, axis=1)
np.hsplit(A, [1])
np.dsplit(S, 3)
np.concat([v, w], dtype=np.float32)
np.concatenate((A, B), axis=None)
np.concatenate(A)
np.stack([c, c, 2.0])
np.vstack(A)
np.hstack((A, A), dtype=np.float32)
np.dstack((v, v))
np.column_stack((v, A))
np.block([[np.eye(3), v[:, None]], [w]])
np.block([[[A, A]], [[A, A]]])
np.meshgrid(v, w, sparse=True, indexing="ij")
np.pad(A, ((1, 2), (0, 1)), mode="constant", constant_values=c)
np.pad(A, {0: 1}, "linear_ramp", end_values=(1.0, 2.0))
np.pad(A, 2, "reflect", reflect_type="odd")
np.apply_along_axis(np.sum, 0, A)
np.apply_along_axis(lambda x, k, p=1: k * x**p, 1, A, 2.0, p=2)
np.apply_along_axis(np.diag, 0, B)
np.apply_over_axes(np.sum, S, [0, 2])
np.diag(A, k=1)
np.diagonal(S, offset=1, axis1=1, axis2=2)
np.trace(S, 0, 1, 2)
np.triu(S, k=1)
np.vander(v, N=4, increasing=True)
np.kron(A, S)
np.cross(B, B, axis=1)
np.inner(v, A.T)
np.vdot(A, A)
np.vecdot(A, A, axis=0)
np.vecdot(A, A, axis=0, keepdims=True)
np.vecdot(S, S, axes=[1, 2, ()])
np.matvec(A, A, axes=[(1, 0), (0,), (0,)])
np.vecmat(v, A, axes=[(0,), (0, 1), (0,)])
np.matmul(A, A, axes=[(0, 1), (1, 0), (1, 0)])
np.tensordot(S, S, axes=([1, 2], [2, 1]))
np.einsum(A, [0, 1], B, [1, 2], [0, 2])
np.einsum(S, [0, 1, 1])
np.einsum(A, [Ellipsis, 1])
np.einsum("ij,jk,k", A, B, v, optimize="optimal")
np.einsum("ij,jk,k", A, B, v, optimize=["einsum_path", (0, 1), (0, 1)])
np.einsum("ij,ij->ij", A, A[:1], dtype=np.float64, order="C")
sliding_window_view(A, (2, 2))
sliding_window_view(x=A, window_shape=2, axis=-1)
np.linspace(v, 2.0, num=3, axis=1)
np.linspace(v, p, 4, retstep=True)
np.logspace(0, 2, 4, base=c)
np.logspace(v, p, 4, base=p, axis=1)
np.geomspace(-p, -2.0, 4, endpoint=False)
""".strip().splitlines()


def _leaves(result):
    return [leaf for part in result for leaf in _leaves(part)] if isinstance(result, list | tuple) else [result]


@pytest.mark.parametrize("call", CALLS)
def test_numpy_on_tensors_gives_what_it_gives_on_arrays_and_keeps_the_graph(call):
    space = {"np": np, "sliding_window_view": sliding_window_view}
    tensors = {name: ag.tensor(a, requires_grad=True) for name, a in ARRAYS.items()}
    expected = _leaves(eval(call, space | ARRAYS))
    for out, e in zip(_leaves(eval(call, space | tensors)), expected, strict=True):
        assert out.requires_grad
        assert out.dtype == np.asarray(e).dtype
        # a few roundings of single precision where a call asks for it, of double precision elsewhere
        np.testing.assert_allclose(out.detach(), e, rtol=64 * np.finfo(out.dtype).eps, atol=1e-14)


def _tensor(*shape):
    return ag.tensor(np.ones(shape), requires_grad=True)


@pytest.mark.parametrize(
    "made",
    [
        lambda t, s: np.array([s, s]),
        lambda t, s: np.array([s, 1.0]),
        lambda t, s: np.array([[1.0, s], [s, 2.0]]),
        lambda t, s: np.array([s, s], dtype=object),
        lambda t, s: np.array([t, t]),
        lambda t, s: np.asarray([np.ones(2), t]),
        lambda t, s: np.array([t, s]),
        lambda t, s: np.r_[t, t],
        lambda t, s: np.r_[1.0, s],
        lambda t, s: np.c_[t, t],
        lambda t, s: np.full(2, s),
        lambda t, s: as_strided(t, (2, 2), (0, 8)),
        lambda t, s: ag.tensor([s, s]),
        lambda t, s: ag.asarray([t, t]),
    ],
)
def test_what_would_lose_the_graph_says_so(made):
    with pytest.raises(ag.GraphError, match="requires a gradient"):
        made(_tensor(2), _tensor())


def test_the_pieces_of_nested_blocks_get_their_gradients_back():
    a, b, c = _tensor(2, 2), _tensor(2, 1), _tensor(3)
    weights = np.arange(9.0).reshape(3, 3)
    (np.block([[a, b], [c]]) * weights).sum().backward()
    np.testing.assert_array_equal(a.grad, weights[:2, :2])
    np.testing.assert_array_equal(b.grad, weights[:2, 2:])
    np.testing.assert_array_equal(c.grad, weights[2])


@pytest.mark.parametrize(
    ("blocks", "error", "words"),
    [
        ([[np.ones(1)], np.ones(1)], ag.ShapeError, "nested"),
        ([[np.ones(1)], []], ag.ShapeError, "empty"),
        ([(np.ones(1), np.ones(1))], ag.DTypeError, "tuple"),
    ],
)
def test_blocks_that_are_not_nested_evenly_are_refused(blocks, error, words):
    with pytest.raises(error, match=words):
        ag.block(blocks)


@pytest.mark.parametrize(
    "constants", [lambda a, b: (a, b), lambda a, b: [[a, b]], lambda a, b: [(a, b)], lambda a, b: np.stack([a, b])]
)
def test_the_constants_of_a_border_have_gradients(constants):
    a, b = _tensor(), _tensor()
    np.pad(np.zeros(3), (1, 2), constant_values=0)  # arrays alone stay NumPy's business
    ag.pad(_tensor(3), (1, 2), constant_values=constants(a, b)).sum().backward()
    assert (a.grad.item(), b.grad.item()) == (1.0, 2.0)


def test_the_end_of_a_ramp_has_a_gradient():
    end = _tensor()
    ag.pad(np.zeros(1), (2, 0), "linear_ramp", end_values=end).sum().backward()
    assert end.grad.item() == 1.5  # all of the rim, half of what lies halfway


def test_integers_are_padded_as_numpy_does_and_stay_constants():
    x = ag.tensor([1, 2, 4])
    for mode in ("mean", "linear_ramp", "median", "edge", "reflect"):
        out = np.pad(x, 2, mode)
        assert not out.requires_grad
        np.testing.assert_array_equal(out, np.pad(np.array([1, 2, 4]), 2, mode))
    with pytest.raises(ag.DTypeError, match="would be cut to int64"):
        np.pad(x, 1, constant_values=_tensor())


def test_a_reshape_that_must_not_copy_shares_or_is_refused():
    x = np.arange(6.0).reshape(2, 3)
    assert np.shares_memory(ag.reshape(x, (3, 2), copy=False), x)
    assert not np.shares_memory(ag.reshape(x, (3, 2), copy=True), x)
    with pytest.raises(ag.ShapeError, match="without a copy"):
        ag.reshape(x.T, (6,), copy=False)


def test_a_cast_to_integers_is_a_constant():
    x = _tensor(2)
    assert not x.astype(int).requires_grad
    assert not np.astype(x, bool).requires_grad
    assert np.astype(x, np.float64, copy=False) is x


def test_repeats_may_be_changed_after_the_call():
    x, repeats = _tensor(2), np.array([1, 3])
    out = np.repeat(x, repeats)
    repeats[:] = 0
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 3.0])


@pytest.mark.parametrize("repeats", [1.5, [1.5, 1.0]])
def test_repeats_that_are_not_whole_are_refused(repeats):
    with pytest.raises(ag.DTypeError, match=r"repeat: Cannot cast"):
        np.repeat(_tensor(2), repeats)


def test_writing_into_a_view_is_refused():
    x = _tensor(3, 3) * 1.0
    views = [np.diagonal(x), np.split(x, 3)[0], np.unstack(x)[0], sliding_window_view(x, (2, 2)), np.atleast_3d(x)]
    for view in [*views, np.flipud(x), np.broadcast_arrays(x, np.ones((2, 3, 3)))[0]]:
        with pytest.raises(ag.GraphError, match="view"):
            view[0] = 0.0


def test_functions_that_return_lists_of_tensors_can_be_applied_along_an_axis():
    x = ag.tensor([[1.0, 3.0], [2.0, 5.0]], requires_grad=True)
    out = np.apply_along_axis(lambda v: [v.max(), 2 * v.min()], 1, x)
    np.testing.assert_array_equal(out.detach(), [[3.0, 2.0], [5.0, 4.0]])
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, [[2.0, 1.0], [2.0, 1.0]])


def test_arrays_made_here_carry_the_gradient_of_what_fills_them():
    a, b = _tensor(), _tensor()
    (ag.full((2, 3), a).sum() + 2 * ag.linspace(a, b, 3).sum()).backward()
    assert (a.grad.item(), b.grad.item()) == (9.0, 3.0)
    assert ag.linspace(0, 1, 3, requires_grad=True).is_leaf
    assert isinstance(ag.logspace(0, 1, 3), ag.Tensor)
    numbers, step = ag.linspace(0, 1, 5, retstep=True)
    assert step.item() == 0.25
    assert not numbers.requires_grad
    with pytest.raises(ag.GraphError, match="has one already"):
        ag.linspace(a, b, 3, requires_grad=True)


def test_the_ends_of_a_geometric_sequence_are_exact_however_far_apart():
    ends = np.array([1e-200, 3.0, -7.0]), np.array([1e200, 5.0, -1e-300])
    out = ag.geomspace(*map(ag.tensor, ends), 5)
    np.testing.assert_array_equal(out[0], ends[0])
    np.testing.assert_array_equal(out[-1], ends[1])


def test_powers_have_derivatives_at_zero():
    x = ag.tensor([0.0, 2.0], requires_grad=True)
    np.vander(x, 3).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 5.0])


def test_lists_are_taken_for_arrays():
    np.testing.assert_array_equal(ag.dot([1, 2], [3, 4]), 11)
    np.testing.assert_array_equal(ag.outer([1, 2], [3]), [[3], [6]])
    np.testing.assert_array_equal(ag.tensordot([1, 2], [3, 4], 1), 11)
    np.testing.assert_array_equal(ag.split([1, 2], 2), [[1], [2]])
