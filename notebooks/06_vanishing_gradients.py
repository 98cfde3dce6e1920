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
# # Vanishing gradients
#
# A deep network of sigmoid units learns slowly, and its first layers learn slowest. Here is why, with numbers: the
# slopes of six activations, the product that a gradient becomes on its way back, and the experiment of [chapter
# 5](http://neuralnetworksanddeeplearning.com/chap5.html) of Nielsen's book, run again on the same 1,000 images. Then
# what helps: other activations, first weights that fit them, skip connections, normalization. That gradients fade is
# shown as a picture of the graph in [see_the_graph](see_the_graph.ipynb), sections 5 and 11; this notebook goes on from
# there.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from nielsen import results
from nielsen.mnist_loader import load_thousand
from nielsen.network2 import Network, one_hot

import autograd_core as ag
import nn
from autograd_core.testing import gradcheck

RED, BLUE = "#b3261e", "#1f5fa8"

# %% [markdown]
# ## 1. Six activations and their slopes
#
# A unit computes `a = g(z)` from its weighted input `z`. On the way back the gradient is multiplied by the slope
# `g'(z)`. The notes list six choices of `g` and give each a remark of a few words. Blue is the function, red its slope,
# computed by the engine.

# %%
activations = {
    "linear": (lambda z: z, "useless by itself"),
    "threshold": (nn.functional.step, "no gradient"),
    "sigmoid": (ag.sigmoid, "gradients can vanish"),
    "tanh": (ag.tanh, "preferred to the sigmoid"),
    "ReLU": (ag.relu, "does not vanish; explodes, dies"),
    "RBF": (lambda z: ag.exp(-(z**2) / 2), "good at interpolation"),
}
z = np.linspace(-4, 4, 801)
slopes = {name: ag.grad(lambda z, g=g: g(z).sum())(z) for name, (g, _) in activations.items()}

fig, axes = plt.subplots(2, 3, figsize=(9, 5), dpi=110, layout="constrained", sharex=True, sharey=True)
for ax, (name, (g, remark)) in zip(axes.flat, activations.items(), strict=True):
    ax.axhline(0, color="0.85", lw=0.8)
    ax.plot(z, np.asarray(g(z)), color=BLUE, lw=2)
    ax.plot(z, slopes[name], color=RED, lw=1.5, ls="--")
    ax.set_title(f"{name}: {remark}", fontsize=9.5)
    ax.set(ylim=(-1.25, 1.75), xticks=[-4, 0, 4], yticks=[-1, 0, 1])
    ax.spines[["top", "right"]].set_visible(False)
axes[0, 2].text(1.2, 1.05, "function", color=BLUE, fontsize=9)
axes[0, 2].text(-1.6, 0.3, "slope", color=RED, fontsize=9)
axes[1, 1].set_xlabel("weighted input z")
plt.show()

# %% [markdown]
# Look at the height of the red curves. That of the **sigmoid** is never above 1/4, and near 0 from `z = 4` on: a
# product of such slopes vanishes. That of **tanh** reaches 1, and its outputs lie on both sides of 0. It is the same
# curve, stretched: `tanh(z) = 2 σ(2z) − 1`, hence four times as steep in the middle. The **ReLU** has slope 1 for half
# of its inputs, however large they are, so nothing shrinks there (and nothing holds its outputs back, which is how they
# explode); for the other half the slope is exactly 0, and a unit that is there for every input never leaves: it has
# died. The **threshold** has slope 0 wherever it has one. The **linear** unit loses nothing, but a stack of linear
# layers is one linear layer. The **RBF**, `exp(−‖x − c‖² / 2s²)`, answers only near its centre `c` (here 0, with width
# `s = 1`); far away both function and slope are 0. It has a [notebook of its own](08_approximation.ipynb).

# %%
assert np.allclose(np.tanh(z), 2 * ag.sigmoid(2 * z) - 1, rtol=0, atol=1e-15)
assert np.isclose(slopes["sigmoid"].max(), 1 / 4, rtol=1e-15)
assert np.isclose(slopes["tanh"].max(), 4 * slopes["sigmoid"].max(), rtol=1e-15)
assert slopes["sigmoid"][-1] < 0.018  # at z = 4
assert set(slopes["ReLU"]) == {0, 1}
assert not slopes["threshold"].any()
assert (slopes["linear"] == 1).all()
assert np.isclose(
    abs(slopes["RBF"]).max(), np.exp(-1 / 2), rtol=1e-15
)  # at a distance of one width, where it is steepest
assert z[abs(slopes["RBF"]).argmax()].round(9) == -1

points = np.array([-2.1, -0.7, 0.3, 1.9])  # away from the corner of the ReLU and the jump of the threshold
assert all(gradcheck(g, points).ok for g, _ in activations.values())

# %% [markdown]
# "No gradient" deserves a second look: the gradient of the threshold is there, it passes the check, and it is 0. A
# network of thresholds runs through `backward()` without complaint and learns nothing, because not a single weight can
# tell which way is better. (The [perceptron](01_perceptron.ipynb) has a rule of its own.)

# %%
model = nn.Sequential(nn.Linear(4, 5, rng=0), nn.Linear(5, 1, rng=1))
x = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
((model[1](nn.functional.step(model[0](x))) - 1) ** 2).mean().backward()
assert not model[0].weight.grad.numpy().any()  # zero, behind the threshold
assert model[1].weight.grad.numpy().any()  # and not zero before it

