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
# # The chain rule
#
# The gradient of a network is a product of matrices, one for each layer. Backpropagation is that product, multiplied in
# one of two possible orders. Below, every formula that the notes give for it is computed by hand in NumPy and compared
# with the engine: layers as sums and as matrices, products with Jacobians from both sides, the deltas, values that are
# used twice. Three of the notes' formulas are wrong, by a sign or by a name, and two differ by a factor of 2; each is
# shown with the numbers of both versions.

# %%
import math
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Math
from nielsen.mnist_loader import load_thousand

import autograd_core as ag
import nn
from autograd_core.testing import PROFILES, gradcheck
from autograd_core.testing.hypothesis import given, settings, st

RED, BLUE = "#b3261e", "#1f5fa8"

# %% [markdown]
# ## 1. A layer is many sums, or one matrix
#
# Layers are numbered by `l`, from 1 to `L`; the input is layer 0. Node `j` of layer `l` adds up what comes from layer
# `l − 1`, each with its weight, and puts the sum through an activation `g`:
#
# $$z_j^l = \sum_k w_{j,k}^l\, a_k^{l-1} + b_j^l, \qquad a_j^l = g(z_j^l), \qquad a^0 = x .$$
#
# The first index of a weight is where it leads to, the second where it comes from. That order looks odd in a picture of
# the network, and is right in a matrix: row `j` times the column `a` is the sum above. So a layer is $z^l = W_l\,
# a^{l-1} + b^l$, and a network of three layers is $\hat y = g(W_3\, g(W_2\, g(W_1 x)))$ (biases left out).

# %%
sizes = [3, 4, 2, 1]
fig, ax = plt.subplots(figsize=(7, 3.3), dpi=110)
place = {(l, j): (l, (n - 1) / 2 - j) for l, n in enumerate(sizes) for j in range(n)}
for l, (n_from, n_to) in enumerate(pairwise(sizes), 1):
    for k, j in np.ndindex(n_from, n_to):
        marked = (l, j, k) == (2, 1, 2)
        ends = zip(place[l - 1, k], place[l, j], strict=True)
        ax.plot(*ends, color=RED if marked else "0.75", lw=2.5 if marked else 0.8, zorder=1)
for (l, j), (x, y) in place.items():
    ax.scatter(x, y, s=430, color="white", edgecolor="0.3", zorder=2)
    ax.text(x, y, f"${'x' if l == 0 else 'a'}_{j + 1}{'' if l == 0 else f'^{l}'}$", ha="center", va="center", zorder=3)
label = {"ha": "center", "va": "center", "bbox": {"color": "white", "pad": 1}}
ax.text(1.42, -0.5, "$w^2_{2,3}$", color=RED, fontsize=13, **label)
for l, n in enumerate(sizes):
    ax.text(l, -2.1, ["input", "layer 1", "layer 2", "output"][l] + f"\n{n}", ha="center", va="top", fontsize=9)
ax.set(xlim=(-0.3, 3.3), ylim=(-2.7, 1.9))
ax.axis("off")
plt.show()

# %% [markdown]
# The red edge leads to node 2 of layer 2, and comes from node 3 of layer 1: it is $w^2_{2,3}$, the entry in row 2 and
# column 3 of $W_2$. This network, 3-4-2-1, is used in most of the sections below.
#
# First a larger one, Nielsen's 784-30-10 for images of digits. Its output is computed twice, from the sums of each
# node, with loops, and from the matrices.

# %%
network = nn.Sequential(nn.MLP([784, 30, 10], nn.Sigmoid, rng=0, dtype=np.float64), nn.Sigmoid())
network.requires_grad_(False)  # its parameters are only read here
(images, labels), _ = load_thousand()  # of MNIST
image = images[0].astype(float)


def node(weights, bias, inputs):
    z = bias
    for w, a in zip(weights, inputs, strict=True):
        z += w * a
    return 1 / (1 + math.exp(-z))


activations = image.tolist()
for layer in (network[0][0], network[0][2]):
    nodes = zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
    activations = [node(row, bias, activations) for row, bias in nodes]

by_matrices = network(image).data
print("node by node:", " ".join(f"{a:.6f}" for a in activations))
print("by matrices: ", " ".join(f"{a:.6f}" for a in by_matrices))

# %% [markdown]
# The same ten numbers. What the network learns can be counted on paper: a weight for each edge, and a bias for each
# node that is no input.

# %%
assert np.abs(by_matrices - activations).max() < 1e-12

parameters = {n: sum(p.size for p in nn.MLP([784, n, 10]).parameters()) for n in (30, 100)}
assert parameters[30] == 784 * 30 + 30 + 30 * 10 + 10 == 23_860
assert parameters[100] == 784 * 100 + 100 + 100 * 10 + 10 == 79_510

