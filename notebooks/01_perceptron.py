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
# # The perceptron
#
# A unit that weighs its inputs and says yes or no. Here you see what one such unit can say and what it cannot, how it
# learns from its mistakes and after how many it must stop, how several of them can say more than one, and why none of
# that can be learned by gradients. Then the threshold is made smooth. What comes out is logistic regression, whose rule
# of learning differs from the perceptron's in one symbol.

# %%
import tempfile
import warnings
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image
from matplotlib.animation import FuncAnimation, PillowWriter

import autograd_core as ag
import nn
from nn.classic import AdaBoost, DecisionStump, Perceptron, vote

RED, BLUE, GREY = "#b3261e", "#1f5fa8", "0.55"

# %% [markdown]
# ## 1. A unit that says yes or no
#
# The unit multiplies each input $x_i$ by a weight $w_i$, adds a bias $b$, and says 1 if the sum $z = w \cdot x + b$ is
# above 0, and 0 if not. With the weights $-2, -2$ and the bias $3$ it is a NAND gate, "not both": the example of
# [Nielsen's first chapter](http://neuralnetworksanddeeplearning.com/chap1.html).

# %%
corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def threshold_unit(weight, bias):
    unit = Perceptron(len(weight), dtype=np.float64)
    unit.load_state_dict({"weight": np.array(weight, float), "bias": np.array(bias, float)})
    return unit


nand = threshold_unit([-2, -2], 3)
sums = corners @ [-2, -2] + 3
for x, z, said in zip(corners.astype(int), sums, nand.predict(corners), strict=True):
    print(f"x = {x.tolist()}   z = {z:+.0f}   NAND = {said}")

# %%
assert nand.predict(corners).tolist() == [1, 1, 1, 0]
assert sums.tolist() == [3, 1, 1, -1]

# %% [markdown]
# Where $z = 0$ the unit is undecided. That is a line in the plane of the two inputs; with more inputs, a plane or what
# corresponds to it. On one side the unit says 1, on the other 0, and it can say nothing else.

# %%
fig, ax = plt.subplots(figsize=(4.6, 3.8), dpi=110)
across = np.array([-0.4, 1.9])
ax.fill_between(across, -0.4, 1.5 - across, color=BLUE, alpha=0.10, lw=0)
ax.plot(across, 1.5 - across, color="0.2", lw=1.3)
for x, said in zip(corners, nand.predict(corners), strict=True):
    ax.scatter(*x, s=70, color=BLUE if said else "white", edgecolor=BLUE if said else RED, lw=1.8, zorder=3)
    ax.annotate(f"says {said}", x, (8, 7), textcoords="offset points", fontsize=9)
ax.annotate("", (0.55, 0.55), (0.75, 0.75), arrowprops={"arrowstyle": "->", "color": RED, "lw": 1.6})
ax.text(0.30, 0.50, "direction\nof w", color=RED, fontsize=9, ha="center")
ax.text(1.12, 0.46, "$-2x_1 - 2x_2 + 3 = 0$", fontsize=9)
ax.set(xlim=(-0.4, 1.9), ylim=(-0.4, 1.6), xlabel="$x_1$", ylabel="$x_2$", title="NAND: one line in the plane")
ax.set_aspect("equal")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The weights are an arrow that stands at right angles to the line and points to the side of the 1s. The distance of the
# line from the origin is $|b| / \lVert w \rVert$.

# %%
on_line = np.array([[0.0, 1.5], [1.5, 0.0]])
assert (on_line @ [-2, -2] + 3 == 0).all()
assert (on_line[1] - on_line[0]) @ [-2, -2] == 0  # at right angles
nearest = np.array([0.75, 0.75])  # the foot of the perpendicular from the origin
assert nearest @ [-2, -2] + 3 == 0
assert np.isclose(np.linalg.norm(nearest), 3 / np.linalg.norm([-2, -2]), rtol=1e-15)

# %% [markdown]
# ## 2. A half-adder from five of them
#
# NAND is enough to build every logical function, so units of this kind can compute whatever a computer can. The
# smallest useful piece is the half-adder, which adds two bits: the carry is 1 if both are, the sum if exactly one is.
# Five NANDs do it. Each is a module with a threshold unit in it, and so is the whole.


# %%
class Nand(nn.Module):
    def __init__(self):
        super().__init__()
        self.unit = threshold_unit([-2, -2], 3)

    def forward(self, a, b):
        return self.unit(ag.stack([a, b], axis=-1))


class HalfAdder(nn.Module):
    def __init__(self):
        super().__init__()
        self.both, self.only_a, self.only_b, self.sum, self.carry = (Nand() for _ in range(5))

    def forward(self, a, b):
        not_both = self.both(a, b)
        either = self.sum(self.only_a(a, not_both), self.only_b(not_both, b))
        return self.carry(not_both, not_both), either


half_adder = HalfAdder()
a, b = (ag.tensor(bit, requires_grad=True) for bit in corners.T)
with ag.watch():
    carry, total = half_adder(a, b)
    digits = ag.stack([carry, total])
ag.draw(digits, half_adder, depth=0, fold=False)

# %% [markdown]
# Read it from the top. The inputs are $a$ = 0, 0, 1, 1 and $b$ = 0, 1, 0, 1: the four cases at once. Each box with
# a shadow is a NAND. At the bottom stand the two binary digits of $a + b$: the carry, and below it the sum.

# %%
assert carry.tolist() == [0, 0, 0, 1]
assert total.tolist() == [0, 1, 1, 0]
assert (2 * carry + total).tolist() == (a + b).tolist() == [0, 1, 1, 2]

# %% [markdown]
# Two half-adders make a full adder, which minds the carry of the digit before, and a chain of these adds numbers of any
# length. Here it adds all 256 pairs of four-bit numbers at once, with nothing but threshold units.


# %%
def add(first, second):
    """Sum of two numbers, given as lists of bits from the lowest on; each bit is an array."""
    carry, bits = ag.zeros_like(first[0]), []
    for p, q in zip(first, second, strict=True):
        carry_1, partial = half_adder(p, q)
        carry_2, bit = half_adder(partial, carry)
        carry = half_adder.sum(half_adder.both(carry_1, carry_1), half_adder.both(carry_2, carry_2))  # one or the other
        bits.append(bit)
    return [*bits, carry]


