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
# # Radial basis functions and universal approximation
#
# Two ways to see that a network with one hidden layer can be any function. First with units that answer near a centre:
# they go through any points exactly, and get into trouble in a way that can be computed. Then with sigmoid units, as in
# [chapter 4](http://neuralnetworksanddeeplearning.com/chap4.html) of Nielsen's book: two steep ones make a bump, bumps
# make a staircase, and the staircase comes as near to a function as one likes. All weights are set by hand, until
# section 8, where they are learned.

# %%
import matplotlib.pyplot as plt
import numpy as np

import autograd_core as ag
import nn

RED, BLUE, GREEN = "#b3261e", "#1f5fa8", "#1a7a42"

# %% [markdown]
# ## 1. A unit that answers near its centre
#
# A radial basis function unit (RBF) gives `exp(−‖x − c‖² / 2s²)`: 1 at its centre `c`, less with the distance from it,
# and `s` is the width. A network of them adds up their answers with weights. In `nn` the unit is a layer, `nn.RBF`; its
# centres and widths are parameters.

# %%
units = nn.RBF(1, 3, rng=0, dtype=np.float64)
centres, widths, weights = np.array([[0.2], [0.5], [0.75]]), np.array([0.08, 0.12, 0.06]), np.array([0.7, -0.5, 1.0])
_ = units.load_state_dict({"centers": centres, "log_sigma": np.log(widths)})
grid = np.linspace(0, 1, 2001)[:, None]
with ag.no_grad():
    answers = units(grid).numpy()

fig, ax = plt.subplots(figsize=(7, 3.2), dpi=110)
ax.axhline(0, color="0.85", lw=0.8)
for answer, weight, c in zip(answers.T, weights, centres.ravel(), strict=True):
    ax.plot(grid, weight * answer, color=BLUE, lw=1.2, ls="--")
    ax.text(c, weight * 1.02 + np.sign(weight) * 0.05, f"{weight:g}", color=BLUE, ha="center", va="center", fontsize=9)
ax.plot(grid, answers @ weights, color=RED, lw=2)
ax.set(xlabel="x", ylim=(-0.7, 1.2), title="Three units, each times its weight, and their sum (red)")
ax.title.set_fontsize(10)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
with ag.no_grad():
    assert np.allclose(np.diag(units(centres).numpy()), 1, rtol=0, atol=1e-15)
    one_width_away = np.diag(units(centres + widths[:, None]).numpy())
assert np.allclose(one_width_away, np.exp(-1 / 2), rtol=1e-12)  # 0.61
assert np.allclose(answers, np.exp(-((grid - centres.T) ** 2) / (2 * widths**2)), rtol=1e-12, atol=0)

# %% [markdown]
# ## 2. Through every point
#
# "Good at interpolation", say the notes, and "train very quickly". Put a centre on each of `n` points. Then the
# network's values at the points are `Φ w`, with `Φ[i, j] = exp(−‖x_i − x_j‖² / 2s²)`, and the weights that give the
# wanted values are the solution of one linear system: no gradient, no steps. `Φ` is a symmetric matrix with positive
# eigenvalues if no two points are equal, so there is a solution, whatever the values. The function is the example of
# Nielsen's chapter 4, `f(x) = 0.2 + 0.4x² + 0.3x sin(15x) + 0.05 cos(50x)`.


# %%
def f(x):
    return 0.2 + 0.4 * x**2 + 0.3 * x * np.sin(15 * x) + 0.05 * np.cos(50 * x)


n = 21
x = np.linspace(0, 1, n)
h = x[1] - x[0]  # from point to point
noise = np.random.default_rng(0).normal(size=n)


def through(values, width):
    """The network with a centre on each point; its width in units of the distance h."""
    return nn.classic.RBFNetwork(1, n, sigma=width * h, rng=0, dtype=np.float64).fit(x[:, None], values)


fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), dpi=110, layout="constrained")
for ax, values, title in zip(axes, (f(x), noise), ("21 values of f", "21 random numbers"), strict=True):
    ax.plot(grid, through(values, 1).predict(grid), color=RED, lw=1.5)
    ax.plot(x, values, "o", ms=5, color="0.2")
    ax.set(title=title, xlabel="x")
    ax.title.set_fontsize(10)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].plot(grid, f(grid), color=BLUE, lw=1, ls="--")
axes[0].text(0.43, 0.62, "f", color=BLUE)
axes[0].text(0.3, 0.75, "network", color=RED)
plt.show()

# %% [markdown]
# Both curves go through all of their points. On the right that is no virtue: the network learned the noise by heart.

# %%
for values in (f(x), noise):
    assert abs(through(values, 1).predict(x[:, None]) - values).max() < 1e-12
phi = through(noise, 1).units(x[:, None]).detach().numpy()
assert np.array_equal(phi, phi.T)
assert np.linalg.eigvalsh(phi).min() > 0.01

# %% [markdown]
# ## 3. Too narrow, too wide
#
# Between the points the width decides. Here it is 1/5, 1 and 6 times the distance `h` of the points.

# %%
fig, axes = plt.subplots(1, 3, figsize=(9.5, 3.2), dpi=110, layout="constrained", sharey=True)
for ax, width in zip(axes, (0.2, 1, 6), strict=True):
    ax.plot(grid, f(grid), color=BLUE, lw=1, ls="--")
    ax.plot(grid, through(f(x), width).predict(grid), color=RED, lw=1.5)
    ax.plot(x, f(x), "o", ms=4, color="0.2")
    ax.set(title=f"width {width:g} h", xlabel="x")
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Too narrow: the units do not reach each other, and the curve is a row of spikes. Too wide: it misses the points
# themselves, although on paper it goes through them. The columns of `Φ` have become nearly equal, as wide units answer
# nearly alike everywhere. The **condition number** of `Φ` says by how much an error in the values can grow in the
# weights; in double precision each number is wrong by 1e-16 from the start, so with a condition number of 1e16 and more
# nothing of the weights is certain.