# %% [markdown]
# ## 2. A chain of functions is a product of matrices
#
# A network with its loss is a chain of functions, each applied to the result of the one before: $f = h_7 \circ \dots
# \circ h_1$. The derivative of each at the point where it is used is a matrix, its Jacobian $Dh$: a row for each
# output, a column for each input. The chain rule says that the derivative of the chain is the product of the matrices,
#
# $$Df = Dh_7\, Dh_6 \cdots Dh_1, \qquad \nabla f = Df^{\,T} = Dh_1^{\,T} \cdots Dh_7^{\,T} .$$
#
# Here are the seven of the network above with sigmoids and the loss $\frac12 (\hat y - y)^2$.

# %%
rng = np.random.default_rng(0)
W = [rng.normal(size=(n_to, n_from)) for n_from, n_to in pairwise(sizes)]
b = [rng.normal(size=n) for n in sizes[1:]]
x, y = rng.normal(size=3), np.array([1.0])


def affine(l):
    return lambda a: W[l - 1] @ a + b[l - 1]


def half_square(prediction):
    return ag.sum((prediction - y) ** 2) / 2


chain = [affine(1), ag.sigmoid, affine(2), ag.sigmoid, affine(3), ag.sigmoid, half_square]
words = ["affine", "sigmoid", "affine", "sigmoid", "affine", "sigmoid", "loss"]

values, jacobians = [x], []
for h in chain:
    jacobians.append(np.atleast_2d(ag.jacobian(h)(values[-1])))
    values.append(np.asarray(h(values[-1])))

Df = np.linalg.multi_dot(jacobians[::-1])

fig, ax = plt.subplots(figsize=(9, 2.5), dpi=110)
x0 = 0.0
names = ["$Df$", *(f"$Dh_{l}$" for l in range(7, 0, -1))]
for name, word, D in zip(names, ["product", *words[::-1]], [Df, *jacobians[::-1]], strict=True):
    for (i, j), number in np.ndenumerate(D):
        shade = plt.cm.RdBu_r(0.5 + number / 4)
        ax.add_patch(plt.Rectangle((x0 + j, i), 1, 1, facecolor=shade, edgecolor="0.8", lw=0.5))
        digits = f"{number:.{4 if D is Df else 2}f}".replace("0.", ".") if number else "0"
        dark = "white" if abs(number) > 1.2 else "black"
        ax.text(x0 + j + 0.5, i + 0.5, digits, ha="center", va="center", fontsize=5.6 if D is Df else 6.5, color=dark)
    ax.text(x0 + D.shape[1] / 2, -0.3, name, ha="center", fontsize=11)
    ax.text(x0 + D.shape[1] / 2, 4.3, f"{word}\n{D.shape[0]} × {D.shape[1]}", ha="center", va="top", fontsize=8)
    x0 += D.shape[1] + 0.9
    if D is Df:
        ax.text(x0 - 0.1, 0.5, "=", ha="center", va="center", fontsize=12)
        x0 += 0.7
ax.set(xlim=(-0.3, x0 - 0.5), ylim=(5.3, -1))
ax.set_aspect("equal")
ax.axis("off")
plt.show()

# %% [markdown]
# Read it from the right, as the product is applied. The Jacobian of an affine map is its weight matrix. That of an
# activation is a diagonal matrix, since each node is on its own: $G(l)$ in the notes, with the slopes $g'(z_j^l)$ on
# the diagonal. Sides that touch have the same length, so the product exists; what is left is 1 × 3, one derivative for
# each input.


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(z):
    return sigmoid(z) * (1 - sigmoid(z))


tolerance = {"rtol": 0, "atol": 1e-12}
assert [D.shape for D in jacobians] == [(4, 3), (4, 4), (2, 4), (2, 2), (1, 2), (1, 1), (1, 1)]
assert all(np.allclose(jacobians[2 * l], W[l], **tolerance) for l in range(3))
assert all(np.allclose(jacobians[2 * l + 1], np.diag(slope(values[2 * l + 1])), **tolerance) for l in range(3))


def f(x):
    for h in chain:
        x = h(x)
    return x


leaf = ag.tensor(x, requires_grad=True)
f(leaf).backward()
assert np.allclose(Df, ag.jacobian(f)(x), **tolerance)
assert np.abs(leaf.grad.numpy() - Df).max() < 1e-12  # backward() is this product

# %% [markdown]
# ## 3. Two ways to bracket the same product
#
# A product of matrices may be bracketed as one likes; the result is the same. The work is not. From the right,
# $Dh_3\,(Dh_2\, Dh_1)$, is **forward mode**: it can be done while the network computes, and carries one column for each
# input. From the left, $(Dh_3\, Dh_2)\, Dh_1$, is **reverse mode**: it starts at the loss when everything is known, and
# carries one row for each output. A loss is one number, so that is a single row.
#
# Count multiplications for 784-30-10 with a loss. Sigmoid and affine map of a layer are taken as one matrix $G(l) W_l$.


# %%
def multiplied(matrices, from_the_left):
    """The product, how many multiplications of numbers it took, and the shapes on the way."""
    order = matrices if from_the_left else matrices[::-1]
    product, count, shapes = order[0], 0, [order[0].shape]
    for matrix in order[1:]:
        left, right = (product, matrix) if from_the_left else (matrix, product)
        product, count = left @ right, count + left.shape[0] * left.shape[1] * right.shape[1]
        shapes.append(product.shape)
    return product, count, shapes


