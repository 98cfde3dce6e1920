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
# # From linear to XOR
#
# Why does a network need something between its layers that is not linear, and what does that something do? You will see
# layers that add nothing, a function of four points that no linear network can learn, the network of the notes that
# computes it exactly, random networks that learn it or get stuck, and why they get stuck: dead ReLUs. At the end there
# is a well-known example program which calls itself a multilayer perceptron and is a linear map.

# %%
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from nielsen.mnist_loader import load_thousand

import autograd_core as ag
import nn

BLUE, ORANGE, GREY = "#1f5fae", "#c2570c", "0.55"

# %% [markdown]
# ## 1. Composing linear maps gives a linear map
#
# A layer computes `W x + b`: a matrix times its input, plus a bias. Put three of them in a row, with nothing between:
#
# `W₃ (W₂ (W₁ x + b₁) + b₂) + b₃ = (W₃ W₂ W₁) x + (W₃ W₂ b₁ + W₃ b₂ + b₃)`
#
# That is one matrix and one bias again. (The notes say it of one hidden layer without biases, `h = Wᵀx`: then `g(βᵀh)`
# is nothing but `g((Wβ)ᵀx)`.) `nn.collapse` multiplies the layers out.

# %%
rng = np.random.default_rng(0)
sizes = [(3, 100), (100, 50), (50, 2)]
deep = nn.Sequential(*(nn.Linear(a, b, rng=rng, dtype=np.float64) for a, b in sizes))
one = nn.collapse(deep)
print(deep)
print(one)

# %%
x = rng.normal(size=(1000, 3))
difference = np.abs(deep(x).detach().numpy() - one(x).detach().numpy())
W1, W2, W3 = (layer.weight.detach().numpy() for layer in deep)
assert difference.max() <= 1e-12
assert np.abs(one.weight.detach().numpy() - W3 @ W2 @ W1).max() <= 1e-12
assert [sum(p.size for p in net.parameters()) for net in (deep, one)] == [5552, 8]

# %% [markdown]
# 5,552 numbers to learn, and 8 would do.
#
# In a picture: three random layers, with 8 units in each of the hidden ones, from one number to one number. With
# nothing between them the graph is a straight line, however deep the network. A ReLU, `max(z, 0)`, makes folds, and a
# tanh makes bends.

# %%
between = {"nothing": nn.Identity, "ReLU": nn.ReLU, "tanh": nn.Tanh}
along = np.linspace(-3, 3, 601)[:, None]
curves = {}
fig, axes = plt.subplots(1, 3, figsize=(9, 2.6), dpi=110, layout="constrained")
for ax, (name, activation) in zip(axes, between.items(), strict=True):
    net = nn.MLP([1, 8, 8, 1], activation, rng=0, dtype=np.float64)
    rng = np.random.default_rng(5)
    for parameter in net.parameters():
        nn.init.normal_(parameter, 0.0, 0.7, rng=rng)
    with ag.no_grad():
        curves[name] = np.asarray(net(along))[:, 0]
    ax.plot(along[:, 0], curves[name], lw=2, color=BLUE)
    ax.set(title=f"between the layers: {name}", xlabel="x", xticks=[-3, 0, 3], yticks=[])
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
bend = {name: np.abs(np.diff(curve, 2)).max() for name, curve in curves.items()}  # second differences
assert bend["nothing"] < 1e-12 < 1e-5 < min(bend["ReLU"], bend["tanh"])

# %% [markdown]
# ## 2. What no linear network can do
#
# XOR of two bits is 1 if exactly one of them is 1. An affine function `f(x) = w·x + b` has the same sum over the two
# diagonals of a square:
#
# `f(0,0) + f(1,1) = f(0,1) + f(1,0)`
#
# XOR wants 0 + 0 on the left and 1 + 1 on the right. So whatever `w` and `b` are, something is missing, and the best
# that can be done, in the mean square, is to answer ½ everywhere and to be wrong by ½ everywhere: an error of ¼. Depth
# does not help, as section 1 says. Here a linear network with two hidden layers tries.

# %%
X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([0.0, 1.0, 1.0, 0.0])

linear = nn.Sequential(*(nn.Linear(a, b, rng=rng, dtype=np.float64) for a, b in [(2, 8), (8, 8), (8, 1)]))
optimizer = nn.optim.Adam(linear.parameters(), lr=0.02)
for _ in range(500):
    optimizer.zero_grad()
    loss = ((linear(X)[:, 0] - y) ** 2).mean()
    loss.backward()
    optimizer.step()
answers = linear(X).detach().numpy()[:, 0]
print(f"mean squared error {loss.item():.4f}, answers", answers.round(3))