# %%
multiples = np.array([0.2, 0.35, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 5, 6])
conditions, at_points, between = [], [], []
for width in multiples:
    model = through(f(x), width)
    conditions.append(np.linalg.cond(model.units(x[:, None]).detach().numpy()))
    at_points.append(abs(model.predict(x[:, None]) - f(x)).max())
    between.append(abs(model.predict(grid) - f(grid).ravel()).max())

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), dpi=110, layout="constrained")
left.semilogy(multiples, conditions, "o-", ms=4, color=BLUE)
wide = np.linspace(0.2, 2.6, 50)
left.semilogy(wide, np.exp(np.pi**2 * wide**2 / 2) / 2, color="0.4", ls=":")
left.text(2.25, 1e13, r"$e^{\pi^2 s^2 / 2h^2} / 2$", color="0.4", fontsize=10, ha="right")
left.axhline(2.0**53, color="0.6", lw=0.8)
left.text(0.1, 2.0**53 * 3, "all digits of a double", fontsize=8, color="0.4")
left.set(xlabel="width / h", title="condition number of Φ", ylim=(0.3, 1e20))
right.semilogy(multiples, at_points, "o-", ms=4, color="0.2")
right.semilogy(multiples, between, "s-", ms=4, color=RED)
right.text(2.1, 1e-13, "largest error at the points", color="0.2", fontsize=9)
right.text(0.7, 1.2, "between the points", color=RED, fontsize=9)
right.set(xlabel="width / h", title="errors", ylim=(1e-16, 100))
for ax in (left, right):
    ax.title.set_fontsize(10)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Left: for points without end the condition number would be `e^(π² s² / 2h²) / 2` (dotted; it follows from the Fourier
# transform of a Gaussian), and for ours it is less. It grows with the *square* of the width in the exponent: of all
# digits none is left from 4h on. Right: the errors at the points (black) are rounding up to a width of 1.5h, and then
# follow the condition number upwards. The best curve between the points is that of a width of about `h`.

# %%
condition = dict(zip(multiples.tolist(), conditions, strict=True))
for width in (1, 1.25, 1.5, 1.75, 2):
    assert condition[width] < np.exp(np.pi**2 * width**2 / 2) / 2
assert 50 < condition[1] < 70
assert condition[0.2] < 1.001
assert condition[3] > 1e12
assert min(conditions[-3:]) > 1e15
at, off = dict(zip(multiples.tolist(), at_points, strict=True)), dict(zip(multiples.tolist(), between, strict=True))
assert max(at[0.2], at[1], at[1.5]) < 1e-12 < 1e-9 < at[3]
assert at[6] > 1e-3  # no interpolation any more
assert off[0.2] > 0.3
assert off[1] < 0.03
assert multiples[np.argmin(between)] in (0.75, 1, 1.25, 1.5)

# %% [markdown]
# The same with one number moved: if the units are narrow, a change of 1e-9 in a single value changes the weights by as
# much; with a width of 2h by a million times as much.

# %%
nudge = np.zeros(n)
nudge[n // 2] = 1e-9


def answer_to_nudge(width):
    phi = through(f(x), width).units(x[:, None]).detach().numpy()
    return np.linalg.norm(np.linalg.solve(phi, nudge)) / 1e-9


print([f"{width}h: {answer_to_nudge(width):.0f}" for width in (0.2, 1, 2)])
assert abs(answer_to_nudge(0.2) - 1) < 1e-3
assert 5 < answer_to_nudge(1) < condition[1]
assert 1e5 < answer_to_nudge(2) < condition[2]

# %% [markdown]
# ## 4. Fewer centres than points
#
# A centre for each point learns the noise, too. Usually one takes few centres: `RBFNetwork` places them by k-means, and
# the weights are those of least squares. Twenty centres for 400 noisy points of two classes; the targets are one-hot
# rows.

# %%
points, labels = (t.numpy() for t in nn.datasets.moons(400, noise=0.2, rng=0).tensors)
new_points, new_labels = (t.numpy() for t in nn.datasets.moons(1000, noise=0.2, rng=1).tensors)
few = nn.classic.RBFNetwork(2, 20, 2, rng=0).fit(points, nn.functional.one_hot(labels, 2))
many = nn.classic.RBFNetwork(2, 400, 2, sigma=0.05, rng=0, dtype=np.float64).fit(
    points, nn.functional.one_hot(labels, 2)
)
right = {
    (name, part): np.mean(model.predict(p).argmax(axis=1) == c)
    for name, model in (("few", few), ("many", many))
    for part, p, c in (("known", points, labels), ("new", new_points, new_labels))
}

fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), dpi=90, layout="constrained")
for ax, model, name in zip(axes, (few, many), ("few", "many"), strict=True):
    nn.plots.decision_boundary(model, points, labels, ax)
    ax.set_title(
        f"{model.num_centers} centres: {100 * right[name, 'known']:.1f} % of these, "
        f"{100 * right[name, 'new']:.1f} % of new points",
        fontsize=9.5,
    )
axes[0].plot(*few.units.centers.detach().numpy().T, "X", ms=8, color="0.1", mec="white")
plt.show()

# %% [markdown]
# Left: the crosses are the centres. They lie where the points are, and the border between the classes is smooth. Right:
# a narrow unit for each of the 400 points, which makes islands around single points and knows all of them by heart.

# %%
assert right["many", "known"] == 1.0
assert right["few", "known"] < 1.0
assert right["few", "new"] > 0.95
assert right["few", "new"] > right["many", "new"] + 0.02

# %% [markdown]
# ## 5. A bump from two sigmoids
#
# A sigmoid unit answers on all of one side. But a large weight makes it a step: `σ(w x + b)` rises at `s = −b / w`,
# within about `1/w`. The difference of two steps is a bump. So two sigmoid units do what one RBF unit does.


