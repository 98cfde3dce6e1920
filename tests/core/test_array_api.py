"""The array API standard over Tensors: every name with its very signature, and gradients through all sections.

The official suite tests the values (`python -m tests.array_api_suite`); here is what it says nothing about: that a
function written for the standard differentiates, what is refused and how, and how memory is exchanged.
"""

import inspect
import itertools
import re
import subprocess
import sys
from pathlib import Path

import array_api_compat
import numpy as np
import pytest
from array_api_compat import numpy as plain

import autograd_core as ag
from autograd_core.array_api.delegation import same_as
from tests import array_api_suite

xp = ag.array_api

# Every function of the standard, with its signature, as its stubs declare them:
# https://github.com/data-apis/array-api/tree/main/src/array_api_stubs/_2024_12
SIGNATURES = """
arange(start, /, stop=None, step=1, *, dtype=None, device=None)
asarray(obj, /, *, dtype=None, device=None, copy=None)
empty(shape, *, dtype=None, device=None)
empty_like(x, /, *, dtype=None, device=None)
eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)
from_dlpack(x, /, *, device=None, copy=None)
full(shape, fill_value, *, dtype=None, device=None)
full_like(x, /, fill_value, *, dtype=None, device=None)
linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True)
meshgrid(*arrays, indexing='xy')
ones(shape, *, dtype=None, device=None)
ones_like(x, /, *, dtype=None, device=None)
tril(x, /, *, k=0)
triu(x, /, *, k=0)
zeros(shape, *, dtype=None, device=None)
zeros_like(x, /, *, dtype=None, device=None)
astype(x, dtype, /, *, copy=True, device=None)
can_cast(from_, to, /)
finfo(type, /)
iinfo(type, /)
isdtype(dtype, kind)
result_type(*arrays_and_dtypes)
abs(x, /)
acos(x, /)
acosh(x, /)
add(x1, x2, /)
asin(x, /)
asinh(x, /)
atan(x, /)
atan2(x1, x2, /)
atanh(x, /)
bitwise_and(x1, x2, /)
bitwise_left_shift(x1, x2, /)
bitwise_invert(x, /)
bitwise_or(x1, x2, /)
bitwise_right_shift(x1, x2, /)
bitwise_xor(x1, x2, /)
ceil(x, /)
clip(x, /, min=None, max=None)
conj(x, /)
copysign(x1, x2, /)
cos(x, /)
cosh(x, /)
divide(x1, x2, /)
equal(x1, x2, /)
exp(x, /)
expm1(x, /)
floor(x, /)
floor_divide(x1, x2, /)
greater(x1, x2, /)
greater_equal(x1, x2, /)
hypot(x1, x2, /)
imag(x, /)
isfinite(x, /)
isinf(x, /)
isnan(x, /)
less(x1, x2, /)
less_equal(x1, x2, /)
log(x, /)
log1p(x, /)
log2(x, /)
log10(x, /)
logaddexp(x1, x2, /)
logical_and(x1, x2, /)
logical_not(x, /)
logical_or(x1, x2, /)
logical_xor(x1, x2, /)
maximum(x1, x2, /)
minimum(x1, x2, /)
multiply(x1, x2, /)
negative(x, /)
nextafter(x1, x2, /)
not_equal(x1, x2, /)
positive(x, /)
pow(x1, x2, /)
real(x, /)
reciprocal(x, /)
remainder(x1, x2, /)
round(x, /)
sign(x, /)
signbit(x, /)
sin(x, /)
sinh(x, /)
square(x, /)
sqrt(x, /)
subtract(x1, x2, /)
tan(x, /)
tanh(x, /)
trunc(x, /)
take(x, indices, /, *, axis=None)
take_along_axis(x, indices, /, *, axis=-1)
matmul(x1, x2, /)
matrix_transpose(x, /)
tensordot(x1, x2, /, *, axes=2)
vecdot(x1, x2, /, *, axis=-1)
broadcast_arrays(*arrays)
broadcast_to(x, /, shape)
concat(arrays, /, *, axis=0)
expand_dims(x, /, axis)
flip(x, /, *, axis=None)
moveaxis(x, source, destination, /)
permute_dims(x, /, axes)
repeat(x, repeats, /, *, axis=None)
reshape(x, /, shape, *, copy=None)
roll(x, /, shift, *, axis=None)
squeeze(x, /, axis)
stack(arrays, /, *, axis=0)
tile(x, repetitions, /)
unstack(x, /, *, axis=0)
argmax(x, /, *, axis=None, keepdims=False)
argmin(x, /, *, axis=None, keepdims=False)
count_nonzero(x, /, *, axis=None, keepdims=False)
nonzero(x, /)
searchsorted(x1, x2, /, *, side='left', sorter=None)
where(condition, x1, x2, /)
unique_all(x, /)
unique_counts(x, /)
unique_inverse(x, /)
unique_values(x, /)
argsort(x, /, *, axis=-1, descending=False, stable=True)
sort(x, /, *, axis=-1, descending=False, stable=True)
cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False)
cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False)
max(x, /, *, axis=None, keepdims=False)
mean(x, /, *, axis=None, keepdims=False)
min(x, /, *, axis=None, keepdims=False)
prod(x, /, *, axis=None, dtype=None, keepdims=False)
std(x, /, *, axis=None, correction=0.0, keepdims=False)
sum(x, /, *, axis=None, dtype=None, keepdims=False)
var(x, /, *, axis=None, correction=0.0, keepdims=False)
all(x, /, *, axis=None, keepdims=False)
any(x, /, *, axis=None, keepdims=False)
diff(x, /, *, axis=-1, n=1, prepend=None, append=None)
__array_namespace_info__()
linalg.cholesky(x, /, *, upper=False)
linalg.cross(x1, x2, /, *, axis=-1)
linalg.det(x, /)
linalg.diagonal(x, /, *, offset=0)
linalg.eigh(x, /)
linalg.eigvalsh(x, /)
linalg.inv(x, /)
linalg.matmul(x1, x2, /)
linalg.matrix_norm(x, /, *, keepdims=False, ord='fro')
linalg.matrix_power(x, n, /)
linalg.matrix_rank(x, /, *, rtol=None)
linalg.matrix_transpose(x, /)
linalg.outer(x1, x2, /)
linalg.pinv(x, /, *, rtol=None)
linalg.qr(x, /, *, mode='reduced')
linalg.slogdet(x, /)
linalg.solve(x1, x2, /)
linalg.svd(x, /, *, full_matrices=True)
linalg.svdvals(x, /)
linalg.tensordot(x1, x2, /, *, axes=2)
linalg.trace(x, /, *, offset=0, dtype=None)
linalg.vecdot(x1, x2, /, *, axis=-1)
linalg.vector_norm(x, /, *, axis=None, keepdims=False, ord=2)
fft.fft(x, /, *, n=None, axis=-1, norm='backward')
fft.ifft(x, /, *, n=None, axis=-1, norm='backward')
fft.fftn(x, /, *, s=None, axes=None, norm='backward')
fft.ifftn(x, /, *, s=None, axes=None, norm='backward')
fft.rfft(x, /, *, n=None, axis=-1, norm='backward')
fft.irfft(x, /, *, n=None, axis=-1, norm='backward')
fft.rfftn(x, /, *, s=None, axes=None, norm='backward')
fft.irfftn(x, /, *, s=None, axes=None, norm='backward')
fft.hfft(x, /, *, n=None, axis=-1, norm='backward')
fft.ihfft(x, /, *, n=None, axis=-1, norm='backward')
fft.fftfreq(n, /, *, d=1.0, dtype=None, device=None)
fft.rfftfreq(n, /, *, d=1.0, dtype=None, device=None)
fft.fftshift(x, /, *, axes=None)
fft.ifftshift(x, /, *, axes=None)
""".strip().splitlines()