# %%
with_bias = np.column_stack([X, np.ones(4)])
best = np.linalg.lstsq(with_bias, y, rcond=None)[0]
assert np.isclose(np.mean((with_bias @ best - y) ** 2), 1 / 4, rtol=1e-12, atol=0)  # no affine function has less
assert abs(answers[0] + answers[3] - answers[1] - answers[2]) < 1e-12  # both diagonals have the same sum
assert 1 / 4 - 1e-12 <= loss.item() < 1 / 4 + 1e-4

# %% [markdown]
# ## 3. The notes' network
#
# One hidden layer with two ReLUs is enough. The notes give all its numbers: weights `W`, biases `c`, and weights of the
# output `β`. The output is `βᵀ max(Wᵀx + c, 0)`. Our four points are rows, so it is written from left to right here.

# %%
W = ag.tensor([[1.0, 1.0], [1.0, 1.0]], requires_grad=True)
c = ag.tensor([0.0, -1.0], requires_grad=True)
beta = ag.tensor([1.0, -2.0], requires_grad=True)

with ag.watch():
    z = X @ W + c
    h = ag.relu(z)
    outputs = h @ beta
ag.draw(outputs, {"x": X, "W": W, "c": c, "β": beta})

# %% [markdown]
# Read a row from top to bottom, for instance the last one, the point (1, 1). Its sum is 2. The first hidden unit hands
# on 2; the second one, which begins to count at 1, hands on 1. The output is 2 − 2·1 = 0. In the row of (0, 0) the
# second unit has −1 before the ReLU and 0 behind it. All these are small whole numbers, so floating point is exact.

# %%
assert z.tolist() == [[0, -1], [1, 0], [1, 0], [2, 1]]
assert h.tolist() == [[0, 0], [1, 0], [1, 0], [2, 1]]
assert outputs.tolist() == [0, 1, 1, 0]

# %% [markdown]
# Only the ReLU does it. Take it away, and the same numbers give `2 − s`, where `s` is the sum of the two bits, which is
# affine.

# %%
without = (z @ beta).tolist()
assert without == [2, 1, 1, 0] == (2 - X.sum(axis=1)).tolist()
assert without[0] + without[3] == without[1] + without[2]

# %% [markdown]
# ## 4. What the hidden layer does to the four points
#
# Both hidden units look at the sum `s = x₁ + x₂` alone, so they roll the whole plane up into one line, and the second
# unit folds that line where `s` is 1. (0, 1) and (1, 0) come to lie on each other. After the fold a straight line can
# separate what no straight line could before.


# %%
def hidden(points):
    return np.maximum(points @ W.detach().numpy() + c.detach().numpy(), 0)


s = np.linspace(-0.8, 2.8, 361)
curve = hidden(np.column_stack([s / 2, s / 2]))  # one point for each sum
names = ["(0,0)", "(0,1)", "(1,0)", "(1,1)"]
looks = [{"marker": "o", "color": BLUE}, {"marker": "^", "color": ORANGE}]