# %% [markdown]
# ## 2. The product
#
# The notes write `δ` for the gradient by a weighted input, and layer `l` in terms of the layer after it:
#
# $$\delta^l_j = \frac{\partial C}{\partial z^l_j} = \sum_k \delta^{l+1}_k\, w^{l+1}_{kj}\; \sigma'(z^l_j) .$$
#
# One sum over the weights, one slope, for each layer. For units in single file, one a layer, no sum is left, and what
# arrives at the first is a plain product:
#
# $$\frac{\partial C}{\partial b_1} = \sigma'(z_1)\, w_2\, \sigma'(z_2)\, w_3\, \sigma'(z_3)\, w_4\, \sigma'(z_4)\,
# \frac{\partial C}{\partial a_4} .$$
#
# With weights of about 1 each pair `w σ'(z)` is 1/4 at most. Here is the product for 1 to 30 such units.


# %%
def file_of_units(weights, biases, x):
    """Sigmoid units in single file: their weighted inputs, and the gradient of the last output by each of them."""
    b = [ag.tensor(value, requires_grad=True) for value in biases]
    a, z = x, []
    for w, bias in zip(weights, b, strict=True):
        z.append((w * a + bias).item())
        a = ag.sigmoid(w * a + bias)
    a.backward()
    return np.array(z), np.array([bias.grad.item() for bias in b])


def slope(z):
    return ag.sigmoid(z) * (1 - ag.sigmoid(z))


depth, rng = 30, np.random.default_rng(0)
w, b = rng.normal(size=(2, depth))
z, delta = file_of_units(w, b, 0.5)

fig, ax = plt.subplots(figsize=(7, 3.6), dpi=110)
ax.semilogy(range(1, depth + 1), abs(delta), "o-", ms=4, lw=1.3, color=BLUE)
ax.semilogy(range(1, depth + 1), 0.25 ** np.arange(depth, 0, -1), color=RED, lw=1.3, ls="--")
ax.text(4, 1e-8, "a factor 1/4 for each unit:\nweights of 1, steepest slopes", color=RED, fontsize=9)
ax.text(14, 1e-22, "weights from N(0, 1)", color=BLUE, fontsize=9)
ax.axhline(2.0**-53, color="0.6", lw=0.8, ls=":")
ax.text(31, 2.0**-53 / 200, "rounding of a 1 in double precision", fontsize=8, color="0.4", ha="right")
ax.set(xlabel="unit, from the input (1) to the output (30)", ylabel="size of the gradient that arrives")
ax.set_title("The gradient of the output, on its way back through 30 sigmoid units", fontsize=10)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Read it from right to left, as the gradient goes. On a logarithmic scale a product is a straight way down.

# %%
product = np.cumprod((slope(z) * np.append(w[1:], 1))[::-1])[::-1]  # of w σ' from the last unit to each other
assert np.allclose(delta, product, rtol=1e-12, atol=0)
assert abs(delta[0]) < 0.25**depth < 1e-18  # the weights are smaller than 1 more often than not
assert 0.25**26 < 2.0**-51

# %% [markdown]
# And the formula with the sums, on the network 784-30-30-10 and 1,000 real images. Its gradient by a bias is the mean
# of `δ` over the images. The cost is the cross-entropy, so `δ` of the last layer is `a − y`.

# %%
(images, labels), (test_images, test_labels) = load_thousand()
net = Network([784, 30, 30, 10], rng=0).double()
net.cost.fn(net.weighted_input(images.astype(float)), one_hot(labels)).backward()

(w1, w2, w3), (b1, b2, b3) = ([p.detach().numpy() for p in part] for part in (net.weights, net.biases))
a1 = ag.sigmoid(images @ w1.T + b1)
a2 = ag.sigmoid(a1 @ w2.T + b2)
delta3 = ag.sigmoid(a2 @ w3.T + b3) - one_hot(labels)
delta2 = (delta3 @ w3) * a2 * (1 - a2)  # the sum over k is a product with the matrix
delta1 = (delta2 @ w2) * a1 * (1 - a1)
for delta, bias in zip((delta1, delta2, delta3), net.biases, strict=True):
    assert np.allclose(delta.mean(axis=0), bias.grad.numpy(), rtol=0, atol=1e-12)

# %% [markdown]
# ## 3. Then take larger weights?
#
# If `w σ'(z)` must not be small, let `w` be large. With `w = 100` and biases chosen such that every `z` is 0, each unit
# multiplies by 100/4 = 25: the gradient **explodes** instead, and a step that is right for the last layer is far too
# long for the first. Both examples are the book's.

# %%
w, b, a = 100.0, [], 0.5
for _ in range(4):
    b.append(-w * a)  # so z = w a + b = 0 and the next a is 1/2
    a = 0.5
z, delta = file_of_units([w] * 4, b, 0.5)
assert not z.any()
assert (delta / delta[-1]).tolist() == [25**3, 25**2, 25, 1]

# %% [markdown]
# And it is hard to keep up. `z = w a + b` itself depends on `w`: a large weight drives `z` away from 0, where the slope
# is small. Which inputs `a` keep `|w σ'(w a + b)| ≥ 1`? For `w` up to 4 none. Beyond, they are an interval of length
# `(2/w) ln(w (1 + √(1 − 4/w)) / 2 − 1)`, wherever the bias puts it.

