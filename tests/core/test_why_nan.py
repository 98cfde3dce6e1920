"""why_nan finds the operation that made a NaN or an infinity, its line, module and element, on planted cases."""

from pathlib import Path

import numpy as np
import pytest

import autograd_core as ag
import nn

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy says that there is a NaN, and no more

LINES = Path(__file__).read_text().splitlines()


def line_of(marker):
    """The number of the line of this file that ends in a comment with the marker."""
    (found,) = [i for i, line in enumerate(LINES, 1) if line.endswith(f"  # {marker}")]
    return found


def blames(finding, operation, marker=None, path="", flaw="NaN", index=None, kind="operation"):
    """Whether a finding names the operation, the line of the marker, the module, what came out, and which element."""
    assert finding is not None
    assert (finding.kind, finding.operation, finding.flaw, finding.path) == (kind, operation, flaw, path)
    assert (finding.place and (finding.place.file, finding.place.line)) == (marker and (__file__, line_of(marker)))
    assert index is None or finding.index == index
    if marker:
        assert str(finding.place) in str(finding)
        assert finding.place.text in str(finding)
    return True


def argument(finding, name):
    (found,) = [n for n in finding.given if n.name == name]
    return found


def leaf(*values, dtype=None):
    return ag.tensor(list(values), dtype=dtype, requires_grad=True)