fig, (before, after, out) = plt.subplots(1, 3, figsize=(10, 3.3), dpi=110, layout="constrained")
for level in (0, 1, 2):
    before.plot([-1, 3], [level + 1, level - 3], color=GREY, lw=1, ls="-" if level == 1 else "--")
    label = before.text(level / 2 - 0.27, level / 2 + 0.27, f"s = {level}", rotation=-45, fontsize=8, color="0.35")
    label.set(ha="center", va="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
after.plot(*curve.T, color=GREY, lw=1)
after.plot([-0.2, 2.4], [-0.35, 0.95], color="0.2", lw=1, ls=":")
after.text(1.0, 0.62, "h₁ − 2h₂ = ½", fontsize=9, ha="center")
out.plot(s, curve @ beta.detach().numpy(), color=GREY, lw=1)
out.axhline(0.5, color="0.2", lw=1, ls=":")
for name, point, target in zip(names, X, y, strict=True):
    dots = {"s": 55, "zorder": 3, **looks[int(target)]}
    image = hidden(point)
    before.scatter(*point, **dots)
    before.annotate(name, point, (5, 6), textcoords="offset points", fontsize=9)
    after.scatter(*image, **dots)
    out.scatter(point.sum(), image @ beta.detach().numpy(), **dots)
for text, at, shift in [("(0,0)", (0, 0), (-4, 8)), ("(0,1) and (1,0)", (1, 0), (2, -14)), ("(1,1)", (2, 1), (6, -2))]:
    after.annotate(text, at, shift, textcoords="offset points", fontsize=9)
for text, at, shift in [("(0,0)", (0, 0), (6, -2)), ("(0,1) and (1,0)", (1, 1), (6, 3)), ("(1,1)", (2, 0), (6, 2))]:
    out.annotate(text, at, shift, textcoords="offset points", fontsize=9)
before.set(title="the plane", xlabel="x₁", ylabel="x₂", xlim=(-0.6, 1.7), ylim=(-0.6, 1.7), aspect="equal")
after.set(title="what the hidden units make of it", xlabel="h₁", ylabel="h₂", xlim=(-0.2, 2.8), ylim=(-0.5, 1.8))
out.set(title="the output", xlabel="s = x₁ + x₂", ylabel="h₁ − 2h₂", xlim=(-0.8, 2.8), ylim=(-1.2, 1.4))
for ax in (before, after, out):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Left: the lines on which the sum is 0, 1 and 2; no line has both triangles (XOR is 1) on one side and both dots on the
# other. Middle: the whole plane after the hidden layer, a line with a fold at (1, 0), and now the dotted line separates
# triangles from dots. Right: the output along that line; the fold turns it round.

# %%
side = hidden(X) @ [1, -2] > 1 / 2
assert side.tolist() == [False, True, True, False]
assert np.array_equal(hidden(X[1]), hidden(X[2]))  # two points become one
anywhere = np.random.default_rng(0).normal(size=(1000, 2))
total = anywhere.sum(axis=1)
rolled_up = np.column_stack([np.maximum(total, 0), np.maximum(total - 1, 0)])
assert np.abs(hidden(anywhere) - rolled_up).max() < 1e-12  # of the plane only the sum is left

# %% [markdown]
# ## 5. Learning it
#
# Can the numbers be found by gradient descent, from random ones? Weights are drawn from N(0, 1/n), where n is the
# number of inputs of the layer, biases start at 0; the loss is the mean squared error over the four points; Adam takes
# 2,000 steps with a learning rate of 0.02. As the answer depends on the draw, there are twenty networks, which have
# nothing to do with each other and stand in one array, one behind the other; each has the numbers of its own seed.
# `ag.compile` writes the step down once and replays it, which is several times as fast.


# %%
def drawn(units, seed):
    rng = np.random.default_rng(seed)
    first, last = rng.normal(0, np.sqrt(1 / 2), (2, units)), rng.normal(0, np.sqrt(1 / units), (units, 1))
    return first, np.zeros((1, units)), last, np.zeros((1, 1))


def hidden_and_output(parameters, x):
    first, bias, last, offset = parameters
    h = ag.relu(x @ first + bias)
    return h, (h @ last + offset)[..., 0]


def learn(units, seeds=20):
    start = [np.stack(arrays) for arrays in zip(*(drawn(units, seed) for seed in range(seeds)), strict=True)]
    parameters = [nn.Parameter(array) for array in start]
    optimizer = nn.optim.Adam(parameters, lr=0.02)

    def losses():  # one for each network
        return ((hidden_and_output(parameters, X)[1] - y) ** 2).mean(axis=1)

    @ag.compile
    def step():
        losses().sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    for _ in range(2000):
        step()
    return start, [p.detach().numpy() for p in parameters], losses().detach().numpy()


widths = [2, 3, 4, 8, 16]
runs = {units: learn(units) for units in widths}
found = {units: int((losses < 1e-3).sum()) for units, (_, _, losses) in runs.items()}
for units in widths:
    print(f"{units:2} hidden units: {found[units]:2} of 20 networks have learned XOR")

# %% [markdown]
# Two units are enough to compute XOR, and usually not enough to find it. Below are the outputs of ten networks of each
# kind over the plane, dark for 0 and light for 1.

# %%
across = np.linspace(-0.5, 1.5, 61)
grid = np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
fig, axes = plt.subplots(4, 5, figsize=(8.4, 7.2), dpi=90, layout="constrained")
for half, units in zip((axes[:2], axes[2:]), (2, 8), strict=True):
    _, learned, losses = runs[units]
    plane = hidden_and_output(learned, grid)[1]
    for seed, ax in enumerate(half.flat):
        ax.imshow(plane[seed].reshape(61, 61), origin="lower", extent=(-0.5, 1.5, -0.5, 1.5), vmin=-0.3, vmax=1.3)
        for point, target in zip(X, y, strict=True):
            ax.scatter(
                *point, s=34, edgecolor="white", linewidth=1, marker="o^"[int(target)], color=["k", ORANGE][int(target)]
            )
        ax.set_title(
            f"{units} units: {'learned' if losses[seed] < 1e-3 else f'stuck at {losses[seed]:.3f}'}", fontsize=9
        )
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
plt.show()

# %% [markdown]
# The triangles should stand on light ground and the dots on dark. With 8 units they do, each time in another way. With
# 2 units most planes have one colour, or one corner of another colour: something is missing.
#
# Another program, in plain NumPy, found 4, 6, 13, 20 and 20 of 20. The check allows one network more or less for the
# small widths; that all 20 learn it with 8 units, and with 16, is claimed exactly.

# %%
assert found[8] == found[16] == 20
assert all(abs(found[units] - known) <= 1 for units, known in [(2, 4), (3, 6), (4, 13)])

# %% [markdown]
# One of the four lucky ones, seed 12, has found the network of the notes. A ReLU may be scaled: `max(a z, 0)` is
# `a max(z, 0)` for positive `a`, so the weights into a unit can be divided by `a` if the weight out of it is multiplied
# by `a`. Do that until all weights in the first layer are 1:

# %%
_, (first, bias, last, offset), losses = runs[2]
scale = first[12, 0]
print("W", (first[12] / scale).round(3).tolist())
print("c", ((bias[12, 0] / scale).round(3) + 0.0).tolist())
print("β", (last[12, :, 0] * scale).round(3).tolist())

# %%
assert np.allclose(first[12] / scale, [[1, 1], [1, 1]], atol=0.01)
assert np.allclose(bias[12, 0] / scale, [0, -1], atol=0.01)
assert np.allclose(last[12, :, 0] * scale, [1, -2], atol=0.01)

# %% [markdown]
# ## 6. Why two units get stuck
#
# A ReLU hands on a gradient only where its input is positive: its slope is 1 there and 0 elsewhere. A unit whose input
# is not positive at *any* of the points gets no gradient at all, from any of them, and will never move. It is called
# dead. `nn.monitor.dead_units` counts. Here are a few of the networks with two units.


# %%
def as_model(seed):
    model = nn.MLP([2, 2, 1], rng=0, dtype=np.float64)
    model.load_state_dict(
        {"0.weight": first[seed].T, "0.bias": bias[seed, 0], "2.weight": last[seed].T, "2.bias": offset[seed, 0]}
    )
    return model


for seed in (12, 2, 7, 16):
    (units,) = nn.monitor.dead_units(as_model(seed), X)
    answers = as_model(seed)(X).detach().numpy()[:, 0]
    print(f"seed {seed:2}: loss {losses[seed]:.4f}, {units.count} of 2 units dead, answers", answers.round(3) + 0.0)

# %% [markdown]
# The losses of stuck networks are fractions, and say what has happened.
#
# - **1/4** (seed 7): no unit is left that could tell the points apart. All get the same answer, and the best one is ½.
# - **1/6** (seed 2): one unit is alive, at one point. That point is answered rightly, and the other three get one
#   answer for all: the mean of what they want. Here they want 0, 1 and 0, so they get ⅓, and the mean squared error
#   over all four is (1/9 + 4/9 + 1/9)/4 = 1/6.
# - **1/8** (seed 16): two points are right, and two that want different things share an answer: (¼ + ¼)/4 = 1/8.

# %%
stuck = losses >= 1e-3
dead = {seed: nn.monitor.dead_units(as_model(seed), X)[0].dead for seed in range(20)}
fractions = np.array([1 / 4, 1 / 6, 1 / 8])
assert np.abs(losses[stuck][:, None] - fractions).min(axis=1).max() < 1e-3
assert np.allclose(as_model(2)(X).detach().numpy()[:, 0], [1 / 3, 1 / 3, 1, 1 / 3], atol=0.01)
assert all(stuck[seed] for seed in range(20) if dead[seed].any())  # who has lost a unit has not learned it
assert sum(dead[seed].any() for seed in range(20)) >= 12  # and that is what happened to most

# %% [markdown]
# Some units were never alive. With a bias of 0, a unit with two weights below 0 is 0 at all four points from the start,
# and that happens to one unit in four. Its weights are today what they were drawn as, to the last bit. So the more
# units there are, the surer it is that two good ones are among them.

# %%
print("units   dead at the start   dead at the end   networks with fewer than two live units at the start")
for units in widths:
    (w0, *_), learned, _ = runs[units]
    at_start = ~(X @ w0 > 0).any(axis=1)  # (20, units)
    at_end = ~(hidden_and_output(learned, X)[0] > 0).any(axis=1)
    too_few = int((units - at_start.sum(axis=1) < 2).sum())
    print(f"{units:5}{at_start.mean():16.0%}{at_end.mean():18.0%}{too_few:20} of 20")
    assert np.array_equal(learned[0].swapaxes(1, 2)[at_start], w0.swapaxes(1, 2)[at_start])  # they have not moved
    assert (at_end | ~at_start).all()  # dead at the start, dead at the end
    assert found[units] <= 20 - too_few

# %% [markdown]
# With two units, 7 draws in 16 have a dead one and are lost before the first step; with eight units, 25 in 65,536.

# %%
lost = {n: 0.25**n + n * 0.75 * 0.25 ** (n - 1) for n in (2, 8)}  # none alive, or one
assert lost == {2: 7 / 16, 8: 25 / 65536}

# %% [markdown]
# ## 7. A network that is dead
#
# Three layers; the second one has biases of −10, so all of its ReLUs are closed. Look at the gradients on the way back,
# from the loss upwards.

# %%
model = nn.MLP([2, 3, 3, 1], rng=0, dtype=np.float64)
nn.init.constant_(model[2].bias, -10.0)
with ag.watch():
    loss = nn.functional.mse_loss(model(X), y[:, None])
loss.backward()
ag.draw(loss, model, depth=0)

# %% [markdown]
# What arrives at the closed ReLUs (`3`) goes no further. In all that comes before them, which is above them in the
# picture, every gradient is zero: not small, as behind a sigmoid, but exactly zero. The layer after them (`4`) sees
# only zeros, so its weights have no gradient either. The one number in the network that can still learn is the last
# bias, and the best it can do is the constant ½, with the loss of ¼ that we have met before. However many steps we
# take, nothing else changes.

# %%
gradients = {name: np.abs(p.grad.numpy()).max() for name, p in model.named_parameters()}
assert all(size == 0.0 for name, size in gradients.items() if name != "4.bias")
assert gradients["4.bias"] > 0
assert [units.count for units in nn.monitor.dead_units(model, X)][1] == 3

before = {name: value.copy() for name, value in model.state_dict().items()}
optimizer = nn.optim.Adam(model.parameters(), lr=0.02)
for _ in range(1000):
    optimizer.zero_grad()
    loss = ((model(X)[:, 0] - y) ** 2).mean()
    loss.backward()
    optimizer.step()
moved = [name for name, value in model.state_dict().items() if not np.array_equal(value, before[name])]
assert moved == ["4.bias"]
assert np.allclose(model(X).detach().numpy(), 1 / 2, atol=1e-3)

# %% [markdown]
# One remedy is a ReLU that leaks: slope 1 above 0, and a small slope, here 0.01, below. In the same network then
# nothing is zero.

# %%
leaky = nn.MLP([2, 3, 3, 1], nn.LeakyReLU, rng=0, dtype=np.float64)
nn.init.constant_(leaky[2].bias, -10.0)
((leaky(X)[:, 0] - y) ** 2).mean().backward()
assert all(np.abs(p.grad.numpy()).max() > 0 for p in leaky.parameters())

# %% [markdown]
# ## 8. How units die while a network learns
#
# "Can explode and die", the notes say of the ReLU. A unit that was alive dies when a step is too large: its weights
# jump to where its input is negative for every sample. Here 64 ReLUs learn to read scanned digits (8 × 8 pixels, plain
# gradient descent on mini-batches of 32), with two learning rates. After each step we ask, for every unit, at which
# part of the 1,438 training images it is above 0.

# %%
digits = nn.datasets.digits()
images, labels = (np.asarray(part) for part in digits.train[:])
test_images, test_labels = (np.asarray(part) for part in digits.test[:])
images, test_images = images.reshape(-1, 64), test_images.reshape(-1, 64)


def watch_units(lr, activation=nn.ReLU, steps=200, seed=0):
    rng = np.random.default_rng(seed)
    net = nn.MLP([64, 64, 10], activation, rng=rng)
    optimizer = nn.optim.SGD(net.parameters(), lr=lr)
    alive = []
    for _ in range(steps):
        batch = rng.choice(len(images), 32, replace=False)
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images[batch]), labels[batch]).backward()
        optimizer.step()
        with ag.no_grad():
            alive.append((np.asarray(net[0](images)) > 0).mean(axis=0))
    return net, np.array(alive)


