"""`from nn import torch`: PyTorch's functions with PyTorch's meaning of their arguments, on Tensors of this library."""

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn import torch

# An expression as a script for PyTorch has it, and what it means in NumPy: of `x`, `y` (3, 4), `v` (4,), `i` (indices),
# `m` (a mask), `b` (2, 3, 4).
SAME = [
    ("torch.max(x)", "x.max()"),
    ("torch.max(x, 1)", "(x.max(1), x.argmax(1))"),
    ("torch.max(x, dim=0, keepdim=True)", "(x.max(0, keepdims=True), x.argmax(0, keepdims=True))"),
    ("torch.max(x, 1)[1]", "x.argmax(1)"),
    ("torch.max(x, y)", "np.maximum(x, y)"),
    ("torch.min(x, -1)", "(x.min(-1), x.argmin(-1))"),
    ("torch.sum(x)", "x.sum()"),
    ("torch.sum(x, 1)", "x.sum(1)"),
    ("torch.sum(x, 1, True)", "x.sum(1, keepdims=True)"),
    ("torch.sum(x, dim=(0, 1))", "x.sum()"),
    ("torch.mean(x, dim=1, keepdim=True)", "x.mean(1, keepdims=True)"),
    ("torch.prod(x, 0)", "x.prod(0)"),
    ("torch.argmax(x)", "x.argmax()"),
    ("torch.argmax(x, 1)", "x.argmax(1)"),
    ("torch.amax(x, 1)", "x.max(1)"),
    ("torch.logsumexp(x, 1)", "np.log(np.exp(x).sum(1))"),
    ("torch.any(x > 0, 1)", "(x > 0).any(1)"),
    ("torch.all(x > 0)", "(x > 0).all()"),
    ("torch.std(x)", "x.std(ddof=1)"),
    ("torch.var(x, 0)", "x.var(0, ddof=1)"),
    ("torch.var(x, 0, False)", "x.var(0)"),
    ("torch.var(x, dim=1, correction=0, keepdim=True)", "x.var(1, keepdims=True)"),
    ("torch.std(x, False)", "x.std()"),
    ("torch.var_mean(x, 1)", "(x.var(1, ddof=1), x.mean(1))"),
    ("torch.std_mean(x)", "(x.std(ddof=1), x.mean())"),
    ("torch.sort(x)", "(np.sort(x), x.argsort())"),
    ("torch.sort(x, 0, True)", "(-np.sort(-x, 0), (-x).argsort(0))"),
    ("torch.argsort(x, 0)", "x.argsort(0)"),
    ("torch.topk(x, 2)", "(-np.sort(-x, 1)[:, :2], (-x).argsort(1)[:, :2])"),
    ("torch.cumsum(x, 1)", "x.cumsum(1)"),
    ("torch.norm(x)", "np.sqrt((x * x).sum())"),
    ("torch.softmax(x, 1)", "np.exp(x) / np.exp(x).sum(1, keepdims=True)"),
    ("torch.exp(x)", "np.exp(x)"),
    ("torch.pow(x, 2)", "x**2"),
    ("torch.clamp(x, min=0)", "x.clip(0, None)"),
    ("torch.clamp(x, -0.5, 0.5)", "x.clip(-0.5, 0.5)"),
    ("torch.sigmoid(x)", "1 / (1 + np.exp(-x))"),
    ("torch.add(x, y, alpha=2)", "x + 2 * y"),
    ("torch.eq(x, x)", "x == x"),
    ("torch.where(x > 0, x, 0.0)", "np.where(x > 0, x, 0)"),
    ("torch.where(x > 0)", "np.nonzero(x > 0)"),
    ("torch.nonzero(x > 0)", "np.argwhere(x > 0)"),
    ("torch.matmul(x, v)", "x @ v"),
    ("torch.mm(x, y.t())", "x @ y.T"),
    ("torch.bmm(b, b.transpose(1, 2))", "b @ b.swapaxes(1, 2)"),
    ("torch.dot(v, v)", "v @ v"),
    ("torch.outer(v, v)", "np.outer(v, v)"),
    ("torch.einsum('ij,kj->ik', x, y)", "x @ y.T"),
    ("torch.einsum('ij,kj->ik', [x, y])", "x @ y.T"),
    ("torch.tensordot(b, b, dims=([1, 2], [1, 2]))", "np.tensordot(b, b, ([1, 2], [1, 2]))"),
    ("torch.cat((x, y), 1)", "np.concatenate((x, y), 1)"),
    ("torch.cat([x, y])", "np.concatenate((x, y))"),
    ("torch.stack([x, y], dim=1)", "np.stack((x, y), 1)"),
    ("torch.vstack([x, y])", "np.vstack((x, y))"),
    ("torch.transpose(x, 0, 1)", "x.T"),
    ("torch.transpose(b, 0, 2)", "b.swapaxes(0, 2)"),
    ("torch.permute(b, (2, 0, 1))", "b.transpose(2, 0, 1)"),
    ("torch.flatten(b, 1)", "b.reshape(2, 12)"),
    ("torch.reshape(x, (4, 3))", "x.reshape(4, 3)"),
    ("torch.squeeze(x[:, :1])", "x[:, 0]"),
    ("torch.squeeze(x[:, :1], 0)", "x[:, :1]"),
    ("torch.unsqueeze(x, 0)", "x[None]"),
    ("torch.split(x, 3, dim=1)", "(x[:, :3], x[:, 3:])"),
    ("torch.chunk(x, 2, 1)", "(x[:, :2], x[:, 2:])"),
    ("torch.unbind(x, 1)", "tuple(x.T)"),
    ("torch.gather(x, 1, i)", "np.take_along_axis(x, i, 1)"),
    ("torch.index_select(x, 0, i[0, :1])", "x[:1]"),
    ("torch.masked_select(x, m)", "x[m]"),
    ("torch.repeat_interleave(x, 2, dim=0)", "x.repeat(2, 0)"),
    ("torch.tile(x, (2, 1))", "np.tile(x, (2, 1))"),
    ("torch.flip(x, [0])", "x[::-1]"),
    ("torch.roll(x, 1, 0)", "np.roll(x, 1, 0)"),
    ("torch.tril(x)", "np.tril(x)"),
    ("torch.diag(v)", "np.diag(v)"),
    ("torch.broadcast_tensors(x, v)", "tuple(np.broadcast_arrays(x, v))"),
    ("torch.cdist(x, y)", "np.sqrt(((x[:, None] - y) ** 2).sum(-1))"),
    ("torch.bincount(i.flatten())", "np.bincount(i.ravel())"),
    ("torch.count_nonzero(x > 0)", "(x > 0).sum()"),
    ("torch.isclose(x, x)", "x == x"),
    ("torch.zeros_like(x)", "0 * x"),
    ("torch.ones_like(i)", "np.ones_like(i)"),
    ("torch.full_like(x, 2)", "0 * x + 2"),
    ("torch.meshgrid(v, v, indexing='ij')", "tuple(np.meshgrid(v, v, indexing='ij'))"),
    ("torch.zeros(2, 3)", "np.zeros((2, 3), np.float32)"),
    ("torch.zeros((2, 3), dtype=torch.float64)", "np.zeros((2, 3))"),
    ("torch.ones([2])", "np.ones(2, np.float32)"),
    ("torch.full((2,), 7)", "np.full(2, 7)"),
    ("torch.full((2,), 0.5)", "np.full(2, 0.5, np.float32)"),
    ("torch.eye(3)", "np.eye(3, dtype=np.float32)"),
    ("torch.arange(5)", "np.arange(5)"),
    ("torch.arange(0, 1, 0.25)", "np.arange(0, 1, 0.25, np.float32)"),
    ("torch.linspace(0, 1, 5)", "np.linspace(0, 1, 5, dtype=np.float32)"),
    ("torch.tensor([1, 2])", "np.array([1, 2])"),
    ("torch.tensor([1.0, 2.0])", "np.array([1, 2], np.float32)"),
    ("torch.tensor([True])", "np.array([True])"),
    ("torch.tensor([v[0], v[1]], dtype=torch.float64)", "v[:2]"),
    ("torch.tensor(3.5)", "np.float32(3.5)"),
    ("torch.FloatTensor([1, 2])", "np.array([1, 2], np.float32)"),
    ("torch.LongTensor(2, 3).zero_()", "np.zeros((2, 3), np.int64)"),
    ("x.type(torch.LongTensor)", "x.astype(np.int64)"),
    ("x.to(torch.float32)", "x.astype(np.float32)"),
    ("torch.from_numpy(np.ones(2))", "np.ones(2)"),
    ("torch.as_tensor([1.0])", "np.ones(1, np.float32)"),
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


@pytest.mark.parametrize(("said", "meant"), SAME, ids=[said for said, _ in SAME])
def test_the_functions_of_pytorch(said, meant):
    arrays = names()
    expected = eval(meant, {"np": np}, arrays)
    got = eval(said, {"torch": torch, "np": np}, {name: ag.tensor(value) for name, value in arrays.items()})
    if not isinstance(expected, tuple):
        got, expected = (got,), (expected,)
    for one, e in zip(got, expected, strict=True):
        assert isinstance(one, ag.Tensor)
        assert one.dtype == e.dtype
        np.testing.assert_allclose(one.numpy(), e, rtol=1e-13)  # a few roundings of float64 in another order


def test_plain_numbers_and_arrays_become_tensors():
    assert torch.exp(0.0).dtype == torch.float32
    assert torch.max(np.array([[1.0, 3.0]]), 1).indices.tolist() == [1]
    assert torch.is_tensor(torch.sum(np.ones(3)))


def test_gradients_flow_through_them():
    ag.gradcheck(lambda x: torch.cat([torch.max(x, 1)[0], torch.var(x, 0)]) ** 2, names()["x"])


# --- randomness -------------------------------------------------------------------------------------------------------


@pytest.fixture
def seed():
    yield lambda: torch.manual_seed(7)
    torch.manual_seed(None)


def test_a_manual_seed_rules_functions_layers_and_loaders(seed):
    def drawn():
        seed()
        loader = nn.data.DataLoader(range(20), batch_size=20, shuffle=True)
        dropped = nn.functional.dropout(torch.ones(20), 0.5, training=True)
        weights = [nn.Linear(3, 2).weight, nn.Conv2d(1, 2, 3).weight, torch.zeros(3).normal_()]
        numbers = [
            torch.rand(3),
            torch.randn(2, 2),
            torch.randint(0, 9, (4,)),
            torch.randperm(5),
            torch.normal(0, 1, (2,)),
        ]
        return [t.tolist() for t in (*weights, *numbers, dropped, next(iter(loader)))]

    first = drawn()
    assert drawn() == first
    seed()
    assert torch.rand(3).tolist() != torch.rand(3).tolist()


def test_a_generator_is_not_touched_by_the_seed(seed):
    def drawn():
        return torch.rand(3, generator=torch.Generator().manual_seed(1)).tolist()

    first = drawn()
    seed()
    assert drawn() == first == torch.rand(3, rng=1).tolist()


def test_random_numbers_have_the_law_they_claim():
    n = 20_000
    assert abs(torch.rand(n, rng=0).mean().item() - 0.5) < 0.02  # 7 standard errors of sqrt(1/12/n)
    normal = torch.normal(2.0, 3.0, (n,), rng=0)
    assert abs(normal.mean().item() - 2) < 0.15  # 7 standard errors of 3/sqrt(n)
    assert abs(normal.std().item() - 3) < 0.15
    whole = torch.randint(3, 6, (n,), rng=0)
    assert whole.unique().tolist() == [3, 4, 5]
    assert torch.randint(2, (5,), rng=0).dtype == torch.int64
    chances = torch.multinomial(torch.tensor([0.0, 1.0, 3.0]), n, replacement=True, rng=0)
    assert abs((chances == 2).float().mean().item() - 0.75) < 0.03  # 7 standard errors of sqrt(3)/4/sqrt(n)
    assert sorted(torch.multinomial(torch.ones(2, 4), 4, rng=0)[1].tolist()) == [0, 1, 2, 3]
    assert abs(torch.bernoulli(torch.full((n,), 0.25), rng=0).mean().item() - 0.25) < 0.03
    with pytest.raises(ag.OptionError, match="2 of each row above 0"):
        torch.multinomial(torch.tensor([0.0, 1.0]), 2)
    with pytest.raises(ag.OptionError, match="at least 0"):
        torch.multinomial(torch.tensor([-1.0, 1.0]), 1)


# --- what stands around a computation ---------------------------------------------------------------------------------


def test_there_is_one_device():
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    assert device == "cpu"
    assert device.type == "cpu"
    assert torch.zeros(2, device=device).device == device
    assert torch.zeros(2).to(device).is_cuda is False
    assert not torch.backends.mps.is_available()
    assert not torch.accelerator.is_available()
    for make in (lambda: torch.device("cuda:0"), lambda: torch.zeros(2, device="cuda"), lambda: torch.Generator("mps")):
        with pytest.raises(ag.OptionError, match="there is one device, 'cpu'"):
            make()


def test_recording_can_be_switched():
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        assert not (x * 2).requires_grad
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
        with torch.set_grad_enabled(True):
            assert torch.is_grad_enabled()
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    with torch.inference_mode():
        assert not (x * 2).requires_grad


def test_states_are_saved_and_loaded_without_pickle(tmp_path):
    net = nn.Linear(3, 2)
    torch.save({"net": net.state_dict(), "epoch": 3, "best": 0.5}, tmp_path / "run.pt")
    state = torch.load(tmp_path / "run.pt", map_location="cpu")
    assert (state["epoch"], state["best"]) == (3, 0.5)
    other = nn.Linear(3, 2)
    other.load_state_dict(state["net"])
    np.testing.assert_array_equal(other.weight.detach().numpy(), net.weight.detach().numpy())
    with open(tmp_path / "open.pt", "wb") as f:
        torch.save(net.state_dict(), f)
    with open(tmp_path / "open.pt", "rb") as f:
        np.testing.assert_array_equal(torch.load(f)["bias"], net.bias.detach().numpy())
    with pytest.raises(ag.OptionError, match=r"torch\.save\(model\.state_dict\(\), path\)"):
        torch.save(net, tmp_path / "net.pt")


class Square(torch.autograd.Function):
    """A square whose derivative is written by hand."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(x)
        ctx.factor = factor
        return factor * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        assert ctx.needs_input_grad == (True, False)
        return 2 * ctx.factor * x * g, None


def test_a_function_with_a_derivative_of_its_own():
    x = torch.tensor([1.0, 3.0], requires_grad=True)
    Square.apply(x, 5).sum().backward()
    assert x.grad.tolist() == [10.0, 30.0]
    (g,) = torch.autograd.grad(Square.apply(x, 5).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(g.sum(), x)
    assert second.tolist() == [10.0, 10.0]
    ag.gradcheck(lambda x: Square.apply(x, 3.0), np.array([0.5, -2.0]))
    twice = [Square.apply(x, 1), Square.apply(2 * x, 1)]  # each call remembers its own
    assert torch.autograd.grad(sum(y.sum() for y in twice), x)[0].tolist() == [10.0, 30.0]


def test_a_function_that_returns_too_few_gradients_is_told():
    class Short(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, g):
            return g

    x = torch.ones(2, requires_grad=True)
    with pytest.raises(ag.ShapeError, match="Short: backward must return 2 gradients"):
        Short.apply(x, x).sum().backward()


def test_its_parts_are_those_of_nn():
    assert torch.nn is nn
    assert torch.optim is nn.optim
    assert torch.utils.data.DataLoader is nn.data.DataLoader
    assert torch.nn.functional is nn.functional
    assert torch.Tensor is ag.Tensor
    assert isinstance(torch.ones(1), torch.Tensor)


def test_what_is_missing_says_what_to_write():
    for name, words in {
        "compile": "autograd_core.compile",
        "median": "lower of the two",
        "percentile": "NumPy's arguments",
    }.items():
        assert not hasattr(torch, name)
        with pytest.raises(AttributeError, match=f"nn.torch has no '{name}': .*{words}"):
            getattr(torch, name)


def test_every_public_name_is_there_and_documented():
    assert len(torch.__all__) == len(set(torch.__all__))
    for name in torch.__all__:
        value = getattr(torch, name)
        assert not callable(value) or value.__doc__, name