first, second = network[0][0], network[0][2]
z1 = first(image).data
z2 = second(sigmoid(z1)).data
target = np.eye(10)[labels[0]]
layers = [
    (sigmoid(z2) - target)[None, :],  # 1 × 10, of the loss, half the squared distance from the target
    slope(z2)[:, None] * second.weight.data,  # 10 × 30
    slope(z1)[:, None] * first.weight.data,  # 30 × 784
]
reverse, count_reverse, shapes_reverse = multiplied(layers, from_the_left=True)
forward, count_forward, shapes_forward = multiplied(layers, from_the_left=False)
print(f"from the left, reverse mode:  {count_reverse:7,} multiplications, shapes {shapes_reverse}")
print(f"from the right, forward mode: {count_forward:7,} multiplications, shapes {shapes_forward}")

fig, ax = plt.subplots(figsize=(7.5, 2.6), dpi=110)
rows_of_picture = [("from the left", BLUE, shapes_reverse), ("from the right", RED, shapes_forward)]
for at, (name, colour, shapes) in zip([0, -11], rows_of_picture, strict=True):
    x0 = 0.0
    for rows, columns in shapes:
        width, height = columns**0.5, rows**0.5
        ax.add_patch(plt.Rectangle((x0, at - height / 2), width, height, color=colour, alpha=0.75, lw=0))
        ax.text(x0 + width / 2, at - height / 2 - 0.6, f"{rows} × {columns}", ha="center", va="top", fontsize=8)
        x0 += width + 8
    ax.text(-3, at, name, ha="right", va="center", fontsize=9, color=colour)
ax.set(xlim=(-24, 103), ylim=(-18, 5))
ax.set_title("What is carried along, step by step (sides drawn as square roots)", fontsize=10)
ax.set_aspect("equal")
ax.axis("off")
plt.show()

# %% [markdown]
# From the left everything that is carried is one row high. From the right it is 784 columns wide all the way, and costs
# ten times as much. And 23,820 is a number we know: it is the number of weights. Each weight is multiplied once on the
# way forward and once on the way back, so the sweep costs as much as the value did, however many inputs there are. For
# a chain with one input and many outputs it is the other way about.

# %%
assert np.allclose(reverse, forward, **tolerance)
assert count_reverse == 10 * 30 + 30 * 784 == 23_820
assert count_forward == 10 * 30 * 784 + 10 * 784 == 243_040
assert count_reverse == first.weight.size + second.weight.size
assert round(count_forward / count_reverse, 1) == 10.2

# turned round, one input and 784 outputs, it is the other way about
turned = [matrix.T for matrix in layers[::-1]]
assert multiplied(turned, from_the_left=False)[1] == 23_820
assert multiplied(turned, from_the_left=True)[1] == 243_040

# %% [markdown]
# The engine has both. `ag.vjp` multiplies a row from the left (a vector-Jacobian product, reverse mode), `ag.jvp` a
# column from the right (a Jacobian-vector product, forward mode). Neither ever makes a Jacobian; they only know how to
# multiply by it. One `vjp` gives all 784 derivatives. One `jvp` gives one number, the derivative in one direction, so
# it takes 784 of them.


# %%
def loss_of(image):
    return ag.sum((network(image) - target) ** 2) / 2


loss, pull = ag.vjp(loss_of, image)
(row,) = pull(np.ones(()))
columns = [ag.jvp(loss_of, (image,), (direction,))[1] for direction in np.eye(784)]

assert np.abs(row - reverse).max() < 1e-12  # one vjp
assert np.abs(np.array(columns) - reverse).max() < 1e-12  # 784 jvps
assert row.shape == (784,) == (len(columns),)

# %% [markdown]
# ## 4. What arrives where
#
# Stop the product from the left anywhere: what has been multiplied so far is the gradient of the loss by the value at
# that place. That is all that `backward()` does, and it can be drawn. The bands carry the size of the gradient.

# %%
weights = [ag.tensor(w, requires_grad=True) for w in W]
biases = [ag.tensor(v, requires_grad=True) for v in b]
W1, W2, W3 = weights
b1, b2, b3 = biases
with ag.watch():
    z1 = W1 @ x + b1
    a1 = ag.sigmoid(z1)
    z2 = W2 @ a1 + b2
    a2 = ag.sigmoid(z2)
    z3 = W3 @ a2 + b3
    a3 = ag.sigmoid(z3)
    loss = ag.sum((a3 - y) ** 2) / 2
for value in (z1, a1, z2, a2, z3, a3):
    value.retain_grad()
loss.backward()
names = {"W1": W1, "W2": W2, "W3": W3, "b1": b1, "b2": b2, "b3": b3, "x": x, "y": y}
values = {"z1": z1, "a1": a1, "z2": z2, "a2": a2, "z3": z3, "a3": a3, "loss": loss}
ag.draw(loss, names | values)