rates = {0.5: "sensible", 2.0: "too large"}
watched = {lr: watch_units(lr) for lr in rates}
accuracy = {lr: nn.metrics.accuracy(net(test_images), test_labels) for lr, (net, _) in watched.items()}

colors = plt.get_cmap("viridis").with_extremes(bad="0.8")  # grey where a unit is dead
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), dpi=110, layout="constrained", sharey=True)
for ax, (lr, word) in zip(axes, rates.items(), strict=True):
    alive = watched[lr][1]
    order = np.argsort(alive[-1] + 1e-3 * (alive > 0).mean(axis=0))  # the dead at the bottom, longest dead first
    picture = np.ma.masked_equal(alive.T[order], 0)
    shown = ax.imshow(picture, aspect="auto", origin="lower", cmap=colors, vmin=0, vmax=1, interpolation="none")
    share = (alive[-1] == 0).sum()
    ax.set_title(
        f"learning rate {lr:g}, {word}: {share} of 64 dead,\n{accuracy[lr]:.0%} of the test digits right", fontsize=10
    )
    ax.set(xlabel="step", yticks=[])
axes[0].set_ylabel("64 units, the dead below")
bar = fig.colorbar(shown, ax=axes, ticks=[0, 0.5, 1])
bar.ax.set_yticklabels(["hardly any", "half", "all"])
bar.set_label("images it is above 0 for (grey: none)")
bar.outline.set_visible(False)
plt.show()

