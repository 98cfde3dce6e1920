# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Checking gradients
#
# How to check the gradients of your own work, whatever they were written with: a function, a layer by hand, a whole
# network, one too large to look at every entry, an operation that you add to the library. You will see what the reports
# say, what they say at a kink, and what no check of a gradient can see. The notebook
# [find_the_bug](find_the_bug.ipynb) shows ten wrong gradients and how they are found; this one is about the daily use.

# %%
import numpy as np

import autograd_core as ag
import nn
from autograd_core.testing import (
    PROFILES,
    ClaimError,
    GradientMismatch,
    check_operation,
    given_gradcheck,
    gradcheck,
    strategies as gst,
)

rng = np.random.default_rng(0)

# %% [markdown]
# ## 1. Your own function
#
# Write it with NumPy's functions or with `ag`'s, and hand it over with a point to check it at. Here is the logarithm of
# a Student's t density, up to a constant, of which one wants the gradient by the data, the centre, and the logarithm of
# the scale.


# %%
def log_density(x, centre, log_scale):
    z = (x - centre) / np.exp(log_scale)
    return -2.5 * np.sum(np.log1p(z**2 / 4)) - x.size * log_scale


x, centre, log_scale = rng.normal(size=6), np.array(0.3), np.array(-0.5)
report = gradcheck(log_density, x, centre, log_scale)
report

# %% [markdown]
# Eight numbers were compared. The **largest error** is how far the worst of them is from the numeric derivative.
# **Tolerated** is how far off the numeric one may be itself, as the kit estimates: you choose no tolerance, and a
# passed check says "right as far as this method can tell". The method is differences over several steps; where a
# function takes complex numbers, as here, it is the complex step, which is sharper: twelve digits.
#
# Choose points where something happens. At `x = centre` everything would pass that forgets a factor `z`; zeros, ones
# and equal numbers hide mistakes. Random numbers of size 1 are a good beginning.

# %%
assert report.ok
assert report.checked == 6 + 1 + 1
assert report.worst.error <= report.worst.tolerance < 1e-12

zero = np.zeros(3)
assert gradcheck((lambda z: np.sum(z**2), lambda z: 5 * z), zero)  # wrong, and right at this point
assert not gradcheck((lambda z: np.sum(z**2), lambda z: 5 * z), zero + 1, raise_exception=False)

# %% [markdown]
# ## 2. Somebody else's gradient
#
# A layer from some course, in plain NumPy: `forward` keeps what `backward` needs. The kit wants a pair, the function
# and its vector-Jacobian product, which takes the cotangent `g` last; a function of two lines makes one of the layer.
# Its weights are inputs like `x`, so that they are checked too.


# %%
class Normalize:
    """Each column of a batch to mean 0 and variance 1, then scaled and shifted."""

    def forward(self, x, scale, shift):
        self.scale = scale
        self.deviation = np.sqrt(np.var(x, axis=0) + 1e-5)
        self.z = (x - np.mean(x, axis=0)) / self.deviation
        return self.z * scale + shift

    def backward(self, g):
        d_scale, d_shift = np.sum(g * self.z, axis=0), np.sum(g, axis=0)
        d_z = g * self.scale
        d_x = d_z - np.mean(d_z, axis=0) - self.z * np.mean(d_z * self.z, axis=0)
        return d_x / self.deviation, d_scale, d_shift


layer = Normalize()


def backward(x, scale, shift, g):
    layer.forward(x, scale, shift)  # so that what was kept belongs to this x
    return layer.backward(g)


batch = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=3)
report = gradcheck((layer.forward, backward), *batch)
report

# %% [markdown]
# It is right. It is worth knowing what else was looked at, besides the 21 numbers: that the VJP is linear in `g`, that
# nothing passed in was written to, that the gradients have the shapes and types of the inputs and share no memory, that
# the layout in memory does not matter. For a gradient of PyTorch or JAX the pair is two lines, in
# [docs/gradient-checks.md](../docs/gradient-checks.md).

# %%
assert report.checked == 15 + 3 + 3 == 21
assert not report.findings


def in_place(x, scale, shift, g):
    gradients = backward(x, scale, shift, g)
    g *= scale  # a scratch array, it was thought; but it is the caller's
    return gradients


careless = gradcheck((layer.forward, in_place), *batch, raise_exception=False)
print(careless.cause.message)
assert careless.cause.name == "mutation"