CONSTANTS = ["e", "inf", "nan", "newaxis", "pi"]
INTEGERS = ["int8", "int16", "int32", "int64"]
NATURALS = ["uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float32", "float64"]
DTYPES = ["bool", *INTEGERS, *NATURALS, *FLOATS]

# What an array of the standard must have.
ATTRIBUTES = [
    "T",
    "device",
    "dtype",
    "mT",
    "ndim",
    "shape",
    "size",
    "to_device",
    "__abs__",
    "__add__",
    "__and__",
    "__array_namespace__",
    "__bool__",
    "__complex__",
    "__dlpack__",
    "__dlpack_device__",
    "__eq__",
    "__float__",
    "__floordiv__",
    "__ge__",
    "__getitem__",
    "__gt__",
    "__index__",
    "__int__",
    "__invert__",
    "__le__",
    "__lshift__",
    "__lt__",
    "__matmul__",
    "__mod__",
    "__mul__",
    "__ne__",
    "__neg__",
    "__or__",
    "__pos__",
    "__pow__",
    "__rshift__",
    "__setitem__",
    "__sub__",
    "__truediv__",
    "__xor__",
]

MATRIX = np.array([[1.9, 0.3, 0.12], [0.45, 1.5, 0.22], [0.17, 0.38, 0.75]])


