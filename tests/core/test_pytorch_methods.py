"""What PyTorch's habits ask of a Tensor is there under the same name, and gives what NumPy gives in its own words."""

import copy
import operator
import pickle

import numpy as np
import pytest

import autograd_core as ag

# An expression in `x`, `y` (3, 4), `v` (4,), `i` (indices), `m` (a mask), `b` (2, 3, 4), as a script for PyTorch would
# write it, and in NumPy's words on ndarrays of the same names.
SAME = [
    ("x.view(2, 6)", "x.reshape(2, 6)"),
    ("x.view(-1)", "x.ravel()"),
    ("x.view((4, 3))", "x.reshape(4, 3)"),
    ("x.view(x.size(0), -1)", "x"),
    ("x.view_as(b[0].t())", "x.reshape(4, 3)"),
    ("x.reshape(-1, 6)", "x.reshape(-1, 6)"),
    ("x.reshape([2, 6])", "x.reshape(2, 6)"),
    ("x.reshape_as(b[0].T)", "x.reshape(4, 3)"),
    ("b.flatten(1)", "b.reshape(2, 12)"),
    ("b.flatten(0, 1)", "b.reshape(6, 4)"),
    ("b.flatten(start_dim=1, end_dim=2)", "b.reshape(2, 12)"),
    ("b.flatten()", "b.ravel()"),
    ("b.unflatten(2, (2, 2))", "b.reshape(2, 3, 2, 2)"),
    ("x.t()", "x.T"),
    ("v.t()", "v"),
    ("x.T", "x.T"),
    ("b.mT", "b.swapaxes(1, 2)"),
    ("b.permute(2, 0, 1)", "b.transpose(2, 0, 1)"),
    ("b.permute((2, 0, 1))", "b.transpose(2, 0, 1)"),
    ("b.swapaxes(1, 2)", "b.swapaxes(1, 2)"),
    ("b.transpose(dim0=0, dim1=2)", "b.swapaxes(0, 2)"),
    ("b.transpose(1, 2)", "b.swapaxes(1, 2)"),
    ("b.transpose(-2, -1)", "b.swapaxes(1, 2)"),
    ("b.transpose(0, 1)", "b.swapaxes(0, 1)"),
    ("x.transpose(1, 0)", "x.T"),
    ("x.transpose(-1, -2)", "x.T"),
    ("b.movedim(0, -1)", "np.moveaxis(b, 0, -1)"),
    ("x.unsqueeze(1)", "x[:, None]"),
    ("x.unsqueeze(-1)", "x[..., None]"),
    ("x.unsqueeze(0).squeeze(0)", "x"),
    ("x[:, :1].squeeze()", "x[:, 0]"),
    ("x[:, :1].squeeze(dim=0)", "x[:, :1]"),
    ("x[:, :1].squeeze(dim=(0, 1))", "x[:, 0]"),
    ("v.expand(3, 4)", "np.broadcast_to(v, (3, 4))"),
    ("v.expand(3, -1)", "np.broadcast_to(v, (3, 4))"),
    ("v.expand_as(x)", "np.broadcast_to(v, (3, 4))"),
    ("x.tile(2, 1)", "np.tile(x, (2, 1))"),
    ("x.repeat(2, 1, 1)", "np.tile(x, (2, 1, 1))"),
    ("x.repeat(1, 5)", "np.tile(x, (1, 5))"),
    ("x.contiguous()", "x"),
    ("x.float()", "x.astype(np.float32)"),
    ("x.double()", "x"),
    ("x.half()", "x.astype(np.float16)"),
    ("x.long()", "x.astype(np.int64)"),
    ("x.int()", "x.astype(np.int32)"),
    ("x.short()", "x.astype(np.int16)"),
    ("x.bool()", "x != 0"),
    ("x.to('cpu')", "x"),
    ("i.to(x)", "i.astype(x.dtype)"),
    ("i.type_as(x)", "i.astype(x.dtype)"),
    ("x.cpu()", "x"),
    ("x.pow(2)", "x**2"),
    ("x.exp()", "np.exp(x)"),
    ("x.abs().log()", "np.log(np.abs(x))"),
    ("x.abs().sqrt()", "np.sqrt(np.abs(x))"),
    ("x.abs().rsqrt()", "1 / np.sqrt(np.abs(x))"),
    ("x.sigmoid()", "1 / (1 + np.exp(-x))"),
    ("x.tanh()", "np.tanh(x)"),
    ("x.relu()", "np.maximum(x, 0)"),
    ("x.frac()", "x - np.trunc(x)"),
    ("x.sigmoid().logit()", "x"),
    ("x.neg()", "-x"),
    ("x.square()", "x * x"),
    ("x.lerp(y, 0.25)", "x + 0.25 * (y - x)"),
    ("x.addcmul(x, y, value=2)", "x + 2 * x * y"),
    ("x.addcdiv(x, y, value=2)", "x + 2 * x / y"),
    ("x.add(y, alpha=3)", "x + 3 * y"),
    ("x.sub(y, alpha=3)", "x - 3 * y"),
    ("x.mul(y)", "x * y"),
    ("x.div(y)", "x / y"),
    ("x.div(y, rounding_mode='floor')", "np.floor(x / y)"),
    ("x.div(y, rounding_mode='trunc')", "np.trunc(x / y)"),
    ("x.softmax(1)", "np.exp(x) / np.exp(x).sum(1, keepdims=True)"),
    ("x.softmax(dim=0)", "np.exp(x) / np.exp(x).sum(0)"),
    ("x.log_softmax(dim=1)", "x - np.log(np.exp(x).sum(1, keepdims=True))"),
    ("x.logsumexp(1)", "np.log(np.exp(x).sum(1))"),
    ("x.logsumexp(dim=1, keepdim=True)", "np.log(np.exp(x).sum(1, keepdims=True))"),
    ("x.sum(1)", "x.sum(1)"),
    ("x.sum(dim=1)", "x.sum(1)"),
    ("x.sum(dim=(0, 1))", "x.sum()"),
    ("x.sum(dim=[0, 1], keepdim=True)", "x.sum(keepdims=True)"),
    ("x.sum(1, True)", "x.sum(1, keepdims=True)"),
    ("x.sum(1, keepdim=True)", "x.sum(1, keepdims=True)"),
    ("x.mean(dim=0)", "x.mean(0)"),
    ("x.mean(0, True)", "x.mean(0, keepdims=True)"),
    ("x.prod(dim=1)", "x.prod(1)"),
    ("x.var(dim=0)", "x.var(0, ddof=1)"),
    ("x.var(dim=0, unbiased=False)", "x.var(0)"),
    ("x.var(0, unbiased=False)", "x.var(0)"),
    ("x.var(dim=1, correction=0)", "x.var(1)"),
    ("x.std(0, keepdim=True)", "x.std(0, ddof=1, keepdims=True)"),
    ("x.std(unbiased=True)", "x.std(ddof=1)"),
    ("x.std(0, False)", "x.std(0)"),
    ("x.std(0, True, True)", "x.std(0, ddof=1, keepdims=True)"),
    ("x.argmax(1)", "x.argmax(1)"),
    ("x.argmax(dim=1)", "x.argmax(1)"),
    ("x.argmax(dim=1, keepdim=True)", "x.argmax(1, keepdims=True)"),
    ("x.argmin(dim=-1)", "x.argmin(-1)"),
    ("x.max()", "x.max()"),
    ("x.max(dim=1)", "(x.max(1), x.argmax(1))"),
    ("x.max(dim=1, keepdim=True)", "(x.max(1, keepdims=True), x.argmax(1, keepdims=True))"),
    ("x.max(1, keepdim=True)", "(x.max(1, keepdims=True), x.argmax(1, keepdims=True))"),
    ("x.max(1, True)", "(x.max(1, keepdims=True), x.argmax(1, keepdims=True))"),
    ("x.max(dim=1).values", "x.max(1)"),
    ("x.max(dim=1).indices", "x.argmax(1)"),
    ("x.min(dim=0)", "(x.min(0), x.argmin(0))"),
    ("x.max(y)", "np.maximum(x, y)"),
    ("x.amax(dim=1)", "x.max(1)"),
    ("x.amin(dim=(0, 1))", "x.min()"),
    ("x.all(dim=1)", "(x != 0).all(1)"),
    ("(x > 0).any(dim=0)", "(x > 0).any(0)"),
    ("x.cumsum(dim=1)", "x.cumsum(1)"),
    ("x.cumprod(dim=0)", "x.cumprod(0)"),
    ("x.argsort(dim=1)", "x.argsort(1)"),
    ("x.argsort(dim=1, descending=True)", "(-x).argsort(1)"),
    ("x.sort(dim=1)", "(np.sort(x, 1), x.argsort(1))"),
    ("x.sort(dim=0, descending=True)", "(-np.sort(-x, 0), (-x).argsort(0))"),
    ("x.sort(1, descending=True)", "(-np.sort(-x, 1), (-x).argsort(1))"),
    ("x.sort(descending=True)", "(-np.sort(-x, 1), (-x).argsort(1))"),
    ("x.topk(2)", "(-np.sort(-x, 1)[:, :2], (-x).argsort(1)[:, :2])"),
    ("x.topk(2, dim=0, largest=False)", "(np.sort(x, 0)[:2], x.argsort(0)[:2])"),
    ("x.topk(1, 1, True, True)", "(-np.sort(-x, 1)[:, :1], (-x).argsort(1)[:, :1])"),
    ("x.eq(x)", "x == x"),
    ("x.ne(y)", "x != y"),
    ("x.lt(y)", "x < y"),
    ("x.le(0)", "x <= 0"),
    ("x.gt(y)", "x > y"),
    ("x.ge(0)", "x >= 0"),
    ("x.mm(y.t())", "x @ y.T"),
    ("x.matmul(v)", "x @ v"),
    ("x.mv(v)", "x @ v"),
    ("v.dot(v)", "v @ v"),
    ("b.bmm(b.mT)", "b @ b.swapaxes(1, 2)"),
    ("v.outer(v)", "np.outer(v, v)"),
    ("x.t().addmm(y.t(), x.mm(x.t())[:, :3], beta=2, alpha=3)", "2 * x.T + 3 * (y.T @ (x @ x.T))"),
    ("x.norm()", "np.sqrt((x * x).sum())"),
    ("x.norm(1)", "np.abs(x).sum()"),
    ("x.norm(p=2, dim=1)", "np.sqrt((x * x).sum(1))"),
    ("x.norm(2, 1, True)", "np.sqrt((x * x).sum(1, keepdims=True))"),
    ("x.clamp(-0.5, 0.5)", "x.clip(-0.5, 0.5)"),
    ("x.clamp(min=0)", "x.clip(0, None)"),
    ("x.clamp(max=0)", "x.clip(None, 0)"),
    ("x.clamp_min(0)", "x.clip(0, None)"),
    ("x.masked_fill(m, 0)", "np.where(m, 0, x)"),
    ("x.masked_fill(m, float('-inf'))", "np.where(m, -np.inf, x)"),
    ("x.masked_select(m)", "x[m]"),
    ("x.where(m, y)", "np.where(m, x, y)"),
    ("x.gather(1, i)", "np.take_along_axis(x, i, 1)"),
    ("x.gather(dim=1, index=i[:2])", "np.take_along_axis(x[:2], i[:2], 1)"),
    ("x.index_select(1, i[0])", "x[:, i[0]]"),
    ("x.scatter(1, i, 7.0)", "put(x, i, 7.0)"),
    ("x.scatter(1, i, y)", "put(x, i, y[:, :2])"),
    ("x.scatter_add(1, i, y)", "put(x, i, np.take_along_axis(x, i, 1) + y[:, :2])"),
    ("x.chunk(2, dim=1)", "(x[:, :2], x[:, 2:])"),
    ("x.chunk(2)", "(x[:2], x[2:])"),
    ("x.split(3, dim=1)", "(x[:, :3], x[:, 3:])"),
    ("x.split([1, 3], dim=1)", "(x[:, :1], x[:, 1:])"),
    ("x.split(2)", "(x[:2], x[2:])"),
    ("x.unbind()", "tuple(x)"),
    ("x.unbind(dim=1)", "tuple(x.T)"),
    ("x.narrow(1, 1, 2)", "x[:, 1:3]"),
    ("x.select(1, 2)", "x[:, 2]"),
    ("x.flip(0)", "x[::-1]"),
    ("x.flip(0, 1)", "x[::-1, ::-1]"),
    ("x.flip([0])", "x[::-1]"),
    ("x.roll(1, 0)", "np.roll(x, 1, 0)"),
    ("x.tril()", "np.tril(x)"),
    ("x.triu(1)", "np.triu(x, 1)"),
    ("v.diag()", "np.diag(v)"),
    ("x.diagonal(dim1=1, dim2=0)", "x.T.diagonal()"),
    ("x[:, :3].trace()", "x[:, :3].trace()"),
    ("(x > 0).nonzero(as_tuple=False)", "np.argwhere(x > 0)"),
    ("(x > 0).nonzero(as_tuple=True)", "np.nonzero(x > 0)"),
    ("i.unique()", "np.unique(i)"),
    ("i.unique(return_counts=True)", "np.unique(i, return_counts=True)"),
    ("x.round(decimals=1)", "x.round(1)"),
    ("x.isnan()", "np.isnan(x)"),
    ("x.new_zeros(2, 3)", "np.zeros((2, 3))"),
    ("i.new_ones((2,))", "np.ones(2, np.int64)"),
    ("x.new_full((2,), 3.5)", "np.full(2, 3.5)"),
    ("x.new_tensor([1, 2])", "np.array([1.0, 2.0])"),
    ("x.clone().zero_()", "0 * x"),
    ("x.clone().fill_(2)", "0 * x + 2"),
    ("x.clone().add_(y, alpha=2)", "x + 2 * y"),
    ("x.clone().sub_(y)", "x - y"),
    ("x.clone().mul_(y)", "x * y"),
    ("x.clone().div_(2)", "x / 2"),
    ("x.clone().pow_(2)", "x**2"),
    ("x.clone().clamp_(min=0)", "x.clip(0, None)"),
    ("x.clone().copy_(v)", "np.broadcast_to(v, (3, 4))"),
    ("x.clone().exp_()", "np.exp(x)"),
    ("x.clone().masked_fill_(m, 1)", "np.where(m, 1, x)"),
    ("x.clone().scatter_(1, i, 1)", "put(x, i, 1)"),
    ("x.clone().addcmul_(y, y, value=0.5)", "x + 0.5 * y * y"),
    ("x.clone().lerp_(y, 0.5)", "(x + y) / 2"),
]
FACTS = [
    ("x.size()", (3, 4)),
    ("x.size(0)", 3),
    ("x.size(-1)", 4),
    ("x.size(dim=1)", 4),
    ("tuple(x.shape)", (3, 4)),
    ("x.dim()", 2),
    ("x.ndimension()", 2),
    ("x.numel()", 12),
    ("x.nelement()", 12),
    ("x.element_size()", 8),
    ("x.is_floating_point()", True),
    ("i.is_floating_point()", False),
    ("x.is_contiguous()", True),
    ("x.is_cuda", False),
    ("x.is_leaf", True),
    ("x.grad_fn", None),
    ("x.equal(x.clone())", True),
    ("x.equal(y)", False),
    ("x[0, 0].item() == x.tolist()[0][0]", True),
    ("x.requires_grad_().requires_grad", True),
]