# %% [markdown]
# From the loss upwards each gradient is the one below it, times one more of the seven matrices. The numbers at `z1`,
# `a1`, `z2`, … are checked here against that product.

# %%
so_far = jacobians[6]
for value, D in zip([a3, z3, a2, z2, a1, z1], jacobians[5::-1], strict=True):
    assert np.abs(value.grad.numpy() - so_far).max() < 1e-12
    so_far = so_far @ D
assert np.abs(so_far - Df).max() < 1e-12

# %% [markdown]
# ## 5. The deltas
#
# Textbooks give the gradient at $z^l$ a name of its own, $\delta^l = \partial \mathcal{L} / \partial z^l$, because the
# parameters hang there. The chain then reads, with $\odot$ for the product element by element (in the order of Nielsen,
# [chapter 2](http://neuralnetworksanddeeplearning.com/chap2.html)):
#
# $$\begin{aligned}
# \delta^L &= \nabla_a \mathcal{L} \odot g'(z^L) && \text{BP1: the loss, through the last activation}\\
# \delta^l &= W_{l+1}^T\, \delta^{l+1} \odot g'(z^l) && \text{BP2: back through a layer}\\
# \partial \mathcal{L} / \partial b_j^l &= \delta_j^l && \text{BP3}\\
# \partial \mathcal{L} / \partial w_{j,k}^l &= a_k^{l-1}\, \delta_j^l && \text{BP4}
# \end{aligned}$$
#
# For the loss $\frac12 \lVert \hat y - y \rVert^2$ the first is $\delta^L = G(L)(\hat y - y)$. In NumPy that is a dozen
# lines. The argument `error` is $\nabla_a \mathcal{L}$, and will be of use below.


# %%
def right(prediction, y):
    return prediction - y


def backpropagation(W, b, x, y, error=right):
    """The gradients by the weights and by the biases, as the notes compute them."""
    a, z = [x], []
    for w, bias in zip(W, b, strict=True):
        z.append(w @ a[-1] + bias)
        a.append(sigmoid(z[-1]))
    delta = error(a[-1], y) * slope(z[-1])  # BP1
    by_w, by_b = [], []
    for l in reversed(range(len(W))):
        by_b.insert(0, delta)  # BP3
        by_w.insert(0, np.outer(delta, a[l]))  # BP4
        if l:
            delta = (W[l].T @ delta) * slope(z[l - 1])  # BP2
    return by_w, by_b


by_w, by_b = backpropagation(W, b, x, y)
for l in range(3):
    assert np.abs(by_w[l] - weights[l].grad.numpy()).max() < 1e-12
    assert np.abs(by_b[l] - biases[l].grad.numpy()).max() < 1e-12

# %% [markdown]
# `ag.explain` finds the same recursion by itself: it is given the loss and a weight, and looks at the graph.

# %%
network_3421 = nn.Sequential()
for w, bias in zip(W, b, strict=True):
    layer = nn.Linear(*w.shape[::-1], dtype=np.float64, rng=0)
    layer.weight.data, layer.bias.data = w, bias
    network_3421.append(layer)
    network_3421.append(nn.Sigmoid())
cost = ((network_3421(x) - y) ** 2).sum() / 2
names = {"L": cost, "x": x, "y": y, **dict(network_3421.named_parameters())}
by_layers = ag.explain(cost, network_3421[0].weight, names=names)
for delta in by_layers.deltas:
    print(delta.name, "=", delta.words)

# %% [markdown]
# A `Linear` of `nn` takes samples as rows, so the product stands the other way round, `delta @ W` in the place of $W^T
# \delta$, and the gradient is `delta.T @ a`. The numbers are the same.

# %%
found = {delta.name: delta.value for delta in by_layers.deltas}
assert [name for name in found if name.startswith("delta")] == ["delta3", "delta2", "delta1"]
for l in range(3):
    assert np.abs(found[f"delta{l + 1}"] - by_b[l]).max() < 1e-12
assert np.abs(by_layers.gradient - by_w[0]).max() < 1e-12

# %% [markdown]
# ## 6. For any depth and any width
#
# One network is an example. A claim about all of them is better put to [Hypothesis](https://hypothesis.readthedocs.io),
# which draws networks of one to five layers, one to eight nodes wide, and tries to find one for which the hand-written
# recursion and the engine differ by more than 10⁻¹⁰. The profile always draws the same networks.

# %%
drawn = []


def networks_agree(sizes, seed, error):
    rng = np.random.default_rng(seed)
    W = [rng.normal(size=(n_to, n_from)) for n_from, n_to in pairwise(sizes)]
    b = [rng.normal(size=n) for n in sizes[1:]]
    x, y = rng.normal(size=sizes[0]), rng.normal(size=sizes[-1])
    weights = [ag.tensor(w, requires_grad=True) for w in W]
    biases = [ag.tensor(v, requires_grad=True) for v in b]
    a = x
    for w, bias in zip(weights, biases, strict=True):
        a = ag.sigmoid(w @ a + bias)
    (ag.sum((a - y) ** 2) / 2).backward()
    by_w, by_b = backpropagation(W, b, x, y, error)
    drawn.append(sizes)
    for hand, engine in zip(by_w + by_b, weights + biases, strict=True):
        assert np.abs(hand - engine.grad.numpy()).max() < 1e-10