left, right = np.divmod(np.arange(256), 16)
bits_of = [[ag.tensor((number >> k & 1).astype(float)) for k in range(4)] for number in (left, right)]
with ag.no_grad():
    added = sum(bit.numpy() * 2**k for k, bit in enumerate(add(*bits_of)))
assert np.array_equal(added, left + right)

# %% [markdown]
# ## 3. Learning from mistakes
#
# The weights need not be known. Begin with zeros and show the unit one example after another. If its output is right,
# do nothing. If it is wrong, move the weights by the example:
#
# $$w \leftarrow w + (y - \text{output})\,x, \qquad b \leftarrow b + (y - \text{output}).$$
#
# $y - \text{output}$ is $+1$ where the unit said 0 for a 1, and $-1$ where it said 1 for a 0. Either way the sum $z$
# for this very example moves to the right side, by $\lVert x \rVert^2 + 1$. Here it learns NAND; each line is a
# correction.

# %%
learner, wanted = Perceptron(2, dtype=np.float64), [1, 1, 1, 0]
corrections, epochs = 0, 0
while not np.array_equal(learner.predict(corners), wanted):
    epochs += 1
    for x, y in zip(corners, wanted, strict=True):
        if learner.learn(x, y):
            corrections += 1
            print(
                f"epoch {epochs}, x = {x.astype(int).tolist()}, should be {y}:"
                f"   w = [{learner.weight[0].item():+.0f}, {learner.weight[1].item():+.0f}]"
                f"   b = {learner.bias.item():+.0f}"
            )

# %% [markdown]
# It finds another solution than the one above, $w = (-2, -1)$ and $b = 3$, as good as that. `fit` does the same loop,
# and goes through all examples once more to see that none is wrong.

# %%
assert learner.weight.tolist() == [-2, -1]
assert learner.bias.item() == 3
fitted = Perceptron(2, dtype=np.float64).fit(corners, wanted)
assert fitted.weight.tolist() == learner.weight.tolist()
assert str(fitted.convergence) == "separated after 6 epochs and 11 corrections"
assert (corrections, epochs) == (11, 5)  # and a sixth epoch in which all are right

# %% [markdown]
# The same with forty points. They were drawn at random, and those nearer than 0.1 to a certain line were left out; the
# unit does not know that line. Each picture is one correction, and the ring marks the example that was wrong.


# %%
def separable(margin, n, seed):
    """Points of the unit disc, none nearer than `margin` to the line u . (x, 1) = 0; above it the class is 1."""
    rng = np.random.default_rng(seed)
    u = np.array([0.6, 0.8, 0.1])
    points = rng.uniform(-1, 1, (50 * n, 2))
    heights = points @ u[:2] + u[2]
    kept = (np.linalg.norm(points, axis=1) < 1) & (np.abs(heights) > margin)
    return points[kept][:n], (heights[kept][:n] > 0).astype(int), u / np.linalg.norm(u)


points, classes, u = separable(0.1, 40, seed=4)
learner = Perceptron(2, dtype=np.float64)
history = []  # for each correction: the example, and the weights and bias after it
while not np.array_equal(learner.predict(points), classes):
    for i, (x, y) in enumerate(zip(points, classes, strict=True)):
        if learner.learn(x, y):
            history.append((i, np.array([*learner.weight.tolist(), learner.bias.item()])))

fig, ax = plt.subplots(figsize=(4.4, 4.2), dpi=80)


def picture(k):
    ax.clear()
    i, (w1, w2, bias) = history[min(k, len(history) - 1)]
    across = np.array([-1.2, 1.2])
    if w2:
        ax.plot(across, -(bias + w1 * across) / w2, color="0.2", lw=1.4)
    for kind, colour, mark in ((0, RED, "o"), (1, BLUE, "s")):
        ax.scatter(*points[classes == kind].T, s=24, color=colour, marker=mark)
    if k < len(history):
        ax.scatter(*points[i], s=170, facecolor="none", edgecolor="0.1", lw=1.5)
    said = f"correction {k + 1}" if k < len(history) else f"separated after {len(history)}"
    ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), xticks=[], yticks=[], title=said)
    ax.text(-1.15, -1.13, "circles: 0    squares: 1", fontsize=8)
    ax.spines[:].set_visible(False)