def names():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 3, 4))
    return {
        "x": x,
        "y": y,
        "v": rng.standard_normal(4),
        "i": np.array([[0, 3], [1, 2], [3, 1]]),
        "m": x > y,
        "b": rng.standard_normal((2, 3, 4)),
    }


def put(x, i, values):
    x = x.copy()
    np.put_along_axis(x, i, values, 1)
    return x


@pytest.mark.parametrize(("said", "meant"), SAME, ids=[said for said, _ in SAME])
def test_the_methods_of_pytorch(said, meant):
    arrays = names()
    expected = eval(meant, {"np": np, "put": put}, arrays)
    got = eval(said, {}, {name: ag.tensor(value) for name, value in arrays.items()})
    if not isinstance(expected, tuple):
        got, expected = (got,), (expected,)
    for one, e in zip(got, expected, strict=True):
        assert isinstance(one, ag.Tensor)
        assert one.dtype == e.dtype
        np.testing.assert_allclose(one.numpy(), e, rtol=1e-13)  # a few roundings of float64 in another order


@pytest.mark.parametrize(("said", "meant"), FACTS, ids=[said for said, _ in FACTS])
def test_facts(said, meant):
    got = eval(said, {}, {name: ag.tensor(value) for name, value in names().items()})
    assert got == meant