some_sizes = st.lists(st.integers(1, 8), min_size=2, max_size=6)
each_network = lambda test: settings(PROFILES["dev"])(given(some_sizes, st.integers(0, 10**6))(test))


@each_network
def test_the_recursion(sizes, seed):
    networks_agree(sizes, seed, right)


test_the_recursion()
depths = sorted({len(sizes) - 1 for sizes in drawn})
print(f"{len(drawn)} networks, {depths[0]} to {depths[-1]} layers deep, up to {max(map(max, drawn))} nodes wide")

# %%
assert len(drawn) >= 50
assert depths == [1, 2, 3, 4, 5]

# %% [markdown]
# ## 7. Where the notes are wrong: the sign of the last delta
#
# **Where the notes are wrong.** One set of notes takes the loss $\frac12 (y - \hat y)^2$ and starts the recursion with
# $\delta^L = G(L)(y - \hat y)$, then $\partial \mathcal{L}/\partial w = a\,\delta$. The inner derivative is missing:
# $\hat y$ stands behind a minus, so the derivative of $\frac12 (y - \hat y)^2$ by $\hat y$ is $(y - \hat y) \cdot (-1)
# = \hat y - y$. All the rest of the recursion is linear in $\delta^L$ and hands the sign on to every parameter. Against
# differences of the loss, which know no formula:


# %%
def notes(prediction, y):
    return y - prediction


def forward_loss(W, b):
    a = x
    for w, bias in zip(W, b, strict=True):
        a = sigmoid(w @ a + bias)
    return np.sum((y - a) ** 2) / 2


def numeric_gradient(step=1e-5):
    """Central differences of the loss by each weight."""
    gradients = []
    for l, w in enumerate(W):
        quotient = np.empty_like(w)
        for i in np.ndindex(w.shape):
            plus, minus = ([v.copy() for v in W] for _ in range(2))
            plus[l][i] += step
            minus[l][i] -= step
            quotient[i] = (forward_loss(plus, b) - forward_loss(minus, b)) / (2 * step)
        gradients.append(quotient)
    return gradients


flat = lambda arrays: np.concatenate([array.ravel() for array in arrays])
numeric = flat(numeric_gradient())
by_notes, by_chain_rule = flat(backpropagation(W, b, x, y, notes)[0]), flat(by_w)
ratio = by_notes / numeric
print("the notes' formula / differences, layer by layer:")
for part in np.split(ratio, [12, 20]):
    print(" ".join(f"{r:.6f}" for r in part))


def losses_along(error, rate=2.0, steps=40):
    ws, bs, losses = W, b, []
    for _ in range(steps):
        losses.append(forward_loss(ws, bs))
        dw, db = backpropagation(ws, bs, x, y, error)
        ws = [w - rate * g for w, g in zip(ws, dw, strict=True)]
        bs = [v - rate * g for v, g in zip(bs, db, strict=True)]
    return losses


down, up = losses_along(right), losses_along(notes)

fig, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(9, 3.4), dpi=110, layout="constrained")
reach = 1.1 * np.abs(numeric).max()
for values, colour, marker, word, at in (
    (by_chain_rule, BLUE, "o", "ŷ − y: slope 1", (-0.02, 0.7)),
    (by_notes, RED, "s", "y − ŷ: slope −1", (-0.02, -0.8)),
):
    left_ax.plot([-reach, reach], np.sign(at[1]) * np.array([-reach, reach]), color=colour, lw=0.8, alpha=0.5)
    left_ax.scatter(numeric, values, s=22, color=colour, marker=marker)
    left_ax.text(0, at[1] * reach, word, color=colour, ha="center", fontsize=9)
left_ax.set(xlabel="differences of the loss", ylabel="formula", title="Each weight's derivative")
right_ax.plot(down, color=BLUE)
right_ax.plot(up, color=RED, ls="--")
right_ax.text(14, down[14] + 0.02, "with ŷ − y", color=BLUE, fontsize=9)
right_ax.text(14, up[14] - 0.06, "with y − ŷ", color=RED, fontsize=9)
right_ax.set(xlabel="step of gradient descent", ylabel="loss", title="What it does to learning", ylim=(0, 0.55))
for ax in (left_ax, right_ax):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Left: each point is one of the 22 weights. With the notes' sign all lie on the falling line: the size is right, the
# direction is opposite, in every entry. Right: descent with that sign climbs, until the sigmoid is saturated on the
# wrong side.

# %%
assert len(ratio) == 12 + 8 + 2
assert {f"{r:.6f}" for r in ratio} == {"-1.000000"}
assert np.allclose(by_chain_rule, numeric, rtol=1e-6, atol=1e-10)
assert np.array_equal(by_notes, -by_chain_rule)
assert all(later < earlier for earlier, later in pairwise(down))
assert all(later > earlier for earlier, later in pairwise(up))
assert down[-1] < 0.01 < 0.47 < up[-1] < 0.5  # 0.5 is the loss of an output of 0, where 1 is wanted