# %%
weights = np.linspace(4, 40, 721)
length = 2 / weights * np.log(weights * (1 + np.sqrt(1 - 4 / weights)) / 2 - 1)
best = length.argmax()

fig, ax = plt.subplots(figsize=(7, 3.2), dpi=110)
ax.plot(weights, length, color=BLUE, lw=2)
ax.plot(weights[best], length[best], "o", color=RED)
ax.annotate(
    f"at best {length[best]:.2f}, with a weight of {weights[best]:.1f}",
    (weights[best], length[best]),
    (9, 0.453),
    color=RED,
    fontsize=9,
    va="center",
)
ax.set(xlabel="weight w", ylabel="length of the interval", ylim=(0, 0.5), xlim=(0, 40))
ax.set_title("Inputs a for which a unit does not shrink the gradient", fontsize=10)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# An input lies between 0 and 1, and less than half of that range is good, with the best of weights and biases.

# %%
a = np.linspace(-1, 1, 200_001)
for w in (5.0, 6.9, 20.0):  # measured on a fine grid, around a = 0
    counted = np.mean(w * slope(w * a) >= 1) * 2
    formula = 2 / w * np.log(w * (1 + np.sqrt(1 - 4 / w)) / 2 - 1)
    assert abs(counted - formula) < 3e-5  # three points of the grid
assert (round(weights[best], 1), round(length[best], 2)) == (6.9, 0.45)

# %% [markdown]
# ## 4. The experiment of the book: at the start
#
# Networks 784-30-30-10, with two, three and four hidden layers of 30 sigmoid units, weights from N(0, 1/n) for units
# with `n` inputs, biases from N(0, 1), cross-entropy cost, the first 1,000 training images of MNIST. For each hidden
# layer the size of the gradient is the norm of `∂C/∂b`. In this order: first the mean over the 1,000 images, then the
# norm over the 30 biases. The numbers of the book are those of one network each. Ours are those of 20 networks each, so
# that one can see what is luck.

# %%
published = {
    2: [0.0657, 0.3092],
    3: [0.0118, 0.0600, 0.2831],
    4: [0.0030, 0.0171, 0.0695, 0.2851],
}


def hidden_norms(net):
    return [np.linalg.norm(bias.grad.numpy()) for bias in net.biases[:-1]]


ours = {}
for depth in published:
    ours[depth] = []
    for seed in range(20):
        net = Network([784, *[30] * depth, 10], rng=seed)
        net.cost.fn(net.weighted_input(images), one_hot(labels)).backward()
        ours[depth].append(hidden_norms(net))
    ours[depth] = np.array(ours[depth])

fig, axes = plt.subplots(1, 3, figsize=(9, 3.4), dpi=110, layout="constrained", sharey=True)
for ax, (depth, norms) in zip(axes, ours.items(), strict=True):
    at = np.arange(1, depth + 1)
    spread = np.random.default_rng(0).uniform(-0.09, 0.09, norms.shape)
    ax.semilogy((at + spread).ravel(), norms.ravel(), ".", ms=4, color=BLUE, alpha=0.5, mew=0)
    ax.semilogy(at, published[depth], "_", ms=22, mew=2, color=RED)
    ax.set(xticks=at, xlim=(0.5, 4.5), xlabel="hidden layer", title=f"{depth} hidden layers")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("norm of ∂C/∂b, before any step")
axes[0].text(2.4, 0.32, "the book", color=RED, fontsize=9, va="center")
axes[0].text(2.4, 0.18, "ours, 20 networks", color=BLUE, fontsize=9, va="center")
plt.show()

print("hidden layers   the book                          median of ours")
for depth, norms in ours.items():
    shown = ["  ".join(f"{value:.4f}" for value in row) for row in (published[depth], np.median(norms, axis=0))]
    print(f"{depth}               {shown[0]:32}  {shown[1]}")

# %% [markdown]
# Each layer gets about a fifth of what the layer after it gets. The first of four gets a hundredth of what the last
# gets: it learns a hundred times as slowly. The book's networks are not special ones: each red line lies within the
# cloud.

# %%
for depth, norms in ours.items():
    assert (norms.min(axis=0) < published[depth]).all()
    assert (published[depth] < norms.max(axis=0)).all()
    assert (np.median(norms, axis=0) / published[depth] > 0.5).all()  # a norm varies about twofold between networks
    assert (np.median(norms, axis=0) / published[depth] < 2).all()
    assert (norms[:, :-1] < 0.35 * norms[:, 1:]).all()  # in every network, every layer: less than the layer after it
ratios = np.concatenate([(norms[:, :-1] / norms[:, 1:]).ravel() for norms in ours.values()])
assert 0.18 < np.median(ratios) < 0.23
assert 70 < np.median(ours[4][:, 3] / ours[4][:, 0]) < 200

# %% [markdown]
# ## 5. Why a fifth
#
# It can be computed without any network. Take a wide layer with weights from N(0, 1/n), and let `q` be the mean of `a²`
# over the layer before it. The weighted inputs are sums of many small random terms, hence normal, with variance `q +
# 1`; the 1 is that of the biases. So the next `q` is an integral, and after a few layers it stays the same: `q =
# E[σ(z)²]` with `z` from N(0, q + 1). On the way back the random weights neither lengthen nor shorten a vector on
# average, and the slopes multiply its squared length by `E[σ'(z)²]`.