DIFFERENTIABLE = [
    "x.view(2, 6)",
    "b.flatten(1)",
    "x.t()",
    "x.unsqueeze(1)",
    "v.expand(3, -1)",
    "x.lerp(y, 0.25)",
    "x.addcdiv(x, y.exp(), value=2)",
    "x.log_softmax(dim=1)",
    "x.var(dim=0)",
    "x.std(0, keepdim=True)",
    "x.max(dim=1).values",
    "x.min(0, True).values",
    "x.sort(dim=1, descending=True).values",
    "x.topk(2).values",
    "x.norm(dim=1)",
    "x.masked_fill(m, 0)",
    "x.masked_select(m)",
    "x.gather(1, i)",
    "x.scatter(1, i, y)",
    "x.scatter_add(1, i, y)",
    "x.chunk(2, dim=1)[1]",
    "x.unbind(1)[2]",
    "x.clone().add_(y, alpha=2)",
    "x.clone().mul_(x)",
    "x.clone().scatter_(1, i, 1)",
    "x.t().addmm(y.t(), x.mm(x.t())[:, :3])",
]


@pytest.mark.parametrize("said", DIFFERENTIABLE)
def test_gradients_flow_through_them(said):
    arrays = names()
    fixed = {name: ag.tensor(value) for name, value in arrays.items()}

    def squared(**changing):  # squared, so that a second derivative of linear ones is seen too
        return eval(said, {}, {**fixed, **changing}) ** 2

    used = [name for name in ("x", "y", "v", "b") if f"{name}." in said or f"{name})" in said or f"{name}," in said]
    ag.gradcheck(lambda *values: squared(**dict(zip(used, values, strict=True))), *[arrays[name] for name in used])


