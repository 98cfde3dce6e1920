"""Linear algebra where matrices are special: equal values, missing ranks, null spaces. The rest is conformance."""

import numpy as np
import pytest

import autograd_core as ag

Q = np.linalg.qr(np.array([[2.0, 1.0, 0.5], [-1.0, 3.0, 1.0], [0.3, -0.7, 1.0]]))[0]
G = np.array([[1.0, -2.0, 0.5], [0.7, 0.3, -1.1], [2.0, 1.3, 0.4]])
TIED = [np.eye(3), np.diag([1.0, 1.0, 3.0]), (Q * [2.0, 2.0, 5.0]) @ Q.T, np.zeros((3, 3))]
# Numbers of the size of 1 to 100, computed by a few products of 3 x 3 matrices.
ROUNDING = 1e-12


def gradient(f, a, create_graph=False):
    a = ag.tensor(a, requires_grad=True)
    return np.array(ag.gradients(f(a), [a], create_graph=create_graph)[0].detach())


def minors(a):
    """The matrix of cofactors, by its definition."""
    n = len(a)
    cut = [[np.delete(np.delete(a, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * np.linalg.det(cut[i][j]) for j in range(n)] for i in range(n)])


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("a", TIED)
def test_functions_of_tied_values_alone_have_their_gradient(a, create_graph):
    a = (a + a.T) / 2
    for f in (
        lambda t: ag.sum(ag.linalg.eigvalsh(t) ** 2),
        lambda t: ag.sum(ag.linalg.eigh(t).eigenvalues ** 2),
        lambda t: ag.sum(ag.linalg.svdvals(t) ** 2),
        lambda t: ag.sum(ag.linalg.svd(t).S ** 2),
    ):
        np.testing.assert_allclose(gradient(f, a, create_graph), 2 * a, atol=ROUNDING)


@pytest.mark.parametrize("a", TIED)
def test_functions_of_vectors_inside_a_tie_have_nan_rather_than_a_number(a):
    a = (a + a.T) / 2

    def exponential(t):
        w, v = ag.linalg.eigh(t)
        return ag.sum(G * ((v * ag.exp(w)) @ v.T))

    def polar(t):
        u, _, vh = ag.linalg.svd(t)
        return ag.sum(G * (u @ vh))

    for f in (exponential, polar, lambda t: ag.linalg.eigh(t).eigenvectors[0, 0]):
        assert np.isnan(gradient(f, a)).any()


def test_vectors_outside_a_tie_have_their_gradient():
    a = np.diag([1.0, 1.0, 3.0])
    g = gradient(lambda t: ag.linalg.eigh(t).eigenvectors[0, 2] ** 2 + ag.linalg.eigh(t).eigenvectors[2, 2] ** 2, a)
    np.testing.assert_allclose(g, np.zeros((3, 3)), atol=ROUNDING)


def test_a_tie_to_rounding_is_a_tie():
    a = np.diag([1.0, 1.0 + 1e-16, 1.0 - 1e-16])
    assert np.isnan(gradient(lambda t: ag.linalg.eigh(t).eigenvectors[0, 1], a)).any()


@pytest.mark.parametrize(
    "values", [[3.0, 2.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0], [2.0, 2.0, 0.0], [3.0, 1.0, 1e-14]]
)
def test_the_determinant_of_a_singular_matrix_has_both_its_derivatives(values):
    a = (Q * values) @ np.linalg.qr(G)[0]
    for b in (a, -a, a[::-1], a[:, ::-1], a.T):  # singular vectors of either orientation
        np.testing.assert_allclose(gradient(ag.linalg.det, b), minors(b), atol=ROUNDING)
    second = np.array(ag.hessian(ag.linalg.det)(a))
    for i, j in np.ndindex(3, 3):
        step = np.zeros((3, 3))
        step[i, j] = 0.5  # cofactors are linear in each element: the difference is the derivative
        np.testing.assert_allclose(second[i, j], minors(a + step) - minors(a - step), atol=ROUNDING)


def test_the_null_space_may_be_used_as_a_space():
    a = G[:, :1]

    def projection(t):
        rest = ag.linalg.svd(t).U[:, 1:]
        return ag.sum(G * (rest @ rest.T))

    u = a / np.linalg.norm(a)  # P = 1 - u u^T
    expected = -(np.eye(3) - u @ u.T) @ (G + G.T) @ u / np.linalg.norm(a)
    np.testing.assert_allclose(gradient(projection, a), expected, atol=ROUNDING)
    with pytest.raises(ag.MissingRuleError, match="full_matrices=False"):
        gradient(lambda t: ag.linalg.svd(t).U[0, 1], a)


def test_ties_of_norms_share_evenly_and_small_powers_are_flat_at_0():
    ties, flat = np.array([2.0, -2.0, 1.0]), np.array([0.0, 4.0])
    np.testing.assert_array_equal(gradient(lambda t: ag.linalg.norm(t, np.inf), ties), [0.5, -0.5, 0.0])
    np.testing.assert_array_equal(gradient(lambda t: ag.linalg.norm(t, 0.5), flat), [0.0, 1.0])
    np.testing.assert_allclose(gradient(lambda t: ag.linalg.norm(t, 2), np.eye(3)), np.eye(3) / 3, atol=ROUNDING)
    for order in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
        np.testing.assert_array_equal(gradient(lambda t, p=order: ag.linalg.norm(t, p), np.zeros((2, 2))), 0)


def test_the_logarithm_of_a_determinant_of_0_has_no_gradient_unless_nobody_asks():
    a = np.ones((2, 2))
    assert np.isnan(gradient(lambda t: ag.linalg.slogdet(t).logabsdet, a)).all()
    np.testing.assert_array_equal(gradient(lambda t: ag.linalg.slogdet(t).sign, a), 0)


def test_least_squares_of_a_lower_rank_have_no_gradient_for_the_matrix_but_for_the_right_hand_side():
    a, b = np.ones((3, 2)), np.ones(3)
    with pytest.raises(ag.linalg.LinAlgError, match="rank 1, not 2"):
        ag.linalg.lstsq(ag.tensor(a, requires_grad=True), b)
    x, residuals, rank, _ = np.linalg.lstsq(a, ag.tensor(b, requires_grad=True), rcond=None)
    assert (rank, residuals.shape) == (1, (0,))
    np.testing.assert_allclose(x.detach(), [0.5, 0.5], atol=ROUNDING)


def test_vectors_that_complete_a_basis_are_refused_in_words():
    with pytest.raises(ag.MissingRuleError, match="mode='complete'"):
        np.linalg.qr(ag.tensor(G[:, :2], requires_grad=True), "complete")
    assert ag.linalg.qr(G[:, :2], "complete").Q.shape == (3, 3)


def test_code_that_catches_numpys_error_goes_on_working():
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.cholesky(ag.tensor(-np.eye(2), requires_grad=True))


def test_eigenvalues_of_general_matrices_are_refused_in_words():
    for f in (np.linalg.eig, np.linalg.eigvals):
        with pytest.raises(ag.MissingRuleError, match="complex"):
            f(ag.tensor(G, requires_grad=True))