# %%
def step(x, s, k):
    """A sigmoid unit with weight k that rises at s: its bias is −k s."""
    return ag.sigmoid(k * x - k * s)


fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.2), dpi=110, layout="constrained", sharey=True)
for k, color in zip((10, 40, 500), ("0.7", BLUE, RED), strict=True):
    axes[0].plot(grid, step(grid, 0.4, k), color=color, lw=1.8)
    axes[1].plot(grid, step(grid, 0.4, k) - step(grid, 0.6, k), color=color, lw=1.8, label=f"weight {k}")
axes[0].set(title="one unit, σ(k (x − 0.4))", xlabel="x")
axes[1].set(title="two units, σ(k (x − 0.4)) − σ(k (x − 0.6))", xlabel="x")
axes[1].legend(frameon=False, fontsize=9, loc="upper left")
for ax in axes:
    ax.title.set_fontsize(10)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The area between the sigmoid and the true step is `2 ln 2 / k`: twice as steep, half the error.

# %%
line = np.linspace(-1, 2, 300_001)
for k in (10, 40, 500):
    area = np.sum(abs(step(line, 0.4, k) - (line > 0.4))) * (line[1] - line[0])
    assert np.isclose(area, 2 * np.log(2) / k, rtol=1e-2)
assert step(0.4, 0.4, 500) == 0.5  # where it rises: −b / w
assert abs(step(0.5, 0.4, 500) - step(0.5, 0.6, 500) - 1) < 1e-12

# %% [markdown]
# ## 6. A staircase
#
# Cut the range from 0 to 1 into `N` parts of length `h = 1/N`. At each cut stands a steep unit, with the difference of
# the values of `f` in the middle of the two parts as its weight in the output. That is a network with one hidden layer
# of `N − 1` units, and its weights are known without any learning.


# %%
def staircase(function, parts):
    cuts, middles = np.arange(1, parts) / parts, (np.arange(parts) + 0.5) / parts
    steepness = 400.0 * parts
    model = nn.Sequential(nn.Linear(1, parts - 1, rng=0), nn.Sigmoid(), nn.Linear(parts - 1, 1, rng=0)).double()
    values = function(middles)
    state = {
        "0.weight": np.full((parts - 1, 1), steepness),
        "0.bias": -steepness * cuts,
        "2.weight": np.diff(values)[None],
        "2.bias": values[:1],
    }
    model.load_state_dict(state)
    return model


def predicted(model, x):
    with ag.no_grad():
        return model(x).numpy()