# --- where NumPy and PyTorch disagree ---------------------------------------------------------------------------------


def test_positional_arguments_and_axis_have_numpys_meaning():
    arrays = names()
    x, X = arrays["x"], ag.tensor(arrays["x"])
    for said in ("x.max(1)", "x.max(axis=0)", "x.min(-1, keepdims=True)", "x.var()", "x.std(0)", "x.repeat(2)"):
        np.testing.assert_array_equal(eval(said, {}, {"x": X}).numpy(), eval(said, {}, {"x": x}))
    np.testing.assert_array_equal(X.var(axis=0, keepdim=True).numpy(), x.var(0, keepdims=True))
    np.testing.assert_array_equal(X.repeat([1, 2, 3], axis=0).numpy(), x.repeat([1, 2, 3], axis=0))
    assert [list(a) for a in X.nonzero()] == [list(a) for a in x.nonzero()]
    np.testing.assert_array_equal(X.flatten("F").numpy(), x.flatten("F"))


REFUSED = [
    ("x.transpose(0, 1)", r"say T or swapaxes\(0, 1\)"),
    ("x.transpose(0, -1)", r"to NumPy this matrix stays as it is"),
    ("x.repeat(2, 1)", r"repeat\(n, axis=\) for the elements, or tile\(\(2, 1\)\)"),
    ("x.repeat((2, 1))", r"tile\(\(2, 1\)\)"),
    ("x.sort()", r"np\.sort\(x\).*sort\(dim=-1\)"),
    ("x.sort(0)", r"NumPy sorts in place"),
    ("x.squeeze(1)", r"squeeze\(dim=1\)"),
    ("x.sum(axis=1, dim=1)", "two names of the same argument"),
    ("x.view('float32')", r"astype"),
    ("x.to('cuda')", "there is one device"),
    ("x.to('cuda:0')", "there is one device"),
    ("x.type()", r"x\.dtype"),
    ("x.norm('nuc')", "linalg"),
    ("x.split([1, 1], dim=1)", "not 4 together"),
    ("x.split(0)", "must be positive"),
    ("x.topk(5)", "from 0 to 4"),
    ("x.size(2)", r"axis 2 is out of bounds for shape \(3, 4\)"),
    ("x.expand(-1, 3, 4)", "a new axis needs a length"),
    ("b.t()", "two axes"),
    ("x.div(y, rounding_mode='up')", "'floor' or 'trunc'"),
]