class Block(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.inner = nn.Linear(2, 2, rng=0)
        self.function = function

    def forward(self, x):
        h = self.inner(x)  # inner
        return self.function(h)


class Net(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.blocks = [Block(ag.tanh), Block(function)]
        self.head = nn.Linear(2, 1, rng=1)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


X = np.ones((3, 2), np.float32)


# --- forward ----------------------------------------------------------------------------------------------------------


def test_log_of_zero_watched():
    x = leaf(1.0, 0.0, 2.0)
    with ag.watch():
        p = x * 1.0
        y = (p * ag.log(p)).sum()  # entropy
    report = ag.why_nan(y)
    assert blames(report.forward, "log", "entropy", flaw="infinity", index=(1,))
    assert argument(report.forward, "x").there == 0.0
    assert blames(report.became_nan, "multiply", "entropy", index=(1,))
    assert "1e-12" in report.forward.advice


def test_log_of_a_negative_number_in_a_nested_module():
    net = Net(lambda h: ag.log(h - 10.0))  # nested
    report = ag.why_nan(lambda: net(X).sum())
    assert blames(report.forward, "log", "nested", "blocks.1", index=(0, 0))
    assert argument(report.forward, "x").high < 0
    assert report.became_nan is None


def test_overflow_of_float16():
    x = leaf(1.0, 300.0, dtype=np.float16)

    def loss():
        squares = x * x  # half
        return squares.mean()

    report = ag.why_nan(loss)
    assert blames(report.forward, "multiply", "half", flaw="infinity", index=(1,))
    assert (argument(report.forward, "a").there, argument(report.forward, "a").dtype) == (300.0, "float16")
    assert "65504" in report.forward.advice


def test_softmax_by_hand():
    scores = leaf(1.0, 1000.0, 2.0)

    def softmax(z):
        e = ag.exp(z)  # exp
        return e / e.sum()  # ratio

    report = ag.why_nan(lambda: softmax(scores))
    assert blames(report.forward, "exp", "exp", flaw="infinity", index=(1,))
    assert blames(report.became_nan, "divide", "ratio", index=(1,))
    assert "ag.softmax" in report.forward.advice


def test_mean_over_an_empty_mask():
    errors, mask = leaf(0.5, 0.25), np.zeros(2)

    def loss():
        total = (errors * mask).sum()
        return total / mask.sum()  # empty

    report = ag.why_nan(loss)
    assert blames(report.forward, "divide", "empty", index=())
    assert "empty" in report.forward.advice


def test_zero_times_infinity_in_the_place_of_where():
    x = leaf(1.0, 0.0)

    def loss():
        safe = 1.0 * (x.detach() != 0)
        inverse = 1.0 / x  # inverse
        return (safe * inverse).sum()  # masked by a factor

    report = ag.why_nan(loss)
    assert blames(report.forward, "divide", "inverse", flaw="infinity", index=(1,))
    assert blames(report.became_nan, "multiply", "masked by a factor", index=(1,))
    assert "does not mask" in report.became_nan.advice


def test_a_power_of_a_negative_base():
    x = leaf(2.0, -8.0)
    report = ag.why_nan(lambda: (x ** (1 / 3)).sum())  # power
    assert blames(report.forward, "power", "power", index=(1,))
    assert argument(report.forward, "a").there == -8.0
    assert "negative" in report.forward.advice


def test_a_huge_learning_rate_after_several_steps():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(3, 8, rng=0), nn.Linear(8, 1, rng=1))
    optimizer = nn.optim.SGD(model.parameters(), lr=50.0)
    x, target = rng.normal(size=(16, 3)).astype(np.float32), np.ones((16, 1), np.float32)

    def train(steps=30):
        for _ in range(steps):
            difference = model(x) - target  # modelled
            loss = (difference * difference).mean()  # squared
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return loss

    report = ag.why_nan(train)
    if report.forward.flaw == "NaN":  # in the sums of a product; where those do not overflow, squares do
        assert blames(report.forward, "linear", "modelled", "1")
    else:
        assert blames(report.forward, "multiply", "squared", flaw="infinity")
    assert all(n.finite for n in report.forward.given)
    assert "learning rate" in report.forward.advice
    assert "first of the run" in report.notes[0]
    after = ag.why_nan(lambda: model(x).sum())
    assert (after.forward.kind, after.forward.name, after.forward.path) == ("input", "0.weight", "0")
    assert "learning rate" in after.forward.advice


def test_a_nan_in_the_data():
    data = X.copy()
    data[2, 1] = np.nan
    net = Net(ag.tanh)
    with ag.watch():
        y = net(data).sum()
    report = ag.why_nan(y)
    assert blames(report.forward, "linear", "inner", "blocks.0.inner", index=(2, 1), kind="constant")
    assert report.forward.name == "data"


@pytest.mark.parametrize("function", [ag.log, ag.arctanh, ag.arccosh, ag.reciprocal], ids=lambda f: f.__name__)
def test_a_nan_in_a_leaf(function):
    x = leaf(1.0, np.nan) if function is ag.arccosh else leaf(0.25, np.nan)
    report = ag.why_nan(lambda: function(x).sum())  # read
    assert blames(report.forward, function.__name__, "read", index=(1,), kind="input")
    assert report.forward.name == "x"


def test_of_several_elements_a_nan_is_named_before_an_infinity():
    report = ag.why_nan(lambda: ag.log(leaf(0.0, -1.0)))  # several
    assert blames(report.forward, "log", "several", index=(1,))
    assert report.forward.made[0].first == (1,)
    assert argument(report.forward, "x").there == -1.0


def test_a_nan_that_was_masked_is_not_the_cause_of_another():
    x = leaf(-1.0, 4.0)

    def loss():
        hidden = ag.where(x > 0, ag.log(x), 0.0)
        cleaned = ag.nan_to_num(ag.sqrt(x))
        first = hidden + cleaned
        return (first / (x - 4.0)).sum()  # cause

    assert blames(ag.why_nan(loss).forward, "divide", "cause", flaw="infinity", index=(1,))


def test_of_one_array_only_the_elements_that_reach_the_result_count():
    x = leaf(0.0, -1.0, 2.0)

    def loss():
        early = ag.log(x)
        kept = early[2:]
        late = ag.arccos(x[2:])  # late
        return (kept * late).sum()

    report = ag.why_nan(loss)
    assert blames(report.forward, "arccos", "late", index=(0,))
    assert "clip" in report.forward.advice


def test_of_a_sum_only_the_part_counts_that_reaches_the_result():
    x = leaf(0.0, 2.0)

    def loss():
        early, late = ag.log(x), ag.arccos(x)  # part
        return ((early + late) * 1.0)[1:].sum()

    assert blames(ag.why_nan(loss).forward, "arccos", "part", index=(1,))


def test_of_one_array_the_branch_that_was_taken_counts():
    x, bias = leaf(0.0, -1.0), leaf(1.0, np.inf)

    def loss():
        both = ag.where(x == 0, bias - bias, ag.log(x))  # branch
        return both.sum()

    report = ag.why_nan(loss)
    assert blames(report.forward, "log", "branch", index=(1,))


def test_all_of_a_row_masked_before_softmax():
    scores = ag.tensor(np.zeros((2, 3)), requires_grad=True)
    mask = np.array([[True, True, False], [False, False, False]])

    def attention():
        masked = ag.where(mask, scores, -np.inf)  # minus infinity
        return ag.softmax(masked, axis=-1)  # row

    report = ag.why_nan(attention)
    assert blames(report.forward, "where", "minus infinity", flaw="infinity", kind="constant")
    assert blames(report.became_nan, "softmax", "row", index=(1, 0))
    assert "unmasked" in report.became_nan.advice


def test_in_a_loop_the_first_round_counts():
    x = leaf(4.0)

    def loss():
        h = x
        for _ in range(8):
            h = h - 1.5
            h = h * ag.sqrt(h)  # loop
        return h.sum()

    report = ag.why_nan(loss)
    assert blames(report.forward, "sqrt", "loop", index=(0,))
    h = 4.0 - 1.5
    while h >= 0:
        h = h * np.sqrt(h) - 1.5
    assert argument(report.forward, "x").high == pytest.approx(h, rel=1e-12)  # a few roundings


def test_inside_a_checkpoint():
    x = leaf(1.0, 800.0)

    def part(v):
        return ag.exp(v).sum()  # inside

    report = ag.why_nan(lambda: ag.checkpoint(part)(x) * 2.0)  # checkpointed
    assert blames(report.forward, "exp", "inside", flaw="infinity", index=(1,))
    assert f":{line_of('checkpointed')} " in report.notes[0]


# --- backward ---------------------------------------------------------------------------------------------------------


def test_the_root_at_zero():
    x = leaf(0.0, 4.0)

    def loss():
        return ag.sqrt(x * 1.0).sum()  # root

    report = ag.why_nan(loss)
    assert report.forward is None
    assert blames(report.backward, "sqrt", "root", flaw="infinity", index=(0,), kind="rule")
    assert argument(report.backward, "cotangent").there == 1.0
    assert "1e-12" in report.backward.advice
    assert x.grad is None  # no .grad is touched


def test_the_norm_by_hand_at_zero_after_a_sweep():
    net = Net(lambda h: h * 0.0)
    with ag.watch():
        y = net.blocks[1](X)
        loss = ag.sqrt((y * y).sum())  # norm
    loss.backward()
    report = ag.why_nan(loss)
    assert report.forward is None
    assert blames(report.backward, "sqrt", "norm", flaw="infinity", index=(), kind="rule")
    assert np.isnan(net.blocks[1].inner.weight.grad.data).all()


def test_a_nan_that_was_hidden_is_mentioned_and_not_blamed():
    x = leaf(0.0, 2.0)

    def loss():
        slope = ag.sqrt(x) / x  # not taken
        return (ag.where(x > 0, slope, 0.0) * 1.0).sum()

    report = ag.why_nan(loss)
    assert not report
    assert f"divide at {Path(__file__).name}" in str(report).replace("tests/core/", "")
    assert f":{line_of('not taken')} " in str(report)
    assert "hidden" in str(report)


def test_a_tiny_denominator_squared_by_the_derivative():
    x = leaf(1e-30, 2.0, dtype=np.float32)

    def loss():
        return (np.float32(1.0) / x).sum()  # tiny

    report = ag.why_nan(loss)
    assert report.forward is None
    assert blames(report.backward, "divide", "tiny", flaw="infinity", index=(0,), kind="rule")
    assert "square of the denominator" in report.backward.advice


def test_a_fractional_power_at_zero_in_a_module():
    net = Net(lambda h: ag.relu(h - 9.0) ** 0.5)  # relu power
    report = ag.why_nan(lambda: net(X).sum())
    assert report.forward is None
    assert blames(report.backward, "power", "relu power", "blocks.1", "infinity", (0, 0), kind="rule")


def test_a_custom_vjp_with_a_wrong_rule():
    @ag.custom_vjp
    def size(x):
        return ag.absolute(x)

    size.defvjp(lambda x: (ag.absolute(x), x), lambda x, g: (g * x / abs(x),))
    x = leaf(0.0, 1.0)

    def loss():
        h = x * 2.0
        return size(h).sum()  # custom

    report = ag.why_nan(loss)
    assert blames(report.backward, "size", "custom", index=(0,), kind="rule")
    with ag.watch():
        y = size(x * 2.0).sum()  # custom again
    y.backward()
    assert blames(ag.why_nan(y).backward, "size", "custom again", index=(0,), kind="rule")


def test_backward_inside_a_checkpoint():
    x = leaf(0.0, 1.0)

    def part(v):
        return ag.cbrt(v * 1.0).sum()  # cube root

    report = ag.why_nan(lambda: ag.checkpoint(part)(x) * 2.0)
    assert blames(report.backward, "cbrt", "cube root", flaw="infinity", index=(0,), kind="rule")


def test_cotangents_that_overflow_when_they_are_added_up():
    x = leaf(1.0, dtype=np.float16)

    def loss():
        h = x * 1.0  # added up
        return (h * np.float16(4e4) - 3e4) + (h * np.float16(4e4) - 3e4)

    report = ag.why_nan(loss)
    assert report.forward is None
    assert blames(report.backward, "multiply", "added up", flaw="infinity", kind="sum")


# --- the question itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, np.ones(2), 1.0])
def test_what_is_no_tensor_is_refused(wrong):
    with pytest.raises(ag.DTypeError, match="why_nan: a Tensor is needed"):
        ag.why_nan(wrong)


def test_a_deep_graph_is_no_trouble():
    y = leaf(0.0)
    for _ in range(3_000):
        y = y + 1.0
    assert blames(ag.why_nan(ag.log(y - 3_000.0)).forward, "log", flaw="infinity")