# %% [markdown]
# ## 3. A whole network
#
# Give it a function without arguments that computes the loss, and after it the parameters. Here is a network with an
# embedding, a residual connection and a layer norm, in float32, as networks are; the check computes in float64.


# %%
class Small(nn.Module):
    def __init__(self, rng):
        super().__init__()
        self.letters = nn.Embedding(7, 6, rng=rng)
        self.norm, self.inner = nn.LayerNorm(6), nn.Linear(6, 6, rng=rng)
        self.out = nn.Linear(6, 3, rng=rng)

    def forward(self, ids):
        x = self.letters(ids)
        x = x + ag.tanh(self.inner(self.norm(x)))
        return self.out(x.mean(axis=1))


network = Small(rng)
ids, labels = rng.integers(7, size=(4, 5)), np.array([0, 2, 1, 1])


def loss():
    return nn.functional.cross_entropy(network(ids), labels)


report = gradcheck(loss, *network.parameters())
report

# %%
assert report.ok
assert report.checked == sum(p.size for p in network.parameters()) == 7 * 6 + 2 * 6 + 6 * 7 + 3 * 7 == 117

# %% [markdown]
# With dropout there is nothing to compare: each call computes another function. The check says so before it looks at
# any number. Check in evaluation mode, or draw the mask once and hold it.

# %%
drop = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Dropout(0.5, rng=1), nn.Linear(8, 1, rng=2))
inputs = rng.normal(size=(3, 4)).astype(np.float32)


def with_dropout():
    return drop(inputs).sum()


training = gradcheck(with_dropout, *drop.parameters(), raise_exception=False)
print(training.cause.message)
drop.eval()
evaluating = gradcheck(with_dropout, *drop.parameters())

# %%
assert training.cause.name == "repeatability"
assert evaluating.ok

# %% [markdown]
# ## 4. A large network
#
# Each entry costs some evaluations of the function. For a network of 784, 30 and 10 units there are 23,860 entries.
# `mode="random"` takes three random directions in the space of all parameters, and compares the slope along each: a
# few evaluations, however many entries there are. A wrong entry tilts the slope, in whatever place it is. Only if a
# slope is wrong, the kit goes looking for the entry.

# %%
digits = nn.Sequential(nn.Linear(784, 30, rng=0), nn.Sigmoid(), nn.Linear(30, 10, rng=1))
pictures, answers = rng.random((10, 784)), np.arange(10)
calls = 0


def digits_loss():
    global calls
    calls += 1
    return nn.functional.cross_entropy(digits(pictures), answers)


report = gradcheck(digits_loss, *digits.parameters(), mode="random")
print(f"{sum(p.size for p in digits.parameters()):,} parameters, {calls} evaluations")
report

# %% [markdown]
# Does it see a single wrong number among 23,860? Here is the same loss with a gradient by hand, in which one bias of
# the hidden layer has its sign turned.


# %%
def by_hand(W1, b1, W2, b2):
    hidden = 1 / (1 + np.exp(-(pictures @ W1.T + b1)))
    scores = hidden @ W2.T + b2
    return np.mean(np.log(np.sum(np.exp(scores), axis=1)) - scores[answers, answers])


def gradient(W1, b1, W2, b2):
    hidden = 1 / (1 + np.exp(-(pictures @ W1.T + b1)))
    e = np.exp(hidden @ W2.T + b2)
    d2 = (e / e.sum(axis=1, keepdims=True) - np.eye(10)) / 10
    d1 = (d2 @ W2) * hidden * (1 - hidden)
    db1 = d1.sum(axis=0)
    db1[17] *= -1  # the mistake
    return d1.T @ pictures, db1, d2.T @ hidden, d2.sum(axis=0)


weights = [p.data.astype(float) for p in digits.parameters()]
one_wrong = gradcheck((by_hand, gradient), *weights, mode="random", raise_exception=False)
one_wrong

# %% [markdown]
# Found, and the entry is named. A direction sees a wrong entry if the error is larger than what the differences are
# unsure of, and that grows with the number of entries that are summed. So an error as small as rounding in one entry of
# a million may pass; a sign or a factor does not.