def named(name, space=xp):
    """A function of the namespace, or of an extension of it, by its dotted name."""
    for part in name.split("."):
        space = getattr(space, part)
    return space


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", SIGNATURES)
def test_every_function_has_the_signature_of_the_standard_and_a_sentence(declared):
    name, bracket, rest = declared.partition("(")
    function = named(name)
    assert str(inspect.signature(function)) == bracket + rest
    assert function.__name__ == name.rpartition(".")[2]
    assert inspect.getdoc(function).partition("\n")[0].endswith((".", ":"))


@pytest.mark.parametrize("name", [*CONSTANTS, *DTYPES, "__array_api_version__"])
def test_every_constant_and_type_is_there(name):
    assert hasattr(xp, name)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_tensor_has_what_an_array_must_have(name):
    assert hasattr(ag.Tensor([[1]]), name)


def test_dir_lists_what_is_there():
    assert {d.partition("(")[0].partition(".")[0] for d in SIGNATURES} | {*CONSTANTS, *DTYPES} <= set(dir(xp))


def test_a_wrong_call_is_refused_with_the_name_of_the_function():
    with pytest.raises(TypeError, match="sum: too many positional"):
        xp.sum(ag.Tensor([1.0]), 0)
    with pytest.raises(AttributeError, match="no 'sinus'"):
        xp.sinus  # noqa: B018


def test_the_namespace_is_imported_only_when_it_is_asked_for():
    code = "import sys, autograd_core as ag; assert 'autograd_core.array_api' not in sys.modules; ag.array_api.sin"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# --- finding it -------------------------------------------------------------------------------------------------------


def test_array_api_compat_finds_the_namespace_of_a_tensor():
    t = ag.Tensor([1.0], requires_grad=True)
    assert array_api_compat.is_array_api_obj(t)
    assert array_api_compat.array_namespace(t, ag.Tensor([1])) is xp
    assert array_api_compat.device(t) == "cpu"
    assert array_api_compat.to_device(t, "cpu") is t
    assert array_api_compat.size(t) == 1


def test_versions_of_the_standard():
    t = ag.Tensor([1.0])
    assert xp.__array_api_version__ == "2024.12"
    assert all(t.__array_namespace__(api_version=v) is xp for v in (None, "2021.12", "2022.12", "2023.12", "2024.12"))
    with pytest.raises(ag.OptionError, match=r"2024\.12 of the standard; got '2019\.04'"):
        t.__array_namespace__(api_version="2019.04")


def standardized(x):
    """Code as it is written for the standard, for any library: principal components of centred data, and a loss."""
    xp = array_api_compat.array_namespace(x)
    centred = (x - xp.mean(x, axis=0)) / xp.std(x, axis=0, correction=1)
    covariance = xp.matmul(xp.matrix_transpose(centred), centred) / x.shape[0]
    values, vectors = xp.linalg.eigh(covariance)
    scores = xp.matmul(centred, vectors[:, -1:])
    return xp.sum(xp.log1p(xp.square(scores))) + xp.sum(xp.astype(values > 0.5, x.dtype) * xp.exp(values))


def test_code_for_the_standard_differentiates():
    x = np.random.default_rng(0).normal(size=(6, 3))
    assert ag.gradcheck(standardized, x).ok
    np.testing.assert_allclose(float(standardized(ag.Tensor(x))), standardized(x), rtol=1e-12)


# --- gradients --------------------------------------------------------------------------------------------------------

