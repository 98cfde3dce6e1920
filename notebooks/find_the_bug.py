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
# # Find the bug in this gradient
#
# Ten mistakes that people really make in gradients. Look at each for a moment before you read the report below it: can
# you see the bug? The report can. It comes from `gradcheck` of `autograd_core.testing`, which needs nothing but a
# function and what you claim to be its gradient: first in NumPy, later functions with a derivative of their own
# (`ag.custom_vjp`). The bugs go from easy to subtle, and each shows another part of the report.

# %%
from functools import partial
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

import autograd_core as ag
from autograd_core.testing import gradcheck

# %% [markdown]
# ## What a gradient check is
#
# 1. A derivative is the limit of a quotient, so a small step `h` gives it nearly:
#    `f'(x) ≈ (f(x + h) − f(x − h)) / 2h`, the central difference.
# 2. A step too large measures how the function bends: the error grows with `h²`.
# 3. A step too small measures how the computer rounds: `f` is known to about 10⁻¹⁶ of itself, and that is divided by
#    `h`.
# 4. Between them lies the best step. Both errors balance at `h = (3 ε f / f‴)^(1/3)`, where `ε` is the rounding of one
#    number (Press et al., *Numerical Recipes*, section 5.7, "Numerical Derivatives").
# 5. So a difference is not right or wrong, but more or less far off, and a check must know how far.

# %%
x, steps = np.linspace(0.5, 1.5, 101), np.logspace(-14, 0, 57)


def largest_error(quotients):
    return np.max(np.abs(quotients / np.exp(x) - 1))


central = [largest_error((np.exp(x + h) - np.exp(x - h)) / (2 * h)) for h in steps]
one_sided = [largest_error((np.exp(x + h) - np.exp(x)) / h) for h in steps]
rounding = 2.0**-53  # moves one number by so much of itself, at most
balance = (3 * rounding) ** (1 / 3)  # all derivatives of exp are the same