fig, axes = plt.subplots(1, 3, figsize=(9.5, 3.2), dpi=110, layout="constrained", sharey=True)
for ax, parts in zip(axes, (5, 20, 80), strict=True):
    ax.fill_between(grid.ravel(), f(grid).ravel(), predicted(staircase(f, parts), grid).ravel(), color="#f3d9d6")
    ax.plot(grid, f(grid), color=BLUE, lw=1, ls="--")
    ax.plot(grid, predicted(staircase(f, parts), grid), color=RED, lw=1.3)
    ax.set(title=f"{parts - 1} hidden units", xlabel="x")
    ax.title.set_fontsize(10)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Red is the network, blue is `f`, and the shaded area between them is the error that we measure. (The last unit of
# Nielsen's network is a sigmoid, too; then the staircase is built for `σ⁻¹(f(x))`, and nothing else changes.)

# %%
by_hand = staircase(f, 20)
assert sum(p.size for p in by_hand.parameters()) == 3 * 19 + 1
middles = ((np.arange(20) + 0.5) / 20)[:, None]
assert np.allclose(predicted(by_hand, middles), f(middles), rtol=0, atol=1e-12)  # right in the middle of each part

# %% [markdown]
# ## 7. Error against width
#
# Within a part, `f` leaves its middle value by `|f'|` times the distance, which is `h/4` on average. So the staircase
# is off by `(h/4) ∫|f'|`: twice the units, half the error. Other units do better with the same width. A hidden layer of
# ReLUs makes a broken line through the points, whose error is `(h²/12) ∫|f''|`: twice the units, a quarter of the
# error. And RBF units on equally spaced points, "bells" of width 2h (not wider, see section 3), do better still.


# %%
def broken_line(function, parts):
    """One ReLU for each part: it bends the line at the part's left end."""
    left = np.arange(parts) / parts
    slopes = np.diff(function(np.arange(parts + 1) / parts)) * parts
    model = nn.Sequential(nn.Linear(1, parts, rng=0), nn.ReLU(), nn.Linear(parts, 1, rng=0)).double()
    state = {
        "0.weight": np.ones((parts, 1)),
        "0.bias": -left,
        "2.weight": np.diff(slopes, prepend=0)[None],
        "2.bias": function(np.zeros(1)),
    }
    model.load_state_dict(state)
    return model


def bells(function, count):
    at = np.linspace(0, 1, count)[:, None]
    return nn.classic.RBFNetwork(1, count, sigma=2 / count, rng=0, dtype=np.float64).fit(at, function(at[:, 0]))


fine = (np.arange(20_000) + 0.5)[:, None] / 20_000
kinds = {"staircase": staircase, "broken line": broken_line, "bells": bells}
parts = np.array([8, 16, 32, 64, 128, 256])
errors = {
    name: [np.mean(abs(predicted(make(f, int(N)), fine) - f(fine))) for N in parts] for name, make in kinds.items()
}
first = np.mean(abs(np.gradient(f(fine).ravel(), fine.ravel())))
second = np.mean(abs(np.gradient(np.gradient(f(fine).ravel(), fine.ravel()), fine.ravel())))
theory = {"staircase": first / 4 / parts, "broken line": second / 12 / parts**2}

fig, ax = plt.subplots(figsize=(7, 3.8), dpi=110)
for (name, values), color, mark in zip(errors.items(), (RED, BLUE, GREEN), "os^", strict=True):
    ax.loglog(parts, values, mark, ms=6, color=color, ls="" if name in theory else ":")
    if name in theory:
        ax.loglog(parts, theory[name], color=color, lw=1)
    ax.text(290, values[-1], name, color=color, fontsize=10, va="center")
ax.set(xlabel="hidden units", ylabel="mean error", xlim=(6.5, 900), xticks=parts, xticklabels=parts)
ax.minorticks_off()
ax.set_title("Marks: measured. Lines: computed", fontsize=10)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The staircase goes down by one decade for a decade of units, the broken line by two. The bells fall faster than both,
# and from 32 units on as slowly as the staircase: what is left of their error sits at the two ends, where each point
# has neighbours on one side only, and the ends become shorter as `h` does. With 8 or 16 units none of them has a
# chance: the fast wave of `f` is shorter than a part.

# %%
rate = {name: np.log2(np.divide(values[:-1], values[1:])) for name, values in errors.items()}
for values in errors.values():
    assert (np.diff(values[1:]) < 0).all()  # more units, less error
assert np.allclose(errors["staircase"], theory["staircase"], rtol=0.1)
assert np.allclose(errors["broken line"][2:], theory["broken line"][2:], rtol=0.02)
assert (abs(rate["staircase"][2:] - 1) < 0.05).all()  # h
assert (abs(rate["broken line"][2:] - 2) < 0.05).all()  # h²
assert errors["bells"][3] < errors["broken line"][3] / 100
assert errors["bells"][5] < 1e-5
ends = (fine < 0.1) | (fine > 0.9)
of_bells = abs(bells(f, 256).predict(fine) - f(fine).ravel())
assert of_bells[~ends.ravel()].mean() < 0.02 * of_bells.mean()

# %% [markdown]
# ## 8. Learned
#
# That weights exist does not say that gradient descent finds them. Networks of 5 to 80 tanh units, 2,000 steps of Adam
# on 401 points of `f`, three seeds each. The first weights are drawn in the spirit of section 6: `±20` for all units,
# and biases such that the steps stand at random places between 0 and 1. (With the usual small first weights all units
# rise far outside of that range or hardly at all, and the fast waves of `f` take much longer.) The training step is
# captured by `ag.compile`, and replayed.

# %%
data_x = np.linspace(0, 1, 401)[:, None]
data_y = f(data_x)


def learn(width, seed, steps=2000):
    rng = np.random.default_rng(seed)
    model = nn.MLP([1, width, 1], nn.Tanh, rng=rng, dtype=np.float64)
    weight, place = 20 * rng.choice([-1.0, 1.0], size=width), rng.uniform(0, 1, size=width)
    model.load_state_dict(model.state_dict() | {"0.weight": weight[:, None], "0.bias": -weight * place})
    optimizer = nn.optim.Adam(model.parameters(), lr=0.01)
    scheduler = nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

    @ag.compile
    def update(x, y):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        scheduler.step()

    for _ in range(steps):
        update(data_x, data_y)
    return model


widths = [5, 10, 20, 40, 80]
models = {(width, seed): learn(width, seed) for width in widths for seed in range(3)}
learned = {key: np.mean(abs(predicted(model, fine) - f(fine))) for key, model in models.items()}
median = [np.median([learned[width, seed] for seed in range(3)]) for width in widths]

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), dpi=110, layout="constrained")
stairs = [np.mean(abs(predicted(staircase(f, width + 1), fine) - f(fine))) for width in widths]
left.loglog(widths, stairs, color=RED, lw=1, ls="--")
left.text(38, 2.2e-2, "staircase by hand", color=RED, fontsize=9)
for seed in range(3):
    left.loglog(widths, [learned[width, seed] for width in widths], "o", ms=4, color=BLUE, alpha=0.5, mew=0)