# Of each section, functions of a matrix whose elements are positive and distinct; they compute the same on ndarrays.
GRADIENTS = {
    "asarray": lambda xp, x: xp.asarray(x, copy=True) * x,
    "astype": lambda xp, x: xp.astype(xp.astype(x, xp.float64, copy=False), xp.float64) * x,
    "meshgrid": lambda xp, x: xp.multiply(*xp.meshgrid(x[0, :], x[1, :2], indexing="ij")),
    "meshgrid of xy": lambda xp, x: xp.multiply(*xp.meshgrid(x[0, :], x[1, :2])),
    "tril": lambda xp, x: xp.tril(x, k=1) * x,
    "triu": lambda xp, x: xp.triu(x, k=-1) * x,
    "ones_like": lambda xp, x: (xp.ones_like(x) + xp.zeros_like(x) + xp.full_like(x, 2.0)) * x,
    "acosh": lambda xp, x: xp.acosh(x + 1.5),
    "asin, acos, atan, atanh": lambda xp, x: xp.asin(x / 3) + xp.acos(x / 3) + xp.atan(x) * xp.atanh(x / 3),
    "asinh": lambda xp, x: xp.asinh(x),
    "atan2": lambda xp, x: xp.atan2(x, 0.5),
    "ceil, floor, trunc, round": lambda xp, x: x * (xp.ceil(x) + xp.floor(x) + xp.trunc(x) + xp.round(x + 0.01)),
    "clip": lambda xp, x: xp.clip(x, 0.25, max=1.0) * xp.clip(x, max=0.4) * xp.clip(x),
    "conj, real, imag": lambda xp, x: xp.conj(x) * xp.real(x) if hasattr(xp, "complex64") else x * xp.conj(x),
    "copysign": lambda xp, x: xp.copysign(x, -1.0) * x,
    "cosh, sinh, tanh": lambda xp, x: xp.cosh(x) + xp.sinh(x) * xp.tanh(x),
    "exp, expm1": lambda xp, x: xp.exp(x) * xp.expm1(x),
    "hypot": lambda xp, x: xp.hypot(x, xp.flip(x)),
    "log": lambda xp, x: xp.log(x) + xp.log2(x) * xp.log10(x) + xp.log1p(x),
    "logaddexp": lambda xp, x: xp.logaddexp(x, 2 * x),
    "maximum, minimum": lambda xp, x: xp.maximum(x, 0.5) * xp.minimum(x, 1.0),
    "pow": lambda xp, x: xp.pow(x, x) + xp.pow(2.0, x) + xp.pow(x, 3),
    "reciprocal": lambda xp, x: xp.reciprocal(x) / xp.sqrt(x),
    "remainder": lambda xp, x: xp.remainder(x, 0.7) + xp.floor_divide(x, 0.7) * x,
    "sign": lambda xp, x: xp.sign(x) * xp.abs(x) * xp.positive(x) - xp.negative(x),
    "sin, cos, tan": lambda xp, x: xp.sin(x) * xp.cos(x) + xp.tan(x / 2),
    "take": lambda xp, x: xp.take(x, xp.asarray([2, 0, 2]), axis=1) * x,
    "take_along_axis": lambda xp, x: xp.take_along_axis(x, xp.argsort(x, axis=0), axis=0) * x,
    "getitem with a mask": lambda xp, x: x[x > 0.25] ** 2,
    "broadcast_arrays": lambda xp, x: xp.multiply(*xp.broadcast_arrays(x, x[:1, :])),
    "concat": lambda xp, x: xp.concat([x, x**2], axis=1) * xp.concat([x, x], axis=-1),
    "expand_dims, squeeze": lambda xp, x: xp.squeeze(xp.expand_dims(x, axis=1), axis=1) * x,
    "flip, roll": lambda xp, x: xp.flip(x, axis=0) * xp.roll(x, (1, 2), axis=(0, 1)) * xp.roll(x, 1),
    "moveaxis, permute_dims": lambda xp, x: xp.moveaxis(x, 0, 1) * x * xp.permute_dims(x, (1, 0)),
    "repeat": lambda xp, x: xp.repeat(x, xp.asarray([1, 0, 2]), axis=0) * x,
    "reshape": lambda xp, x: xp.reshape(x, (9,)) * xp.reshape(xp.matrix_transpose(x), (-1,), copy=True),
    "stack, tile": lambda xp, x: xp.stack([x, x], axis=-1) * xp.tile(x[:, :, None], (1, 1, 2)),
    "unstack": lambda xp, x: xp.multiply(*xp.unstack(x, axis=1)[:2]),
    "where": lambda xp, x: xp.where(x > 0.5, x**2, 0.0),
    "argmax": lambda xp, x: x * x[xp.argmax(x, axis=0), :],
    "unique_values": lambda xp, x: xp.unique_all(x).values ** 2,
    "sort": lambda xp, x: xp.sort(x, axis=0) * x + xp.sort(x, descending=True) ** 2,
    "argsort": lambda xp, x: xp.take_along_axis(x, xp.argsort(x, axis=1, descending=True), axis=1) * x,
    "cumulative_prod": lambda xp, x: xp.cumulative_prod(x, axis=1, include_initial=True),
    "cumulative_sum": lambda xp, x: xp.cumulative_sum(x, axis=0, include_initial=True) ** 2,
    "cumulative_sum of a vector": lambda xp, x: xp.cumulative_sum(x[0, :]) ** 2,
    "max, min": lambda xp, x: xp.max(x, axis=1, keepdims=True) * x,
    "mean": lambda xp, x: xp.mean(x, axis=(0, 1)) * xp.mean(x, axis=0, keepdims=True) * x,
    "prod": lambda xp, x: xp.prod(x, axis=0),
    "std": lambda xp, x: xp.std(x, axis=1, correction=1) * xp.std(x),
    "var": lambda xp, x: xp.var(x, axis=0, correction=1.5, keepdims=True) * x,
    "sum": lambda xp, x: xp.sum(x, axis=0, dtype=xp.float64) ** 2,
    "diff": lambda xp, x: xp.diff(x, axis=0, n=2, prepend=x[:1, :] ** 2) ** 2,
    "linalg.cholesky": lambda xp, x: xp.linalg.cholesky(x @ x.mT, upper=True),
    "linalg.cross": lambda xp, x: xp.linalg.cross(x, x**2, axis=0),
    "linalg.det": lambda xp, x: xp.linalg.det(x),
    "linalg.diagonal": lambda xp, x: xp.linalg.diagonal(x, offset=1) ** 2,
    "linalg.eigh": lambda xp, x: xp.abs(xp.linalg.eigh(x + x.mT).eigenvectors),
    "linalg.eigvalsh": lambda xp, x: xp.linalg.eigvalsh(x + x.mT),
    "linalg.inv": lambda xp, x: xp.linalg.inv(x),
    "linalg.matrix_norm": lambda xp, x: xp.linalg.matrix_norm(x) + xp.linalg.matrix_norm(x, ord="nuc", keepdims=True),
    "linalg.matrix_power": lambda xp, x: xp.linalg.matrix_power(x, -2),
    "linalg.outer": lambda xp, x: xp.linalg.outer(x[0, :], x[1, :2]),
    "linalg.pinv": lambda xp, x: xp.linalg.pinv(x[:, :2], rtol=0.01),
    "linalg.qr": lambda xp, x: xp.abs(xp.linalg.qr(x, mode="reduced").R),
    "linalg.slogdet": lambda xp, x: xp.linalg.slogdet(x).logabsdet,
    "linalg.solve": lambda xp, x: xp.linalg.solve(x, x[:, 0]),
    "linalg.svd": lambda xp, x: xp.linalg.svd(x[:, :2], full_matrices=False).S,
    "linalg.svdvals": lambda xp, x: xp.linalg.svdvals(x),
    "linalg.tensordot": lambda xp, x: xp.linalg.tensordot(x, x, axes=((0,), (1,))) * xp.tensordot(x, x, axes=1),
    "linalg.trace": lambda xp, x: xp.linalg.trace(x, offset=-1) ** 2,
    "linalg.vecdot": lambda xp, x: xp.linalg.vecdot(x, x, axis=0) * xp.vecdot(x, x),
    "linalg.vector_norm": lambda xp, x: xp.linalg.vector_norm(x, axis=1) * xp.linalg.vector_norm(x, ord=3),
    "fft.fftshift": lambda xp, x: xp.fft.fftshift(x) * xp.fft.ifftshift(x, axes=(1,)),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_flow_through_the_namespace(name):
    function = GRADIENTS[name]
    assert ag.gradcheck(lambda x: function(xp, x), MATRIX).ok
    found = function(xp, ag.Tensor(MATRIX, requires_grad=True))
    np.testing.assert_allclose(found.detach().numpy(), function(plain, MATRIX), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["argmax", "argsort", "count_nonzero", "equal", "isfinite", "nonzero", "signbit"])
def test_indices_and_truth_values_are_constants(name):
    x = ag.Tensor(MATRIX, requires_grad=True)
    found = named(name)(x, x) if name == "equal" else named(name)(x)
    for one in found if isinstance(found, tuple) else [found]:
        assert isinstance(one, ag.Tensor)
        assert not one.requires_grad
        assert one.dtype.kind in "ib"


def test_integers_made_of_numbers_with_a_gradient_are_constants():
    x = ag.Tensor([1.75], requires_grad=True)
    assert not xp.astype(x, xp.int64).requires_grad
    assert not xp.asarray(x, dtype=xp.bool).requires_grad
    assert xp.astype(x, xp.float32).requires_grad


def test_numpy_gets_the_defaults_that_are_declared():
    columns = same_as(np.sum)(lambda x, /, *, axis=0: None)  # the default of NumPy's own is None
    assert columns(ag.Tensor(np.ones((2, 3)))).tolist() == [2.0, 2.0, 2.0]


def test_what_has_no_derivative_is_refused_only_if_one_is_wanted():
    roots = same_as(np.roots)(lambda x, /: None)
    found = roots(ag.Tensor([1.0, 0.0, -4.0]))
    assert sorted(xp.round(found).tolist()) == [-2.0, 2.0]
    with pytest.raises(ag.MissingRuleError, match=r"np\.roots"):
        roots(ag.Tensor([1.0, 0.0, -4.0], requires_grad=True))


@pytest.mark.parametrize(
    "lost",
    [
        lambda x: xp.asarray([x[0], 1.0]),
        lambda x: xp.full((2,), x[0]),
        lambda x: xp.arange(x[0]),
    ],
)
def test_a_graph_is_never_lost(lost):
    with pytest.raises(ag.AutogradError, match=r"requires a gradient|not differentiable"):
        lost(ag.Tensor([1.0, 2.0], requires_grad=True))


def test_a_mean_of_nothing_is_a_nan_that_stays_in_the_graph():
    x = ag.Tensor(np.ones((2, 0)), requires_grad=True)
    assert xp.isnan(xp.mean(x))
    assert xp.all(xp.isnan(xp.var(x, axis=1)))
    assert xp.mean(x, axis=0).shape == (0,)
    y = ag.Tensor([1.0], requires_grad=True)
    xp.std(y, correction=1).backward()
    assert np.isnan(y.grad.numpy()).all()


# --- types ------------------------------------------------------------------------------------------------------------

# https://data-apis.org/array-api/2024.12/API_specification/type_promotion.html: of one kind the wider; of a signed and
# an unsigned integer the narrowest signed one that holds both.
MIXED = {
    (signed, unsigned): INTEGERS[max(INTEGERS.index(signed), NATURALS.index(unsigned) + 1)]
    for signed, unsigned in itertools.product(INTEGERS, NATURALS[:3])
}
WIDER = {
    (a, b): max(a, b, key=kind.index)
    for kind in (["bool"], INTEGERS, NATURALS, FLOATS)
    for a, b in itertools.product(kind, kind)
}


@pytest.mark.parametrize(("pair", "result"), (WIDER | MIXED).items(), ids=str)
def test_type_promotion(pair, result):
    a, b = (getattr(xp, name) for name in pair)
    dtype = getattr(xp, result)
    assert xp.result_type(a, b) == xp.result_type(b, xp.ones(1, dtype=a)) == dtype
    x, y = xp.ones(2, dtype=a), xp.ones((), dtype=b)
    assert xp.where(x == x, x, y).dtype == xp.concat([x, xp.ones(3, dtype=b)]).dtype == dtype
    if result != "bool":
        assert (x + y).dtype == xp.multiply(y, x).dtype == dtype
    assert xp.can_cast(a, dtype)
    assert xp.can_cast(y, dtype)


@pytest.mark.parametrize("name", DTYPES)
def test_numbers_of_pythons_take_the_type_of_the_array(name):
    x = xp.ones(2, dtype=getattr(xp, name))
    scalar = True if name == "bool" else 2.0 if name in FLOATS else 2
    assert xp.result_type(x, scalar) == xp.maximum(x, scalar).dtype == xp.minimum(scalar, x).dtype == x.dtype


@pytest.mark.parametrize("name", INTEGERS + NATURALS)
def test_limits_of_integers(name):
    info, known = xp.iinfo(getattr(xp, name)), np.iinfo(name)
    assert (info.bits, info.max, info.min, info.dtype) == (known.bits, known.max, known.min, known.dtype)
    assert xp.iinfo(xp.ones(1, dtype=info.dtype)) == info


@pytest.mark.parametrize("name", FLOATS)
def test_limits_of_floating_point_numbers_are_numbers_of_pythons(name):
    info, known = xp.finfo(getattr(xp, name)), np.finfo(name)
    for limit in ("eps", "max", "min", "smallest_normal"):
        assert type(getattr(info, limit)) is float
        assert getattr(info, limit) == getattr(known, limit)
    assert info.bits == known.bits
    assert info.dtype == name


def test_info():
    info = xp.__array_namespace_info__()
    assert info.default_device() == "cpu"
    assert info.devices() == ["cpu"]
    assert info.capabilities() == {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}
    assert list(info.dtypes()) == DTYPES
    assert list(info.dtypes(kind="real floating")) == FLOATS
    assert list(info.dtypes(kind=("bool", "unsigned integer"))) == ["bool", *NATURALS]
    assert info.dtypes(kind="complex floating") == {}
    assert info.default_dtypes() == {"real floating": xp.float64, "integral": xp.int64, "indexing": xp.int64}
    assert all(
        xp.asarray(value).dtype == info.default_dtypes()[kind]
        for kind, value in (("real floating", 1.0), ("integral", 1))
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda: xp.asarray(1j),
        lambda: xp.asarray([1j, 2.0]),
        lambda: xp.asarray(1.0, dtype=complex),
        lambda: xp.zeros(2, dtype=complex),
        lambda: xp.full(2, 1j),
        lambda: xp.astype(ag.Tensor([1.0]), np.dtype(complex)),
        lambda: xp.complex64,
        lambda: xp.complex128,
        lambda: xp.finfo(np.complex64),
        lambda: xp.result_type(xp.float32, 1j),
        lambda: xp.multiply(ag.Tensor([1.0]), 1j),
        lambda: xp.from_dlpack(np.ones(1, complex)),
        *(
            lambda name=name: named(f"fft.{name}")(ag.Tensor([1.0]))
            for name in ("fft", "ifftn", "rfft", "irfft", "hfft")
        ),
    ],
)
def test_complex_numbers_are_refused_in_words(call):
    with pytest.raises((ag.DTypeError, ag.OptionError, AttributeError), match="complex"):
        call()


