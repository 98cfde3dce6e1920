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
# # Learning: small steps downhill
#
# A network learns by walking downhill on its loss. This notebook takes the walk apart: how long a step may be, why
# momentum helps, which loss makes a wrong neuron learn fast, what softmax does, why a few examples are enough for a
# step, and what a bad learning rate looks like. At the end you can look at a curve of training and say what is wrong
# with it, and you have seen every formula agree with the numbers.

# %%
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np

import autograd_core as ag
import nn
from nn import functional as F

RED, BLUE, GREY = "#b3261e", "#1f5fa8", "0.55"
plt.rcParams.update({"figure.dpi": 110, "axes.spines.top": False, "axes.spines.right": False, "font.size": 9})

# %% [markdown]
# ## 1. One step downhill
#
# The gradient ∇f points to where the loss f grows fastest, so a step goes the other way. In the notes' words
# $L_{N+1} = L_N - \gamma \nabla f(L_N)$: the parameters after step N + 1, from those after step N. The number γ is the
# learning rate, the step's length for a slope of 1. `nn.optim.SGD` does exactly that, unless it is asked for more.


# %%
def descend(f, start, steps, **options):
    """The points that gradient descent visits on its way down f."""
    w = ag.tensor(np.array(start, float), requires_grad=True)
    optimizer = nn.optim.SGD([w], **options)
    path = [w.data.copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        f(w).backward()
        optimizer.step()
        path.append(w.data.copy())
    return np.array(path)


# %% [markdown]
# Take the simplest valley there is, f(w) = ½ λ w². Its slope is λ w, so a step makes w − γ λ w of w: it **multiplies w
# by 1 − γ λ**. The curvature λ is 4 here, and the four pictures are four learning rates from the same start.

# %%
curvature = 4.0
parabola = lambda w: curvature * w**2 / 2
rates = {0.05: "creeps", 0.25: "arrives in one step", 0.45: "jumps across, comes back", 0.52: "leaves"}

fig, axes = plt.subplots(1, 4, figsize=(9, 2.7), sharex=True, sharey=True, layout="constrained")
w = np.linspace(-1.7, 1.7, 200)
for ax, (rate, words) in zip(axes, rates.items(), strict=True):
    path = descend(parabola, 1.0, 12, lr=rate)
    ax.plot(w, parabola(w), color="0.75")
    ax.plot(path, parabola(path), "o-", ms=3.5, lw=0.9, color=RED if words == "leaves" else BLUE)
    ax.plot(path[0], parabola(path[0]), "o", ms=6, mfc="white", mec="0.2")
    ax.set(title=f"γ = {rate}:\n{words}", xlabel="w", xlim=(-1.7, 1.7), ylim=(-0.2, 5))
axes[0].set_ylabel("f(w)")
plt.show()

# %% [markdown]
# The ring is the start. The second picture has the rate 1/λ, which is perfect for this valley; from 2/λ on, here 0.5,
# every jump lands higher on the other side than it began. Just below that border the walk converges, just above it
# does not:

# %%
for rate in rates:
    path = descend(parabola, 1.0, 12, lr=rate)
    assert np.allclose(path, (1 - rate * curvature) ** np.arange(13), rtol=1e-12, atol=1e-15)
assert descend(parabola, 1.0, 1, lr=1 / curvature)[1] == 0

limit = 2 / curvature
assert abs(descend(parabola, 1.0, 5000, lr=0.999 * limit)[-1]) < 1e-4
assert abs(descend(parabola, 1.0, 5000, lr=1.001 * limit)[-1]) > 1e4

# %% [markdown]
# ## 2. Two dimensions: the steepest direction decides
#
# A valley in two dimensions is f(w) = ½ wᵀA w with a symmetric matrix A. Along each eigenvector of A it is a parabola
# of its own, whose curvature is the eigenvalue; gradient descent walks in all of them at once, with one rate for all.
# Every factor 1 − γ λ must lie between −1 and 1, so it converges if and only if the rate is small enough for the
# largest eigenvalue: **γ < 2/λ_max**. Below, the eigenvalues are 1 and 10.

# %%
turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
A = turn @ np.diag([1.0, 10.0]) @ turn.T
valley = lambda w: w @ (A @ w) / 2
limit = 2 / np.linalg.eigvalsh(A).max()
start = turn @ [-3.0, 0.6]


def contours(ax, f, x, y, levels):
    """Lines of equal height over the plane."""
    points = np.stack(np.meshgrid(x, y), axis=-1)
    heights = np.array([[float(f(point)) for point in row] for row in points])
    ax.contour(x, y, heights, levels=levels, colors="0.8", linewidths=0.8)
    ax.set_aspect("equal")


fig, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True, layout="constrained")
titles = "γ = 0.04: down, then along", "γ = 0.19: zigzag", "γ = 0.205: out"
for ax, rate, title in zip(axes, (0.04, 0.19, 0.205), titles, strict=True):
    contours(
        ax, valley, np.linspace(-3.6, 3, 60), np.linspace(-2.4, 2.4, 50), np.array([0.1, 0.5, 1.5, 3.5, 7, 12, 20])
    )
    path = descend(valley, start, 40, lr=rate)
    ax.plot(*path.T, "o-", ms=2.5, lw=0.9, color=RED if rate > limit else BLUE)
    ax.plot(*start, "o", ms=6, mfc="white", mec="0.2")
    ax.plot(0, 0, "+", color="0.2")
    ax.set(title=title, xlim=(-3.6, 3), ylim=(-2.4, 2.4), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
plt.show()

# %% [markdown]
# The lines are of equal height, the cross is the minimum, and each picture has 40 steps. On the left the path falls
# into the valley and then has hardly any slope left to follow. On the right it makes progress along the valley and all
# the same gets lost, because it swings ever wider across. The border holds for any such valley; here are twenty random
# ones in five dimensions, 1 % below it and 1 % above:

# %%
assert np.isclose(limit, 0.2, rtol=1e-12)
assert np.linalg.norm(descend(valley, start, 400, lr=0.19)[-1]) < 1e-9
assert np.linalg.norm(descend(valley, start, 400, lr=0.205)[-1]) > 1e6

rng = np.random.default_rng(0)
for _ in range(20):
    axes_of_it = np.linalg.qr(rng.normal(size=(5, 5))).Q
    B = axes_of_it @ np.diag(rng.uniform(1, 10, size=5)) @ axes_of_it.T
    bowl, begin, border = lambda w, B=B: w @ (B @ w) / 2, rng.normal(size=5), 2 / np.linalg.eigvalsh(B).max()
    below = np.linalg.norm(descend(bowl, begin, 300, lr=0.99 * border)[-1])
    above = np.linalg.norm(descend(bowl, begin, 300, lr=1.01 * border)[-1])
    assert below < 1e-2 < 10 < above

# %% [markdown]
# ## 3. A loss that is no parabola
#
# Near its minimum a smooth loss looks like a valley of section 2, and A is its matrix of second derivatives, the
# Hessian (`ag.hessian`). So 2/λ_max is a border for real losses too. Here is logistic regression on two half moons,
# with three parameters. Newton's method finds the minimum; then gradient descent starts a thousandth away from it.

# %%
points, classes = (t.numpy().astype(float) for t in nn.datasets.moons(200, noise=0.2, rng=0).tensors)
inputs = np.column_stack([points, np.ones(200)])
logistic = lambda w: F.binary_cross_entropy_with_logits(inputs @ w, classes)

minimum = np.zeros(3)
for _ in range(10):
    minimum -= np.linalg.solve(ag.hessian(logistic)(minimum), ag.grad(logistic)(minimum))

eigenvalues, eigenvectors = np.linalg.eigh(ag.hessian(logistic)(minimum))
border = 2 / eigenvalues[-1]
nearby = minimum + 1e-3 * eigenvectors[:, -1]
distance = {
    factor: np.linalg.norm(descend(logistic, nearby, 400, lr=factor * border) - minimum, axis=1)
    for factor in (0.98, 1.02)
}

fig, ax = plt.subplots(figsize=(7, 3))
ax.semilogy(distance[0.98], color=BLUE)
ax.semilogy(distance[1.02], color=RED)
ax.text(210, 1e-6, "2 % below the border: it settles", color=BLUE)
ax.text(400, 0.1, "2 % above: it leaves, but not for ever", color=RED, ha="right", va="top")
ax.set(
    xlabel="step", ylabel="distance from the minimum", title=f"Logistic regression: the border is at γ = {border:.1f}"
)
plt.show()

# %% [markdown]
# One thing is different from a parabola: above the border the distance stops growing. Further out this loss is less
# curved, the border is higher there, and the walk ends as a jump to and fro around a minimum it cannot enter. A loss
# that neither falls nor explodes may be one that is just above its border.

# %%
assert np.linalg.norm(ag.grad(logistic)(minimum)) < 1e-12
assert distance[0.98][-1] < 1e-6
assert 0.1 < distance[1.02][-1] < 10
to_and_fro = descend(logistic, nearby, 1001, lr=1.02 * border)[-3:]
assert np.allclose(to_and_fro[0], to_and_fro[2], atol=1e-6)
assert np.linalg.norm(to_and_fro[0] - to_and_fro[1]) > 0.1

# %% [markdown]
# ## 4. Momentum and the condition number
#
# One rate has to do for all directions. The best one, γ = 2/(λ_min + λ_max), still leaves (κ − 1)/(κ + 1) of the
# distance in each step. The number κ = λ_max/λ_min is the condition number: the larger it is, the narrower the valley.
#
# **Momentum** remembers. The step is no longer the gradient but a running sum of gradients, v ← β v + ∇f, w ← w − γ v.
# Across the valley the gradients change sign and cancel in the sum; along it they add up. With the best β and γ
# (Polyak's) a step leaves about (√κ − 1)/(√κ + 1) of the distance.


# %%
def best(kappa, momentum):
    """The options that are best for curvatures from 1 to kappa."""
    root = np.sqrt(kappa)
    if momentum:
        return {"lr": (2 / (root + 1)) ** 2, "momentum": ((root - 1) / (root + 1)) ** 2}
    return {"lr": 2 / (1 + kappa)}


def steps_needed(kappa, momentum, accuracy=1e-6):
    """How many steps it takes until the distance from the minimum is so much of what it was."""
    curvatures = np.array([1.0, kappa])
    path = descend(lambda w: (curvatures * w**2).sum() / 2, [1.0, 1.0], int(9 * kappa), **best(kappa, momentum))
    lengths = np.linalg.norm(path, axis=1)
    return int(np.argmax(lengths < accuracy * lengths[0]))


kappas = 4, 10, 30, 100, 300
needed = {momentum: [steps_needed(kappa, momentum) for kappa in kappas] for momentum in (False, True)}

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained", width_ratios=(1.3, 1))
long_valley, walked = lambda w: (w[0] ** 2 + 30 * w[1] ** 2) / 2, {}
contours(
    left, long_valley, np.linspace(-3.3, 1.2, 60), np.linspace(-0.75, 0.75, 40), np.array([0.1, 0.5, 1.5, 3.5, 7, 12])
)
for momentum, color, words in ((False, GREY, "plain"), (True, BLUE, "with momentum")):
    path = walked[momentum] = descend(long_valley, [-3.0, 0.25], 20, **best(30, momentum))
    left.plot(*path.T, "o-", ms=2.5, lw=0.9, color=color)
    right.loglog(kappas, needed[momentum], "o-", ms=4, color=color)
    right.text(kappas[-1] * 1.1, needed[momentum][-1], words, color=color, va="center")
left.plot(0, 0, "+", color="0.2", ms=9)
left.set(title="κ = 30: twenty steps of each", xticks=[], yticks=[])
left.spines[:].set_visible(False)
right.set(xlabel="condition number κ", title="steps to a millionth of the distance", xlim=(3.5, 2000))
right.minorticks_off()
right.set_xticks(kappas, kappas)
plt.show()

print("condition number", *(f"{kappa:6}" for kappa in kappas))
print("plain steps     ", *(f"{n:6}" for n in needed[False]))
print("with momentum   ", *(f"{n:6}" for n in needed[True]))

# %% [markdown]
# Both paths swing from wall to wall, but the blue one has arrived where the grey one is still on its way. On the right
# one line grows like κ and the other like √κ: at κ = 300 momentum saves nine steps in ten. The border moves as well,
# to 2 (1 + β)/λ_max.

# %%
remains = {momentum: np.linalg.norm(path[-1]) / np.linalg.norm(path[0]) for momentum, path in walked.items()}
assert np.isclose(remains[False], (29 / 31) ** 20, rtol=1e-9)  # a quarter
assert remains[True] < 0.05
for kappa, plain, heavy in zip(kappas, needed[False], needed[True], strict=True):
    shrinking, root = (kappa - 1) / (kappa + 1), np.sqrt(kappa)
    assert plain == int(np.ceil(np.log(1e-6) / np.log(shrinking)))
    assert heavy < 2 * np.log(1e-6) / np.log((root - 1) / (root + 1))  # somewhat more at first, while v is filled
assert needed[True][-1] < needed[False][-1] / 9

wide_border = 2 * (1 + 0.9) / 10
assert np.linalg.norm(descend(valley, start, 2000, lr=0.99 * wide_border, momentum=0.9)[-1]) < 1e-6
assert np.linalg.norm(descend(valley, start, 2000, lr=1.01 * wide_border, momentum=0.9)[-1]) > 1e6

# %% [markdown]
# ## 5. The scale of a loss
#
# A loss measures how far the outputs a are from the targets y. The notes use the squared error in two scales: most of
# them ½ (y − a)², one (a − y)². Then there is the question what happens to several outputs and several examples: are
# they added up or averaged? Each answer multiplies the gradient by a number, and the learning rate must be divided by
# it. So the scale has to be said, and the names say it: `mse_loss` has no ½, `quadratic_loss` has it, `reduction=`
# tells how the squares are put together.

# %%
rng = np.random.default_rng(0)
a, y = rng.random((5, 3)), rng.random((5, 3))  # five examples, three outputs each
gradient_by_outputs = lambda loss: ag.grad(lambda a: loss(a, y))(a)

scales = {
    "mse_loss, sum": gradient_by_outputs(lambda a, y: F.mse_loss(a, y, reduction="sum")),
    "mse_loss, mean": gradient_by_outputs(lambda a, y: F.mse_loss(a, y, reduction="mean")),
    "quadratic_loss, sum": gradient_by_outputs(lambda a, y: F.quadratic_loss(a, y, reduction="sum")),
    "quadratic_loss, mean": gradient_by_outputs(lambda a, y: F.quadratic_loss(a, y, reduction="mean")),
}
for name, gradient in scales.items():
    print(f"{name:21} gradient = {(gradient / (a - y)).mean():.4f} × (a − y)")

# %% [markdown]
# The sum has no other factor than the 2 of the square, or none. The mean of `mse_loss` is over all 15 numbers, that of
# `quadratic_loss` over the 5 examples only, as in Nielsen's book.

# %%
assert np.allclose(scales["mse_loss, sum"], 2 * (a - y), rtol=1e-12)
assert np.allclose(scales["mse_loss, mean"], 2 * (a - y) / 15, rtol=1e-12)
assert np.allclose(scales["quadratic_loss, sum"], a - y, rtol=1e-12)
assert np.allclose(scales["quadratic_loss, mean"], (a - y) / 5, rtol=1e-12)

# %% [markdown]
# **Where the notes differ.** One slide computes the derivative by the bias from C₀ = (a − y)², and so has a factor 2:
# ∂C₀/∂b = σ'(z) · 2 (a − y). All others begin with ½ (y − a)², and have none. Both are right, each for its own loss.
# If you take the loss from one and the formula from the other, your gradient is twice or half of what it should be,
# and nothing will tell you, for it only looks like another learning rate: below, (a − y)² at a rate of 0.25 and ½ (y −
# a)² at 0.5 walk the same path, to the last bit.

# %%
z, target = 0.7, np.zeros(1)
slope = ag.sigmoid(z) * (1 - ag.sigmoid(z))
without_half = ag.grad(lambda b: F.mse_loss(ag.sigmoid(b), target))(np.array([z])).item()
with_half = ag.grad(lambda b: F.quadratic_loss(ag.sigmoid(b), target))(np.array([z])).item()
# the slide's formula for its loss, the others' for theirs
assert np.isclose(without_half, slope * 2 * ag.sigmoid(z), rtol=1e-12)
assert np.isclose(with_half, slope * ag.sigmoid(z), rtol=1e-12)
assert without_half == 2 * with_half

one = descend(lambda b: F.quadratic_loss(ag.sigmoid(b), target), [z], 100, lr=0.5)
other = descend(lambda b: F.mse_loss(ag.sigmoid(b), target), [z], 100, lr=0.25)
assert np.array_equal(one, other)

# %% [markdown]
# ## 6. A neuron that starts wrong
#
# Here is the experiment with which Nielsen's [chapter 3](http://neuralnetworksanddeeplearning.com/chap3.html) begins,
# and the notes follow him. One neuron, a = σ(w x + b), has one thing to learn: give 0 for the input x = 1. The loss is
# ½ (y − a)² with y = 0, the learning rate is 0.15, there are 300 steps. It starts once at (w, b) = (0.6, 0.9), and
# once at (2, 2), where its answer is quite wrong.


# %%
def quadratic(a, y):
    return (a - y) ** 2 / 2


def train(cost, rate, start, epochs=300, x=1.0, y=0.0):
    """What the neuron answers, before the first epoch and after each."""
    w, b = (ag.tensor(value, requires_grad=True) for value in start)
    optimizer = nn.optim.SGD([w, b], lr=rate)
    answers = [ag.sigmoid(w * x + b).item()]
    for _ in range(epochs):
        optimizer.zero_grad()
        cost(ag.sigmoid(w * x + b), y).backward()
        optimizer.step()
        answers.append(ag.sigmoid(w * x + b).item())
    return np.array(answers)


starts = (0.6, 0.9), (2.0, 2.0)
slow = {start: train(quadratic, 0.15, start) for start in starts}


def beside_each_other(runs):
    """The answers epoch by epoch, from each start; runs are a name, a colour and the answers by start."""
    fig, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
    for ax, start in zip(axes, starts, strict=True):
        for i, (name, color, answers) in enumerate(runs):
            curve = answers[start]
            ax.plot(curve, color=color)
            ax.text(305, curve[-1] + 0.03 * (1 - i), f"{curve[-1]:.4f}{name}", color=color, va="center")
        ax.text(4, curve[0] + 0.02, f"{curve[0]:.4f}", va="bottom")
        ax.set(title=f"start (w, b) = {start}", xlabel="epoch", xlim=(-8, 420), ylim=(-0.06, 1.1))
        ax.set_xticks(range(0, 301, 50))
        ax.spines.bottom.set_bounds(-8, 308)
    axes[0].set_ylabel("answer a, should be 0")
    plt.show()


beside_each_other([("", BLUE, slow)])

# %% [markdown]
# People learn fastest from their worst mistakes. This neuron does not: from the bad start, half of the time passes,
# 150 epochs, and it has hardly moved.

# %%
assert [round(slow[0.6, 0.9][i], 4) for i in (0, -1)] == [0.8176, 0.0940]
assert [round(slow[2.0, 2.0][i], 4) for i in (0, -1)] == [0.9820, 0.2028]
first_half, whole = (slow[2.0, 2.0][0] - slow[2.0, 2.0][i] for i in (150, 300))
assert first_half / whole < 0.07  # of what it learns, in half of the time
assert slow[0.6, 0.9][150] < 0.16  # from the better start it is nearly done by then

# %% [markdown]
# ## 7. Why it is slow
#
# By the chain rule ∂C/∂b = (a − y) σ'(z). The error a − y is as large as can be, but it is multiplied by the slope of
# the sigmoid, and where the sigmoid is flat that is next to nothing. `ag.explain` takes the derivative apart, factor
# by factor.

# %%
w, b = ag.tensor(2.0, requires_grad=True), ag.tensor(2.0, requires_grad=True)
x, y = 1.0, 0.0
z = w * x + b
a = ag.sigmoid(z)
C = quadratic(a, y)
explained = ag.explain(C, b)
print(explained)

# %% [markdown]
# The line of `a` has the culprit: the slope of the sigmoid at z = 4 is 0.0177. Two percent of the error arrive at b.

# %%
error, slope = a.item(), a.item() * (1 - a.item())
assert np.isclose(explained.total, error * slope, rtol=1e-12)
assert round(slope, 4) == 0.0177
assert round(slope / 0.25, 2) == 0.07  # of the steepest slope that a sigmoid has

# %% [markdown]
# ## 8. Cross-entropy
#
# The way out is another cost. We would like ∂C/∂b to be the error a − y itself, with no slope in front of it. The cost
# which has that derivative can be found backwards, and it is the **cross-entropy**
#
# $$C = -\frac{1}{n} \sum [y \ln a + (1 - y) \ln (1 - a)]$$
#
# It is positive, and 0 only for an answer that is right; for a wrong answer of which the neuron is sure it grows
# without limit. Here is the same neuron, with the rate of 0.15 and also with 0.005, which is the book's for this cost.


# %%
def cross_entropy(a, y):
    return -(y * ag.log(a) + (1 - y) * ag.log(1 - a))


careful = {start: train(cross_entropy, 0.005, start) for start in starts}
quick = {start: train(cross_entropy, 0.15, start) for start in starts}
beside_each_other([(" quadratic", GREY, slow), (", rate 0.005", "#6a9fd0", careful), (", rate 0.15", BLUE, quick)])

# %% [markdown]
# The dark blue curves are cross-entropy with the rate of the grey ones. Do not compare their speeds, as costs have
# scales; compare the two starts. The bad one costs the quadratic neuron 196 epochs more until its answer is below ½,
# and the other neuron 9. The light blue curves have a rate thirty times smaller, and yet from the bad start they keep
# up with the grey one for 150 epochs: the very first step moves z = w + b by 2 γ (a − y), as if there were no sigmoid.

# %%
assert [round(careful[start][-1], 4) for start in starts] == [0.4177, 0.7796]
assert [round(quick[start][-1], 4) for start in starts] == [0.0116, 0.0120]
assert [round(careful[start][0], 4) for start in starts] == [0.8176, 0.9820]
below_half = lambda answers: [int(np.argmax(answers[start] < 0.5)) for start in starts]
print("epochs until the answer is below ½: quadratic", below_half(slow), "cross-entropy", below_half(quick))
assert (np.diff(below_half(slow)).item(), np.diff(below_half(quick)).item()) == (196, 9)
logit = lambda a: np.log(a / (1 - a))  # z, from the answer
assert careful[2.0, 2.0][150] < slow[2.0, 2.0][150]
first_move = logit(careful[2.0, 2.0][0]) - logit(careful[2.0, 2.0][1])
assert np.isclose(first_move, 2 * 0.005 * careful[2.0, 2.0][0], rtol=1e-9)

# %% [markdown]
# The next picture is why. Both costs depend on z = w + b only, so they can be drawn as hills. The dots are the neuron,
# every 30 epochs at a rate of 0.15.

# %%
z = np.linspace(-5, 5, 200)
fig, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
hills = (quadratic, slow, "Quadratic: a plateau"), (cross_entropy, quick, "Cross-entropy: a slope, all the way up")
for ax, (cost, answers, title) in zip(axes, hills, strict=True):
    ax.plot(z, cost(ag.sigmoid(z), 0.0), color="0.75")
    visited = answers[2.0, 2.0][::30]
    ax.plot(logit(visited), cost(visited, 0.0), "o", ms=5, color=BLUE, alpha=0.7)
    ax.plot(4, cost(ag.sigmoid(4.0), 0.0), "o", ms=9, mfc="none", mec="0.2")
    ax.annotate("start", (4, cost(ag.sigmoid(4.0), 0.0)), (0, -16), textcoords="offset points", ha="center")
    ax.set(title=title, xlabel="z = w + b", ylabel="cost")
plt.show()

# %% [markdown]
# The quadratic cost is bounded, so it must become flat, and a walker at the top has no slope to go by: six of the
# eleven dots stand crowded on the plateau. The cross-entropy rises like z itself, with slope 1.

# %%
assert (logit(slow[2.0, 2.0][::30]) > 2.3).sum() == 6
assert len(slow[2.0, 2.0][::30]) == 11
far_up = (
    ag.grad(lambda z: cross_entropy(ag.sigmoid(z), 0.0))(20.0),
    ag.grad(lambda z: quadratic(ag.sigmoid(z), 0.0))(20.0),
)
assert np.isclose(far_up[0], 1, atol=1e-8)
assert far_up[1] < 1e-8

# %% [markdown]
# ## 9. The minus that is missing
#
# **Where the notes are wrong.** They write the cross-entropy as $\frac{1}{n} \sum y \ln a + (1 - y) \ln (1 - a)$,
# without the minus in front. That number is never positive and has no smallest value, so it is no cost. Its gradient
# is exactly the negative of the right one, and a neuron that walks down this gradient moves away from the answer. The
# final formulas on the same slide, $\partial C / \partial w_j = \frac{1}{n} \sum x_j (\sigma(z) - y)$ and
# $\partial C / \partial b = \frac{1}{n} \sum (\sigma(z) - y)$, are right: they are those of the version with the
# minus.


# %%
def as_noted(a, y):
    return y * ag.log(a) + (1 - y) * ag.log(1 - a)


uphill = train(as_noted, 0.005, (0.6, 0.9))

fig, ax = plt.subplots(figsize=(7, 3))
ax.plot(uphill, color=RED)
ax.plot(careful[0.6, 0.9], color=BLUE)
ax.text(300, uphill[-1] + 0.02, "without the minus", color=RED, ha="right", va="bottom")
ax.text(300, careful[0.6, 0.9][-1] + 0.05, "with it", color=BLUE, ha="right", va="bottom")
ax.set(xlabel="epoch", ylabel="answer a, should be 0", ylim=(0, 1.15), title="One sign")
plt.show()

# %% [markdown]
# With 40 examples of 3 inputs each, all of it again: the notes' final formulas against the gradient of both versions.

# %%
rng = np.random.default_rng(0)
x, y = rng.normal(size=(40, 3)), rng.integers(0, 2, size=40).astype(float)
w, b = rng.normal(size=3), 0.3
error = ag.sigmoid(x @ w + b) - y
formula_w, formula_b = x.T @ error / 40, error.mean()  # the notes' last line

right_w, right_b = ag.grad(lambda w, b: ag.mean(cross_entropy(ag.sigmoid(x @ w + b), y)), (0, 1))(w, b)
noted_w, noted_b = ag.grad(lambda w, b: ag.mean(as_noted(ag.sigmoid(x @ w + b), y)), (0, 1))(w, b)
assert np.allclose(right_w, formula_w, rtol=1e-12)
assert np.isclose(right_b, formula_b, rtol=1e-12)
assert np.allclose(noted_w / formula_w, -1, rtol=1e-12)
assert np.isclose(noted_b / formula_b, -1, rtol=1e-12)

assert uphill[-1] > uphill[0] > careful[0.6, 0.9][-1]  # the error grows, where it should shrink
assert round(uphill[-1], 3) == 0.986
assert (np.diff(uphill) > 0).all()
assert as_noted(0.3, 1.0) < 0 < cross_entropy(0.3, 1.0)

# %% [markdown]
# ## 10. Where the slope of the sigmoid goes
#
# It has not gone anywhere. The sigmoid still multiplies by its slope a (1 − a); but the derivative of the
# cross-entropy by a is (a − y)/(a (1 − a)), and the two cancel. In the pictures of both graphs each box has its value
# (data) and the derivative of the cost by it (grad). Read the gradients from right to left.

# %%
with ag.watch():
    w, b = ag.tensor(2.0, requires_grad=True), ag.tensor(2.0, requires_grad=True)
    z = w * 1.0 + b
    a = ag.sigmoid(z)
    C = -ag.log(1 - a)  # the cross-entropy for y = 0
C.backward()
of_entropy = ag.draw(C, direction="LR", title="Cross-entropy: 55.6 arrives at a, and 0.982 at z")
of_entropy

# %%
with ag.watch():
    w, b = ag.tensor(2.0, requires_grad=True), ag.tensor(2.0, requires_grad=True)
    z = w * 1.0 + b
    a = ag.sigmoid(z)
    C = a**2 / 2  # the quadratic cost for y = 0
C.backward()
of_square = ag.draw(C, direction="LR", title="Quadratic cost: 0.982 arrives at a, and 0.0173 at z")
of_square

# %% [markdown]
# In the first picture the gradient at `a` is 55.6, which is 1/(1 − a). The sigmoid takes 0.0177 of it, and 0.982 is
# left, the error. In the second the error itself arrives at `a`, and the sigmoid takes 0.0177 of that.

# %%
gradient = lambda graph, title: float(next(i.gradient.numbers for i in graph.picture.items if i.title == title))
a = 1 / (1 + np.exp(-4))
slope = a * (1 - a)
assert np.isclose(gradient(of_entropy, "a"), 1 / (1 - a), rtol=1e-3)  # pictures round to four digits
assert np.isclose(gradient(of_entropy, "z"), a, rtol=1e-3)
assert np.isclose(gradient(of_square, "a"), a, rtol=1e-3)
assert np.isclose(gradient(of_square, "z"), a * slope, rtol=1e-3)
assert np.isclose(slope / (1 - a), a, rtol=1e-12)  # what cancels

# %% [markdown]
# As it cancels, it is better never to compute it. `binary_cross_entropy_with_logits` takes z instead of a. At z = 1000
# a sigmoid is 1 to the last bit and ln(1 − a) is minus infinity, but from z the cost is simply z, and its derivative
# is the error 1.

# %%
value, derivative = ag.value_and_grad(F.binary_cross_entropy_with_logits)(np.array([1000.0]), np.zeros(1))
assert (float(value), derivative.item()) == (1000, 1)

logits, y = np.linspace(-3, 3, 7), np.array([0, 1, 0, 1, 0, 1, 0.0])
from_logits = ag.grad(F.binary_cross_entropy_with_logits)(logits, y)
assert np.allclose(from_logits, (ag.sigmoid(logits) - y) / 7, rtol=1e-12)

# %% [markdown]
# ## 11. Softmax
#
# For ten digits there are ten outputs, and one would like to read them as probabilities: positive, and 1 in all.
# **Softmax** does that: $a_j = e^{z_j} / \sum_k e^{z_k}$. Below are four outputs as layers whose thickness is $a_j$.
# On the left z₄ grows and the other three stay; on the right all four are multiplied by a number c, from 0 to 8.

# %%
scores = np.array([1.0, 0.4, -0.6, 0.8])
fourth = np.linspace(-5, 5, 101)
factors = np.linspace(0, 8, 101)
one_grows = F.softmax(np.column_stack([np.tile(scores[:3], (101, 1)), fourth]), dim=1)
all_grow = F.softmax(factors[:, None] * scores, dim=1)

fig, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
shades = "#1f5fa8", "#6a9fd0", "#b5d0ea", "#e3a857"
panels = (fourth, one_grows, "z₄", "one score grows"), (factors, all_grow, "c", "all scores times c")
for ax, (across, shares, label, title), where in zip(axes, panels, ((20, 20, 20, 75), (6, 6, 6, 6)), strict=True):
    ax.stackplot(across, shares.T, colors=shades, edgecolor="white")
    for j, at in enumerate(where):
        middle = shares[at, : j + 1].sum() - shares[at, j] / 2
        ax.text(across[at], middle, f"a{'₁₂₃₄'[j]}", ha="center", va="center", color="white" if j == 0 else "0.1")
    ax.set(xlabel=label, title=title, xlim=(across[0], across[-1]), ylim=(0, 1), yticks=[0, 0.5, 1])
plt.show()

# %% [markdown]
# Left: what one gains the others lose, each in proportion to what it has. Right: with c = 0 all are equal; as c grows,
# softmax becomes a maximum, with everything for the largest score. The number 1/c is called a temperature.

# %%
for shares in (one_grows, all_grow):
    assert (shares > 0).all()
    assert np.allclose(shares.sum(axis=1), 1, rtol=1e-12)
assert (np.diff(one_grows[:, 3]) > 0).all()
assert (np.diff(one_grows[:, :3], axis=0) < 0).all()
assert np.allclose(one_grows[:, 0] / one_grows[:, 1], np.exp(0.6), rtol=1e-12)  # among themselves nothing changes
assert np.allclose(all_grow[0], 0.25, rtol=1e-12)
assert np.allclose(F.softmax(1000 * scores, dim=0), [1, 0, 0, 0], rtol=0, atol=1e-50)

# %% [markdown]
# Only differences of scores matter: z + c gives the same as z. That is more than a curiosity. $e^{10000}$ is too large
# for a computer, but one may subtract the largest score first, and then nothing overflows. Written as in the formula,
# softmax fails at scores of 10,000; the library's does not.

# %%
as_in_the_formula = lambda z: np.exp(z) / np.exp(z).sum()
large = 10_000 + scores

with np.errstate(over="ignore", invalid="ignore"):
    assert np.isnan(as_in_the_formula(large)).all()  # inf / inf
assert np.allclose(F.softmax(large, dim=0), as_in_the_formula(scores), rtol=1e-10)  # 10,000.4 is rounded, at 1e-12
assert np.allclose(F.softmax(scores + 7, dim=0), F.softmax(scores, dim=0), rtol=1e-12)
assert F.log_softmax(np.array([1e4, 0.0]), dim=0).tolist() == [0, -1e4]

# %% [markdown]
# ## 12. The log-likelihood
#
# The cost that goes with softmax is $C = -\ln a_y$: minus the logarithm of what the right class y was given. It is 0
# if that was all, and large if it was next to nothing. Its derivative by the scores is of the same simple form as
# before, $\partial C / \partial z_j = a_j - y_j$, where $y_j$ is 1 for the right class and 0 for the others. So it
# does not slow down either. Here the outputs are the same scores, and the right class is the third, which gets least.

# %%
right = 2
shares = F.softmax(scores, dim=0)
derivative = ag.grad(lambda z: -F.log_softmax(z, dim=0)[right])(scores)
for j in range(4):
    print(f"z{'₁₂₃₄'[j]} = {scores[j]:4}   a = {shares[j]:.3f}   ∂C/∂z = {derivative[j]:6.3f}")

# %% [markdown]
# A step against this gradient raises z₃ and lowers the rest, most of all those which had got most. The entries add up
# to 0, since only differences matter. Softmax with two classes is the sigmoid, and log-likelihood then is
# cross-entropy: it is one idea.

# %%
one_hot_row = np.eye(4)[right]
assert np.allclose(derivative, shares - one_hot_row, rtol=1e-12)
assert shares.argmin() == right
assert abs(derivative.sum()) < 1e-12

z = np.linspace(-4, 4, 9)
two_scores = np.column_stack([np.zeros(9), z])
assert np.allclose(F.softmax(two_scores, dim=1)[:, 1], ag.sigmoid(z), rtol=1e-12)
two_classes = F.cross_entropy(two_scores, np.ones(9, int), reduction="none")
assert np.allclose(two_classes, F.binary_cross_entropy_with_logits(z, np.ones(9), reduction="none"), rtol=1e-12)

# %% [markdown]
# `cross_entropy` is both in one operation, from scores to cost. Here is a batch in three ways, its gradient, and
# scores of ±10,000:

# %%
rng = np.random.default_rng(0)
batch, labels = rng.normal(size=(6, 10)), rng.integers(0, 10, size=6)
likelihood = lambda z: F.nll_loss(F.log_softmax(z, dim=1), labels)
assert np.isclose(F.cross_entropy(batch, labels), likelihood(batch), rtol=1e-12)
assert np.isclose(likelihood(batch), -np.log(F.softmax(batch, dim=1)[np.arange(6), labels]).mean(), rtol=1e-12)
by_scores = ag.grad(F.cross_entropy)(batch, labels)
assert np.allclose(by_scores, (F.softmax(batch, dim=1) - np.eye(10)[labels]) / 6, rtol=1e-12)

extreme = np.array([[1e4, -1e4, 0.0]])
assert F.cross_entropy(extreme, np.array([0])) == 0
assert F.cross_entropy(extreme, np.array([1])) == 2e4
assert ag.grad(F.cross_entropy)(extreme, np.array([1])).tolist() == [[1, -1, 0]]

# %% [markdown]
# ## 13. One-hot rows
#
# The $y_j$ of the last section are a **one-hot** row: one entry is hot, the rest are cold. A label k is written so
# where a formula wants as many targets as there are outputs.

# %%
labels = np.array([5, 0, 4, 1])
rows = nn.data.one_hot(labels, 10)

fig, ax = plt.subplots(figsize=(5, 2))
ax.imshow(rows, cmap="Blues", vmin=0, vmax=1.3)
ax.set(xticks=range(10), yticks=range(4), yticklabels=[f"label {k}" for k in labels], xlabel="class")
ax.set_xticks(np.arange(11) - 0.5, minor=True)
ax.set_yticks(np.arange(5) - 0.5, minor=True)
ax.grid(which="minor", color="0.8", lw=0.8)
ax.tick_params(which="both", length=0)
plt.show()

# %% [markdown]
# As a cost, both forms say the same. `cross_entropy` accepts labels, which are shorter, and rows, which can say more:
# a row may also be half 4 and half 9.

# %%
assert rows.sum(axis=1).tolist() == [1, 1, 1, 1]
assert rows.argmax(axis=1).tolist() == labels.tolist()

batch = np.random.default_rng(1).normal(size=(4, 10))
of_labels, of_rows = F.cross_entropy(batch, labels), F.cross_entropy(batch, rows)
assert np.isclose(of_labels, of_rows, rtol=1e-12)
assert np.allclose(ag.grad(F.cross_entropy)(batch, labels), ag.grad(F.cross_entropy)(batch, rows), rtol=1e-12)

undecided = (np.eye(10)[[4]] + np.eye(10)[[9]]) / 2
half_each = (F.cross_entropy(batch[:1], np.array([4])) + F.cross_entropy(batch[:1], np.array([9]))) / 2
assert np.isclose(F.cross_entropy(batch[:1], undecided), half_each, rtol=1e-12)

# %% [markdown]
# ## 14. Mini-batches are honest estimates
#
# The cost is a mean over all examples, and so is its gradient: thousands of small arrows, averaged, before a single
# weight moves. A **mini-batch** averages a few of them. Two things are exactly true of it. First, cut the examples
# into batches of one size, and the mean of their gradients is the full gradient. Second, over all batches that could
# have been drawn, the mean is the full gradient as well: a mini-batch is wrong, but not wrong in any direction. Eight
# points, and all 70 batches of four:

# %%
few, their_classes = inputs[:8], classes[:8]
w = np.zeros(3)
gradient_of = lambda rows: ag.grad(lambda w: F.binary_cross_entropy_with_logits(few[rows] @ w, their_classes[rows]))(w)
full = gradient_of(np.arange(8))

partition = np.split(np.random.default_rng(0).permutation(8), 2)
assert np.allclose(np.mean([gradient_of(rows) for rows in partition], axis=0), full, rtol=1e-12)

drawn = np.array([gradient_of(list(rows)) for rows in combinations(range(8), 4)])
assert len(drawn) == 70
assert np.allclose(drawn.mean(axis=0), full, rtol=1e-12)

# %% [markdown]
# How wrong? The mean squared error of a batch of m among N examples is (S²/m)(1 − m/N), where S² is how far the
# examples' own gradients spread: statistics' formula for a sample without replacement. Among many examples, then, a
# batch four times as large is wrong by half as much on average. Here all batches can be listed, so the formula can be
# checked to the last digits.

# %%
each = np.array([gradient_of([i]) for i in range(8)])
spread = ((each - full) ** 2).sum() / 7
measured = {}
for m in range(1, 9):
    estimates = np.array([gradient_of(list(rows)) for rows in combinations(range(8), m)])
    measured[m] = ((estimates - full) ** 2).sum(axis=1).mean()
    assert np.isclose(measured[m], spread / m * (1 - m / 8), rtol=1e-9, atol=1e-15)

fig, axes = plt.subplots(1, 3, figsize=(9, 2.9), sharex=True, sharey=True, layout="constrained")
for ax, m in zip(axes, (1, 2, 4), strict=True):
    estimates = np.array([gradient_of(list(rows)) for rows in combinations(range(8), m)])
    for estimate in estimates:
        ax.plot([0, -estimate[0]], [0, -estimate[1]], color=GREY, lw=0.7)
    ax.annotate("", (-full[0], -full[1]), (0, 0), arrowprops={"arrowstyle": "-|>", "color": RED, "lw": 2})
    ax.plot(0, 0, "o", ms=4, color="0.2")
    ax.set(title=f"{len(estimates)} batches of {m}", xticks=[], yticks=[])
    ax.set_aspect("equal")
    ax.spines[:].set_visible(False)
plt.show()

# %% [markdown]
# The red arrow is the full step, the grey lines are those of all the batches (the first two weights are shown). Some
# single examples point backwards. Of four together none goes far astray.

# %%
alignment = lambda m: [gradient_of(list(rows)) @ full for rows in combinations(range(8), m)]
assert min(alignment(1)) < 0 < min(alignment(4))

# %% [markdown]
# One trap: if the last batch is smaller, its gradient counts too much in a plain mean. It must be weighted by its
# size.

# %%
uneven = np.split(np.arange(8), [3, 6])  # 3, 3 and 2
gradients, sizes = [gradient_of(rows) for rows in uneven], [len(rows) for rows in uneven]
assert np.allclose(np.average(gradients, axis=0, weights=sizes), full, rtol=1e-12)
assert not np.allclose(np.mean(gradients, axis=0), full, rtol=1e-2)

# %% [markdown]
# ## 15. A drunken way downhill
#
# The notes call it "drunken downhill exploration". To see it, fit a line to 200 points: two weights, slope and
# intercept, so that the loss is a landscape. Both walkers below take 40 steps of the same rate; one looks at all 200
# points for each step, the other at 5.

# %%
rng = np.random.default_rng(0)
across = rng.uniform(-1, 2, size=200)
upward = 1.5 * across - 0.5 + rng.normal(scale=0.7, size=200)
columns = np.column_stack([across, np.ones(200)])
line_cost = lambda w, rows=slice(None): F.quadratic_loss(columns[rows] @ w, upward[rows])
bottom = np.linalg.lstsq(columns, upward)[0]


def walk(batch_size, steps=40, rate=0.15):
    """Gradient descent from one corner of the landscape, in batches of a shuffled order."""
    path, order = [np.array([-1.0, 1.5])], np.random.default_rng(1).permutation(200)
    for k in range(steps):
        rows = order[np.arange(k * batch_size, (k + 1) * batch_size) % 200]
        path.append(path[-1] - rate * ag.grad(line_cost)(path[-1], rows))
    return np.array(path)


sober, drunken = walk(200), walk(5)

fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
titles = "all 200 points: 40 epochs", "5 points at a time: one epoch"
for ax, path, title, color in zip(axes, (sober, drunken), titles, (GREY, BLUE), strict=True):
    contours(
        ax, line_cost, np.linspace(-1.4, 2.3, 60), np.linspace(-1.2, 1.8, 50), np.array([0.3, 0.45, 0.7, 1.1, 1.7, 2.4])
    )
    ax.plot(*path.T, "o-", ms=2.5, lw=0.9, color=color)
    ax.plot(*path[0], "o", ms=6, mfc="white", mec="0.2")
    ax.plot(*bottom, "+", color="0.2", ms=9)
    ax.set(title=title, xlabel="slope")
axes[0].set_ylabel("intercept")
plt.show()

# %% [markdown]
# On the left 8,000 points were looked at, on the right 200, each once: that is one **epoch**. The drunken walker is
# about as far. Descent in mini-batches is called stochastic, which is the S of `SGD`. It does not come to rest,
# though. Each batch has a minimum of its own, and near the bottom the walker wanders among them; a smaller rate makes
# the wandering smaller.

# %%
far = lambda path: np.linalg.norm(path - bottom, axis=1)
assert far(sober)[-1] < 0.1 * far(sober)[0]
assert far(drunken)[-1] < 0.15 * far(drunken)[0]
assert (40 * 200, 40 * 5) == (8000, 200)

assert (np.diff(far(walk(200, 300))) <= 1e-12).all()  # always closer
wandering = {rate: far(walk(5, 2000, rate))[1000:].mean() for rate in (0.15, 0.015)}
assert wandering[0.15] > 2 * wandering[0.015]
assert far(walk(200, 2000))[-1] < 1e-12  # with all points it does come to rest
print(f"mean distance while wandering: {wandering[0.15]:.2f} at a rate of 0.15, {wandering[0.015]:.2f} at 0.015")

# %% [markdown]
# ## 16. An epoch
#
# In practice a `DataLoader` does the shuffling. Each time one iterates over it, it deals every example once, in a new
# order, in batches; what is left over makes a smaller one. The order comes from a seed, so that the same run can be
# had again, bit for bit. Here are the 1,438 training images of scikit-learn's digits.

# %%
digits = nn.datasets.digits(flatten=True)
count = len(digits.train)
places = nn.data.DataLoader(range(count), batch_size=32, shuffle=True, rng=0)
epochs = [[batch.numpy() for batch in places] for _ in range(2)]
print(f"{count} images: {len(epochs[0])} batches, the last of {len(epochs[0][-1])}")

# %%
first, second = (np.concatenate(epoch) for epoch in epochs)
assert (count, len(epochs[0]), len(epochs[0][-1])) == (1438, 45, 30)
assert np.array_equal(np.sort(first), np.arange(count))  # each of them once
assert np.array_equal(np.sort(second), np.arange(count))
assert not np.array_equal(first, second)  # in another order


# %% [markdown]
# A network with 30 hidden units, trained with all images at once and with batches of 128 and of 8, with the same rate
# and for ten epochs each. An epoch is 1,438 images for all three.


# %%
def train_digits(batch_size, epochs=10, seed=0):
    """The network, and its cost on all training images before the first epoch and after each."""
    model = nn.MLP([64, 30, 10], rng=seed)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    loader = nn.data.DataLoader(digits.train, batch_size=batch_size, shuffle=True, rng=seed)
    images, labels = digits.train[:]
    costs = [F.cross_entropy(model(images), labels).item()]
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        with ag.no_grad():
            costs.append(F.cross_entropy(model(images), labels).item())
    return model, costs


costs, models = {}, {}
for batch_size in (count, 128, 8):
    models[batch_size], costs[batch_size] = train_digits(batch_size)

fig, ax = plt.subplots(figsize=(7, 3.2))
for (batch_size, curve), color in zip(costs.items(), (GREY, "#6a9fd0", BLUE), strict=True):
    steps = -(-count // batch_size)
    ax.semilogy(curve, "o-", ms=3.5, color=color)
    words = f"batches of {batch_size}: {steps} steps an epoch" if steps > 1 else "all at once: one step an epoch"
    ax.text(10.2, curve[-1], words, color=color, va="center")
ax.set(xlabel="epoch", ylabel="cost on the training images", xlim=(-0.3, 15.5), xticks=range(0, 11, 2))
ax.minorticks_off()
ax.set_yticks([0.1, 0.3, 1, 2.3], ["0.1", "0.3", "1", "2.3"])
plt.show()

# %% [markdown]
# After ten steps with full gradients hardly anything has been learned. With batches of 8 the same images, looked at as
# often, give 1,800 steps, rough ones, and they bring the cost down to almost nothing. And whoever runs it again gets
# the same network to the last bit:

# %%
assert 10 * -(-count // 8) == 1800
assert costs[count][-1] > 2.1 > 1.3 > costs[128][-1] > 0.5 > 0.15 > costs[8][-1]
again, curve = train_digits(8)
assert curve == costs[8]
assert all(np.array_equal(p.data, q.data) for p, q in zip(again.parameters(), models[8].parameters(), strict=True))
other, _ = train_digits(8, epochs=1, seed=1)
assert not np.array_equal(other[0].bias.data, models[8][0].bias.data)

# %% [markdown]
# ## 17. Three learning rates
#
# What a learning rate looks like from outside is a curve of the cost. Nielsen shows three: 0.025, 0.25 and 2.5, for
# 784 inputs, 30 hidden units and 10 outputs, cross-entropy, mini-batches of 10, a penalty on large weights with λ = 5,
# and 30 epochs on 50,000 images of MNIST. First a small version that runs here: 1,000 images, and λ = 0.1, which is as
# much for each image. `Network` is the book's program, written with this library
# ([nielsen/network2.py](nielsen/network2.py)).

# %%
from nielsen.mnist_loader import load_thousand
from nielsen.network2 import Network

thousand, _ = load_thousand()
small_run, learned = {}, {}
for rate in (0.025, 0.25, 2.5, 10):
    net = Network([784, 30, 10], rng=0)
    _, _, small_run[rate], right = net.SGD(
        thousand, 30, 10, rate, lmbda=0.1, monitor_training_cost=True, monitor_training_accuracy=True
    )
    learned[rate] = right[-1]

fig, ax = plt.subplots(figsize=(7, 3.4))
looks = {0.025: (GREY, "creeps"), 0.25: (BLUE, "good"), 2.5: ("#c77b16", "restless"), 10: (RED, "far too large")}
heights = {0.025: 1.0, 0.25: 0.12, 2.5: 0.17, 10: 3.0}
for rate, curve in small_run.items():
    color, words = looks[rate]
    ax.semilogy(range(30), curve, "o-", ms=3, lw=1.1, color=color)
    ax.text(29.7, heights[rate], f"{rate}: {words}", color=color, va="center")
ax.set(xlabel="epoch", ylabel="training cost", xlim=(-0.5, 37), title="1,000 images, live")
ax.set_yticks([0.1, 0.3, 1, 3, 10, 30], ["0.1", "0.3", "1", "3", "10", "30"])
ax.minorticks_off()
plt.show()

# %% [markdown]
# The grey curve goes down smoothly and is far from done: its steps are too short. The blue one does what one wants.
# The other two go up and down. The red one is thrown about for thirty epochs and stays above even the slowest. The
# orange one calms down in the end: a network with 23,860 parameters learns nearly all of 1,000 images by heart, and
# when they are right no mini-batch pulls much. (The bands below are wider than what six seeds gave.)

# %%
rises = {rate: int((np.diff(curve) > 0).sum()) for rate, curve in small_run.items()}
assert rises[0.025] == 0
assert 0.8 < small_run[0.025][-1] < 1.1
assert 0.11 < small_run[0.25][-1] < 0.17
assert rises[2.5] >= 3
assert small_run[10][-1] > 1.5 > small_run[0.025][-1]
assert learned[10] < 900 < 990 < learned[0.25]
assert sum(p.size for p in net.parameters()) == 23_860

# %% [markdown]
# And the book's experiment itself, on 50,000 images. That takes a minute for each seed, and all of MNIST, so it was
# run beforehand; `python -m nielsen "multiple_eta/*"`, in this folder, does it again. The book's numbers are those
# behind its figure
# ([multiple_eta.json](https://github.com/mnielsen/neural-networks-and-deep-learning/tree/master/fig)).

# %%
from nielsen import results

full_run = {rate: [run["training_cost"] for run in results.runs(f"multiple_eta/{rate}")] for rate in (0.025, 0.25, 2.5)}
published = {0.025: 0.339, 0.25: 0.339}  # the book's costs after the last epoch
published_least, published_swing = 0.320, (0.72, 1.14)  # the least at 0.25; at 2.5 all lie between these

fig, ax = plt.subplots(figsize=(7, 3.6))
for rate, curves in full_run.items():
    for curve in curves:
        ax.plot(range(30), curve, color=looks[rate][0], lw=1)
for rate, cost in published.items():
    ax.plot(31 if rate == 0.25 else 32, cost, "D", ms=6, mfc="none", mec=looks[rate][0])
ax.plot([31, 31], published_swing, color=looks[2.5][0], lw=5, alpha=0.4, solid_capstyle="butt")
ax.text(33, 0.339, "the book's\nlast costs", va="center")
ax.text(33, 0.93, "the book's\nswing", color=looks[2.5][0], va="center")
ax.text(14, 1.02, "2.5", color=looks[2.5][0])
ax.text(5, 0.55, "0.025", color=looks[0.025][0])
ax.text(3, 0.31, "0.25", color=looks[0.25][0])
ax.set(
    xlabel="epoch", ylabel="training cost", xlim=(-0.5, 39), ylim=(0.2, 1.3), title="50,000 images, three seeds each"
)
ax.spines.bottom.set_bounds(-0.5, 32)
ax.set_xticks(range(0, 31, 5))
plt.show()

last = {rate: np.median([curve[-1] for curve in curves]) for rate, curves in full_run.items()}
for rate, cost in published.items():
    print(f"learning rate {rate:5}: cost {last[rate]:.3f} after the last epoch, in the book {cost}")
least = np.median([min(curve) for curve in full_run[0.25]])
swing = min(min(curve) for curve in full_run[2.5]), max(max(curve) for curve in full_run[2.5])
low, high = published_swing
print(f"learning rate  0.25: least cost {least:.3f}, in the book {published_least:.3f}")
print(f"learning rate   2.5: cost between {swing[0]:.2f} and {swing[1]:.2f}, in the book between {low} and {high}")

# %% [markdown]
# With 0.025 the cost falls smoothly until the last epoch. With 0.25 it gets there in half of the time, and then
# trembles: it is as far as such steps can go. With 2.5 it never settles, and here nothing can be learned by heart. The
# three are also a recipe: find the rate at which the cost begins to swing, and stay a few times below it.

# %%
assert [len(curves) for curves in full_run.values()] == [3, 3, 3]
for rate, cost in published.items():
    assert abs(last[rate] - cost) < 0.03
assert abs(least - published_least) < 0.02
assert 0.65 < swing[0] < 0.80
assert 0.95 < swing[1] < 1.35
for slow_one, quick_one, wild in zip(*full_run.values(), strict=True):
    assert min(quick_one[:15]) < slow_one[-1]  # in half of the time
    assert (np.diff(slow_one) < 0).all()  # smoothly
    assert (np.diff(wild) > 0).sum() >= 8
    assert (np.diff(quick_one[15:]) > 0).sum() >= 3

# %% [markdown]
# ## 18. Finding a learning rate
#
# One need not guess. `nn.train.find_lr` makes a hundred steps, each with a larger rate than the one before, and writes
# down the losses ([Smith 2017](https://arxiv.org/abs/1506.01186)). Then it puts the model back as it was.

# %%
model = nn.MLP([64, 30, 10], rng=0)
optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
before = model[0].weight.data.copy()
found = nn.train.find_lr(model, digits.train, optimizer=optimizer, start=1e-3, end=100, batch_size=32, rng=0)

fig, ax = plt.subplots(figsize=(7, 3.4))
nn.plots.learning_rates(found, ax)
plt.show()

# %% [markdown]
# On the left nothing happens, the steps are too short to notice. Then the loss falls, ever faster, and somewhere above
# 1 the steps are too long. A tenth of the best is suggested, the dashed line. Is it good? Three epochs with it, with a
# tenth of it, and with ten times as much:


# %%
def accuracy_after_three_epochs(rate):
    """Of the test images, when trained from the same start with this rate."""
    model = nn.MLP([64, 30, 10], rng=0)
    optimizer = nn.optim.SGD(model.parameters(), lr=rate)
    for _ in range(3):
        for x, y in nn.data.DataLoader(digits.train, batch_size=32, shuffle=True, rng=0):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    images, labels = digits.test[:]
    return nn.metrics.accuracy(model(images), labels)


reached = {factor: accuracy_after_three_epochs(factor * found.suggestion) for factor in (0.1, 1, 10)}

# %% [markdown]
# With the suggestion about nine test images in ten are right. With a tenth of it, half of them: it is on its way. With
# ten times as much the network is no use.

# %%
assert np.array_equal(before, model[0].weight.data)  # as it was
assert 0.08 < found.suggestion < 0.35
assert reached[1] > 0.8 > 0.65 > reached[0.1] > 0.35 > reached[10]

# %% [markdown]
# ## Try it
#
# - In section 2, make the eigenvalues 1 and 1. Which rate arrives in one step, and why was there none before?
# - In section 6, start at (5, 5) with both costs. The slope of the sigmoid at z = 10 is 0.000045; how many epochs will
#   it take until the answer is below ½? (73,534 for the quadratic cost, 37 for the other.)
# - In section 15, let the rate fall: `0.15 / (1 + k / 100)` in the place of `rate`, for 2,000 steps. The walker still
#   sees 5 points at a time, but becomes sober.
# - In section 17, give the small run λ = 5 instead of 0.1. Nothing can be learned by heart then, and the rate of 2.5
#   swings to the end, as it does on 50,000 images.

# %%
from math import exp


def epochs_until_half(derivative_by_z, z=10.0, rate=0.15):
    """As in section 6, without a graph: w and b move alike, and z = w + b twice as far."""
    epochs = 0
    while z > 0:
        z -= 2 * rate * derivative_by_z(1 / (1 + exp(-z)))
        epochs += 1
    return epochs


assert epochs_until_half(lambda a: a * a * (1 - a), z=4.0) == below_half(slow)[1]
assert epochs_until_half(lambda a: a * a * (1 - a)) == 73_534
assert epochs_until_half(lambda a: a) == 37
