"""Linear algebra on stacks of matrices: the extension `linalg` of the standard, and its four functions at top level."""

import numpy as np

from .delegation import evaluate, same_as

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


@same_as(np.linalg.cholesky)
def cholesky(x, /, *, upper=False):
    """The triangular factor L (or U) of a symmetric positive definite matrix ``L L^T`` (or ``U^T U``)."""


@same_as(np.linalg.cross)
def cross(x1, x2, /, *, axis=-1):
    """Cross products of vectors of three numbers along an axis."""


@same_as(np.linalg.det)
def det(x, /):
    """Determinant."""


@same_as(np.linalg.diagonal)
def diagonal(x, /, *, offset=0):
    """The diagonal of a matrix, or one above or below it."""


@same_as(np.linalg.eigh)
def eigh(x, /):
    """The eigenvalues of a symmetric matrix, ascending, and its eigenvectors as columns."""


@same_as(np.linalg.eigvalsh)
def eigvalsh(x, /):
    """The eigenvalues of a symmetric matrix, ascending."""


@same_as(np.linalg.inv)
def inv(x, /):
    """Inverse matrix."""


@same_as(np.matmul)
def matmul(x1, x2, /):
    """Matrix product."""


@same_as(np.linalg.matrix_norm)
def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """Norm of a matrix: Frobenius, nuclear ("nuc"), or that of an order."""


@same_as(np.linalg.matrix_power)
def matrix_power(x, n, /):
    """The n-th power of a matrix, n an integer."""


def matrix_rank(x, /, *, rtol=None):
    """The number of singular values above rtol times the largest; a constant."""
    return evaluate(np.linalg.matrix_rank, x, rtol=rtol)


@same_as(np.linalg.matrix_transpose)
def matrix_transpose(x, /):
    """The last two axes exchanged."""


@same_as(np.linalg.outer)
def outer(x1, x2, /):
    """The products of all elements of one vector with all of another, as a matrix."""


@same_as(np.linalg.pinv)
def pinv(x, /, *, rtol=None):
    """Moore-Penrose inverse; singular values up to rtol times the largest count as 0."""


@same_as(np.linalg.qr)
def qr(x, /, *, mode="reduced"):
    """Orthonormal columns Q and an upper triangle R with ``Q R = x``."""


@same_as(np.linalg.slogdet)
def slogdet(x, /):
    """The sign of the determinant, and the logarithm of its absolute value."""


@same_as(np.linalg.solve)
def solve(x1, x2, /):
    """The solution of ``x1 x = x2``, for a vector or a matrix x2."""


@same_as(np.linalg.svd)
def svd(x, /, *, full_matrices=True):
    """Singular value decomposition ``U diag(S) Vh``."""


@same_as(np.linalg.svdvals)
def svdvals(x, /):
    """The singular values, descending."""


@same_as(np.linalg.tensordot)
def tensordot(x1, x2, /, *, axes=2):
    """The sum over products along pairs of axes, or the last axes of one and the first of the other."""


@same_as(np.linalg.trace)
def trace(x, /, *, offset=0, dtype=None):
    """The sum of the diagonal of a matrix, or of one above or below it."""


@same_as(np.linalg.vecdot)
def vecdot(x1, x2, /, *, axis=-1):
    """Dot products of vectors along an axis."""


@same_as(np.linalg.vector_norm)
def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    """Norm of vectors along axes."""