# --- memory -----------------------------------------------------------------------------------------------------------


def test_there_is_one_device():
    t = ag.Tensor([1.0], requires_grad=True)
    assert t.device == "cpu"
    assert t.to_device("cpu") is t
    assert xp.zeros(2, device="cpu").device == "cpu"
    with pytest.raises(ag.OptionError, match="one device, 'cpu'"):
        t.to_device("cuda")
    for make in (xp.asarray, xp.from_dlpack):
        with pytest.raises(ag.OptionError, match="one device, 'cpu'"):
            make(np.ones(2), device="cuda")
    with pytest.raises(ValueError, match="cpu"):
        xp.zeros(2, device="cuda")


def test_asarray_shares_memory_unless_told_otherwise():
    a = np.zeros(2)
    shared, copied = xp.asarray(a), xp.asarray(a, copy=True)
    a[0] = 1.0
    assert shared.tolist() == [1.0, 0.0]
    assert copied.tolist() == [0.0, 0.0]
    assert xp.asarray(shared) is xp.asarray(shared, copy=False) is shared
    for needs_a_copy in ([1.0], 1.0, a.astype("f4"), ag.Tensor([1])):
        with pytest.raises(ag.OptionError, match="copy=False"):
            xp.asarray(needs_a_copy, dtype=xp.float64, copy=False)