# %%
t = np.linspace(-12, 12, 24_001)  # a grid fine enough for integrals over the normal distribution
density = np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi) * (t[1] - t[0])


def expected(f, variance):
    """The mean of f(z) for z from N(0, variance)."""
    return float(np.sum(f(np.sqrt(variance) * t) * density))


q = 0.0
for _ in range(50):
    q = expected(lambda z: ag.sigmoid(z) ** 2, q + 1)
factor = np.sqrt(expected(lambda z: slope(z) ** 2, q + 1))
print(f"q = {q:.4f}, factor = {factor:.4f}")

fig, ax = plt.subplots(figsize=(7, 2.6), dpi=110)
rows = np.random.default_rng(0).uniform(0.8, 1.6, len(ratios))
ax.plot(ratios, rows, ".", ms=4, color=BLUE, alpha=0.5, mew=0)
book = np.concatenate([np.divide(row[:-1], row[1:]) for row in published.values()])
ax.plot(book, np.full(len(book), 0.4), "|", ms=16, mew=2, color=RED)
ax.axvline(factor, color="0.2", lw=1, ls="--")
ax.text(factor + 0.002, 1.78, f"computed: {factor:.3f}", fontsize=9)
ax.text(0.255, 0.33, "the book", color=RED, fontsize=9)
ax.text(0.278, 1.1, "ours", color=BLUE, fontsize=9)
ax.set(xlabel="gradient of a hidden layer / gradient of the next", yticks=[], ylim=(0, 2), xlim=(0.12, 0.3))
ax.spines[["top", "right", "left"]].set_visible(False)
plt.show()

# %% [markdown]
# The ratios scatter about the computed value, as layers of 30 units are not wide. It is less than the bound 1/4,
# because not all weighted inputs are where the sigmoid is steepest.

# %%
assert round(factor, 3) == 0.205
assert abs(np.median(ratios) - factor) < 0.02
assert (book > 0.15).all()
assert (book < 0.25).all()

# %% [markdown]
# ## 6. The experiment of the book: over time
#
# Five hundred steps of gradient descent, each on all 1,000 images, with learning rate 0.1 and the penalty λ = 5 on the
# weights (`weight_decay` of λ/n, n = 1,000). `ag.compile` captures the step, which is then replayed much faster. Lines
# are ours (one network each), circles are the book's, from the [data behind its
# figures](https://github.com/mnielsen/neural-networks-and-deep-learning/tree/master/fig).

# %%
published_at = [0, 10, 50, 100, 200, 350, 499]
published_over_time = {  # a row for each hidden layer
    2: [
        [6.57e-2, 8.93e-3, 1.02e-3, 1.49e-3, 2.08e-3, 2.74e-3, 3.43e-3],
        [3.09e-1, 4.04e-2, 1.34e-3, 1.86e-3, 3.37e-3, 6.28e-3, 9.63e-3],
    ],
    3: [
        [1.18e-2, 2.00e-3, 8.50e-5, 8.05e-5, 8.21e-5, 8.59e-5, 8.56e-5],
        [6.00e-2, 1.04e-2, 3.26e-4, 2.81e-4, 2.57e-4, 2.34e-4, 2.18e-4],
        [2.83e-1, 5.96e-2, 1.60e-3, 1.38e-3, 1.35e-3, 1.30e-3, 1.26e-3],
    ],
    4: [
        [2.98e-3, 2.66e-4, 2.06e-5, 1.83e-5, 1.50e-5, 1.11e-5, 8.21e-6],
        [1.71e-2, 1.47e-3, 4.80e-5, 4.24e-5, 3.75e-5, 3.12e-5, 2.61e-5],
        [6.95e-2, 8.40e-3, 2.47e-4, 2.22e-4, 2.10e-4, 1.95e-4, 1.83e-4],
        [2.85e-1, 3.66e-2, 1.04e-3, 9.60e-4, 9.50e-4, 9.37e-4, 9.25e-4],
    ],
}


def descend(net, steps=500):
    """Full-batch gradient descent; the norms of the hidden layers' gradients (steps, layers), and the costs."""
    decay = {"params": net.weights, "weight_decay": 5.0 / len(images)}
    optimizer = nn.optim.SGD([decay, {"params": net.biases}], lr=0.1)

    @ag.compile
    def step(x, y):
        optimizer.zero_grad()
        cost = net.cost.fn(net.weighted_input(x), y)
        cost.backward()
        norms = [ag.sqrt(ag.sum(bias.grad**2)) for bias in net.biases[:-1]]
        optimizer.step()
        return cost, norms

    taken = [step(images, one_hot(labels)) for _ in range(steps)]
    return np.array([[norm.item() for norm in norms] for _, norms in taken]), np.array(
        [cost.item() for cost, _ in taken]
    )


trained = {depth: Network([784, *[30] * depth, 10], rng=0) for depth in (1, 2, 3, 4)}
over_time, costs = {}, {}
for depth, net in trained.items():
    over_time[depth], costs[depth] = descend(net)