left.loglog(widths, median, color=BLUE, lw=1.5)
left.text(5, 4e-3, "learned:\nthree seeds, median", color=BLUE, fontsize=9)
left.set(xlabel="hidden units", ylabel="mean error", xticks=widths, xticklabels=widths)
left.set(yticks=[0.001, 0.003, 0.01, 0.03, 0.1], yticklabels=[0.001, 0.003, 0.01, 0.03, 0.1])
left.minorticks_off()
right.plot(grid, f(grid), color="0.2", lw=1, ls="--")
for width, color in ((10, BLUE), (80, RED)):
    right.plot(grid, predicted(models[width, 0], grid), color=color, lw=1.5)
right.text(0.05, 0.72, "80 units", color=RED, fontsize=9)
right.text(0.05, 0.64, "10 units", color=BLUE, fontsize=9)
right.set(xlabel="x", title="two of them, and f (dashed)")
right.title.set_fontsize(10)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# More units, less error, here too; and from 10 units on the learned networks are better than the staircase of the same
# width, since learning moves the steps to where they are needed. How good they are depends on the seed and on how long
# one waits: there is no formula for that line.

# %%
assert median[0] > 1.5 * median[2] > 3 * median[4]
assert median[4] < 0.006
assert all(error < 0.9 * steps for error, steps in zip(median[1:], stairs[1:], strict=True))

# %% [markdown]
# ## 9. Two dimensions: a tower from four sigmoids
#
# Of a point in the plane, two steep units that look at `x` make a wall, and two that look at `y` another one, across.
# Their sum is 2 where the walls cross, 1 on the rest of the walls, and 0 elsewhere. One more steep unit with its
# threshold between 1 and 2 leaves the crossing alone: a tower.

# %%
axis = np.linspace(0, 1, 161)
u, v = np.meshgrid(axis, axis)
k = 200.0
wall_x = step(u, 0.4, k) - step(u, 0.6, k)
wall_y = step(v, 0.3, k) - step(v, 0.7, k)
tower = step(wall_x + wall_y, 1.5, k)