fig, ax = plt.subplots(figsize=(7, 3.6), dpi=110)
ax.loglog(steps, one_sided, "s--", ms=3, lw=1, color="0.55", label="one-sided difference")
ax.loglog(steps, central, "o-", ms=3.5, lw=1.3, color="#b3261e", label="central difference")
ax.axvline(balance, color="0.2", ls=":", lw=1)
ax.text(4e-6, 2e-1, "both errors balance", fontsize=9, ha="right")
ax.text(2e-14, 2e-6, "too small:\nrounding", fontsize=9)
ax.text(6e-3, 2e-9, "too large:\nthe function bends", fontsize=9)
ax.set(xlabel="step h", ylabel="largest relative error", title="Differences of exp")
ax.legend(loc="lower left", fontsize=9, frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

best = steps[np.argmin(central)]
assert 6e-6 < balance < 7e-6
assert 1 / 5 < best / balance < 5  # the bottom of the V is flat
assert min(central) < 1e-10 < 1e-9 < min(one_sided)  # a one-sided difference is never as good
assert 1.1e-16 < rounding == np.spacing(1.0) / 2 < 1.2e-16

# %% [markdown]
# `gradcheck` takes differences over several steps, extrapolates them, and estimates how far off each one is. A gradient
# passes if it lies within that error: you choose no tolerance. It is given a pair: the function, and its VJP
# (vector-Jacobian product), which gets the inputs and the cotangent `g`, the gradient that arrives from further on, as
# big as the output.

# %%
gradcheck((np.sin, lambda x, g: g * np.cos(x)), np.array([0.5, 2.0]))

# %% [markdown]
# If something is wrong it raises `GradientMismatch`, which is what a test wants. A notebook rather wants to see the
# report:

# %%
look = partial(gradcheck, raise_exception=False)

# %% [markdown]
# ## 1. The mean that was a sum
#
# The gradient of a mean has a 1/N. Forget it, and training still works, with a learning rate N times as large as you
# think; then somebody changes the batch size. In 2024 such a denominator was found wrong where gradients are
# accumulated over several batches
# ([Fixing Gradient Accumulation](https://huggingface.co/blog/gradient_accumulation), Hugging Face).


# %%
def mse(prediction, target):
    return np.mean((prediction - target) ** 2)


def mse_gradient(prediction, target):  # of one number: no cotangent needed
    residual = prediction - target
    return 2 * residual, -2 * residual


rng = np.random.default_rng(1)
prediction, target = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
report = look((mse, mse_gradient), prediction, target)
report

# %% [markdown]
# Look at **analytic / numeric**. It is 12, and it is 12 in all 24 entries: one constant, so one forgotten factor.
# 12 is no number of mathematics; it is 4 × 3, the size of the input. The table of steps and the picture beside it tell
# whom to trust: the numeric value stays the same from step to step, to 8 digits and more, and so does its distance from
# the claim. A right gradient would go down with the estimated error.

# %%
assert report.cause.name == "factor"
assert report.failed == report.checked == 24
assert np.isclose(report.worst.ratio, 12, rtol=1e-9)
assert prediction.size == 4 * 3 == 12
assert np.ptp([step.numeric for step in report.worst.sweep]) < 1e-8 * abs(report.worst.numeric)


def mse_gradient(prediction, target):
    residual = (prediction - target) / prediction.size
    return 2 * residual, -2 * residual


gradcheck((mse, mse_gradient), prediction, target)

# %% [markdown]
# ## 2. The sign
#
# A lost minus turns descent into ascent. It can be costly: a refactoring at OpenAI flipped the sign of a reward, and
# overnight a language model was trained to be as bad as it could be
# ([Ziegler et al. 2019](https://arxiv.org/abs/1909.08593), section 4.4, "Bugs can optimize for bad behavior"). Here is
# the logistic loss of a margin.


# %%
def logistic_loss(margin):
    return np.log1p(np.exp(-margin))


def logistic_loss_vjp(margin, g):
    return g / (1 + np.exp(margin))


margin = np.random.default_rng(2).normal(size=5)
report = look((logistic_loss, logistic_loss_vjp), margin)
report

# %% [markdown]
# **analytic / numeric = −1**: all digits are right, the sign is not. The inner derivative of `exp(-margin)` is −1.

# %%
assert report.cause.name == "sign"
assert np.isclose(report.worst.ratio, -1, rtol=1e-9)
assert report.failed == report.checked == 5


def logistic_loss_vjp(margin, g):
    return -g / (1 + np.exp(margin))


gradcheck((logistic_loss, logistic_loss_vjp), margin)

# %% [markdown]
# ## 3. Transposed
#
# Few people derive the gradients of a matrix product; most arrange `x`, `w` and `g` until the shapes fit. It is good
# advice ([CS231n](https://cs231n.github.io/optimization-2/) gives it) until the matrix is square: then several
# arrangements fit.


# %%
def linear(x, w):
    return x @ w


def linear_vjp(x, w, g):
    return g @ w.T, g.T @ x


rng = np.random.default_rng(3)
x, w = rng.normal(size=(5, 3)), rng.normal(size=(3, 3))
report = look((linear, linear_vjp), x, w)
report

# %% [markdown]
# Look at the grid of **wrong entries**: of `w` all are wrong but those on the diagonal, 6 of 9, and none of `x`. The
# diagonal is what a transposition leaves in its place. And no number is missing: each is there, elsewhere.

# %%
assert report.cause.name == "transposed"
assert np.array_equal(report.wrong[1], ~np.eye(3, dtype=bool))
assert report.wrong[1].sum() == 6 == report.failed
assert not report.wrong[0].any()


def linear_vjp(x, w, g):
    return g @ w.T, x.T @ g


gradcheck((linear, linear_vjp), x, w)

# %% [markdown]
# ## 4. The bias of a batch
#
# "If i take partial derivative of loss with respect to bias it will give me upper gradient only": thus
# [a question of 2017](https://datascience.stackexchange.com/questions/20139), which wonders why everybody sums over the
# batch. Because the bias was copied to each example, and each copy sends a gradient back. Without the sum,
# `b = b - 0.1 * db` raises no error: the bias quietly becomes a matrix.


# %%
def affine(x, w, b):
    return x @ w + b


def affine_vjp(x, w, b, g):
    return g @ w.T, x.T @ g, g


rng = np.random.default_rng(4)
x, w, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
report = look((affine, affine_vjp), x, w, b)
report

# %% [markdown]
# This time there is no table of numbers, as there is nothing to compare: the gradient of `b` has shape (5, 2), `b` has
# (2,). The verdict says what was compared (21 entries, those of `x` and `w`, all right) and that **another rule** is
# broken. Its line says how to mend it.

# %%
assert report.cause.name == "broadcast"
stepped = b - 0.1 * affine_vjp(x, w, b, np.ones((5, 2)))[2]
assert stepped.shape == (5, 2)  # the bias is a matrix now
assert (report.checked, report.failed) == (21, 0)
assert x.size + w.size == 21
assert [finding.cause for finding in report.findings] == ["shape"]


def affine_vjp(x, w, b, g):
    return g @ w.T, x.T @ g, g.sum(axis=0)


gradcheck((affine, affine_vjp), x, w, b)

# %% [markdown]
# ## 5. The inner derivative
#
# Everybody knows `σ' = σ (1 − σ)`. That is the derivative by what stands in the brackets. If a product stands there,
# the chain rule wants one factor more, another one for each of the two, and it is easily forgotten for one.


# %%
def gate(x, w):
    return 1 / (1 + np.exp(-w * x))


def gate_vjp(x, w, g):
    y = gate(x, w)
    return g * y * (1 - y), g * y * (1 - y) * x


rng = np.random.default_rng(5)
x, w = rng.normal(size=6), rng.normal(size=6)
report = look((gate, gate_vjp), x, w)
report

# %% [markdown]
# The ratio of the worst entry tells nothing by itself. So the kit looks at the ratios of **all** entries, beside
# everything it knows: inputs, outputs and functions of them. Here numeric = analytic · `w`, all 6 times. The factor
# that is missing has a name.

# %%
assert report.cause.name == "inner"
assert "numeric = analytic * w in all 6 entries" in report.cause.message
assert report.wrong[0].sum() == 6
assert not report.wrong[1].any()


def gate_vjp(x, w, g):
    y = gate(x, w)
    return g * y * (1 - y) * w, g * y * (1 - y) * x


gradcheck((gate, gate_vjp), x, w)

# %% [markdown]
# ## 6. Softmax is not a sigmoid
#
# "If I derive it then I get `h (1 − h)` [...] However, this is wrong since my numerical gradient check fails": thus
# [a question on Cross Validated](https://stats.stackexchange.com/questions/79454/softmax-layer-in-a-neural-network).
# It is the derivative of a sigmoid. Of softmax, each output depends on *every* input; that formula is only the diagonal
# of the Jacobian.


# %%
def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_vjp(x, g):
    y = softmax(x)
    return g * y * (1 - y)


x = np.random.default_rng(6).normal(size=(3, 4))
report = look((softmax, softmax_vjp), x)
report

# %% [markdown]
# Look at the **derivative** in the table: an output by an input with *another* index, of the same row. There the claim
# is exactly 0, and the differences say that it is not. What lies off the diagonal was forgotten: `−y[i] y[j]`.

# %%
worst, y = report.worst, softmax(x)
assert report.cause.name == "term"
(_, (row, i)), (same_row, j) = worst.output, worst.index
assert row == same_row
assert i != j
assert worst.analytic == 0
assert np.isclose(worst.numeric, -y[row, i] * y[row, j], rtol=0, atol=worst.tolerance)


def softmax_vjp(x, g):
    y = softmax(x)
    return y * (g - np.sum(g * y, axis=-1, keepdims=True))


gradcheck((softmax, softmax_vjp), x)

# %% [markdown]
# With cross-entropy behind it, almost everything cancels: the gradient is `p − t`, the probabilities minus the one-hot
# labels, divided by the size of the batch. Forget the `t`, and the report looks quite different.


# %%
def cross_entropy(logits, labels):
    return -np.mean(np.log(softmax(logits)[np.arange(len(labels)), labels]))


def cross_entropy_gradient(logits, labels):
    return softmax(logits) / len(labels), None  # labels are integers, and have none


logits, labels = np.random.default_rng(7).normal(size=(4, 5)), np.array([0, 2, 1, 4])
report = look((cross_entropy, cross_entropy_gradient), logits, labels)
report

# %% [markdown]
# One **wrong entry** in each row, and its place is the label. The worst is **off by** 0.25, one over the batch of 4: a
# term that is missing only where a label stands.

# %%
assert report.cause.name == "entries"
assert np.array_equal(np.argwhere(report.wrong[0]), np.stack([np.arange(4), labels], axis=1))
assert np.isclose(report.worst.error, 0.25, rtol=0, atol=report.worst.tolerance)


def cross_entropy_gradient(logits, labels):
    p = softmax(logits)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels), None