colors = ["#c8641b", "#c9406f", "#8c5ac8", "#3b82d6"]  # from the first layer to the last
fig, axes = plt.subplots(1, 3, figsize=(9.5, 3.8), dpi=110, layout="constrained", sharey=True)
for ax, (depth, rows) in zip(axes, published_over_time.items(), strict=True):
    for layer, color in zip(range(depth), colors[:depth], strict=True):
        ax.semilogy(over_time[depth][:, layer], color=color, lw=1.5)
        ax.semilogy(published_at, rows[layer], "o", ms=5, color=color, mfc="white", mew=1.3)
        ax.text(510, over_time[depth][-1, layer], f"{layer + 1}", color=color, fontsize=10, va="center")
    ax.set(title=f"{depth} hidden layers", xlabel="step", xlim=(-8, 560))
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("norm of ∂C/∂b")
plt.show()

# %% [markdown]
# The number at the end of a line is its layer. With three and four hidden layers the order never changes: the first is
# the slowest, by one to two decades, in every one of the 500 steps. The circles lie on the lines, or close: another
# random start, and ten years and a programming language later.

# %%
for depth, rows in published_over_time.items():
    distance = np.log(over_time[depth][published_at].T / rows)
    assert (abs(distance) < np.log(3)).all()  # within a factor 3, over more than four decades
    assert depth == 2 or (over_time[depth][:, 0] < over_time[depth][:, -1] / 5).all()
assert over_time[4].max() / over_time[4].min() > 1e4

# %% [markdown]
# ## 7. What those 500 steps taught
#
# With four hidden layers the gradients fall a hundredfold and more in the first 50 steps, in every layer. It looks as
# if something had been learned. A network that gives the same ten numbers for every image, each digit's share among the
# labels, has the cost `Σ H(p)` with `H(p) = −p ln p − (1 − p) ln(1 − p)`. Compare.

# %%
share = np.bincount(labels) / len(labels)
constant_answer = np.sum(-share * np.log(share) - (1 - share) * np.log(1 - share))
right = {depth: net.accuracy((images, labels)) for depth, net in trained.items()}

fig, ax = plt.subplots(figsize=(7, 3.4), dpi=110)
for depth, color in zip(costs, ("0.75", "0.55", BLUE, RED), strict=True):
    ax.plot(costs[depth], color=color, lw=2 if depth < 4 else 1.2, ls="-" if depth < 4 else "--")
    height = costs[depth][-1] + {3: 0.24, 4: -0.03}.get(depth, 0)
    words = f"{depth} hidden: {right[depth]} of 1,000 right"
    ax.text(507, height, words, color="0.3" if depth < 3 else color, fontsize=9, va="center")
ax.axhline(constant_answer, xmax=0.73, color="0.2", lw=1, ls=":")
ax.text(120, constant_answer + 0.1, "the same answer for every image", fontsize=9, color="0.2")
ax.set(xlabel="step", ylabel="cost", xlim=(0, 700), xticks=range(0, 501, 100), ylim=(1, 4.5))
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# With three and four hidden layers nothing about images has been learned at all: the biases of the output have found
# how frequent each digit is, and then the network stands still. What it gets right is the digit that is most frequent.
# One hidden layer has learned in the same time, two have begun to. The book's curves look like ours, and so may well
# tell of the same standstill.

# %%
for depth in (3, 4):
    assert abs(costs[depth][-1] - constant_answer) < 0.01
    assert abs(trained[depth](images).detach().numpy() - share).max() < 0.05  # of ten outputs for 1,000 images
    assert abs(right[depth] - np.bincount(labels).max()) < 10  # the most frequent digit: 117 sevens, or 116 ones
assert costs[2][-1] < constant_answer - 0.1
assert costs[1][-1] < constant_answer / 2
assert right[1] > 800 > 600 > right[2] > 250  # over six networks: 848 to 866, and 379 to 467
assert 50 < min(over_time[4][0] / over_time[4][50]) < max(over_time[4][0] / over_time[4][50]) < 500

# %% [markdown]
# ## 8. Depth 1 to 4
#
# With mini-batches of 10 there are a hundred times as many steps, and the deep networks do learn, later. Below are
# networks with 1 to 4 hidden layers on the 1,000 images: learning rate 0.1, 100 epochs, and λ = 0.1, which is the
# book's λ = 5 on 50,000 images in proportion. `Network.SGD` (in [nielsen/network2.py](nielsen/network2.py)) is the loop
# of the book; its step is captured by `ag.compile`, which makes it several times faster.

# %%
epochs, curves = 100, {}
for depth in (1, 2, 3, 4):
    net = Network([784, *[30] * depth, 10], rng=0)
    test = test_images[::5], test_labels[::5]  # 2,000 of them, as there is a test after each epoch
    counts = net.SGD((images, labels), epochs, 10, 0.1, 0.1, test, monitor_evaluation_accuracy=True)[1]
    curves[depth] = np.array(counts) / len(test[1])

fig, ax = plt.subplots(figsize=(7, 3.6), dpi=110)
for (depth, accuracy), color in zip(curves.items(), colors[::-1], strict=True):
    ax.plot(range(1, epochs + 1), 100 * accuracy, color=color, lw=1.8)
    ax.text(epochs + 1.5, 97 - 5.5 * depth, f"{depth} hidden", color=color, va="center")
ax.set(xlabel="epoch of 100 steps", ylabel="right of 2,000 test images, %", xlim=(0, 115), ylim=(0, 100))
ax.set_title("Trained on 1,000 images: each further layer makes the wait longer", fontsize=10)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The deeper the network, the longer it stands at 10 %, where all answers are the same. Then it learns as the others
# did. Other seeds wait in the same order: over five networks, the first epoch above 50 % is number 2 with one hidden
# layer, 6 to 8 with two, 24 to 31 with three, and 63 to more than 100 with four.