# %% [markdown]
# Each row is a unit, and grey means dead: above 0 for no image. On the left there are hardly any. On the right they go
# out one after the other, and a row that has become grey stays so. That is not a matter of chance: a dead unit of the
# first layer gets a gradient of exactly 0 from every image, so plain gradient descent leaves it where it is.
#
# When nearly all are dead, what is left to learn is a constant answer, right for one digit in ten.

# %%
for lr in rates:
    gone = watched[lr][1] == 0
    assert (gone[1:] >= gone[:-1]).all()  # whoever is dead at one step is dead at the next
(units,) = nn.monitor.dead_units(watched[2.0][0], images)
assert units.count == gone[-1].sum() >= 48
assert (watched[0.5][1][-1] == 0).sum() <= 8
assert accuracy[2.0] < 0.5 < 0.9 < accuracy[0.5]

# %% [markdown]
# `nn.plots.activations` shows the same of one moment: the distribution of what the units give, how much of it is
# zero, and how many units are dead.

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 2.4), dpi=110, layout="constrained")
for ax, (lr, word) in zip(axes, rates.items(), strict=True):
    nn.plots.activations(watched[lr][0], images, ax).set_title(f"learning rate {lr:g}, {word}", fontsize=10)
plt.show()

# %% [markdown]
# With the same learning rate of 2, leaky ReLUs survive. Their units sink below 0 as well, but a slope of 0.01 is enough
# to come back, and after 900 steps, twenty times through the images, most digits are read. (A smaller learning rate is
# still the better remedy.)

