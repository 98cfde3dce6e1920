"""What the operations on matrices share: what they refuse, and half precision.

LAPACK, which computes for NumPy, has no half precision: float16 is computed in single precision and rounded back.
"""

import numpy as np

from ...errors import OptionError, ShapeError
from ...examples import Interval, Matrices, Raises
from ..operands import operand, value_of
from ..shape import swapaxes

REGULAR = Matrices()
SYMMETRIC = Matrices(symmetric=True)
WIDE = Interval(-2, 2)

NOT_SQUARE = Raises(ShapeError, r"the last two axes must have the same length.*got shape \(2, 3\)", a=(2, 3))
NO_MATRIX = Raises(ShapeError, r"at least two axes.*got shape \(3,\)", a=(3,))

_ASYMMETRY = 0.01


class LinAlgError(OptionError, np.linalg.LinAlgError):
    """A matrix that has no inverse, no factorization of the kind, or no convergence; also NumPy's LinAlgError."""


def single(x):
    """An array as LAPACK takes it: half precision becomes single precision."""
    x = np.asarray(x)
    return x.astype(np.float32) if x.dtype == np.float16 else x


def rounded(result, *given):
    """A result of arrays that `single` may have widened, in the type that NumPy's promotion of them says."""
    dtype = np.result_type(*given)
    return result.astype(dtype) if dtype == np.float16 else result


def widened(x, who):
    """`single` for composed operations: a Tensor or array, and the type that its results are to have."""
    x = operand(x, who)
    return (x.astype(np.float32) if x.dtype == np.float16 else x), x.dtype


def as_given(x, dtype):
    """Half precision again, if that is what came."""
    return x.astype(dtype) if dtype == np.float16 else x


def check_matrix(a, who):
    """Refuse what is not a matrix or a stack of matrices."""
    if np.ndim(a) < 2:
        raise ShapeError(f"{who}: matrices have at least two axes, got shape {np.shape(a)}")


def check_square(a, who):
    """Refuse what is not a square matrix or a stack of them."""
    check_matrix(a, who)
    if a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"{who}: the last two axes must have the same length (square matrices), got shape {a.shape}")


def check_symmetric(a, who):
    """Refuse what is not close to symmetric matrices; finite differences and rounding may leave them a little apart."""
    check_square(a, who)
    a = single(value_of(a))
    with np.errstate(invalid="ignore", over="ignore"):
        asymmetry = np.max(np.abs(a - np.swapaxes(a, -1, -2)), initial=0)
    if asymmetry > _ASYMMETRY * np.max(np.abs(a), initial=0):
        raise OptionError(
            f"{who}: the matrix is not symmetric, and only one triangle would be read; "
            "give (a + a.T) / 2, or build it from the triangle that is meant"
        )


def symmetric_part(xp, a):
    """``(a + a^T) / 2``: exactly a, if a is symmetric."""
    return (a + xp.swapaxes(a, -1, -2)) * 0.5


def solving(who, compute):
    """What `compute` gives, or the reason why LAPACK gave up, in words of ours."""
    try:
        return compute()
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{who}: {_WORDS.get(str(error), error)}") from None


_WORDS = {
    "Singular matrix": "a matrix is singular, so it has no inverse; pinv or lstsq solve in the sense of least squares",
    "Matrix is not positive definite": (
        "a matrix is not positive definite, to rounding; add a small multiple of the identity matrix to it"
    ),
}


def transposed(x):
    """Every matrix of a stack transposed."""
    return swapaxes(x, -1, -2)


def kept(xp, x, mask):
    """The entries where the mask holds, 0 elsewhere."""
    return xp.where(mask, x, 0)


def rounding(a):
    """What a singular value or eigenvalue of a matrix is uncertain by, as a share of the largest one."""
    return 4 * max(a.shape[-2:]) * float(np.finfo(a.dtype if a.dtype.kind == "f" else np.float64).eps)