# %%
waits = {depth: int(np.argmax(accuracy > 0.5)) + 1 for depth, accuracy in curves.items()}
print("first epoch above 50 %, for 1 to 4 hidden layers:", *waits.values())
assert waits[1] <= 4 < waits[2] <= 14 < waits[3] <= 40 < waits[4] <= 90
assert min(curves[1][-1], curves[2][-1]) > 0.84
assert curves[4][10] < 0.2

# %% [markdown]
# Given all of MNIST and 30 epochs of it (150,000 steps, 50 times as many as in 30 epochs above), the wait is over early
# in the run, and the book's accuracies hardly differ: 96.48 % with one hidden layer, then 96.90, 96.57 and 96.53 %.
# More layers did not help, which is what the chapter is about. The same runs here, three networks each, from
# [nielsen/results](nielsen/results); they are made by `python -m nielsen 'depth/*'`, in the folder `notebooks`.

# %%
book = {1: 96.48, 2: 96.90, 3: 96.57, 4: 96.53}
full = {depth: results.measured(f"depth/{depth}") for depth in book}

fig, ax = plt.subplots(figsize=(7, 2.9), dpi=110)
for depth, ours in full.items():
    ax.plot(ours.values, [depth] * len(ours.values), "o", ms=7, color=BLUE, alpha=0.6, mew=0)
    ax.plot(book[depth], depth, "|", ms=20, mew=2.5, color=RED)
ax.text(book[1], 0.42, "the book", color=RED, fontsize=9, ha="center")
ax.text(full[1].high + 0.04, 1, "ours, three networks", color=BLUE, fontsize=9, va="center")
ax.set(yticks=list(book), ylabel="hidden layers", ylim=(4.5, 0.2), xlim=(95.9, 97.5))
ax.set_xlabel("right of 10,000 validation images, best of 30 epochs, %")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Two hidden layers are best, by three tenths of a percent; three and four are no better than one. Both in the book and
# here. And the wait is there, too, in the first epoch of 5,000 steps: after it, the networks with one hidden layer are
# at 93 %, those with four at 11 to 26 %; after four epochs they all are above 92 %.

# %%
median = {depth: ours.median for depth, ours in full.items()}
assert all(len(ours.values) == 3 for ours in full.values())
assert all(abs(median[depth] - book[depth]) < 0.3 for depth in book)  # networks of a depth differ by as much
assert max(median, key=median.get) == max(book, key=book.get) == 2
assert 0.2 < median[2] - max(median[1], median[3], median[4]) < 0.5
early = {depth: np.array([run["validation"][:4] for run in results.runs(f"depth/{depth}")]) / 10_000 for depth in book}
assert early[4][:, 0].max() < 0.26 < 0.92 < early[1][:, 0].min()
assert all(accuracy[:, 3].min() > 0.92 for accuracy in early.values())

# %% [markdown]
# ## 9. Thirty layers: the activation, and the first weights
#
# How much of a gradient is left depends on both. The recursion of section 5 says how much, for any activation `g` and
# weights from N(0, s²/n):
#
# $$q \leftarrow \mathrm{E}\big[g(z)^2\big], \quad z \sim N(0, s^2 q), \qquad\qquad
# \text{factor}^2 = s^2\, \mathrm{E}\big[g'(z)^2\big] .$$
#
# Three usual choices: s² = 1 (for square layers this is Glorot's; Nielsen's and LeCun's too), s² = 2 (He's, made for
# the ReLU, whose slope is 0 for half of its inputs), and plain N(0, 1), which is s² = n. Dots are measured, in 30
# layers of 100 units; lines are computed.

# %%
n, depth = 100, 30
functions = {"sigmoid": ag.sigmoid, "tanh": ag.tanh, "ReLU": ag.relu}
choices = {"Glorot": 1.0, "He": 2.0, "N(0, 1)": float(n)}


def deltas(g, s2, seed):
    """The norm of δ in each layer, over that of the last, for a random network and a random cotangent."""
    rng = np.random.default_rng(seed)
    a, z = rng.normal(size=(64, n)), []
    for _ in range(depth):
        w = ag.tensor(rng.normal(size=(n, n)) * np.sqrt(s2 / n), requires_grad=True)
        z.append(a @ w.T)
        z[-1].retain_grad()
        a = g(z[-1])
    a.backward(rng.normal(size=a.shape))
    norms = np.array([np.linalg.norm(value.grad.numpy()) for value in z])
    return norms / norms[-1]


def computed(g, s2):
    q, factors = 1.0, []  # the inputs come from N(0, 1)
    derivative = ag.grad(lambda z: g(z).sum())
    for _ in range(depth):
        factors.append(np.sqrt(s2 * expected(lambda z: derivative(z) ** 2, s2 * q)))
        q = expected(lambda z: g(z) ** 2, s2 * q)
    return np.append(np.cumprod(factors[-2::-1])[::-1], 1.0)


measured = {(g, s): deltas(functions[g], choices[s], 0) for g in functions for s in choices}
theory = {(g, s): computed(functions[g], choices[s]) for g in functions for s in choices}