def test_large_integers_are_taken_as_they_are():
    large = 2**63 + 1  # no float64
    for given in (large, [large, 1], np.array([large], np.uint64), [[xp.asarray(large, dtype=xp.uint64)]]):
        assert int(xp.max(xp.asarray(given, dtype=xp.uint64))) == large


@pytest.mark.parametrize("name", ["sum", "prod", "linalg.vecdot", "square", "bitwise_invert"])
def test_integers_have_the_types_that_numpy_gives_them(name):
    x = np.arange(3, dtype=np.uint8)
    given = (x, x) if name.endswith("vecdot") else (x,)
    found, known = named(name)(*map(ag.asarray, given)), named(name, np)(*given)
    assert found.dtype == known.dtype
    assert found.tolist() == known.tolist()


def test_expand_dims_refuses_an_axis_that_is_not_there():
    with pytest.raises(ag.IndexingError, match="3 axes, and no axis 3"):
        xp.expand_dims(ag.Tensor(MATRIX), 3)


def test_reshape_copies_as_told():
    x = ag.Tensor(np.arange(6.0).reshape(2, 3))
    assert np.shares_memory(xp.reshape(x, (6,), copy=False).data, x.data)
    assert not np.shares_memory(xp.reshape(x, (6,), copy=True).data, x.data)
    with pytest.raises(ag.OptionError, match="copy=False"):
        xp.reshape(x.T, (6,), copy=False)