fig, axes = plt.subplots(1, 3, figsize=(9.5, 3.3), dpi=100, subplot_kw={"projection": "3d"})
titles = ("two units: a wall", "four: two walls", "and one more: a tower")
for ax, values, title in zip(axes, (wall_x, wall_x + wall_y, tower), titles, strict=True):
    ax.plot_surface(u, v, values, rcount=81, ccount=81, cmap="cividis", antialiased=False, vmin=0, vmax=2)
    ax.set(title=title, zlim=(0, 2), xticks=[0, 1], yticks=[0, 1], zticks=[0, 1, 2], xlabel="x", ylabel="y")
    ax.title.set_fontsize(10)
    ax.view_init(elev=32, azim=-60)
fig.subplots_adjust(left=0.0, right=0.96, wspace=0.1)
plt.show()

# %%
at = lambda values, x, y: values[round(y * 160), round(x * 160)]
assert np.allclose(
    [at(wall_x + wall_y, 0.5, 0.5), at(wall_x + wall_y, 0.5, 0.1), at(wall_x + wall_y, 0.1, 0.1)], [2, 1, 0]
)
assert at(tower, 0.5, 0.5) > 1 - 1e-12
assert max(at(tower, 0.5, 0.1), at(tower, 0.1, 0.5), at(tower, 0.1, 0.1)) < 1e-12
inside = (abs(u - 0.5) < 0.09) & (abs(v - 0.5) < 0.19)
outside = (abs(u - 0.5) > 0.11) | (abs(v - 0.5) > 0.21)
assert tower[inside].min() > 0.99
assert tower[outside].max() < 0.01

# %% [markdown]
# An RBF unit is a tower by itself: `exp(−(x² + y²) / 2s²)` is the product of a bump in `x` and a bump in `y`. A product
# is what sums of sigmoids do not give at once, and what the second layer is for.

# %%
bell = nn.RBF(2, 1, 0.1, rng=0, dtype=np.float64)
_ = bell.load_state_dict({"centers": np.array([[0.5, 0.5]]), "log_sigma": np.log([0.1])})
plane = np.stack([u.ravel(), v.ravel()], axis=1)
along = lambda t: np.exp(-((t - 0.5) ** 2) / (2 * 0.1**2))
assert np.allclose(bell(plane).detach().numpy().ravel(), (along(u) * along(v)).ravel(), rtol=1e-12)

# %% [markdown]
# ## 10. A city of towers
#
# Fill the square with `N × N` towers, each as high as the function in its middle. Neighbours share their walls, so the
# first layer has only `2 (N + 1)` units, the second one for each tower, and the network is three `Linear` layers with
# sigmoids between them.


# %%
def surface(x, y):
    return 0.5 + 0.3 * np.sin(2 * np.pi * x) * np.cos(np.pi * y) + 0.2 * y**2


def city(function, N):
    edges, middles = np.arange(N + 1) / N, (np.arange(N) + 0.5) / N
    steepness, threshold = 200.0 * N, 50.0
    wall = np.zeros((N, N + 1))
    wall[np.arange(N), np.arange(N)], wall[np.arange(N), np.arange(N) + 1] = 1, -1  # a step up, and the next one down
    first = np.zeros((2 * (N + 1), 2))
    first[: N + 1, 0] = first[N + 1 :, 1] = steepness
    second = np.hstack([np.repeat(wall, N, axis=0), np.tile(wall, (N, 1))])  # tower (i, j): wall i in x, wall j in y
    x, y = np.meshgrid(middles, middles, indexing="ij")
    model = nn.MLP([2, 2 * (N + 1), N * N, 1], nn.Sigmoid, rng=0, dtype=np.float64)
    state = {
        "0.weight": first,
        "0.bias": -steepness * np.tile(edges, 2),
        "2.weight": threshold * second,
        "2.bias": np.full(N * N, -1.5 * threshold),
        "4.weight": function(x, y).reshape(1, -1),
        "4.bias": np.zeros(1),
    }
    model.load_state_dict(state)
    return model