# %%
net, alive = watch_units(2.0, nn.LeakyReLU, steps=900)
came_back = int(((alive[:-1] == 0) & (alive[1:] > 0)).any(axis=0).sum())
leaky_accuracy = nn.metrics.accuracy(net(test_images), test_labels)
print(f"{came_back} of 64 units were below 0 for all images at some step, and came back")
print(f"test digits right: {leaky_accuracy:.0%}")

# %% [markdown]
# (Over four seeds: 47 to 51 units came back, and 85 to 95 % of the digits were right. The check allows much more.)

# %%
assert came_back >= 30
assert leaky_accuracy > 0.7

# %% [markdown]
# ## 9. A multilayer perceptron that is none
#
# The notes link to a notebook of a well-known collection of examples,
# [`neural_network_raw`](https://github.com/aymericdamien/TensorFlow-Examples/blob/master/tensorflow_v1/notebooks/3_NeuralNetworks/neural_network_raw.ipynb),
# for "a 2-hidden layers fully connected neural network (a.k.a. multilayer perceptron)", which reads handwritten digits
# (MNIST, 28 × 28 pixels).
#
# **Where the notes' link misleads.** The network of that notebook has two hidden layers of 256 units, and
# *no activation* between them. By section 1 it is one matrix of 10 × 784 and ten biases. With a softmax behind it, that
# is softmax regression: the model with no hidden layer at all. Here is the same script with our names: all weights and
# biases from N(0, 1), Adam with a learning rate of 0.1, 500 steps of 128 images, cross-entropy. It learns from the
# first 1,000 images of MNIST, which lie beside this notebook; the whole set comes in section 10.

# %%
(images, labels), (test_images, test_labels) = load_thousand()


def train(model, lr, seed=0):
    rng = np.random.default_rng(seed)
    optimizer = nn.optim.Adam(model.parameters(), lr=lr)
    for _ in range(500):
        batch = rng.choice(len(images), 128, replace=False)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
        optimizer.step()
    return nn.metrics.accuracy(model(test_images), test_labels)


raw = nn.Sequential(nn.Linear(784, 256, rng=0), nn.Linear(256, 256, rng=0), nn.Linear(256, 10, rng=0))
rng = np.random.default_rng(0)
for parameter in raw.parameters():
    nn.init.normal_(parameter, rng=rng)
untrained = raw[0].weight.detach().numpy().copy()
right = train(raw, 0.1)
print(f"{right:.1%} of 10,000 test images, with {sum(p.size for p in raw.parameters()):,} numbers")

# %% [markdown]
# Multiply it out, in float64 so that rounding does not matter, and ask both for the class of all test images.

# %%
one = nn.collapse(raw.double())
test64 = test_images.astype(np.float64)
deep_logits, flat_logits = (net(test64).detach().numpy() for net in (raw, one))
print(f"{sum(p.size for p in one.parameters()):,} numbers, and the same answer for")
print(f"{(deep_logits.argmax(1) == flat_logits.argmax(1)).sum():,} of 10,000 images")

# %%
assert np.abs(deep_logits - flat_logits).max() <= 1e-12 * np.abs(deep_logits).max()
assert np.array_equal(deep_logits.argmax(1), flat_logits.argmax(1))
assert sum(p.size for p in raw.parameters()) == 784 * 256 + 256 + 256 * 256 + 256 + 256 * 10 + 10 == 269_322
assert sum(p.size for p in one.parameters()) == 784 * 10 + 10 == 7_850