gradcheck((cross_entropy, cross_entropy_gradient), logits, labels)

# %% [markdown]
# ## 7. The other side of zero
#
# To save memory one keeps the output and throws the input away; the sign of the output tells the side. For a leaky ReLU
# that is right, unless its slope is negative: then both sides give positive outputs. PyTorch's `leaky_relu_` had this
# bug ([issue 31938](https://github.com/pytorch/pytorch/issues/31938), 2020), and refuses negative slopes since.

# %%
slope = -2.0


def leaky_relu(x):
    return np.where(x > 0, x, slope * x)


def leaky_relu_vjp(x, g):
    y = leaky_relu(x)
    return np.where(y > 0, g, slope * g)


x = np.random.default_rng(8).normal(size=(4, 6))
report = look((leaky_relu, leaky_relu_vjp), x)
report

# %% [markdown]
# Not all entries are wrong, and the grid shows no figure; so what sets the wrong ones apart is not their place. It is
# their **sign**: wrong where `x < 0`, right where `x >= 0`, without exception. And there the ratio is −0.5: a slope of
# 1 where −2 is right.

# %%
assert report.cause.name == "region"
assert np.array_equal(report.wrong[0], x < 0)
assert np.isclose(report.worst.ratio, -0.5, rtol=1e-9)
assert (report.worst.analytic, round(report.worst.numeric, 9)) == (1, -2)