# %% [markdown]
# The test of section 6 would have told. Put the notes' sign into it, and Hypothesis finds a network that disagrees, and
# then the simplest one that does: one layer, one node.


# %%
@each_network
def test_the_notes(sizes, seed):
    networks_agree(sizes, seed, notes)


try:
    test_the_notes()
    refuted = None
except AssertionError:
    refuted = drawn[-1]
print("refuted by a network of sizes", refuted)

# %%
assert refuted == [1, 1]

# %% [markdown]
# ## 8. The same sign, for one weight matrix
#
# **Where the notes are wrong.** Another set derives only the last layer of a network with three inputs, two hidden
# nodes and one output. It writes $A$ for what goes into a sigmoid and $Z$ for what comes out, and takes the same loss,
# $J = \frac12 (y - \hat y)^2$. It begins with
#
# $$\frac{\partial J}{\partial W_2} = \frac{\partial J}{\partial \hat y}\, \frac{\partial \hat y}{\partial A_2}\,
# \frac{\partial A_2}{\partial W_2},$$
#
# which is right, and then writes $(y - \hat y)\, \sigma'(A_2)\, Z_1$ for it. Factor by factor: the second and the third
# are right, the first is the negative. (Its next slides leave $\partial J / \partial \hat y$ standing, and are right.)

# %%
rng = np.random.default_rng(1)
U1, U2 = ag.tensor(rng.normal(size=(2, 3))), ag.tensor(rng.normal(size=(1, 2)), requires_grad=True)
X, truth = rng.normal(size=3), 0.0

Z1 = ag.sigmoid(U1 @ X)
A2 = U2 @ Z1
prediction = ag.sigmoid(A2)
J = ag.sum((truth - prediction) ** 2) / 2
A2.retain_grad()
prediction.retain_grad()
J.backward()

slide = (truth - prediction.item()) * slope(A2.item()) * Z1.data
corrected = (prediction.item() - truth) * slope(A2.item()) * Z1.data
print(f"∂J/∂ŷ is {prediction.grad.item():+.4f}, and y − ŷ is {truth - prediction.item():+.4f}")

# %%
assert np.allclose(slide / U2.grad.numpy(), -1, **tolerance)
assert np.allclose(corrected / U2.grad.numpy(), 1, **tolerance)
assert np.isclose(prediction.grad.item(), -(truth - prediction.item()), **tolerance)
assert np.isclose(A2.grad.item() / prediction.grad.item(), slope(A2.item()), **tolerance)

# %% [markdown]
# ## 9. A value that is used twice
#
# If `y` depends on `w` in several ways, through $S_1, S_2, \dots$, the contributions add up:
#
# $$\frac{\partial y}{\partial w} = \sum_j \frac{\partial y}{\partial S_j}\, \frac{\partial S_j}{\partial w} .$$
#
# That is the chain rule for a graph that forks. `ag.explain` lists the paths one by one.

# %%
w = ag.tensor(3.0, requires_grad=True)
with ag.watch():
    S1 = w * w
    S2 = 5 * w
    P = S1 * S2
    out = P + w
names = {"w": w, "S1": S1, "S2": S2, "P": P, "y": out}
forked = ag.explain(out, w, names=names)
Math(forked.latex)

# %%
for path in forked.paths:
    stations = " → ".join([factor.of for factor in path.factors] + ["w"])
    product = " · ".join(f"{factor.number:g}" for factor in path.factors)
    print(f"{stations:16} {product:10} = {path.contribution:g}")
print(f"{'sum':27} = {forked.total:g}")

# %% [markdown]
# Here $y = 5 w^3 + w$, so the derivative is $15 w^2 + 1 = 136$ at 3. There are four paths, because $S_1 = w \cdot w$
# uses `w` twice itself. The sweep does not walk the paths; it adds up where they meet: in the next picture, an ellipse
# with four arrows.

# %%
out.backward()
ag.draw(out, names, graph="backward", rules="words")

# %%
contributions = sorted(float(path.contribution) for path in forked.paths)
assert contributions == [1, 45, 45, 45]
assert sum(contributions) == w.grad.item() == 15 * 3**2 + 1 == 136
polynomial = lambda v: v * v * (5 * v) + v
assert np.isclose((polynomial(3 + 1e-5) - polynomial(3 - 1e-5)) / 2e-5, 136, rtol=1e-8, atol=0)

# %% [markdown]
# In a network, fan-out is the rule: a node of layer `l − 1` is read by all nodes of layer `l`, and its gradient is the
# sum of what comes back from all of them. Take `a1` of section 4, four nodes, each read by two. Below is a row for each
# reader and a column for each node that is read: the contribution $w_{j,k}\, \delta_j$. The sums of the columns are the
# gradient, and they are what $W^T \delta$ computes.

# %%
by_reader = W2.data * z2.grad.numpy()[:, None]

