"""What HIPS autograd 1.9 and MyGrad 2.5 differentiate: every function of theirs is here, or refused for a reason.

The lists are theirs (of public names); "here" means that NumPy's function of the name is answered, or that the library
has one of the name, or that the short NumPy program which says the same is differentiated.
"""

import numpy as np
import pytest

import autograd_core as ag
import nn
from autograd_core import coverage, numpy_functions, numpy_ufuncs
from autograd_core.coverage import Status


def _names(text):
    return text.split()


HIPS = _names("""
add subtract multiply divide true_divide mod remainder power negative abs absolute fabs reciprocal square sqrt exp exp2
expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh
arctanh hypot maximum minimum fmax fmin sinc rad2deg degrees deg2rad radians conj conjugate real imag angle
real_if_close nan_to_num clip
sum mean prod var std max min amax amin cumsum trace
reshape ravel squeeze expand_dims transpose swapaxes moveaxis rollaxis roll flipud fliplr rot90 repeat tile pad
broadcast_to atleast_1d atleast_2d atleast_3d diag diagonal triu tril full_like astype array_split split vsplit hsplit
dsplit
concatenate stack vstack hstack column_stack append block dstack
where select sort partition
dot matmul inner outer tensordot einsum kron cross
diff gradient linspace
linalg.det linalg.slogdet linalg.inv linalg.pinv linalg.solve linalg.norm linalg.eigh linalg.eig linalg.cholesky
linalg.svd
fft.fft fft.ifft fft.fft2 fft.ifft2 fft.fftn fft.ifftn fft.rfft fft.irfft fft.rfft2 fft.irfft2 fft.rfftn fft.irfftn
fft.fftshift fft.ifftshift
floor ceil round rint around fix trunc sign floor_divide argmax argmin argsort argpartition argwhere nonzero flatnonzero
count_nonzero searchsorted all any logical_and logical_or logical_not logical_xor isfinite isinf isnan isneginf isposinf
isclose allclose array_equal array_equiv greater greater_equal less less_equal equal not_equal iscomplex iscomplexobj
isreal shape size ndim zeros_like ones_like empty_like result_type
""")

MYGRAD = _names("""
add subtract multiply divide true_divide power negative positive reciprocal square absolute abs sqrt cbrt exp exp2 expm1
log log2 log10 log1p logaddexp logaddexp2 sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh
arctanh maximum minimum matmul sinc
sum mean var std max min amax amin prod cumprod cumsum clip where einsum linalg.norm reshape squeeze ravel expand_dims
broadcast_to atleast_1d atleast_2d atleast_3d concatenate stack repeat transpose moveaxis swapaxes roll astype copy
lib.stride_tricks.sliding_window_view
floor_divide remainder mod fmod divmod rint sign floor ceil trunc
allclose any argmax argmin bincount can_cast isclose isfinite isinf isnan isnat logical_and logical_or logical_not
logical_xor may_share_memory min_scalar_type result_type shares_memory signbit full_like geomspace linspace logspace
""")

ANSWERS = {a.name: a for a in (*coverage.functions(), *coverage.ufuncs())}


@pytest.mark.parametrize("name", sorted({*HIPS, *MYGRAD}))
def test_numpys_function_is_answered_or_refused_for_a_reason(name):
    answer = ANSWERS[name]
    assert answer.status is not Status.REFUSED or answer.reason


X = np.array([0.7, -0.4, 1.3])
Y = np.array([0.2, 0.9, -1.1])
ROWS = np.array([[0.3, -1.2, 0.8], [1.5, 0.1, -0.6]])

IN_NUMPY = {
    # MyGrad's own elementwise functions
    "cot": lambda x: 1 / np.tan(x),
    "csc": lambda x: 1 / np.sin(x),
    "sec": lambda x: 1 / np.cos(x),
    "coth": lambda x: 1 / np.tanh(x),
    "csch": lambda x: 1 / np.sinh(x),
    "sech": lambda x: 1 / np.cosh(x),
    "arccot": lambda x: np.arctan2(1, x),
    "arccsc": lambda x: np.arcsin(1 / (3 * x)),
    "arcsec": lambda x: np.arccos(1 / (3 * x)),
    "arccoth": lambda x: np.arctanh(1 / (3 * x)),
    "arccsch": lambda x: np.arcsinh(1 / x),
    "arcsech": lambda x: np.arccosh(1 / (x * x / 4)),
    "add_sequence": lambda x: x + 2 * x + np.exp(x),
    "multiply_sequence": lambda x: x * np.sin(x) * np.exp(x),
    "multi_matmul": lambda x: np.linalg.multi_dot([x[None, :], np.outer(x, x), x[:, None]]),
    # its neural networks
    "elu": lambda x: np.where(x > 0, x, 1.5 * np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "glu": lambda x: x[:1] * ag.sigmoid(x[1:2]),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.1 * x),
    "soft_sign": lambda x: x / (1 + np.abs(x)),
    "margin_ranking_loss": lambda x: np.mean(np.maximum(0, 0.3 - np.sign(Y) * (x - Y))),
    "multiclass_hinge": lambda x: np.mean(np.maximum(0, x[1:] - x[0] + 1)),
    "focal_loss": lambda x: -np.mean((1 - ag.sigmoid(x)) ** 2 * np.log(ag.sigmoid(x))),
    "softmax_focal_loss": lambda x: -((1 - ag.softmax(x)[0]) ** 2) * ag.log_softmax(x)[0],
    "batchnorm": lambda x: (x - np.mean(x)) / np.sqrt(np.var(x) + 1e-8) * Y,
}
"""What has no name of its own here, because NumPy says it in a line."""