def leaky_relu_vjp(x, g):
    return np.where(x > 0, g, slope * g)


gradcheck((leaky_relu, leaky_relu_vjp), x)

# %% [markdown]
# ## 8. Only at the border
#
# The transpose of a convolution is a convolution with the kernel turned round, padded with zeros. If the forward pass
# pads with something else, that is still right nearly everywhere. PyTorch's `grid_sample` had a gradient as if padded
# with zeros, where it padded with the border
# ([issue 23925](https://github.com/pytorch/pytorch/issues/23925), 2019).

# %%
kernel = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


def windows(x, mode):
    return np.lib.stride_tricks.sliding_window_view(np.pad(x, 1, mode=mode), (3, 3))


def blur(x):
    return np.sum(windows(x, "edge") * kernel, axis=(-2, -1))


def blur_vjp(x, g):
    return np.sum(windows(g, "constant") * kernel[::-1, ::-1], axis=(-2, -1))


x = np.random.default_rng(9).normal(size=(6, 8))
report = look((blur, blur_vjp), x)
report

# %% [markdown]
# The **grid** says it all: a frame, 24 of 48 entries. Had you checked one entry, or a random direction with a generous
# tolerance in a large image, you might have missed it. The pixels at the border are used more than once, as their own
# copies, and each copy sends a gradient back: the same mistake as with the bias, in other clothes.