fig, ax = plt.subplots(figsize=(7, 2.6), dpi=110)
table = np.vstack([by_reader, by_reader.sum(axis=0)])
reach = np.abs(table).max()
ax.imshow(table, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect=0.45)
for (i, j), number in np.ndenumerate(table):
    dark = "white" if abs(number) > 0.7 * reach else "black"
    ax.text(j, i, f"{number:+.4f}", ha="center", va="center", fontsize=9, color=dark)
ax.axhline(1.5, color="0.2", lw=1.5)
ax.set_xticks(range(4), [f"$a_{k}^1$" for k in range(1, 5)])
ax.set_yticks(range(3), ["from $z_1^2$", "from $z_2^2$", "sum"])
ax.tick_params(length=0, labeltop=True, labelbottom=False)
ax.spines[:].set_visible(False)
plt.show()

# %%
assert np.allclose(by_reader.sum(axis=0), a1.grad.numpy(), **tolerance)
assert np.allclose(W2.data.T @ z2.grad.numpy(), a1.grad.numpy(), **tolerance)


def rest(a):
    """The loss, as a function of a1."""
    return np.sum((sigmoid(W[2] @ sigmoid(W[1] @ a + b[1]) + b[2]) - y) ** 2) / 2


assert gradcheck((rest, lambda a: by_reader.sum(axis=0)), a1.data)  # so say differences

# %% [markdown]
# ## 10. Which derivative is that sum?
#
# **Where the notes are wrong.** One set writes a sum of that kind, over all nodes `j` of layer `L`, and calls it the
# derivative by a weight:
#
# $$\sum_j \frac{\partial z_j^L}{\partial a_k^{L-1}}\, \frac{\partial a_j^L}{\partial z_j^L}\,
# \frac{\partial \text{Loss}}{\partial a_j^L} \;=\; \frac{\partial \text{Loss}}{\partial a_k^{L-1}}, \qquad
# \text{not} \quad \frac{\partial \text{Loss}}{\partial w^L} .$$
#
# The indices give it away: after the sum only `k` is left, and a weight has two. It is the last table: the fan-out of
# node `k`. A weight is read by one node alone, so there is nothing to sum: $\partial \text{Loss} / \partial w_{j,k}^L =
# a_k^{L-1}\, g'(z_j^L)\, \partial \text{Loss} / \partial a_j^L$. If the last layer has one node, as ours has, even the
# number of entries is the same, and the mistake does not show in the shapes.

# %%
the_sum = np.einsum("jk,j,j->k", W3.data, slope(z3.data), a3.grad.numpy())
the_product = np.einsum("k,j,j->jk", a2.data, slope(z3.data), a3.grad.numpy())
for name, numbers in (
    ("their sum", the_sum),
    ("gradient by the activations of layer L − 1", a2.grad.numpy()),
    ("gradient by the weights of layer L", W3.grad.numpy().ravel()),
):
    print(f"{name:44}", " ".join(f"{number:+.6f}" for number in numbers))

# %% [markdown]
# The sum has weights where the derivative by a weight has activations, so it is wrong by the factor $w_k / a_k$,
# another one for each entry.

# %%
assert np.allclose(the_sum, a2.grad.numpy(), **tolerance)
assert np.allclose(the_product, W3.grad.numpy(), **tolerance)
assert not np.allclose(the_sum, W3.grad.numpy(), rtol=0.1, atol=0)
assert np.allclose(the_sum / W3.grad.numpy(), W3.data / a2.data, **tolerance)

# %% [markdown]
# ## 11. The scale of the loss
#
# **Where the notes disagree.** Most take $\frac12 (a - y)^2$, whose derivative is $a - y$. One takes $(a - y)^2$ and
# gets $2 (a - y)$. Both are right, for their loss; but a formula of one with a learning rate of the other is off by
# two. The library leaves nothing to guess: `mse_loss` has no ½ and says by `reduction=` whether it is summed or
# averaged over all elements; `quadratic_loss` has the ½, sums over the outputs of a sample, and averages over samples.

# %%
outputs, targets = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
scales = {
    "½ Σ (a − y)²": lambda a: nn.functional.quadratic_loss(a, targets, reduction="sum"),
    "½ Σ, mean of samples": lambda a: nn.functional.quadratic_loss(a, targets),
    "Σ (a − y)²": lambda a: nn.functional.mse_loss(a, targets, reduction="sum"),
    "mean of all elements": lambda a: nn.functional.mse_loss(a, targets),
}
measured = {}
for name, function in scales.items():
    measured[name] = ag.grad(function)(outputs) / (outputs - targets)
    print(f"{name:22} gradient = {measured[name].mean():.4g} (a − y)")

# %% [markdown]
# Five samples with four outputs each: 1, 1/5, 2, and 2/20. The loss of the notes' bias slide is the third, and its $2
# (a - y)\, \sigma'(z)$ is twice what the other notes have. A factor in the loss is a factor in the learning rate,
# nothing else: half the rate with the doubled loss makes the same steps.