def animated(figure, draw, frames, fps):
    """The bytes of an animated GIF."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "animation.gif"
        FuncAnimation(figure, draw, frames=frames).save(path, writer=PillowWriter(fps=fps))
        return path.read_bytes()


film = animated(fig, picture, len(history) + 4, fps=2)
plt.close(fig)
Image(data=film, format="png")

# %% [markdown]
# The line swings widely at first. A correction changes the weights by one example, and that is much while the weights
# are small. Later it is little beside what was learned, and the line settles.

# %%
weights = [w for _, w in history]
turns = [
    np.degrees(np.arccos(p @ q / np.linalg.norm(p) / np.linalg.norm(q)))
    for p, q in zip(weights[:-1], weights[1:], strict=True)
]
print("angle between weights, from correction to correction:", *(f"{turn:.0f}°" for turn in turns))
assert min(turns[:3]) > 40  # degrees, the bias being the third coordinate
assert max(turns[-3:]) < 25
assert np.array_equal(learner.predict(points), classes)

# %% [markdown]
# ## 4. Why it must stop
#
# The learner above made 17 corrections. Anyone who knew a line that separates the points could have said beforehand
# that there would be no more than 158. Three lines prove it (Novikoff 1962). Count the bias as a weight whose input is
# always 1. Let $u$ be weights of length 1 that do separate the classes; the learner does not know them. All examples
# lie within a radius $R$ of the origin, and at least $\gamma$ from the border that $u$ draws; $\gamma$ is called the
# margin. Each correction adds or subtracts one example:
#
# 1. $w \cdot u$ grows by at least $\gamma$: after $k$ corrections, $w \cdot u \ge k \gamma$.
# 2. $\lVert w \rVert^2$ grows by at most $R^2$, because the example was on the wrong side of $w$, so that it does not
#    lengthen $w$ along its own direction: $\lVert w \rVert \le \sqrt{k}\, R$.
# 3. A projection is no longer than its vector, so $k \gamma \le w \cdot u \le \lVert w \rVert \le \sqrt{k}\, R$, and
#    therefore $k \le (R / \gamma)^2$.


# %%
def radius_and_margin(points, u):
    with_bias = np.hstack([points, np.ones((len(points), 1))])
    return np.linalg.norm(with_bias, axis=1).max(), np.abs(with_bias @ u).min()


R, gamma = radius_and_margin(points, u)
k = np.arange(1, len(history) + 1)
towards = [w @ u for w in weights]
lengths = [np.linalg.norm(w) for w in weights]
bound = (R / gamma) ** 2
print(f"R = {R:.3f}, margin = {gamma:.3f}, at most {bound:.1f} corrections; there were {len(history)}")

# %%
assert (R**2 <= 2) and (gamma > 0.09)
assert all(w @ u >= count * gamma - 1e-12 for count, w in zip(k, weights, strict=True))
assert all(length <= np.sqrt(count) * R + 1e-12 for count, length in zip(k, lengths, strict=True))
assert len(history) <= (R / gamma) ** 2
assert (len(history), int(bound)) == (17, 158)

# %% [markdown]
# Left, the proof as a picture: what is known of $w$ lies between a straight line and a root, and the two meet at
# $k = (R/\gamma)^2$. Right, 200 other sets of points, with margins from 0.3 down to 0.004: none is above the diagonal,
# most are far below it. The bound is for the worst case; the exact number depends on the points and their order.

# %%
rng = np.random.default_rng(0)
bounds, needed = [], []
for seed in range(200):
    sample, wanted, direction = separable(np.exp(rng.uniform(np.log(0.004), np.log(0.3))), 60, seed)
    unit = Perceptron(2, dtype=np.float64).fit(sample, wanted, max_epochs=10_000)
    r, g = radius_and_margin(sample, direction)
    bounds.append((r / g) ** 2)
    needed.append(unit.convergence.corrections)

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), dpi=110, layout="constrained")
wide = np.linspace(0, 1.15 * bound, 200)
left.fill_between(wide, gamma * wide, np.sqrt(wide) * R, where=gamma * wide <= np.sqrt(wide) * R, color="0.92")
left.plot(wide, np.sqrt(wide) * R, color=RED, lw=1.3)
left.plot(wide, gamma * wide, color=BLUE, lw=1.3)
left.plot(k, lengths, color=RED, lw=2.5)
left.plot(k, towards, color=BLUE, lw=2.5)
left.text(38, 12.6, r"$\|w\| \leq \sqrt{k}\,R$", color=RED)
left.text(90, 6.2, r"$w \cdot u \geq k\,\gamma$", color=BLUE)
left.annotate("what happened", (17, 3.2), (30, 1.2), arrowprops={"arrowstyle": "-", "color": GREY}, fontsize=9)
left.plot(bound, gamma * bound, "o", color="0.2")
left.annotate(r"$(R/\gamma)^2$", (bound, gamma * bound), (-4, 9), textcoords="offset points", ha="right")
left.set(xlabel="corrections k", title="Two bounds that meet", ylim=(0, None), xlim=(0, None))
right.loglog(bounds, needed, "o", ms=3.5, color=BLUE, alpha=0.7)
right.loglog([5, 1e5], [5, 1e5], color="0.2", lw=1)
right.text(300, 900, r"$(R/\gamma)^2$ corrections", fontsize=9, rotation=38)
right.set(xlabel=r"bound $(R/\gamma)^2$", ylabel="corrections that were needed", title="200 sets of points")
right.set(xlim=(10, 1e5), ylim=(0.8, 1e5))
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
assert all(count <= most for count, most in zip(needed, bounds, strict=True))
assert np.median(np.array(needed) / bounds) < 0.1  # the worst case is rare
assert max(needed) > 100  # and small margins do cost

# %% [markdown]
# ## 5. What one unit cannot say
#
# Two inputs have four cases, and there are $2^4 = 16$ ways to answer them. A unit is taught each of them. Filled
# corners are 1s, and the line is what it found.


# %%
def taught(n, answers, max_epochs=100):
    """A unit that was shown all 2**n cases with these answers, for at most so many epochs."""
    cases = np.array(list(product([0.0, 1.0], repeat=n)))
    unit = Perceptron(n, dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # `fit` warns when it gives up
        return unit.fit(cases, answers, max_epochs)


names = ["never", "AND", "a, not b", "a", "b, not a", "b", "XOR", "OR"]
names += ["NOR", "equal", "not b", "a or not b", "not a", "b or not a", "NAND", "always"]
fig, axes = plt.subplots(2, 8, figsize=(10, 3.1), dpi=110, layout="constrained")
separated = {}
for ax, name, answers in zip(axes.flat, names, product([0, 1], repeat=4), strict=True):
    unit = taught(2, answers)
    separated[name] = unit.convergence.converged
    (w1, w2), bias = unit.weight.tolist(), unit.bias.item()
    grid = np.linspace(-0.5, 1.5, 2)
    if separated[name] and (w1 or w2):
        xs, ys = (grid, -(bias + w1 * grid) / w2) if w2 else (np.full(2, -bias / w1), grid)
        ax.plot(xs, ys, color="0.2", lw=1.2)
    for corner, answer in zip(corners, answers, strict=True):
        ax.scatter(*corner, s=45, color=BLUE if answer else "white", edgecolor=BLUE, lw=1.2, zorder=3)
    ax.set(xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), xticks=[], yticks=[], aspect="equal")
    ax.set_title(name, fontsize=9, color="0.1" if separated[name] else RED)
    if not separated[name]:
        ax.text(0.5, 0.5, "no line", color=RED, ha="center", va="center", fontsize=9)
plt.show()

# %% [markdown]
# A corner on the line counts as 0, since there $z$ is 0 and not above it. 14 of 16 are learned. The two that are not
# are XOR and its opposite: no line has both ends of one diagonal on one side and both ends of the other on its other
# side. Giving up after 100 epochs is no guess. The hardest of the 14 are solved by weights like those of section 1,
# with $R^2 = 3$ and $\gamma = 1/\sqrt{17}$, so that 51 corrections are the most there can be.
#
# With three inputs 104 of the 256 functions are left, and with four inputs 1,882 of 65,536
# ([OEIS A000609](https://oeis.org/A000609)): of all there is to say, one unit can say less and less.
# [The next notebook](02_xor.ipynb) puts a layer in between, and XOR can be said.

# %%
assert [name for name, found in separated.items() if not found] == ["XOR", "equal"]
assert sum(separated.values()) == 14
R, gamma = radius_and_margin(corners, np.array([-2, -2, 3]) / np.sqrt(17))
assert np.isclose((R / gamma) ** 2, 51, rtol=1e-12)
learned = [taught(3, answers, 200).convergence for answers in product([0, 1], repeat=8)]
assert sum(each.converged for each in learned) == 104
assert max(each.epochs for each in learned if each.converged) == 12

# %% [markdown]
# ## 6. The decision stump
#
# The smallest threshold unit looks at one feature and compares it with one number: $g(x) = 1$ if $x_j > t$, else 0. It
# is a decision tree with a single fork, hence its name. Here are scans of handwritten 3s and 8s, 64 pixels each.
# `fit` tries every threshold of every pixel.

# %%
scans = nn.datasets.digits(flatten=True)
(X, y), (X_test, y_test) = ([tensor.numpy() for tensor in part.tensors] for part in (scans.train, scans.test))
chosen, chosen_test = np.isin(y, (3, 8)), np.isin(y_test, (3, 8))
x38, y38 = X[chosen].astype(np.float64), (y[chosen] == 8).astype(int)
x38_test, y38_test = X_test[chosen_test].astype(np.float64), (y_test[chosen_test] == 8).astype(int)
stump = DecisionStump().fit(x38, y38)
wrong = int((stump.predict(x38) != y38).sum())
print(f"{stump}: wrong for {wrong} of {len(y38)}")

# %% [markdown]
# Is this the best? Brute force knows: for each pixel, every threshold between two neighbouring values, and both ways
# round.


# %%
def mistakes(feature, t):
    """Mistakes of the stump that says 8 above t."""
    return int(((feature > t) != y38).sum())


tried = {}
for j in range(64):
    levels = np.unique(x38[:, j])
    for t in (levels[:-1] + levels[1:]) / 2:
        count = mistakes(x38[:, j], t)
        tried[j, float(t), "8 above"] = count
        tried[j, float(t), "8 below"] = len(y38) - count
best = min(tried, key=tried.get)
print(f"{len(tried):,} stumps tried, the best: pixel {best[0]}, threshold {best[1]}, {best[2]}: {tried[best]} mistakes")

# %%
assert wrong == min(tried.values()) == 34
assert (int(stump.feature), float(stump.threshold), "8 above") == best
assert sorted(tried.values())[1] > 34  # and no other is as good

# %%
fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), dpi=110, width_ratios=[1, 1, 2.2], layout="constrained")
row, column = divmod(best[0], 8)
for ax, kind, name in ((axes[0], 0, "mean 3"), (axes[1], 1, "mean 8")):
    ax.imshow(x38[y38 == kind].mean(axis=0).reshape(8, 8), cmap="Greys", vmin=0, vmax=1)
    ax.add_patch(plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=RED, lw=2))
    ax.set_title(name, fontsize=10)
    ax.axis("off")
pixel = x38[:, best[0]]
thresholds = np.linspace(-0.03, 1.03, 2000)
stairs = [mistakes(pixel, t) for t in thresholds]
axes[2].plot(thresholds, stairs, color=BLUE, lw=1.4)
axes[2].plot(best[1], tried[best], "o", color=RED)
axes[2].annotate("34, the best", (best[1], tried[best]), (2, -14), textcoords="offset points", color=RED, fontsize=9)
axes[2].set(xlabel="threshold on the framed pixel", title="Mistakes: a staircase", ylim=(0, 150))
axes[2].spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Left: the stump looks where an 8 is closed and a 3 is open. Right: the mistakes as a function of the threshold. It is
# a staircase. On every step it is level, and between two steps it jumps.
#
# ## 7. Why a threshold has no gradient
#
# A staircase is the worst landscape for gradient descent: where the slope exists, it is zero. Here is a stump for five
# numbers, with a wrong threshold, and its squared error. In the picture, gradients stand below the values.

# %%
feature, target = ag.tensor([0.1, 0.3, 0.5, 0.7, 0.9]), ag.tensor([0.0, 0.0, 0.0, 1.0, 1.0])
t = ag.tensor(0.2, requires_grad=True)
with ag.watch():
    z = feature - t
    said = nn.functional.step(z)
    loss = ((said - target) ** 2).sum()
loss.backward()
ag.draw(loss)

# %% [markdown]
# Read it from the bottom. Two of five are wrong, and as far up as `said` the gradient is alive: it knows which two
# outputs should be smaller. The threshold (`heaviside`) multiplies it by its own slope, 0, and everything above is
# marked **zero**. The parameter `t` is told nothing. `nn.classic` therefore keeps a stump's threshold as a buffer and
# not as a parameter.

# %%
assert loss.item() == 2
assert t.grad.item() == 0
levels = ag.tensor(thresholds, requires_grad=True)
ag.sum(nn.functional.step(ag.tensor(pixel)[:, None] - levels)).backward()
assert not levels.grad.numpy().any()  # on the whole staircase of section 6, at 2,000 places
steps = np.flatnonzero(np.diff(stairs))
assert len(steps) <= 17  # 17 grey levels; everywhere else the next place has the same number of mistakes

# %% [markdown]
# ## 8. An ensemble of stumps
#
# One stump is weak. The notes' ensemble adds many, each with a vote $\alpha_i$:
#
# $$f(x) = \sum_i \alpha_i\, g_i(x), \qquad \text{and the class is 1 where } f(x) > 0,$$
#
# with $g_i$ counted as $\pm 1$. AdaBoost (Freund and Schapire 1997) finds them one after another without any gradient.
# Each new stump is fitted to the same examples, of which those that were wrong so far weigh more; a stump with the
# weighted error $e_i$ gets the vote $\alpha_i = \tfrac12 \ln \frac{1 - e_i}{e_i}$. Below it learns a disc within a
# ring, which no single straight cut can separate.

# %%
ring_points, ring_classes = (tensor.numpy() for tensor in nn.datasets.plane.rings(300, rng=0).tensors)
ensembles = {count: AdaBoost(count).fit(ring_points, ring_classes) for count in (1, 4, 16, 100)}
fig, axes = plt.subplots(1, 4, figsize=(10, 2.9), dpi=100, layout="constrained")
for ax, (count, ensemble) in zip(axes, ensembles.items(), strict=True):
    nn.plots.decision_boundary(ensemble.predict, ring_points, ring_classes, ax, resolution=150)
    errors = int((ensemble.predict(ring_points) != ring_classes).sum())
    ax.get_legend().remove()
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.set_title(f"{count} stump{'s' * (count > 1)}: {errors} wrong", fontsize=10)
plt.show()

# %% [markdown]
# Every cut is vertical or horizontal, and their sum draws a box around the disc. First the formula: the votes times the
# stumps, added by hand, say what `predict` says. (The library's votes are twice those above, which decides the same.)

# %%
ensemble = ensembles[100]
alphas = ensemble.weights / 2
f = sum(alpha * (2 * g.predict(ring_points) - 1.0) for alpha, g in zip(alphas, ensemble.stumps, strict=True))
assert np.array_equal(ensemble.predict(ring_points), (f > 0).astype(int))
e = np.array(ensemble.errors)
assert np.allclose(alphas, np.log((1 - e) / e) / 2, rtol=1e-12)
assert (ensembles[1].predict(ring_points) != ring_classes).mean() > 0.2
assert np.array_equal(ensemble.predict(ring_points), ring_classes)

# %% [markdown]
# The theorem of boosting: after $m$ stumps the fraction of mistakes on the examples is at most
# $\prod_{i \le m} 2 \sqrt{e_i (1 - e_i)}$. Each factor is below 1 as soon as a stump is a little better than guessing,
# so the bound falls like a power. The mistakes stay below it, on the rings and on the scans of section 6.

# %%
boosted = AdaBoost(60).fit(x38, y38)
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), dpi=110, layout="constrained", sharey=True)
runs = [("disc and ring", ensemble, ring_points, ring_classes), ("3 or 8", boosted, x38, y38)]
below = {}
for ax, (name, model, samples, labels) in zip(axes, runs, strict=True):
    fraction = np.array([(said != labels).mean() for said in model.staged_predict(samples)])
    e = np.array(model.errors)
    at_most = np.cumprod(2 * np.sqrt(e * (1 - e)))
    below[name] = fraction, at_most
    ax.plot(np.arange(1, len(e) + 1), at_most, color=GREY, lw=1.3)
    ax.plot(np.arange(1, len(e) + 1), fraction, color=BLUE, lw=1.5)
    at = len(e) // 8
    ax.text(at + 0.03 * len(e), at_most[at], "bound", color="0.35", fontsize=9)
    pointer = {"arrowstyle": "-", "color": BLUE, "lw": 0.7}
    ax.annotate("mistakes", (at, fraction[at]), (0.4 * len(e), 0.25), color=BLUE, fontsize=9, arrowprops=pointer)
    ax.set(xlabel="stumps", title=name, ylim=(0, 1))
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("fraction of the examples")
plt.show()
on_test = int((boosted.predict(x38_test) != y38_test).sum())
alone = int((stump.predict(x38_test) != y38_test).sum())
print(f"3 or 8, {len(y38_test)} other scans: the best stump alone errs on {alone}, sixty together on {on_test}")

# %%
for fraction, at_most in below.values():
    assert (fraction <= at_most + 1e-12).all()
    assert fraction[-1] == 0 < fraction[0]
assert on_test <= 3 < alone

# %% [markdown]
# An ensemble has a limit, too. Each stump looks at one feature, so $f(x_1, x_2) = A(x_1) + B(x_2)$, however many there
# are. Then $f(0,0) + f(1,1) = f(0,1) + f(1,0)$, and for XOR the left side must be negative and the right side positive.
# A circle is such a sum, $x_1^2 + x_2^2$; XOR is not. AdaBoost notices at its first stump.

# %%
exclusive = [0, 1, 1, 0]
try:
    AdaBoost(100).fit(corners, exclusive)
except ag.DataError as error:
    refusal = str(error)
print(refusal)

# %%
noisy_points, noisy_classes = (tensor.numpy() for tensor in nn.datasets.plane.xor(200, rng=0).tensors)
many = AdaBoost(100).fit(noisy_points, noisy_classes)  # noise lets it begin
scores = np.asarray(many(corners * 2 - 1))  # at the four corners (±1, ±1)
f = scores[:, 1] - scores[:, 0]
assert "no better than guessing" in refusal
assert np.abs(f).max() > 0.1
assert np.isclose(f[0] + f[3], f[1] + f[2], rtol=0, atol=1e-12)
assert (many.predict(corners * 2 - 1) != exclusive).any()

# %% [markdown]
# ## 9. A vote of networks
#
# The members of an ensemble may be anything that answers. Nielsen lets five convolutional networks vote, and 33 of
# MNIST's 10,000 test images remain wrong, 99.67 % right, where each alone has about 99.6 % ([chapter
# 6](http://neuralnetworksanddeeplearning.com/chap6.html); the notebook [10_nielsen](10_nielsen.ipynb) has his
# networks). The effect is larger where the members are weaker: here, networks with 12 hidden units that have seen 200
# scans each, every one of them its own random 200. `vote` takes what most of them say.


# %%
def small_network(seed):
    rng = np.random.default_rng(seed)
    model = nn.MLP([64, 12, 10], nn.Sigmoid, rng=rng)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.5)
    own = rng.choice(len(X), 200, replace=False)
    for _ in range(60):
        for batch in rng.permutation(own).reshape(20, 10):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[batch]), y[batch]).backward()
            optimizer.step()
    return model


networks = [small_network(seed) for seed in range(11)]
singles = [int((vote([model], X_test) != y_test).sum()) for model in networks]
voters = [1, 3, 5, 7, 9, 11]
together = [int((vote(networks[:count], X_test) != y_test).sum()) for count in voters]

fig, ax = plt.subplots(figsize=(7, 3.4), dpi=110)
ax.plot(np.ones(11), singles, "o", color=GREY, ms=5, alpha=0.7)
ax.plot(voters[1:], together[1:], "s-", color=BLUE)
ax.text(1.25, np.mean(singles) + 3, "eleven networks,\neach by itself", fontsize=9, color="0.35")
ax.text(5.2, together[2] + 1.5, "the vote of so many", fontsize=9, color=BLUE)
ax.set(xlabel="voters", ylabel=f"mistakes among {len(y_test)}", ylim=(0, None), xticks=voters, title="Digits 8 x 8")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Five networks that are each wrong for some 29 of 359 are wrong together for about 17. In six groups of five, of which
# this is the first, it was 15 to 20, with single networks at 22 to 36: hence the room that the assertion leaves. If
# their mistakes were independent the vote would do far better still: of five, three would have to err at once. They are
# not independent; what is hard to read is hard for all of them.

# %%
five, one = together[2], np.mean(singles[:5])
assert five < 0.85 * one
assert 12 <= five <= 23 and 22 <= one <= 36
p = one / len(y_test)  # five independent voters, at least three of them wrong:
independent = sum(ways * p**k * (1 - p) ** (5 - k) for k, ways in ((3, 10), (4, 5), (5, 1)))
assert independent * len(y_test) < 5 < five
assert (10_000 - 33) / 10_000 == 0.9967  # Nielsen's five

# %% [markdown]
# ## 10. The sigmoid, a threshold with a slope
#
# To learn by gradients one needs a landscape without steps. The sigmoid
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}}, \qquad \sigma'(z) = \sigma(z)\,(1 - \sigma(z)),$$
#
# rises from 0 to 1 as the threshold does, but gradually. Multiply its input by $k$, and it becomes as steep as you
# like: $\sigma(kz) \to 1[z > 0]$.

# %%
z = np.linspace(-3, 3, 601)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.3), dpi=110, layout="constrained")
for k, shade in zip((1, 2, 5, 20), (0.35, 0.5, 0.7, 1.0), strict=True):
    slope = ag.grad(lambda z, k=k: ag.sigmoid(k * z).sum())(z)
    left.plot(z, ag.sigmoid(k * z), color=BLUE, alpha=shade, lw=1.4)
    right.plot(z, slope, color=BLUE, alpha=shade, lw=1.4)
for k, place in {1: (1.9, 0.2), 2: (0.75, 0.45), 5: (0.32, 1.1), 20: (0.13, 4.4)}.items():
    right.text(*place, f"k = {k}", fontsize=8)
left.plot([-3, 0, 0, 3], [0, 0, 1, 1], color="0.2", lw=1, ls="--")
left.text(-2.9, 0.9, r"dashed: $1[z > 0]$", fontsize=9)
left.set(title=r"$\sigma(kz)$", xlabel="z")
right.set(title="its slope, from the engine", xlabel="z")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Left, the curve closes in on the threshold: at $z$ the difference is below $e^{-k|z|}$. At $z = 0$ it never does,
# where it stays $\tfrac12$. Right, the price: the slope at 0 is $k/4$ and grows, and everywhere else it goes to zero. A
# steep sigmoid has as little gradient as the threshold it imitates.

# %%
for k in (1, 2, 5, 20, 100):
    s = np.asarray(ag.sigmoid(k * z))
    slope = ag.grad(lambda z, k=k: ag.sigmoid(k * z).sum())(z)
    assert np.allclose(slope, k * s * (1 - s), rtol=0, atol=1e-12 * k)
    away = z != 0
    assert (np.abs(s - (z > 0))[away] <= np.exp(-k * np.abs(z))[away] + 1e-15).all()
    assert s[300] == 0.5 and z[300] == 0
    assert np.isclose(slope.max(), k / 4, rtol=1e-12)

# %% [markdown]
# A whole circuit can be softened so. The half-adder of section 2 with $\sigma(kz)$ in the place of each threshold:


# %%
def smooth_half_adder(a, b, k):
    def soft_nand(p, q):
        return ag.sigmoid(k * (3 - 2 * p - 2 * q))

    not_both = soft_nand(a, b)
    total = soft_nand(soft_nand(a, not_both), soft_nand(not_both, b))
    return soft_nand(not_both, not_both), total


exact = np.array([[0, 0, 0, 1], [0, 1, 1, 0]])
off = {}
for k in (2, 4, 8, 16):
    off[k] = float(np.abs(np.array([out.tolist() for out in smooth_half_adder(a, b, k)]) - exact).max())
    print(f"k = {k:2}: off by {off[k]:.1e} at most")

# %% [markdown]
# At $k = 16$ nobody could tell the two circuits apart by their outputs; they differ in the gradients. Nudge an input:
# the soft circuit says how its sum bit moves, the hard one says 0.

# %%
assert list(off.values()) == sorted(off.values(), reverse=True)
assert off[16] < 1e-6 < 0.1 < off[2]
nudge = ag.tensor(corners[:, 0], requires_grad=True)
half_adder(nudge, b)[1].sum().backward()
assert not nudge.grad.numpy().any()
nudge.grad = None
smooth_half_adder(nudge, b, 2)[1].sum().backward()
assert (np.abs(nudge.grad.numpy()) > 0.01).all()

# %% [markdown]
# ## 11. The stump, learned by gradients
#
# Back to the staircase of section 6. The squared error $\sum (g - y)^2$ of a threshold unit counts its mistakes, since
# each term is 0 or 1. Put $\sigma(k (x - t))$ in the place of $g$, and the staircase becomes a slope down which the
# threshold $t$ can go.

# %%
pixel_values, is_eight = ag.tensor(pixel), ag.tensor(y38.astype(float))


def soft_mistakes(t, k):
    return ag.sum((ag.sigmoid(k * (pixel_values - t)) - is_eight) ** 2)


def descend(k, t=0.9, rate=2e-4, steps=300):
    slope = ag.grad(lambda t: soft_mistakes(t, k))
    for _ in range(steps):
        t -= rate * float(slope(np.array(t)))
    return t


ends = {k: descend(k) for k in (5, 20, 400)}
fig, ax = plt.subplots(figsize=(7, 3.8), dpi=110)
ax.plot(thresholds, stairs, color=BLUE, lw=1, alpha=0.5)
grid = np.linspace(-0.03, 1.03, 300)
for k, style in ((5, ":"), (20, "-")):
    ax.plot(grid, [soft_mistakes(t, k).item() for t in grid], color=RED, lw=1.5, ls=style)
    ax.plot(ends[k], soft_mistakes(ends[k], k).item(), "o", color=RED)
ax.annotate("threshold: mistakes", (0.52, 72), (0.34, 95), color=BLUE, fontsize=9)
ax.annotate("k = 20", (0.86, 101), color=RED, fontsize=9)
ax.annotate("k = 5", (0.86, 78), color=RED, fontsize=9)
ax.set(xlabel="threshold t", title="A staircase, and two slopes beside it", ylim=(0, 150))
ax.spines[["top", "right"]].set_visible(False)
plt.show()
for k, t in ends.items():
    print(f"k = {k:3}: from 0.9 to t = {t:6.3f}, where the threshold makes {mistakes(pixel, t):3} mistakes")

# %% [markdown]
# With $k = 20$ gradient descent ends at 0.113, between the same two grey levels as the best of all thresholds, and
# makes the same 34 mistakes. With $k = 5$ the curve is too soft: its lowest point (the dot) is elsewhere, and costs 40.
# With $k = 400$ it is nearly the staircase: level for long, then a cliff, and from a cliff the step goes astray.

# %%
assert mistakes(pixel, ends[20]) == 34 == tried[best]
assert abs(ends[20] - 0.1135) < 1e-3
assert mistakes(pixel, ends[5]) == 40
assert ends[400] > 1  # beyond all grey levels
assert mistakes(pixel, ends[400]) == 139 == y38.sum()  # it calls every scan a 3

# %% [markdown]
# ## 12. Level sets
#
# With two inputs $\sigma(w \cdot x + b)$ is a hillside. It has the same height all along a line, and all these lines
# are parallel: the unit sees only how far $x$ lies along $w$. The height $p$ is at $w \cdot x + b = \ln \frac{p}{1-p}$,
# the logit of $p$.

# %%
w, bias = np.array([2.0, 1.0]), -0.5
side = np.linspace(-2.5, 2.5, 201)
grid = np.stack(np.meshgrid(side, side), axis=-1)
heights = np.asarray(ag.sigmoid(grid @ w + bias))
fig, ax = plt.subplots(figsize=(5, 4.2), dpi=110)
ax.imshow(heights, origin="lower", extent=(-2.5, 2.5, -2.5, 2.5), cmap="Blues", vmin=0, vmax=1.8)
lines = ax.contour(side, side, heights, [0.05, 0.25, 0.5, 0.75, 0.95], colors="0.15", linewidths=[1, 1, 2, 1, 1])
ax.clabel(lines, fontsize=8)
foot = -bias * w / (w @ w)
ax.annotate("", foot + 0.5 * w, foot, arrowprops={"arrowstyle": "->", "color": RED, "lw": 2})
ax.text(*(foot + 0.5 * w + [0.05, 0.05]), "w", color=RED, fontsize=12)
ax.set(xlabel="$x_1$", ylabel="$x_2$", title=r"Level sets of $\sigma(w \cdot x + b)$", aspect="equal")
plt.show()

# %% [markdown]
# The line for ½, drawn bold, is the one that a threshold unit has. The arrow $w$ is at right angles to all of them, and
# the longer it is, the closer they lie: from ¼ to ¾ it is $2 \ln 3 / \lVert w \rVert$.

# %%
slopes = ag.grad(lambda x: ag.sigmoid(x @ w + bias).sum())(grid.reshape(-1, 2))
assert np.allclose(slopes[:, 0] * w[1], slopes[:, 1] * w[0], rtol=0, atol=1e-15)  # uphill is along w, everywhere
logit = {p: np.log(p / (1 - p)) for p in (0.25, 0.5, 0.75)}
points_at = {p: foot + value * w / (w @ w) for p, value in logit.items()}  # along w, from the line for one half
assert all(np.isclose(ag.sigmoid(x @ w + bias).item(), p, rtol=1e-12) for p, x in points_at.items())
apart = np.linalg.norm(points_at[0.75] - points_at[0.25])
assert np.isclose(apart, 2 * np.log(3) / np.linalg.norm(w), rtol=1e-12)
drawn = {p: path.vertices for p, path in zip(lines.levels, lines.get_paths(), strict=True)}
assert np.abs(drawn[0.5] @ w + bias).max() < 1e-3  # what Matplotlib drew is that line

# %% [markdown]
# ## 13. The same unit, as logistic regression
#
# The notes call the perceptron a logistic regression. With the sigmoid it is: the output $a = \sigma(z)$ is read as the
# probability of class 1, and the cost is the mean surprise at the true classes, the cross-entropy
#
# $$C = -\frac1n \sum_x \big[\, y \ln a + (1 - y) \ln(1 - a) \,\big].$$
#
# For one example, and in terms of $z$, this is $\ln(1 + e^z) - y z$: `softplus` is the first term. `ag.explain` writes
# out how its gradient comes about.

# %%
x_one, y_one = ag.tensor([1.0, 2.0]), ag.tensor(1.0)
w_one, b_one = ag.tensor([0.5, -0.25], requires_grad=True), ag.tensor(0.25, requires_grad=True)
with ag.watch():
    z = x_one @ w_one + b_one
    cost = ag.softplus(z) - y_one * z
explained = ag.explain(cost, w_one)
print(explained)

# %% [markdown]
# Two paths lead from the cost to $w$. Along the first, the slope of softplus is $\sigma(z)$, and the product with $x$
# gives $\sigma(z)\,x$. Along the second it is $-y$ ($-1$ here), which gives $-y\,x$. Their sum is $(\sigma(z) - y)\,x$:
# the error times the input. With $n$ examples,
#
# $$\frac{\partial C}{\partial w_j} = \frac1n \sum_x x_j\,(\sigma(z) - y), \qquad
# \frac{\partial C}{\partial b} = \frac1n \sum_x (\sigma(z) - y).$$

# %%
probability = 1 / (1 + np.exp(-z.item()))
assert np.allclose(explained.paths[0].contribution, probability * x_one.numpy(), rtol=1e-14)
assert np.allclose(explained.paths[1].contribution, -y_one.item() * x_one.numpy(), rtol=1e-14)
assert np.allclose(explained.total, (probability - 1) * x_one.numpy(), rtol=1e-14)
assert explained.count == 2 and explained.agrees

# %% [markdown]
# That formula on a real layer, `nn.Linear` with one output, a sigmoid and the cross-entropy as it is written above, on
# two clouds of points that overlap:

# %%
rng = np.random.default_rng(0)
cloud_classes = np.arange(200) % 2
cloud = rng.normal(size=(200, 2)) + np.where(cloud_classes[:, None] == 1, 0.9, -0.9)
targets = cloud_classes.astype(float)

unit = nn.Linear(2, 1, rng=0, dtype=np.float64)
a = ag.sigmoid(unit(cloud))[:, 0]
cost = nn.functional.binary_cross_entropy(a, targets)
cost.backward()
by_formula = cloud.T @ (a.detach().numpy() - targets) / len(cloud)
print("engine: ", unit.weight.grad[0].numpy().round(12))
print("formula:", by_formula.round(12))

# %%
assert np.abs(unit.weight.grad[0].numpy() - by_formula).max() <= 1e-12
assert abs(unit.bias.grad[0].item() - (a.detach().numpy() - targets).mean()) <= 1e-12
assert np.abs(by_formula).max() > 0.1  # it is not near zero anyway
a_data = a.detach().numpy()
assert np.isclose(cost.item(), -np.mean(targets * np.log(a_data) + (1 - targets) * np.log(1 - a_data)), rtol=1e-13)

# %% [markdown]
# ## 14. One rule, two units
#
# Set the two rules side by side, for one example and the learning rate 1:
#
# | | |
# |---|---|
# | perceptron | $w \leftarrow w + (y - 1[z > 0])\,x$ |
# | logistic regression, one gradient step | $w \leftarrow w + (y - \sigma(z))\,x$ |
#
# They differ in how the output is computed and in nothing else. The perceptron moves only after a mistake, and then by
# the whole example. Logistic regression moves always, by as much as its probability was off. On classes that overlap
# this makes the difference: one never comes to rest, the other does.

# %%
restless = Perceptron(2, dtype=np.float64)
lines_seen = []
for _ in range(30):
    for x, y in zip(cloud, cloud_classes, strict=True):
        restless.learn(x, y)
    lines_seen.append([*restless.weight.tolist(), restless.bias.item()])

costs, calm_lines = [], []
for _ in range(400):
    unit.zero_grad()
    cost = nn.functional.binary_cross_entropy(ag.sigmoid(unit(cloud))[:, 0], targets)
    cost.backward()
    with ag.no_grad():
        for parameter in unit.parameters():
            parameter -= 1.0 * parameter.grad
    costs.append(cost.item())
    calm_lines.append([*unit.weight[0].tolist(), unit.bias[0].item()])

fig, axes = plt.subplots(1, 2, figsize=(9, 4), dpi=100, layout="constrained")
nn.plots.decision_boundary(restless.predict, cloud, cloud_classes, axes[0], resolution=400)
nn.plots.decision_boundary(lambda x: ag.sigmoid(unit(x)), cloud, cloud_classes, axes[1])
across = np.array([-6.0, 6.0])
for ax, seen in ((axes[0], lines_seen[-12:]), (axes[1], calm_lines[-12:])):
    limits = {"xlim": ax.get_xlim(), "ylim": ax.get_ylim()}
    for w1, w2, bias in seen:
        ax.plot(across, -(bias + w1 * across) / w2, color="0.3", lw=0.7)
    ax.set(**limits, xticks=[], yticks=[])
    ax.get_legend().remove()
axes[0].set_title("perceptron, its last 12 epochs")
axes[1].set_title("logistic regression, its last 12 epochs")
plt.show()

# %% [markdown]
# Left, the line after each of the last twelve epochs: it jumps about for ever. Right, twelve lines too, one upon
# another; the shades say how sure the unit is. The cost of logistic regression is convex, one valley with one lowest
# point, where the gradient is zero: from whatever weights it starts, it ends in the same place.


# %%
def angles(lines):
    """The directions of the weights, in degrees."""
    return np.degrees([np.arctan2(w2, w1) for w1, w2, _ in lines])


assert np.ptp(angles(lines_seen[-12:])) > 10
assert np.ptp(angles(calm_lines[-12:])) < 1e-3
assert all(later <= earlier + 1e-15 for earlier, later in zip(costs[:-1], costs[1:], strict=True))
assert max(np.abs(parameter.grad.numpy()).max() for parameter in unit.parameters()) < 1e-6


def fitted_from(seed):
    start = np.random.default_rng(seed).normal(size=3) * 2
    slope = ag.grad(lambda p: nn.functional.binary_cross_entropy(ag.sigmoid(cloud @ p[:2] + p[2]), targets))
    for _ in range(600):
        start = start - slope(start)
    return start


assert np.ptp([fitted_from(seed) for seed in range(3)], axis=0).max() < 1e-6

# %% [markdown]
# And the one symbol, checked: in the gradient step write the threshold for the sigmoid, and it is the perceptron's
# correction, example by example.

# %%
rule = threshold_unit([0.3, -0.7], 0.1)
for x, y in zip(cloud[:20], cloud_classes[:20], strict=True):
    z = float(x @ rule.weight.detach().numpy() + rule.bias.item())
    expected = rule.weight.detach().numpy() + (y - float(z > 0)) * x
    rule.learn(x, y)
    assert np.array_equal(rule.weight.detach().numpy(), expected)

# %% [markdown]
# ## Try it
#
# - Give `separable` in section 3 a margin of 0.02. How many corrections are there, and what does the bound say?
# - In section 8, put `nn.datasets.plane.spirals` in the place of the rings. One hundred stumps get all examples right.
#   Look at the regions, and say whether you would trust them.
# - In section 9, let every network see all scans, with different initial weights only. Each becomes better. How much
#   does the vote still gain?
# - In section 14, halve the clouds' distance. What becomes of the length of $w$, and of the level sets of section 12?