# %%
frame = np.ones((6, 8), bool)
frame[1:-1, 1:-1] = False
assert report.cause.name == "entries"
assert np.array_equal(report.wrong[0], frame)
assert (frame.sum(), frame.size) == (24, 48)


def blur_vjp(x, g):
    padded = np.zeros((8, 10))
    for i, j in np.ndindex(3, 3):
        padded[i : i + 6, j : j + 8] += kernel[i, j] * g
    padded[1] += padded[0]  # what went to the copies comes home
    padded[-2] += padded[-1]
    padded[:, 1] += padded[:, 0]
    padded[:, -2] += padded[:, -1]
    return padded[1:-1, 1:-1].copy()


gradcheck((blur, blur_vjp), x)

# %% [markdown]
# ## 9. Which of all these layers?
#
# In a deep network a wrong rule spoils the gradients of everything before it, and the report of the whole says: nearly
# all wrong. For functions of Tensors the kit can look inside. Below are three functions with gradients by hand and a
# network of three blocks. One rule is wrong; this is a real kernel's bug, of which its report says "Silent —
# loss still decreases" ([tt-metal, issue 53204](https://github.com/tenstorrent/tt-metal/issues/53204)).


# %%
@ag.custom_vjp
def affine(x, w, b):
    return x @ w + b


affine.defvjp(
    lambda x, w, b: (affine(x, w, b), (x, w)),
    lambda saved, g: (g @ saved[1].T, saved[0].T @ g, np.sum(g, axis=0)),
)


@ag.custom_vjp
def swish(x):
    return x / (1 + np.exp(-x))


swish.defvjp(
    lambda x: (swish(x), (x, 1 / (1 + np.exp(-x)))),
    lambda saved, g: (g * (saved[1] + saved[0] * saved[1] * (1 - saved[1])),),
)


def deviation(x):
    centred = x - np.mean(x, axis=-1, keepdims=True)
    return np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-5)


@ag.custom_vjp
def layer_norm(x):
    return (x - np.mean(x, axis=-1, keepdims=True)) / deviation(x)


def layer_norm_backward(saved, g):
    y, s = saved
    mean = lambda a: np.mean(a, axis=-1, keepdims=True)
    return ((g - 2 * mean(g) - y * mean(g * y)) / s,)


layer_norm.defvjp(lambda x: (layer_norm(x), (layer_norm(x), deviation(x))), layer_norm_backward)


def network(x, parameters):
    for w, b in parameters[:-1]:
        h = affine(x, w, b)
        h = layer_norm(h)
        x = swish(h)
    return affine(x, *parameters[-1])


rng = np.random.default_rng(10)
widths = [3, 5, 5, 4, 2]
parameters = [(rng.normal(size=(m, n)), rng.normal(size=n)) for m, n in pairwise(widths)]
x = rng.normal(size=(4, 3))
report = look(network, x, parameters)
report

# %% [markdown]
# Of 9 inputs 7 are wrong: `x` and the first three pairs of parameters. The last pair is right, so the mistake lies
# between. The line **operation** names it: `layer_norm`, and the line that called it. The kit put differences to every
# value on the way, from the output back, and stopped at the first whose gradient is wrong. The suspected cause speaks
# of that operation only: in each row the same number is too much or too little. Indeed: `mean(g)` is subtracted twice.

# %%
assert report.operation.startswith("layer_norm at ")
assert report.cause.name == "term"
assert "constant in each slice along axis 1" in report.cause.message
wrong = {label for label, mask in zip(report.labels, report.wrong, strict=True) if mask.any()}
assert (len(wrong), len(report.labels)) == (7, 9)
assert set(report.labels) - wrong == {"parameters[3][0]", "parameters[3][1]"}