# %% [markdown]
# So one can look at all of it: each row of the matrix is an image, which is laid over the input, pixel times pixel, and
# added up. Below are the ten rows, and those of an honest softmax regression: one layer that starts from zero.

# %%
flat = nn.Linear(784, 10, rng=0)
nn.init.zeros_(flat.weight)
nn.init.zeros_(flat.bias)
flat_right = train(flat, 0.01)

fig, axes = plt.subplots(2, 10, figsize=(10, 2.5), dpi=110, layout="constrained")
both = {f"three layers\n{right:.1%}": one, f"one layer\n{flat_right:.1%}": flat}
for digit, ax in enumerate(axes[0]):
    ax.set_title(str(digit), fontsize=10)
for row, (name, net) in zip(axes, both.items(), strict=True):
    weight = net.weight.detach().numpy()
    weight = np.sign(weight) * np.sqrt(np.abs(weight))  # so that small weights can be seen
    top = np.abs(weight).max()
    for digit, ax in enumerate(row):
        ax.imshow(weight[digit].reshape(28, 28), cmap="PuOr_r", vmin=-top, vmax=top)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    row[0].set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center")
plt.show()

# %% [markdown]
# Orange speaks for the digit, purple against it. The layer below has learned shapes: the 0 wants a ring, and no ink
# inside. At the border, where there never is ink, it has weights of 0. The three layers above have the same shapes,
# rougher; and at their border stands noise, faint but not zero. 175 pixels are blank in all 1,000 images. A weight that
# is always multiplied by 0 has a gradient of 0, so in the first layer the weights of those pixels are, to the last bit,
# the random numbers that they were before the training.

# %%
blank = (images == 0).all(axis=0)
assert blank.sum() == 175
assert np.array_equal(raw[0].weight.detach().numpy()[:, blank], untrained[:, blank].astype(np.float64))
assert (flat.weight.detach().numpy()[:, blank] == 0).all()
assert (one.weight.detach().numpy()[:, blank] != 0).all()

# %% [markdown]
# What would an activation bring? Two ReLUs between, in all else a usual way to start: weights from N(0, 2/n), biases 0
# and a learning rate of 0.001.

# %%
relus = nn.MLP([784, 256, 256, 10], rng=0)
rng = np.random.default_rng(0)
for parameter in relus.parameters():
    if parameter.ndim == 2:
        nn.init.kaiming_normal_(parameter, rng=rng)
    else:
        nn.init.zeros_(parameter)
relus_right = train(relus, 0.001)
print(f"three linear layers {right:.1%}, one {flat_right:.1%}, with ReLUs {relus_right:.1%}")

# %% [markdown]
# Over four seeds and two ways to round, the first had 78.4 to 82.8 %, the second 85.7 to 86.2 %, the third 89.2 to
# 89.4 %. (With so large a step the last bits of a product change the first number by a point.) The check allows two
# points beyond that.

# %%
assert right < flat_right < relus_right
assert 0.764 < right < 0.848
assert 0.837 < flat_right < 0.882
assert 0.872 < relus_right < 0.914

# %% [markdown]
# ## 10. Published beside measured
#
# The same script, with the whole of MNIST as it was used there (55,000 images), and its relatives from the same
# collection, among them the later ones for TensorFlow 2 ("v2"), lie beside this notebook as a small package. The full
# run, some ten minutes on two cores, is
#
# ```
# cd notebooks
# python -m tensorflow_examples
# ```
#
# and what it found is kept in `tensorflow_examples/results.json`. Every script ran with three seeds, the first one,
# which scatters most, with twenty. Published is what stands in the saved output of the original notebooks.

# %%
scripts = json.loads(Path("tensorflow_examples/results.json").read_text())["scripts"]
measured = {name: np.array([run["accuracy"] for run in script["runs"]]) for name, script in scripts.items()}
print(f"{'':34}published   median   from     to   seeds")
for name, values in measured.items():
    published = f"{scripts[name]['published']:.4f}" if scripts[name]["published"] else ""
    print(f"{name:34}{published:>9}   {np.median(values):.4f} {values.min():.4f} {values.max():.4f}   {len(values):5}")

# %%
fig, ax = plt.subplots(figsize=(9, 6), dpi=110, layout="constrained")
for place, (name, values) in enumerate(measured.items()):
    linear_map = "collapsed_agrees_on" in scripts[name]["runs"][0]
    ax.plot(values[[values.argmin(), values.argmax()]], [place, place], color="0.8", lw=3, zorder=1)
    ax.scatter(values, np.full(len(values), place), s=22, color=ORANGE if linear_map else BLUE, zorder=2)
    if scripts[name]["published"]:
        mark = ax.scatter(
            scripts[name]["published"], place, s=90, marker="D", facecolor="none", edgecolor="k", zorder=3
        )
    ax.text(0.595, place + 0.36, scripts[name]["about"], fontsize=7.5, va="center", color="0.35")