@pytest.mark.parametrize(("said", "words"), REFUSED, ids=[said for said, _ in REFUSED])
def test_what_could_mean_either_is_refused_in_words(said, words):
    with pytest.raises(ag.AutogradError, match=words):
        eval(said, {}, {name: ag.tensor(value) for name, value in names().items()})


def test_a_maximum_that_is_unpacked_as_a_pair_is_refused():
    outputs = ag.tensor([[1.0, 3.0, 2.0], [4.0, 0.0, 5.0]])  # two rows: NumPy's maxima would unpack without a word
    with pytest.raises(ag.OptionError, match=r"Say max\(dim=1\) for the pair, or max\(axis=1\)"):
        _, predicted = outputs.max(1)
    with pytest.raises(ag.OptionError, match=r"Say min\(dim=-1\)"):
        _, predicted = outputs.min(-1)
    _, predicted = outputs.max(dim=1)
    assert predicted.tolist() == [1, 2]
    first, second = outputs.max(axis=1)
    assert (first.item(), second.item()) == (3.0, 5.0)
    low, high = ag.tensor([[1.0, 2.0], [0.0, 3.0]]).min(0)  # the corner of a box around points: NumPy's idiom
    assert (low.item(), high.item()) == (0.0, 2.0)
    maxima = outputs.max(1)
    first, second = maxima
    assert first.item() == 3.0