def layer_norm_backward(saved, g):
    y, s = saved
    mean = lambda a: np.mean(a, axis=-1, keepdims=True)
    return ((g - mean(g) - y * mean(g * y)) / s,)


layer_norm.defvjp(lambda x: (layer_norm(x), (layer_norm(x), deviation(x))), layer_norm_backward)

gradcheck(network, x, parameters)

# %% [markdown]
# ## 10. Right, until you differentiate it again
#
# A gradient penalty, a Hessian-vector product, Newton's method: they differentiate the gradient. So the rule itself
# must be differentiable, down to what it saved in the forward pass. It is tempting to cut that from the graph ("it is
# only a saved value"); the first derivative is then right, the second silently wrong. The same trap in PyTorch is
# described in [issue 58509](https://github.com/pytorch/pytorch/issues/58509).


# %%
@ag.custom_vjp
def softplus(x):
    return np.log1p(np.exp(x))


softplus.defvjp(
    lambda x: (softplus(x), ag.stop_gradient(1 / (1 + np.exp(-x)))),
    lambda sigmoid, g: (g * sigmoid,),
)

x = np.random.default_rng(11).normal(size=4)
first = gradcheck(softplus, x)
report = look(softplus, x, order=2)
report

# %% [markdown]
# The first line says **second derivative**; further down it says that lower orders are right. Every check of first
# order passes, and so does training, until the day somebody adds a gradient penalty. Why is the output squared? The
# second derivative of a linear function is zero, and a check of zero sees nothing.

# %%
assert first.ok
assert (report.cause.name, report.order) == ("second order", 2)

softplus.defvjp(
    lambda x: (softplus(x), 1 / (1 + np.exp(-x))),
    lambda sigmoid, g: (g * sigmoid,),
)

gradcheck(softplus, x, order=2)

# %% [markdown]
# ## And one that is right although it looks wrong
#
# The hinge loss stops where the margin is 1. There its gradient is said to be 0, by convention; a central difference
# says −0.5. Whoever compares the two blames the gradient, and loses an afternoon
# ([CS231n](https://cs231n.github.io/neural-networks-3/#gradcheck) warns of it).


# %%
def hinge_loss(margin):
    return np.sum(np.maximum(0, 1 - margin))


def hinge_loss_gradient(margin):
    return -(margin < 1).astype(margin.dtype)


margin = np.array([-0.5, 1.0, 2.0])
assert np.isclose((hinge_loss(1 + 1e-6) - hinge_loss(1 - 1e-6)) / 2e-6, -0.5, rtol=1e-9)
assert hinge_loss_gradient(margin)[1] == 0

report = look((hinge_loss, hinge_loss_gradient), margin)
report

# %% [markdown]
# The function has a **kink** there: from the left it falls, from the right it is level. There is no derivative, hence
# nothing to judge; the kit says so, and judges the other 2.

# %%
assert report.ok
assert (report.kinks, report.checked) == (1, 3)
assert report.kink.index == (1,)
assert report.kink.backward < 0 == report.kink.forward

# %% [markdown]
# ## From one check to a test
#
# All the checks above used one input each. A bug that shows only for large inputs, or for a batch of one, needs a lucky
# draw. `given_gradcheck` lets [Hypothesis](https://hypothesis.readthedocs.io) draw the inputs, and makes a
# property-based test; one line in a test file is enough. Here is Huber's loss, quadratic in the middle and linear
# beyond 1, of which somebody wrote the quadratic half.

# %%
from autograd_core.testing import PROFILES, GradientMismatch, given_gradcheck
from autograd_core.testing.strategies import away_from


def huber(x):
    return np.where(np.abs(x) <= 1, x**2 / 2, np.abs(x) - 0.5)