# %%
assert report.ok
assert calls < 200  # and not two for each of 23,860 entries
assert sum(p.size for p in digits.parameters()) == 30 * 785 + 10 * 31 == 23_860
assert not one_wrong.ok
assert (one_wrong.labels[one_wrong.worst.input], one_wrong.worst.index) == ("b1", (17,))

# %% [markdown]
# ## 5. A loss with a gradient in it
#
# A gradient penalty asks how steep a network is in its inputs, so the loss has a gradient inside, and training
# differentiates that once more. There are two ways to check: the penalty as a function of its own, or `order=2` of the
# network, which checks the gradient and then the gradient of the gradient.


# %%
def energy(x, w):
    return np.sum(np.tanh(x @ w) ** 2)


def penalty(x, w):
    return np.sum(ag.grad(energy)(x, w) ** 2)


points, directions = rng.normal(size=(3, 2)), rng.normal(size=(2, 2))
steep = gradcheck(penalty, points, directions)
report = gradcheck(energy, points, directions, order=2)
report

# %%
assert steep.ok
assert report.ok
assert report.order == 2
flat = gradcheck(lambda x: ag.relu(x), np.array([0.5, -1.0]), order=2)
assert flat.ok  # the second derivative of a ReLU is 0; the kit squares outputs first, or it would compare 0 with 0

# %% [markdown]
# ## 6. At a kink
#
# Where a function has a corner there is no derivative, and an engine takes one of several values by convention (ours
# are listed in [docs/subgradients.md](../docs/subgradients.md)). A difference sees something between the two sides. So
# the check judges the other entries, and says which it left out, and why.

# %%


def relu(x):
    return ag.relu(x).sum()


report = gradcheck(relu, np.array([-1.0, 0.0, 2.0]))
report

# %% [markdown]
# Three cases that look alike and are not. A **kink**: both sides have a slope, and they differ. The **edge of the
# domain**: on one side there is no function; a square root at 0. And **nothing could be judged**, which is a passed
# check that says nothing: read the sentence, or assert on `report.kinks`.

# %%


def root(x):
    return ag.sqrt(x).sum()


def size(x):
    return ag.abs(x).sum()


edge = gradcheck(root, np.array([0.0, 4.0]))
empty = gradcheck(size, np.zeros(2))
for shown in (edge, empty):
    print(shown)

# %%
assert (report.ok, report.kinks, report.checked) == (True, 1, 3)
assert np.allclose([report.kink.backward, report.kink.forward], [0, 1], atol=1e-6)
assert edge.kinks == 1
assert empty.ok
assert empty.kinks == empty.checked == 2

# %% [markdown]
# In a ReLU network a random point seldom lies on a kink. But it may lie so near that a step crosses it, and a naive
# difference then blames a right gradient. Here the kink is 10⁻⁷ away, and a central difference with a step of 10⁻⁵ says
# 0.505 where 1 is right. The kit sees that the two sides do not come together within its steps, and does not judge, as
# long as the claim lies between the sides. A gradient of 5 lies outside, and is refused on a kink too.

# %%
near = np.array([1e-7])
naive = (np.maximum(near + 1e-5, 0) - np.maximum(near - 1e-5, 0)) / 2e-5
report = gradcheck(relu, near)
print(report)
outside = gradcheck((lambda x: np.maximum(x, 0), lambda x, g: 5 * g * (x > 0)), near, raise_exception=False)

# %%
assert np.isclose(naive.item(), 0.505, rtol=1e-9)
assert (report.ok, report.kinks) == (True, 1)
assert not outside.ok

# %% [markdown]
# ## 7. Many points: property-based tests
#
# One point tests one branch. [Hypothesis](https://hypothesis.readthedocs.io) draws many, ordinary and odd ones, and if
# one fails it looks for a simpler one that fails too. `given_gradcheck` makes a test of a function and its gradient in
# one line. The profile `dev` draws the same numbers each time and keeps no database, so a failure is the same tomorrow.
#
# Here is log-sum-exp. Its value is computed with care: the largest number is subtracted, so that nothing overflows. Its
# gradient is computed without.


# %%
def log_sum_exp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def log_sum_exp_gradient(x):
    return np.exp(x) / np.sum(np.exp(x))


test_small = given_gradcheck((log_sum_exp, log_sum_exp_gradient), shapes=[(3,)], settings=PROFILES["dev"])
test_small()  # passes: numbers from -3 to 3 unless told otherwise