pixels = (np.arange(160) + 0.5) / 160
px, py = np.meshgrid(pixels, pixels)
square = np.stack([px.ravel(), py.ravel()], axis=1)
sizes = [4, 8, 16, 32]
cities = {N: predicted(city(surface, N), square).reshape(px.shape) for N in sizes}
off = [np.mean(abs(cities[N] - surface(px, py))) for N in sizes]

fig, axes = plt.subplots(1, 3, figsize=(9.5, 3.4), dpi=100, layout="constrained")
shown = ((surface(px, py), "the function"), (cities[8], "8 x 8 towers"), (cities[32], "32 x 32 towers"))
for ax, (values, title) in zip(axes, shown, strict=True):
    ax.imshow(values, origin="lower", extent=(0, 1, 0, 1), cmap="cividis", vmin=0.15, vmax=1)
    ax.set(title=title, xticks=[0, 1], yticks=[0, 1], xlabel="x", ylabel="y")
    ax.title.set_fontsize(10)
plt.show()

for N, error in zip(sizes, off, strict=True):
    print(
        f"{N:2} x {N:2} towers: {sum(p.size for p in city(surface, N).parameters()):7,} parameters, error {error:.4f}"
    )

# %% [markdown]
# The error halves each time, as in one dimension; but for that the towers are four times as many. (It is the mean
# error. Where the corners of four towers meet, each has half a wall and half a wall, which is below the threshold, and
# the network gives 0. Steeper units make the hole smaller, and it never goes away.) In `d` dimensions it takes `2^d`
# times as many for half the error: what exists in theory may be too large to build. This is the price of towers all
# over the place, whether there is anything to see there or not. Networks that learn put their units where they are
# needed.

# %%
assert (np.diff(off) < 0).all()
assert np.allclose(np.divide(off[:-1], off[1:]), 2, rtol=0.2)
assert off[-1] < 0.015
corner, wall = predicted(city(surface, 8), np.array([[1 / 8, 1 / 8], [1 / 8, 1 / 16]])).ravel()
assert abs(corner) < 1e-6 < 0.5 < surface(1 / 8, 1 / 8)
assert abs(wall - surface(1 / 8, 1 / 16)) < 0.03  # between two corners two half towers add up to one
assert city(surface, 8)[2].out_features == 64
assert city(surface, 8)[0].out_features == 2 * 9

# %% [markdown]
# ## 11. What the theorem says
#
# "In theory, one hidden layer can approximate any continuous function", say the notes. That is the theorem of [Cybenko
# (1989)](https://doi.org/10.1007/BF02551274) and [Hornik, Stinchcombe and White
# (1989)](https://doi.org/10.1016/0893-6080(89)90020-8): for every continuous function on a bounded closed set and every
# `ε > 0` there is a network with one hidden layer of sigmoid units whose error is below `ε` everywhere. Sections 6 and
# 7 are a proof for one dimension, with the number of units that is needed. The towers had a second hidden layer, for
# the threshold; the theorem gets along without.
#
# It does not say that few units will do, nor that learning finds them, nor anything of what happens outside of the set.
# The last is quickly seen.

# %%
beyond = np.linspace(1, 2, 101)[:, None]
best = models[80, 0]
inside, outside = (np.mean(abs(predicted(best, t) - f(t))) for t in (fine, beyond))
print(f"error of 80 learned units on [0, 1]: {inside:.4f}; on [1, 2]: {outside:.2f}")
assert outside > 20 * inside

# %% [markdown]
# ## Try it
#
# **A.** In section 6, a smaller steepness than 400 per part: 4 per part, say. Is the staircase better or worse?
#
# **B.** A function with a jump, `np.sign(x - 1 / 3)`, is not continuous. Which of the errors of section 7 still goes to
# 0, the mean or the largest, and how fast?
#
# **C.** Section 3 with 21 random points instead of equally spaced ones. Two of them will lie close together. What does
# that do to the condition number?