def huber_vjp(x, g):
    return g * x


assert gradcheck((huber, huber_vjp), np.array([0.3, -0.7, 0.1]))  # unlucky: it passes

# away from the two places where the pieces meet; the profile `dev` always draws the same
options = {"domain": away_from(-1, 1), "settings": PROFILES["dev"]}
test_huber = given_gradcheck((huber, huber_vjp), **options)

try:
    test_huber()
except GradientMismatch as mismatch:
    report = mismatch.report
report

# %% [markdown]
# Not only is the bug found: the input was **shrunk** to the simplest that shows it, the single number 2, and the lines
# at the end of the report reproduce it. But do not trust the suspected cause here. It says "a factor 2", as it can only
# speak of the numbers it has, and one number is too few to tell a wrong factor from a wrong formula. With an input
# found, show the kit more of its kind:

# %%
assert (report.cause.name, report.inputs[0].size, report.inputs[0].item()) == ("factor", 1, 2)

report = look((huber, huber_vjp), np.linspace(-3, 3, 12))
report

# %% [markdown]
# Look at the grid: wrong at both ends, right in the middle, which is where `|x| > 1`. (The threshold in the sentence is
# some round number between the two groups, no more.) Now it is clear what is missing, and the mended gradient passes
# for everything that is drawn.

# %%
assert report.cause.name == "region"
assert np.array_equal(report.wrong[0], np.abs(np.linspace(-3, 3, 12)) > 1)


def huber_vjp(x, g):
    return g * np.clip(x, -1, 1)


test_huber = given_gradcheck((huber, huber_vjp), **options)
test_huber()

# %% [markdown]
# ## Exercises
#
# **A.** From the question of bug 4, word for word: the gradient through a sigmoid, `dz2=dh2*(1-dh2)`. What rule of
# derivatives does it break, even before any number is compared? Look at `report_a`, then mend it.


# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_vjp(x, g):
    return g * (1 - g)


report_a = look((sigmoid, sigmoid_vjp), np.random.default_rng(12).normal(size=4))
assert not report_a.ok

# %% [markdown]
# **B.** This class saves memory: it has one buffer for its gradients. All numbers are right. What goes wrong when it is
# used for two layers of a network? Look at `report_b`.


# %%
class Square:
    def __init__(self, shape):
        self.buffer = np.empty(shape)

    def forward(self, x):
        return x**2

    def vjp(self, x, g):
        return np.multiply(2 * x, g, out=self.buffer)


square = Square(3)
report_b = look((square.forward, square.vjp), np.array([1.0, -0.5, 2.0]))
assert not report_b.ok

# %% [markdown]
# **C.** Write the VJP of `y = x / ‖x‖` for a batch of rows, without looking it up, and put it to
# `given_gradcheck((normalized, normalized_vjp), shapes=[(4, 3)])`. How many attempts did you need, and which causes did
# you see?
#
# ### Solutions
#
# **A.** The gradient is *not linear in the cotangent*, and a VJP always is: twice the cotangent must give twice the
# gradient. `σ (1 − σ)` was applied to the gradient and not to the output. **B.** The second call overwrites what the
# first one returned: *aliasing*. Return a new array. **C.** `(g − y (g · y)) / ‖x‖`, row by row.


# %%
def normalized(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def normalized_vjp(x, g):
    y, length = normalized(x), np.linalg.norm(x, axis=-1, keepdims=True)
    return (g - y * np.sum(g * y, axis=-1, keepdims=True)) / length


assert report_a.cause.name == "cotangent"
assert (report_b.cause.name, report_b.failed) == ("aliasing", 0)
assert gradcheck((sigmoid, lambda x, g: g * sigmoid(x) * (1 - sigmoid(x))), np.array([0.5, -2.0]))
given_gradcheck((normalized, normalized_vjp), shapes=[(4, 3)], settings=PROFILES["dev"])()