def test_a_tie_of_a_pair_gives_its_gradient_to_the_index_that_is_named():
    x = ag.tensor([2.0, 2.0], requires_grad=True)
    values, indices = x.max(dim=0)
    values.backward()
    assert indices.item() == 0
    assert x.grad.tolist() == [1.0, 0.0]
    assert ag.gradients(x.max(), x).tolist() == [0.5, 0.5]  # without `dim` ties share, as everywhere here


MISSING = ["cuda", "median", "mode", "quantile", "register_hook", "share_memory_", "storage", "unsqueeze_", "resize_"]


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing_says_what_to_write(name):
    x = ag.tensor(1.0)
    assert not hasattr(x, name)
    with pytest.raises(AttributeError, match=rf"no attribute {name!r}: "):
        getattr(x, name)


# --- a citizen of NumPy -----------------------------------------------------------------------------------------------


def test_the_size_is_a_number_that_can_be_called():
    x = ag.ones((2, 3))
    assert isinstance(x.size, int)
    assert x.size == 6
    assert np.empty(x.size).shape == (6,)
    assert list(range(x.size)) == list(range(6))
    assert x.size() == (2, 3)
    assert type(x.size + 1) is int
    assert type(pickle.loads(pickle.dumps(x.size))) is int
    assert type(copy.deepcopy(x.size)) is int
    assert ag.tensor(1.0).size == 1
    assert ag.ones((0, 3)).size == 0


def test_others_take_tensors_for_arrays_and_not_for_pytorchs():
    x = ag.tensor([3.0, 1.0, 2.0])
    assert not hasattr(x, "values")  # pandas has that, and so do those who look out for it
    assert not hasattr(x, "to_numpy")
    assert not hasattr(x, "__torch_function__")
    np.testing.assert_array_equal(np.asarray(x), [3.0, 1.0, 2.0])
    np.testing.assert_array_equal(np.sort(x), [1.0, 2.0, 3.0])
    assert np.size(x) == 3