fig, axes = plt.subplots(1, 3, figsize=(9.5, 4), dpi=110, layout="constrained", sharey=True)
for ax, g in zip(axes, functions, strict=True):
    for s, color, mark in zip(choices, (BLUE, "#1a7a42", RED), "os^", strict=True):
        ax.semilogy(range(1, depth + 1), theory[g, s], color=color, lw=1)
        ax.semilogy(range(1, depth + 1), measured[g, s], mark, ms=3.2, color=color)
    ax.set(title=g, xlabel="layer")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("norm of δ / that of the last layer")
axes[2].text(11, 1e17, "N(0, 1)", color=RED, fontsize=9)
axes[2].text(2, 1e2, "He", color="#1a7a42", fontsize=9)
axes[2].text(2, 1e-8, "Glorot", color=BLUE, fontsize=9)
plt.show()

# %% [markdown]
# Only three of the nine lines stay level: tanh with Glorot's weights and with He's, the ReLU with He's. The sigmoid
# vanishes with either. With N(0, 1) the ReLU explodes by a factor 7 a layer, and tanh by 2.4; the sigmoid's line looks
# level, but by saturation: a third of its units have a slope below a hundredth of the largest.

# %%
per_layer = {
    key: np.median([deltas(functions[key[0]], choices[key[1]], seed)[0] for seed in range(3)]) ** (1 / (depth - 1))
    for key in measured
}
for key in measured:
    assert abs(per_layer[key] / theory[key][0] ** (1 / (depth - 1)) - 1) < 0.05  # 1 % to 3 % over ten networks
assert np.isclose(computed(ag.relu, 2.0)[0], 1, rtol=1e-2)  # half of the slopes are 1, and s² = 2
assert np.isclose(theory["ReLU", "Glorot"][0], 2 ** (-29 / 2), rtol=1e-2)
assert 7 < theory["ReLU", "N(0, 1)"][0] ** (1 / 29) < 7.1
assert 2.3 < theory["tanh", "N(0, 1)"][0] ** (1 / 29) < 2.4
assert all(theory["sigmoid", s][0] < 1e-14 for s in ("Glorot", "He"))
assert all(0.1 < theory[key][0] < 10 for key in (("tanh", "Glorot"), ("tanh", "He"), ("ReLU", "He")))
saturated = expected(lambda z: slope(z) < 0.01 / 4, n * 0.442)  # of the slopes of sigmoids, where q is 0.442
assert 0.33 < saturated < 0.4

# %% [markdown]
# ## 10. A way round: skip connections
#
# A residual layer gives `h + g(W h)` in place of `g(W h)` ([He et al. 2015](https://arxiv.org/abs/1512.03385)). Its
# derivative is the identity plus the derivative of before, so whatever arrives is handed on whole, and something is
# added to it. Thirty sigmoid layers again, with Glorot's weights. Now the picture shows the gradient by the *output* of
# each layer, as that is what arrives there.
#
# Normalization changes the slopes instead: `BatchNorm1d` subtracts from each unit's `z` its mean over the batch, and
# divides by its deviation; `LayerNorm` does so over the units of each example.


# %%
class Residual(nn.Module):
    """h + g(W h)."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, h):
        return h + self.layer(h)


def stack(kind, seed):
    rng, layers = np.random.default_rng(seed), []
    for _ in range(depth):
        linear = nn.Linear(n, n, bias=False, rng=rng)
        nn.init.xavier_normal_(linear.weight, rng=rng)
        between = {"BatchNorm": [nn.BatchNorm1d(n)], "LayerNorm": [nn.LayerNorm(n)]}.get(kind, [])
        layer = nn.Sequential(linear, *between, nn.Sigmoid())
        layers.append(Residual(layer) if kind == "skip" else layer)
    return layers


def arriving(kind, seed):
    """The norm of the gradient by each layer's output, over that of the last; in float64, as it becomes very small."""
    rng, outputs = np.random.default_rng(seed), []
    h = ag.tensor(rng.normal(size=(64, n)), requires_grad=True)
    for layer in stack(kind, seed):
        h = layer.double()(h)
        h.retain_grad()
        outputs.append(h)
    h.backward(rng.normal(size=h.shape))
    norms = np.array([np.linalg.norm(value.grad.numpy()) for value in outputs])
    return norms / norms[-1]


arrives = {kind: arriving(kind, 0) for kind in ("plain", "skip", "BatchNorm", "LayerNorm")}

fig, ax = plt.subplots(figsize=(7, 3.6), dpi=110)
looks = {"plain": RED, "skip": BLUE, "BatchNorm": "#1a7a42", "LayerNorm": "#8c5ac8"}
for (kind, norms), mark in zip(arrives.items(), "o^sv", strict=True):
    ax.semilogy(range(1, depth + 1), norms, marker=mark, ms=3.5, lw=1.2, color=looks[kind])
ax.text(9, 1e-16, "plain", color=RED, fontsize=9)
ax.text(9, 1e-7, "LayerNorm", color=looks["LayerNorm"], fontsize=9, ha="right")
ax.text(2, 60, "BatchNorm (squares), skip connection (triangles)", color="0.2", fontsize=9)
ax.set(xlabel="layer", ylabel="what arrives / what arrives last", ylim=(1e-19, 1e5))
ax.set_title("Thirty sigmoid layers", fontsize=10)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# With the skip connection the gradient at the first layer is as large as at the last. Batch normalization does it too:
# without its mean, a sigmoid's output is nearly proportional to its input, and the division makes up for the slope. For
# normalization over the units that is not so; with sigmoids it helps, but not enough.