# %%
for scale, expected in zip(measured.values(), [1, 1 / 5, 2, 2 / 20], strict=True):
    assert np.allclose(scale, expected, **tolerance)

doubled = lambda prediction, y: 2 * (prediction - y)
bias_slide = 1 * slope(z3.data) * 2 * (a3.data - y)
assert np.allclose(bias_slide, 2 * b3.grad.numpy(), **tolerance)
assert np.allclose(backpropagation(W, b, x, y, doubled)[1][2], bias_slide, **tolerance)
assert np.allclose(losses_along(doubled, rate=1.0), losses_along(right, rate=2.0), **tolerance)
assert not np.allclose(losses_along(doubled, rate=2.0), losses_along(right, rate=2.0), atol=1e-3)

# %% [markdown]
# ## 12. A weight and the last hidden layer
#
# One set of notes looks at a network as a linear model on top of features that are learned: $h(x)$ is the last hidden
# layer, $\beta$ are the weights of the output, and the loss of sample `i` is $l_i(\beta^T h(x_i))$. For `β` nothing is
# new: with `h` held, it is the regression of a linear model. For a weight `w` further down, the chain rule has two
# factors,
#
# $$\nabla_w\, l_i = \left(\frac{\partial h}{\partial w}\right)^{\!T} \nabla_h\, l_i ,$$
#
# how the features change with `w`, and how the loss changes with the features. Here it is in a network for scanned
# digits, 64 pixels, 16 features, 10 classes.

# %%
digits = nn.datasets.digits()
scans, classes = digits.train[:]
scan, label = scans[0].reshape(1, 64).astype(float), classes[:1]
model = nn.MLP([64, 16, 10], nn.Tanh, rng=0, dtype=np.float64)
w, beta = model[0].weight, model[2].weight

z = model[0](scan)
h = ag.tanh(z)
s = model[2](h)
loss = nn.functional.cross_entropy(s, label)
names = {"x": scan, "w": w, "b": model[0].bias, "z": z, "h": h, "beta": beta, "c": model[2].bias, "s": s, "l": loss}
ag.explain(loss, w, names=names)

# %% [markdown]
# Read the first line in two halves. The two matrices on the left are $(\partial h/\partial w)^T$, from `h` down to `w`.
# The two on the right are $\nabla_h\, l$: the probabilities minus the one-hot label, through $\beta$. Below it stands
# how the sweep does each step without the matrix. The explicit Jacobian $\partial h / \partial w$ would have 16 rows
# and 16 · 64 columns; here it is made once, to be looked at.

# %%
nabla_h = ag.explain(loss, h).gradient.ravel()
features = lambda weight: ag.tanh(scan @ weight.T + model[0].bias.data).ravel()
dh_dw = ag.jacobian(features)(w.data).reshape(16, 16 * 64)
loss.backward()

fig, ax = plt.subplots(figsize=(8.5, 2.3), dpi=110)
reach = np.abs(dh_dw).max()
ax.imshow(dh_dw, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto", interpolation="nearest")
ax.set(xlabel="weights w, row by row: 16 · 64", ylabel="features h", title="∂h/∂w, 16 × 1,024")
ax.set(xticks=range(0, 1025, 256), yticks=[0, 5, 10, 15])
plt.show()

# %% [markdown]
# Each feature depends on its own 64 weights only, so the Jacobian has one block for each row, with the pixels of the
# scan in it (white where the paper is), and is zero elsewhere. Multiplied by the transpose, entry by entry, it is what
# `backward()` found.

# %%
assert dh_dw.shape == (16, 1024)
assert np.abs(dh_dw.T @ nabla_h - w.grad.numpy().ravel()).max() < 1e-12

probabilities = np.asarray(ag.softmax(h.data @ beta.data.T + model[2].bias.data))
residual = probabilities - np.eye(10)[label]
assert np.allclose(nabla_h, residual @ beta.data, **tolerance)
assert np.allclose(beta.grad.numpy(), residual.T @ h.data, **tolerance)  # regression on the features
blocks = np.kron(np.eye(16), scan) * (1 - h.data.T**2)
assert np.allclose(dh_dw, blocks, **tolerance)

# %% [markdown]
# ## Try it
#
# **A.** In section 3, count both orders for an autoencoder 784-100-30-100-784, whose output has as many numbers as its
# input. Both take 66 million multiplications for the whole Jacobian. Start in the middle, at the layer of 30: 23
# million.
#
# **B.** In section 5, replace the sigmoid by `tanh` (slope $1 - \tanh^2$) in `backpropagation`, and in the engine.
# Which of BP1 to BP4 change?
#
# **C.** Let $\delta^L$ keep the notes' sign, and change the update to $w + \eta\, a\, \delta$. Does it learn? Two wrong
# signs make a right one, and this is how such a mistake survives.

# %%
from_an_end = 2 * (30 * 100 * 784) + 784 * 100 * 784
from_the_middle = 2 * (30 * 100 * 784) + 784 * 30 * 784
assert (round(from_an_end / 1e6), round(from_the_middle / 1e6)) == (66, 23)