@pytest.mark.parametrize("name", IN_NUMPY)
def test_a_line_of_numpy_says_it(name):
    ag.gradcheck(IN_NUMPY[name], X)


UNDER_OUR_NAME = {
    "logsoftmax": ag.log_softmax,
    "relu": ag.relu,
    "sigmoid": ag.sigmoid,
    "softmax": ag.softmax,
    "tanh": ag.tanh,
    "soft_sign": ag.softsign,
    "conv_nd": ag.conv2d,
    "max_pool": ag.max_pool2d,
    "softmax_crossentropy": ag.cross_entropy,
    "negative_log_likelihood": nn.functional.nll_loss,
    "__getitem__": ag.getitem,
    "__setitem__": ag.setitem,
    "flatten": ag.ravel,
    "copy": ag.positive,
    "constant": nn.init.constant_,
    "glorot_normal": nn.init.xavier_normal_,
    "glorot_uniform": nn.init.xavier_uniform_,
    "he_normal": nn.init.kaiming_normal_,
    "he_uniform": nn.init.kaiming_uniform_,
    "normal": nn.init.normal_,
    "uniform": nn.init.uniform_,
}
"""Functions of MyGrad's that are not NumPy's, by what we call them."""

NOT_HERE = {
    "dirac": "an initial value, which np.eye writes",
    "identity": "an initial value, which np.eye writes",
    "gru": "a layer with weights of its own, not a function",
}

MYGRAD_NNET = _names("""
elu glu hard_tanh leaky_relu logsoftmax relu selu sigmoid soft_sign softmax tanh batchnorm conv_nd gru max_pool
focal_loss softmax_focal_loss margin_ranking_loss multiclass_hinge negative_log_likelihood softmax_crossentropy
constant dirac glorot_normal glorot_uniform he_normal he_uniform identity normal uniform
cot csc sec arccot arccsc arcsec coth csch sech arccoth arccsch arcsech add_sequence multiply_sequence multi_matmul
__getitem__ __setitem__ copy flatten
""")


@pytest.mark.parametrize("name", MYGRAD_NNET)
def test_what_is_mygrads_own_has_an_answer(name):
    assert sum(name in answers for answers in (IN_NUMPY, UNDER_OUR_NAME, NOT_HERE)) >= 1


HIPS_SPECIAL = _names("""
beta betainc betaln digamma erf erfc erfinv erfcinv expit logit gamma gammainc gammaincc gammaln gammasgn i0 i1 iv ive
j0 j1 jn y0 y1 yn psi rgamma
""")
"""Its functions of scipy.special that are ufuncs, and reach a Tensor; those written in Python ask for an array."""


@pytest.mark.parametrize("name", HIPS_SPECIAL)
def test_scipys_ufunc_is_answered_or_refused_for_a_reason(name):
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed (extra: special)")
    ufunc = getattr(special, name)
    assert numpy_ufuncs.operation_of(ufunc) or numpy_ufuncs.REFUSED[ufunc.__name__]


@pytest.mark.parametrize("module", ["scipy.linalg", "scipy.signal", "scipy.stats", "scipy.integrate"])
def test_what_scipy_does_in_python_refuses_rather_than_losing_the_graph(module):
    package = pytest.importorskip(module, reason="SciPy is not installed (extra: special)")
    t = ag.tensor([[2.0, 0.5], [0.5, 1.0]], requires_grad=True)
    call = {
        "scipy.linalg": lambda: package.solve_triangular(t, np.ones(2)),
        "scipy.signal": lambda: package.convolve(t, t),
        "scipy.stats": lambda: package.norm.logpdf(t),
        "scipy.integrate": lambda: package.odeint(lambda y, _: -y, t[0], np.linspace(0, 1, 3)),
    }[module]
    with pytest.raises((ag.GraphError, ag.MissingRuleError), match=r"detach"):
        call()


def test_reasons_are_given_in_words():
    for reasons in (numpy_functions.REFUSED, numpy_ufuncs.REFUSED, NOT_HERE):
        assert all(len(reason.split()) >= 3 for reason in reasons.values())