# --- in place, and random ---------------------------------------------------------------------------------------------


def test_a_leaf_is_changed_in_place_under_no_grad_only():
    w = ag.tensor([1.0, 2.0], requires_grad=True)
    memory = w.data
    for change in (w.exp_, w.zero_, w.uniform_, w.normal_, w.relu_, w.neg_):
        with pytest.raises(ag.GraphError, match=r"with ag\.no_grad"):
            change()
        with ag.no_grad():
            assert change() is w
    assert w.data is memory
    assert w.requires_grad


def test_a_part_is_changed_by_an_index_and_an_operator():
    x, a = ag.tensor(np.arange(6.0).reshape(2, 3)), np.arange(6.0).reshape(2, 3)
    for array in (x, a):
        array[0] *= 2
        array[:, 1:] += 1
        array[1, 2] -= 5
        array[0:1] /= 2
    np.testing.assert_array_equal(x.numpy(), a)
    leaf = ag.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = leaf * 1
    y[1] *= 5
    y[:2] **= 2
    y.sum().backward()
    assert leaf.grad.tolist() == [2.0, 100.0, 1.0]
    with ag.no_grad():
        leaf[0] += 7
    assert leaf.tolist() == [8.0, 2.0, 3.0]


@pytest.mark.parametrize("container", [[None], {0: None}])
def test_a_view_that_somebody_holds_is_not_changed_so(container):
    x = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
    container[0] = x[0]  # NumPy would write through it into x
    with pytest.raises(ag.GraphError, match="view"):
        container[0] += 1
    with pytest.raises(ag.GraphError, match="view"):
        x[0][1] += 1
    with pytest.raises(ag.GraphError, match="view"):
        operator.iadd(x[0], 1.0)  # nothing is stored afterwards
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_detaching_in_place_cuts_the_graph_here():
    x = ag.tensor(3.0, requires_grad=True)
    y = x * x
    z = 2 * y
    assert y.detach_() is y
    assert not y.requires_grad
    z.backward()  # what was recorded before keeps its graph
    assert x.grad.item() == 12.0
    assert ag.why_none(y * 2, x).cause == "detached"


def test_random_numbers_come_from_the_seed():
    a = ag.zeros(1000).uniform_(-2, 3, rng=1)
    assert -2 <= a.min().item() < a.max().item() < 3
    np.testing.assert_array_equal(a.numpy(), np.random.default_rng(1).uniform(-2, 3, 1000))
    b = ag.zeros(5, dtype=np.float32).normal_(1, 2, rng=2)
    assert b.dtype == np.float32
    np.testing.assert_array_equal(b.numpy(), np.random.default_rng(2).normal(1, 2, 5).astype(np.float32))


def test_a_manual_seed_rules_what_has_no_generator_of_its_own():
    try:
        ag.manual_seed(5)
        first = [ag.zeros(3).normal_().tolist() for _ in range(2)]
        explicit = ag.zeros(3).normal_(rng=1).tolist()
        assert first[0] != first[1]
        ag.manual_seed(5)
        assert [ag.zeros(3).normal_().tolist() for _ in range(2)] == first
        assert ag.zeros(3).normal_(rng=1).tolist() == explicit
    finally:
        ag.manual_seed(None)
    assert ag.zeros(3).normal_().tolist() != ag.zeros(3).normal_().tolist()
    with pytest.raises(ag.OptionError, match="manual_seed: rng must be a seed"):
        ag.manual_seed(-1)


def test_the_size_is_a_number_to_compute_with():
    x = ag.tensor(np.array([1.0, 5.0], np.float32), requires_grad=True)
    mean = ag.sum(x) / x.size
    assert (mean.item(), (x.size * x).tolist(), mean.dtype) == (3.0, [2.0, 10.0], np.float32)
    mean.backward()
    np.testing.assert_array_equal(x.grad, [0.5, 0.5])