test_large = given_gradcheck(
    (log_sum_exp, log_sum_exp_gradient), shapes=[(3,)], domain=gst.interval(-1000, 1000), settings=PROFILES["dev"]
)
with np.errstate(over="ignore", invalid="ignore"):
    try:
        test_large()
        report = None
    except GradientMismatch as mismatch:
        report = mismatch.report
print(report.cause.message)
print("x =", report.inputs[0].tolist())

# %% [markdown]
# One large number is enough. In float32, in which networks compute, `exp` is infinite from 89 on (in float64 from
# 710), and infinity by infinity is NaN. The inputs are float64, but the kit knows that the gradient will be wanted in
# float32, and tries that too. Whoever tests only at numbers of size 1 finds out in training. The mended one passes on
# the whole range:


# %%
def log_sum_exp_gradient(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


# %%
assert report.cause.name in ("float32", "not finite")
assert report.inputs[0].max() > np.log(np.finfo(np.float32).max) > 88.7
given_gradcheck(
    (log_sum_exp, log_sum_exp_gradient), shapes=[(3,)], domain=gst.interval(-1000, 1000), settings=PROFILES["dev"]
)()

# %% [markdown]
# As a decorator it takes your own property besides: the body runs with the same inputs, once their gradient has passed.
# Shapes may be a signature; `domain` keeps away from kinks and poles. In a file `test_….py` this is all that pytest
# needs.

# %%
seen = []


@given_gradcheck(shapes="(m,n),(n)->(m)", domain=gst.away_from(0), settings=PROFILES["dev"])
def test_scores(A, v):
    seen.append((A.shape, v.shape))
    return ag.tanh(A @ v) / ag.abs(v).sum()


@given_gradcheck((log_sum_exp, log_sum_exp_gradient), shapes=[(4,)], settings=PROFILES["dev"])
def test_shift(x):
    """Its gradient is a softmax: positive, and of sum 1."""
    p = log_sum_exp_gradient(x)
    assert (p > 0).all()
    assert np.isclose(p.sum(), 1, rtol=1e-12)


test_scores()
test_shift()
print(sorted(set(seen))[:4], "and others")

# %%
assert len(set(seen)) > 4  # other shapes, drawn too
assert all(a[1:] == v for a, v in seen)  # that fit together

# %% [markdown]
# ## 8. An operation of your own
#
# An operation is registered with its derivative, the domain to test it on, and a function to compare its values with.
# `check_operation` then checks what is claimed of every operation here: values, both modes of differentiation, second
# order, memory, types, and the examples of its docstring.


# %%
def softcap_partial(x):
    return 1 / (1 + x * x) ** 1.5


@ag.elementwise(
    partials=[softcap_partial],
    domain=ag.Interval(-3, 3),
    reference=lambda x: np.sin(np.arctan(x)),  # the same function in other words
)
def softcap(xp, x, /):
    """A number pulled into (-1, 1), element by element: ``x / sqrt(1 + x²)``.

    Shapes: x (...) -> (...).

    >>> float(softcap(0.0))
    0.0
    """
    return x / xp.sqrt(1 + x * x)


conformance = check_operation(softcap, max_examples=5, rng=0)
print(f"{len(conformance.claims)} claims hold, {len(conformance.silent)} say nothing about this operation")

# %%
assert conformance.operation == "softcap"
assert "vjp_is_what_differences_say" in conformance.claims
assert "second_derivatives_are_what_differences_of_first_ones_say" in conformance.claims

# %% [markdown]
# The same with a wrong exponent in the derivative. The message has the claim that is broken and a call that shows it.


# %%
@ag.elementwise(partials=[lambda x: 1 / (1 + x * x) ** 2], domain=ag.Interval(-3, 3), reference=softcap)
def wrong_softcap(xp, x, /):
    """A number pulled into (-1, 1), element by element, with a wrong derivative.

    Shapes: x (...) -> (...).

    >>> float(wrong_softcap(0.0))
    0.0
    """
    return x / xp.sqrt(1 + x * x)


try:
    check_operation(wrong_softcap, max_examples=5, rng=0)
    broken = None
except ClaimError as error:
    broken = error
print("\n".join(str(broken).splitlines()[:4]))

# %%
assert (broken.operation, broken.claim) == ("wrong_softcap", "vjp_is_what_differences_say")

# %% [markdown]
# ## 9. Single precision
#
# Networks compute in float32, and differences in float32 are poor: with the best of many steps, about four digits are
# right.

# %%
at = np.linspace(0.2, 2, 50).astype(np.float32)
best = 1.0
for step in (2.0 ** -np.arange(2, 20)).astype(np.float32):
    quotient = (np.tanh(at + step) - np.tanh(at - step)) / (2 * step)
    best = min(best, np.max(np.abs(quotient * np.cosh(at.astype(float)) ** 2 - 1)))
print(f"the best step in float32 is wrong by up to {best:.0e} of the derivative")

# %% [markdown]
# So what is given in float32 is checked in float64, as sharply as before. Then the kit asks one thing more: is the
# gradient in float32 as good as the function is? The careless one of section 7 is not:


# %%
def careless_gradient(x):
    return np.exp(x) / np.sum(np.exp(x))


far = np.array([1, 2, 100], np.float32)
fine = gradcheck((log_sum_exp, log_sum_exp_gradient), far)
with np.errstate(over="ignore", invalid="ignore"):
    careless = gradcheck((log_sum_exp, careless_gradient), far, raise_exception=False)
print("tolerated:", f"{fine.worst.tolerance:.0e}")
print(careless.cause.message)

# %% [markdown]
# The opposite case: a function that is believed to compute in float64 and rounds on the way. Its differences are steps
# of a staircase, and the report says that, instead of blaming the gradient.


# %%
def rounded(x):
    return np.sum(np.exp(x.astype(np.float32).astype(x.dtype)))


coarse = gradcheck((rounded, np.exp), np.array([0.3, 1.7]), raise_exception=False)
print(coarse.cause.message)

# %%
assert best > 1e-5
assert fine.worst.tolerance < 1e-9
assert careless.cause.name == "float32"
assert coarse.cause.name == "precision"

# %% [markdown]
# ## 10. What no check of a gradient can see
#
# A gradient check compares a gradient with **its function**. If the function is wrong, its gradient is right, and the
# check passes. Here is a frequent one: a softmax in the model, and one more in the loss. It trains, badly.


# %%
def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def twice(scores):
    return nn.functional.cross_entropy(softmax(scores), labels)  # cross_entropy has a softmax of its own


scores = rng.normal(size=(4, 3))
report = gradcheck(twice, scores)
print(report)

# %% [markdown]
# Nothing is wrong with that gradient. What helps is a value that is known from elsewhere. Three kinds are cheap: a
# formula by hand, a special case, an invariance. Scores that are certain and right must cost nothing; doubled softmax
# still costs 0.55, however certain they are.

# %%
certain = 1000 * np.eye(3)[labels]
once = nn.functional.cross_entropy(scores, labels).item()
print(f"certain and right: {twice(certain).item():.4f}, and should be 0")

# %%
assert report.ok
assert np.isclose(once, -np.mean(np.log(softmax(scores)[np.arange(4), labels])), rtol=1e-12)  # by hand
assert not np.isclose(twice(scores).item(), once, rtol=1e-2)
assert np.isclose(twice(certain).item(), np.log(np.e + 2) - 1, rtol=1e-12)  # not 0, but 0.55
assert nn.functional.cross_entropy(certain, labels).item() == 0

# %% [markdown]
# Other things it cannot see:
#
# - **A branch that was not taken.** A check looks at one point. Draw more of them (section 7).
# - **A parameter that is not in the loss.** Its gradient is zero, and so are its differences. Ask
#   `ag.why_none`, or look whether each parameter has a gradient after `backward()`.
# - **A bad network, a bad learning rate, shuffled labels.** The gradient of a useless loss is a right gradient.
#
# ## Before you trust a gradient
#
# 1. `gradcheck(f, *inputs)` with random numbers, all entries, in a test. For a network: the loss and its parameters.
# 2. `order=2` if anything differentiates the gradient.
# 3. `given_gradcheck` with a domain as wide as the numbers that will come.
# 4. `mode="random"` where there are too many entries.
# 5. One value of the function that you know from elsewhere.
#
# **Try it.** Take the last `backward` that you wrote yourself. Write the gradient of section 1 by hand, forget that
# `log_scale` stands in two places, and read the cause. Give section 3 `ag.relu` in the place of `ag.tanh`, and an inner
# layer whose weights and bias are all zero: how many entries are judged?