ax.set_yticks(range(len(measured)), measured, fontsize=9)
ax.set_ylim(len(measured) - 0.4, -0.5)
ax.set(xlim=(0.59, 1.0), xlabel="accuracy on the test images: a dot for each seed, ◇ published")
ax.text(0.894, 0, "linear maps: orange", color=ORANGE, fontsize=9, va="center")
ax.text(0.76, 1, "with an activation: blue", color=BLUE, fontsize=9, va="center")
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(axis="y", length=0)
plt.show()

# %% [markdown]
# - **The network without activations** reached 0.8729 then, and 0.81 to 0.88 here, with twenty seeds. Of each of them
#   the collapsed matrix gives the same 10,000 answers.
# - **Linear maps stay where softmax regression is.** Better initial values and a smaller step ("He": weights from
#   N(0, 2/n), Adam with 0.001) bring the three layers to the level of the one, below 0.93. With ReLUs between, the same
#   start passes 0.95.
# - **ReLUs alone make it worse**: 0.61 to 0.75. The weights of the script are far too large, and so is its step; of the
#   256 units of the first layer more than 180 are dead, as in section 8. A linear map cannot die, so the
#   script gets away with it.

# %%
linear_maps = [name for name, script in scripts.items() if "collapsed_agrees_on" in script["runs"][0]]
raw_runs = measured["neural_network_raw"]
assert all(run["collapsed_agrees_on"] == 10_000 for name in linear_maps for run in scripts[name]["runs"])
assert len(raw_runs) == 20 and 0.80 < raw_runs.min() < 0.8729 < raw_runs.max() < 0.89
assert max(measured[name].max() for name in linear_maps) < 0.93
assert measured["neural_network_raw + ReLU + He"].min() > 0.95
assert measured["neural_network_raw + ReLU"].max() < raw_runs.min()
assert all(run["stuck_units"][0][0] > 180 for run in scripts["neural_network_raw + ReLU"]["runs"])

# %% [markdown]
# The other scripts are what they are called, and come out as published: sigmoid layers within 0.002, the convolutional
# networks around the published number. (The first of these was tested on 256 images only: 0.9766 is 250 of them, as
# here with the first seed.)

# %%
assert abs(np.median(measured["neural_network_raw, v2"]) - 0.9376) < 0.002
assert measured["convolutional_network_raw"][0] == 250 / 256
for name in ("convolutional_network_raw, v2", "convolutional_network, v2"):
    assert measured[name].min() <= scripts[name]["published"] <= measured[name].max()

# %% [markdown]
# **Where a published number misleads.** The 0.9207 of `neural_network` for TensorFlow 2 is not of the program that
# stands above it. When its output was saved, the last layer had a softmax, and so had the loss, which takes logits; and
# the second hidden layer was made and never called. Both were
# [mended in 2020](https://github.com/aymericdamien/TensorFlow-Examples/commit/e7353b7), and the output was kept. The
# program as it was gives 0.92 here as well, with one seed of three. With the other two it stays below 0.85, because one
# of the ten digits is hardly ever its answer, or never. As mended it has 0.965.
#
# One can see it in the losses too, which were about 1.57. Softmax of probabilities can give no class more than
# e/(e + 9), so the loss cannot fall below 1.461, even if all answers are right and certain.

# %%
twice = scripts["neural_network, v2, as published"]["runs"]
certain = nn.functional.softmax(np.array([[1000.0] + [0.0] * 9]), dim=1)  # all of it on the right class
floor = nn.functional.cross_entropy(certain, np.array([0])).item()
assert np.isclose(floor, -np.log(np.e / (np.e + 9)), rtol=1e-12, atol=0)
assert round(floor, 3) == 1.461
assert all(run["last_loss"] > floor for run in twice)
assert abs(measured["neural_network, v2, as published"].max() - 0.9207) < 0.001
assert [run["rarest_answer"] < 100 for run in twice] == [run["accuracy"] < 0.85 for run in twice] == [True, True, False]
assert measured["neural_network, v2, as mended"].min() > 0.96

# %% [markdown]
# ## Try it
#
# **A.** Put `ag.tanh` in the place of `ag.relu` in section 5. A tanh has no side on which its slope is 0. With two
# units 18 of our twenty networks then learn XOR. Where do the other two get stuck?
#
# **B.** XOR of three bits is 1 if one or three of them are 1. Write down `W`, `c` and `β` for three hidden ReLUs that
# look at `s = x₁ + x₂ + x₃` alone: the output has to go up, down, and up again.
#
# **C.** In section 8, start the biases of the hidden layer at 1. No unit of the left picture dies then. Does that save
# those of the right one?
