"""Products, linear algebra, calculus on grids."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag
from benchmarks.agreement.counterparts.record import Counterpart, axes, binary, named, refuse, unary


def _magnitudes(*results: Any) -> list[Any]:
    """The results without their signs."""
    return [abs(y) for y in results]


def _symmetric(a: Any) -> Any:
    return a + a.swapaxes(-1, -2)


def _matmul_add(input: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return ag.add(ag.multiply(input, beta), ag.multiply(ag.matmul(a, b), alpha))


def _outer_add(input: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return ag.add(ag.multiply(input, beta), ag.multiply(ag.outer(a, b), alpha))


def _sum_matmul_add(input: Any, a: Any, b: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    return ag.add(ag.multiply(input, beta), ag.multiply(ag.sum(ag.matmul(a, b), 0), alpha))


def _tensordot(a: Any, b: Any, dims: Any = 2, ours: str = "tensordot") -> Any:
    if isinstance(dims, np.ndarray):
        dims = dims.tolist()
    return named(ours)(a, b, axes=dims)


def _einsum(operands: Any, equation: str) -> Any:
    return ag.einsum(equation, *operands)


def _cross(input: Any, other: Any, dim: Any = None) -> Any:
    if dim is None:
        dim = next(i for i, n in enumerate(np.shape(input)) if n == 3)
    return ag.cross(input, other, axis=dim)


def _linalg_cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    return ag.linalg.cross(input, other, axis=dim)


def _norm(x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    x = x if dtype is None else ag.astype(x, dtype)
    dims = axes(x, dim)
    if ord is not None and dims is None and np.ndim(x) not in (1, 2):
        refuse(True, "a norm of given order of an array with more than two axes")
    return ag.linalg.norm(x, ord, dims, keepdims=keepdim)


def _vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    x = x if dtype is None else ag.astype(x, dtype)
    return ag.linalg.vector_norm(x, axis=axes(x, dim), keepdims=keepdim, ord=ord)


def _matrix_norm(A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Any:
    x = A if dtype is None else ag.astype(A, dtype)
    if tuple(dim) == (-2, -1):
        return ag.linalg.matrix_norm(x, keepdims=keepdim, ord=ord)
    return ag.linalg.norm(x, ord, tuple(dim), keepdims=keepdim)


def _old_norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """torch.norm: of vectors, whatever the axes, unless p is the name of a matrix norm."""
    x = input if dtype is None else ag.astype(input, dtype)
    if p == "nuc":
        return ag.linalg.norm(x, "nuc", tuple(dim) if dim is not None else None, keepdims=keepdim)
    return ag.linalg.vector_norm(x, axis=axes(x, dim), keepdims=keepdim, ord=2 if p in ("fro", None) else p)


def _svd(A: Any, full_matrices: bool = True) -> Any:
    return ag.linalg.svd(A, full_matrices)


def _reduced(u: Any, s: Any, vh: Any) -> list[Any]:
    """Without signs, and without the vectors that fill up the matrices, of which any would do."""
    k = s.shape[-1]
    return [abs(u[..., :k]), s, abs(vh[..., :k, :])]


def _reduced_transposed(u: Any, s: Any, v: Any) -> list[Any]:
    k = s.shape[-1]
    return [abs(u[..., :k]), s, abs(v[..., :k])]


def _old_svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    refuse(not compute_uv, "singular vectors of zeros")
    u, s, vh = ag.linalg.svd(input, not some)
    return u, s, ag.swapaxes(vh, -1, -2)


def _pinv(A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Any:
    refuse(atol is not None, "an absolute tolerance")
    return ag.linalg.pinv(
        A, *(() if rtol is None and rcond is None else (rcond if rtol is None else rtol,)), hermitian=hermitian
    )


def _solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """PyTorch takes b for vectors where its shape is that of A without the last axis."""
    vectors = np.ndim(B) == 1 or np.shape(B) == np.shape(A)[:-1]
    if vectors:
        refuse(not left, "vectors from the left")
        return ag.linalg.solve(A, B[..., None])[..., 0]
    if left:
        return ag.linalg.solve(A, B)
    return ag.swapaxes(ag.linalg.solve(ag.swapaxes(A, -1, -2), ag.swapaxes(B, -1, -2)), -1, -2)


def _solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    return _solve(A, B, left=left), None


def _lstsq(A: Any, B: Any, rcond: Any = None, driver: Any = None) -> Any:
    refuse(np.ndim(A) != 2 or np.ndim(B) != 2, "stacks of least squares")
    return ag.linalg.lstsq(A, B, rcond)[0], None


def _gradient(input: Any, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> Any:
    axis = tuple(dim) if isinstance(dim, list | tuple) else dim
    steps = spacing if isinstance(spacing, list | tuple) else (1 if spacing is None else spacing,)
    return ag.gradient(input, *steps, axis=axis, edge_order=edge_order)


def _ediff1d(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    refuse(np.ndim(input) != 1 or n != 1 or prepend is not None or append is not None, "differences along an axis")
    return ag.ediff1d(input)


def _transform(theirs: str, ours: str, whole: bool = False) -> Counterpart:
    """A Fourier transform along one axis, to the parts of a complex array; `whole` of one that takes such parts too."""

    def call(input: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
        return named(ours)(_with_zeros(input) if whole else input, n, dim, norm)

    return Counterpart(theirs, (ours,), call)


def _transforms(theirs: str, ours: str, whole: bool = False, last: bool = False) -> Counterpart:
    """The same along several axes."""

    def call(input: Any, s: Any = None, dim: Any = (-2, -1) if last else None, norm: Any = None) -> Any:
        over = (dim,) if isinstance(dim, int) else dim
        if s is not None and over is None:  # to PyTorch the last ones, to NumPy too, which wants them named
            over = tuple(range(-len(s), 0))
        return named(ours)(_with_zeros(input) if whole else input, s, over, norm)

    return Counterpart(theirs, (ours,), call)


def _with_zeros(x: Any) -> Any:
    return ag.stack([x, ag.zeros_like(x)])


def _diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    options = {k: v for k, v in (("prepend", prepend), ("append", append)) if v is not None}
    return ag.diff(input, n, dim, **options)


def _cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    return ag.cov(input, ddof=correction, fweights=fweights, aweights=aweights)


def _cholesky(input: Any, upper: bool = False) -> Any:
    return ag.linalg.cholesky(input, upper=upper)


def _vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    refuse(dim != -1, "the product along another axis")
    return ag.vecdot(x, y)


def _linspace(start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None) -> Any:
    refuse(dtype not in (None, np.float64), "another type than float64")
    refuse(any(getattr(x, "dtype", np.float64) == np.float32 for x in (start, end)), "float32 endpoints")
    return ag.linspace(start, end, steps, dtype=dtype)


def _logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None) -> Any:
    refuse(dtype not in (None, np.float64), "another type than float64")
    refuse(any(getattr(x, "dtype", np.float64) == np.float32 for x in (start, end)), "float32 endpoints")
    return ag.logspace(start, end, steps, base=base, dtype=dtype)


def _vander(x: Any, N: Any = None) -> Any:
    refuse(np.ndim(x) != 1, "stacks of Vandermonde matrices")
    return ag.vander(x, N, increasing=True)


LINEAR_ALGEBRA = [
    *(binary(name, "matmul") for name in ("matmul", "mm", "bmm", "mv")),
    Counterpart("__rmatmul__", ("matmul",), lambda input, other: ag.matmul(other, input)),
    binary("dot", "dot"),
    binary("vdot", "vdot"),
    binary("inner", "inner"),
    binary("outer", "outer"),
    binary("kron", "kron"),
    Counterpart("tensordot", ("tensordot",), _tensordot),
    Counterpart("einsum", ("einsum",), _einsum),
    *(binary(name, "linalg.matmul") for name in ("mm", "bmm")),
    binary("outer", "linalg.outer"),
    Counterpart("tensordot", ("linalg.tensordot",), lambda a, b, dims=2: _tensordot(a, b, dims, "linalg.tensordot")),
    *(Counterpart(name, ("matmul",), _matmul_add) for name in ("addmm", "addmm.decomposed", "addmv", "baddbmm")),
    Counterpart("addbmm", ("matmul",), _sum_matmul_add),
    Counterpart("addr", ("outer",), _outer_add),
    Counterpart("cross", ("cross",), _cross),
    Counterpart("linalg.cross", ("linalg.cross",), _linalg_cross),
    Counterpart("linalg.vecdot", ("linalg.vecdot",), lambda x, y, *, dim=-1: ag.linalg.vecdot(x, y, axis=dim)),
    Counterpart("linalg.vecdot", ("vecdot",), _vecdot),
    binary("mv", "matvec"),
    Counterpart("linspace.tensor_overload", ("linspace",), _linspace),
    Counterpart("logspace.tensor_overload", ("logspace",), _logspace),
    Counterpart("linalg.multi_dot", ("linalg.multi_dot",), lambda tensors: ag.linalg.multi_dot(tensors)),
    Counterpart("linalg.matrix_power", ("linalg.matrix_power",), lambda A, n: ag.linalg.matrix_power(A, n)),
    unary("linalg.det", "linalg.det"),
    unary("linalg.slogdet", "linalg.slogdet"),
    Counterpart("logdet", ("linalg.slogdet",), lambda input: ag.linalg.slogdet(input)[1]),
    unary("linalg.inv", "linalg.inv"),
    Counterpart("linalg.inv_ex", ("linalg.inv",), lambda A, *, check_errors=False: (ag.linalg.inv(A), None)),
    Counterpart("linalg.pinv", ("linalg.pinv",), _pinv),
    Counterpart("linalg.pinv.hermitian", ("linalg.pinv",), _pinv, None, _symmetric),
    Counterpart("pinverse", ("linalg.pinv",), _pinv),
    Counterpart("linalg.solve", ("linalg.solve",), _solve),
    Counterpart("linalg.solve_ex", ("linalg.solve",), _solve_ex),
    Counterpart("linalg.matrix_rank", ("linalg.matrix_rank",), lambda A: ag.linalg.matrix_rank(A)),
    Counterpart("linalg.lstsq.grad_oriented", ("linalg.lstsq",), _lstsq),
    Counterpart("linalg.tensorinv", ("linalg.tensorinv",), lambda A, ind=2: ag.linalg.tensorinv(A, ind)),
    Counterpart(
        "linalg.tensorsolve", ("linalg.tensorsolve",), lambda A, B, dims=None: ag.linalg.tensorsolve(A, B, dims)
    ),
    Counterpart(
        "linalg.cholesky", ("linalg.cholesky",), lambda A, *, upper=False: _cholesky(A, upper), None, _symmetric
    ),
    Counterpart(
        "linalg.cholesky_ex",
        ("linalg.cholesky",),
        lambda A, *, upper=False, check_errors=False: (_cholesky(A, upper), None),
        None,
        _symmetric,
    ),
    Counterpart("cholesky", ("linalg.cholesky",), _cholesky, None, _symmetric),
    Counterpart("linalg.eigh", ("linalg.eigh",), lambda A, UPLO="L": ag.linalg.eigh(A, UPLO), _magnitudes, _symmetric),
    Counterpart(
        "linalg.eigvalsh", ("linalg.eigvalsh",), lambda A, UPLO="L": ag.linalg.eigvalsh(A, UPLO), None, _symmetric
    ),
    Counterpart("linalg.svd", ("linalg.svd",), _svd, _reduced),
    Counterpart("svd", ("linalg.svd",), _old_svd, _reduced_transposed),
    unary("linalg.svdvals", "linalg.svdvals"),
    Counterpart("linalg.qr", ("linalg.qr",), lambda A, mode="reduced": ag.linalg.qr(A, mode), _magnitudes),
    Counterpart(
        "qr",
        ("linalg.qr",),
        lambda input, some=True: ag.linalg.qr(input, "reduced" if some else "complete"),
        _magnitudes,
    ),
    Counterpart("linalg.cond", ("linalg.cond",), lambda A, p=None: ag.linalg.cond(A, p)),
    *(Counterpart(name, ("linalg.norm",), _norm) for name in ("linalg.norm", "linalg.norm.subgradients_at_zero")),
    Counterpart("linalg.vector_norm", ("linalg.vector_norm",), _vector_norm),
    Counterpart("linalg.matrix_norm", ("linalg.matrix_norm", "linalg.norm"), _matrix_norm),
    *(Counterpart(name, ("linalg.vector_norm",), _old_norm) for name in ("norm", "norm.fro", "norm.inf", "norm.nuc")),
    Counterpart("dist", ("linalg.vector_norm",), lambda input, other, p=2: ag.linalg.vector_norm(input - other, ord=p)),
    Counterpart("linalg.vander", ("vander",), _vander),
    Counterpart("gradient", ("gradient",), _gradient),
    Counterpart("diff", ("diff",), _diff),
    Counterpart("diff", ("ediff1d",), _ediff1d),
    _transform("fft.rfft", "fft.rfft_parts"),
    _transform("fft.irfft", "fft.irfft"),
    _transform("fft.irfft", "fft.irfft_parts", whole=True),
    _transform("fft.hfft", "fft.hfft"),
    _transform("fft.fft", "fft.fft_parts", whole=True),
    _transform("fft.ifft", "fft.ifft_parts", whole=True),
    _transforms("fft.rfftn", "fft.rfftn_parts"),
    _transforms("fft.rfft2", "fft.rfftn_parts", last=True),
    _transforms("fft.irfftn", "fft.irfftn"),
    _transforms("fft.irfftn", "fft.irfftn_parts", whole=True),
    _transforms("fft.irfft2", "fft.irfft2", last=True),
    _transforms("fft.fftn", "fft.fftn_parts", whole=True),
    _transforms("fft.fft2", "fft.fftn_parts", whole=True, last=True),
    _transforms("fft.ifftn", "fft.ifftn_parts", whole=True),
    _transforms("fft.ifft2", "fft.ifftn_parts", whole=True, last=True),
    Counterpart("cov", ("cov",), _cov),
    Counterpart("corrcoef", ("corrcoef",), lambda input: ag.corrcoef(input)),
    *(
        Counterpart(
            f"fft.{name}",
            (f"fft.{name}",),
            lambda input, dim=None, name=name: named(f"fft.{name}")(input, axes(input, dim)),
        )
        for name in ("fftshift", "ifftshift")
    ),
]