def test_dlpack_hands_out_the_memory_of_a_constant():
    t = ag.Tensor([1.0, 2.0])
    a = np.from_dlpack(t)
    assert np.shares_memory(a, t.data)
    assert t.__dlpack_device__() == (1, 0)
    t.data[0] = 5.0
    assert a[0] == 5.0
    assert not np.shares_memory(ag.from_dlpack(t, copy=True).data, t.data)


def test_dlpack_is_refused_where_a_graph_would_be_lost():
    t = ag.Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ag.GraphError, match="not recorded"):
        np.from_dlpack(t)
    with pytest.raises(ag.GraphError, match="not recorded"):
        ag.from_dlpack(t * 2)
    assert np.from_dlpack(t.detach()).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("taken", [ag.from_dlpack, xp.from_dlpack])
def test_from_dlpack_shares_memory(taken):
    a = np.array([1.0, 2.0])
    shared, copied = taken(a), taken(a, copy=True)
    a[0] = 5.0
    assert shared.tolist() == [5.0, 2.0]
    assert copied.tolist() == [1.0, 2.0]
    assert isinstance(shared, ag.Tensor)
    assert not shared.requires_grad


def test_a_graph_keeps_what_it_recorded_of_memory_that_is_shared():
    a = np.array([1.0, 2.0])
    shared, w = ag.from_dlpack(a), ag.Tensor([3.0, 4.0], requires_grad=True)
    loss = (shared * w).sum()
    a[:] = 0.0
    loss.backward()
    assert w.grad.tolist() == [1.0, 2.0]

    t = ag.Tensor([1.0, 2.0])
    handed_out = np.from_dlpack(t)
    loss = (t * w).sum()
    handed_out[:] = 0.0
    w.grad = None
    loss.backward()
    assert w.grad.tolist() == [1.0, 2.0]


# --- the official suite -----------------------------------------------------------------------------------------------


def test_every_expected_failure_has_its_reason():
    groups = array_api_suite.expected()
    tests = [test for group in groups.values() for test in group]
    assert len(tests) == len(set(tests))
    for group in groups.values():
        for test, reason in group.items():
            assert re.fullmatch(r"array_api_tests/test_\w+\.py::\w+(\[.+\])?", test)
            assert reason, test


def test_the_page_lists_the_expected_failures():
    page = array_api_suite.PAGE.read_text()
    assert array_api_suite.listed() in page, "run `python -m tests.array_api_suite PATH --write`"