# %%
first = {kind: [arriving(kind, seed)[0] for seed in range(3)] for kind in arrives}
assert max(first["plain"]) < 1e-17
assert 1 < min(first["skip"]) <= max(first["skip"]) < 1.5
assert 1 < min(first["BatchNorm"]) <= max(first["BatchNorm"]) < 4
assert 1e-13 < min(first["LayerNorm"]) <= max(first["LayerNorm"]) < 1e-11

layer = nn.Sequential(nn.Linear(4, 4, rng=0), nn.Sigmoid()).double()
h, g = np.random.default_rng(0).normal(size=(2, 4))
plain, skip = ag.jacobian(layer)(h), ag.jacobian(Residual(layer))(h)
assert np.allclose(skip, np.eye(4) + plain, rtol=0, atol=1e-15)  # the identity, plus what was there before

# %% [markdown]
# ## 11. Layer by layer, while it learns
#
# All together, on real images: eight hidden layers of 30 units learn the 1,000 digits in 40 epochs, with batches of 50
# and learning rate 0.1 (for the ReLU 0.05, which makes its ups and downs smaller). `nn.monitor.GradientNorms` writes
# down the gradient of each layer after each epoch; each picture has a row for a layer, the first below, and a column
# for an epoch. Dark is small.


# %%
def deep_network(kind, rng):
    make = {"tanh": nn.Tanh, "ReLU": nn.ReLU}.get(kind, nn.Sigmoid)
    sizes = [784, *[30] * 8, 10]
    linear = [nn.Linear(n_in, n_out, rng=rng) for n_in, n_out in pairwise(sizes)]
    for layer in linear:
        if kind == "ReLU":
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", rng=rng)  # He's
        else:
            nn.init.xavier_normal_(layer.weight, rng=rng)  # Glorot's
        nn.init.zeros_(layer.bias)
    hidden = [nn.Sequential(layer, make()) for layer in linear[:-1]]
    if kind == "sigmoid + skip":
        hidden[1:] = [Residual(block) for block in hidden[1:]]
    return nn.Sequential(*hidden, linear[-1])


def learn(kind, seed=0, epochs=40):
    rng = np.random.default_rng(seed)
    model = deep_network(kind, rng)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.05 if kind == "ReLU" else 0.1)
    record = nn.monitor.GradientNorms(model)
    for epoch in range(epochs):
        order = rng.permutation(len(images))
        for batch in np.split(order, len(images) // 50):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
        record.record(epoch + 1)
    with ag.no_grad():
        return record, nn.metrics.accuracy(model(test_images), test_labels)


kinds = ["sigmoid", "tanh", "ReLU", "sigmoid + skip"]
learned = {kind: learn(kind) for kind in kinds}

fig, axes = plt.subplots(2, 2, figsize=(9, 5.6), dpi=110, layout="constrained", sharex=True, sharey=True)
for ax, (kind, (record, accuracy)) in zip(axes.flat, learned.items(), strict=True):
    rows = np.log10([record.norms[path] for path in record.layers])
    shown = ax.imshow(
        rows, origin="lower", aspect="auto", cmap="cividis", vmin=-5, vmax=0.5, extent=(0.5, 40.5, 0.5, 9.5)
    )
    ax.set_title(f"{kind}: {100 * accuracy:.0f} % right", fontsize=10)
    ax.set(yticks=[1, 3, 5, 7, 9])
fig.supxlabel("epoch", fontsize=10)
fig.supylabel("layer", fontsize=10)
fig.colorbar(shown, ax=axes, ticks=range(-5, 1), label="gradient norm", format=lambda v, _: f"$10^{{{v:.0f}}}$")
plt.show()

# %% [markdown]
# The sigmoid's picture is the same from left to right: light only at the output, on top, and it never learned anything.
# The other three are of one colour from top to bottom, and all three learned. A skip connection lets even the sigmoid
# learn.

# %%
accuracy = {kind: accuracy for kind, (_, accuracy) in learned.items()}
lowest = {kind: np.log10([record.norms[path][0] for path in record.layers]) for kind, (record, _) in learned.items()}
assert accuracy["sigmoid"] < 0.12  # one digit for all images
assert min(accuracy["tanh"], accuracy["ReLU"], accuracy["sigmoid + skip"]) > 0.75  # 0.83 to 0.87 over several seeds
assert lowest["sigmoid"][0] < lowest["sigmoid"][-1] - 3  # decades
assert all(np.ptp(lowest[kind]) < 2 for kind in ("tanh", "ReLU", "sigmoid + skip"))

# %% [markdown]
# ## Try it
#
# **A.** Section 10 with `nn.ReLU()` in the place of the sigmoid, He's weights, and the skip connection. What arrives
# now grows from layer to layer: each adds to it. Multiply the branch by `1 / np.sqrt(depth)`, and look again.
#
# **B.** Section 11 with biases of −2 in all layers of the ReLU network. What does `nn.monitor.dead_units` say before
# the first step, and can the network recover?
#
# **C.** Section 8 with `rng=1`, 2, 3. The order of the four curves is the same each time; how much does the length of
# the wait vary?
