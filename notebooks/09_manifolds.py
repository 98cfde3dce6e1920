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
# # Manifolds and topology
#
# What does a layer do to the space that its inputs lie in? With two units it can be drawn: it takes the plane, turns,
# stretches and shifts it, and squeezes it into a square. You will see that happen, layer by layer and as a film. Then a
# question with a surprising answer: which shapes can such layers pull apart? A disc inside a ring they cannot, however
# many layers there are; one unit more, and they can. The ideas are those of C. Olah's
# [Neural Networks, Manifolds, and Topology](https://colah.github.io/posts/2014-03-NN-Manifolds-Topology/) (2014), to
# which the notes link.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image
from matplotlib.animation import FuncAnimation, PillowWriter

import autograd_core as ag
import nn

BLUE, ORANGE, GRID = "#1f5fae", "#c2570c", "0.8"

# %% [markdown]
# All networks here have one output, a number whose sign is the class: below zero class 0, above zero class 1. The
# hidden units are `tanh`. Training is the plain loop, on all points at once. `ag.compile` writes down what a step
# computes and replays it, which is several times faster for networks as small as these; without that line the loop
# does the same.


# %%
def network(*widths, rng=None):
    return nn.MLP(widths, nn.Tanh, rng=rng).double()


def train(model, points, classes, steps=2000, lr=0.01):
    optimizer, loss_of = nn.optim.Adam(model.parameters(), lr=lr), nn.BCEWithLogitsLoss()

    @ag.compile
    def step(x, target):
        optimizer.zero_grad()
        loss = loss_of(model(x), target)
        loss.backward()
        optimizer.step()
        return loss

    x, target = ag.tensor(points), ag.tensor(classes[:, None].astype(float))
    for _ in range(steps):
        step(x, target)
    return model


def output(model, points):
    with ag.no_grad():
        return model(points).numpy()[:, 0]


def accuracy(model, points, classes):
    return np.mean((output(model, points) > 0) == (classes == 1))


def sample(dataset):
    points, classes = dataset.tensors
    return points.numpy().astype(float), classes.numpy()


# %% [markdown]
# ## 1. Two curves
#
# Two curves, one above the other. A network without a hidden layer divides the plane by a straight line, and no line
# separates these: the two ends of the upper curve hang lower than the top of the other one.


# %%
def lower(x):
    return np.cos(np.pi * x) / 2 - 0.2


def upper(x):
    return lower(x) + 0.4


along = np.linspace(-1, 1, 100)
curves = np.concatenate([np.stack([along, lower(along)], 1), np.stack([along, upper(along)], 1)])
which = np.repeat([0, 1], 100)

line = train(network(2, 1, rng=0), curves, which)
bent = train(network(2, 2, 1, rng=0), curves, which)

fig, axes = plt.subplots(1, 3, figsize=(10, 3.4), dpi=100, layout="constrained")
nn.plots.decision_boundary(line, curves, which, axes[0], margin=0.2).set_title("no hidden layer", fontsize=10)
nn.plots.decision_boundary(bent, curves, which, axes[1], margin=0.2).set_title("two hidden units", fontsize=10)
with ag.no_grad():
    hidden = bent[:2](curves).numpy()
nn.plots.decision_boundary(bent[2:], hidden, which, axes[2], margin=0.2)
axes[2].set_title("the same network, seen by its last layer", fontsize=10)
for ax in axes:
    ax.get_legend().remove()
    ax.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# Left: the best line cuts through both curves. Middle: the border of the network with a hidden layer is bent. Right:
# the same network, each point drawn where the hidden layer puts it; there the border is **straight** again. That is
# how to read every network of this kind: the last layer only draws a line, and all layers before it move the points
# to where a line is enough.
#
# That no line does it is no matter of training. On the straight way from end to end of the upper curve lies a point
# between the ends and the top of the lower curve; whatever half-plane holds the upper curve has that point, and
# whatever half-plane holds the lower one has it too.

# %%
assert lower(1) < (upper(-1) + upper(1)) / 2 < lower(0)
assert accuracy(line, curves, which) < 1
assert accuracy(bent, curves, which) == 1

# %% [markdown]
# ## 2. What a layer does to the plane
#
# A layer computes `tanh(W x + b)`. In three movements: the matrix turns and stretches the plane, `b` shifts it, and
# `tanh` squeezes each coordinate into (−1, 1).
#
# - If `det W ≠ 0`, each movement can be undone: by the inverse matrix, by a shift back, and by artanh. So the layer
#   is a **homeomorphism**: continuous, one to one, with a continuous inverse. It stretches and bends, and it never
#   cuts, folds or joins.
# - If `det W = 0`, there is a direction that the matrix forgets. All points along it come to lie on one another, and
#   the plane becomes a curve.
#
# So it is a homeomorphism exactly if `det W ≠ 0`.

# %%
shift = np.array([0.2, -0.1])
keeps, collapses = np.array([[1.2, -0.6], [0.5, 1.0]]), np.array([[1.2, -0.6], [-1.0, 0.5]])


def layer(x, W):
    return np.tanh(x @ W.T + shift)


def mesh(size=1.0, lines=21, points=101):
    """Lines of a square grid: (2 * lines, points, 2)."""
    across, up = np.meshgrid(np.linspace(-size, size, points), np.linspace(-size, size, lines))
    return np.concatenate([np.stack([across, up], -1), np.stack([up, across], -1)])


fig, axes = plt.subplots(1, 3, figsize=(10, 3.5), dpi=100, layout="constrained")
grid = mesh()
pictures = [(grid, "the plane"), (layer(grid, keeps), "det W = 1.5"), (layer(grid, collapses), "det W = 0")]
for ax, (lines, title) in zip(axes, pictures, strict=True):
    for k, one in enumerate(lines):
        ax.plot(*one.T, color=BLUE if k < len(lines) // 2 else ORANGE, lw=0.8)
    ax.set(title=title, aspect="equal", xlim=(-1.08, 1.08), ylim=(-1.08, 1.08), xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# In the middle no two lines of one colour meet, and every crossing is still there. On the right the whole square lies
# on one curve.
#
# The sign of the Jacobian's determinant tells which way round a small piece of the plane lies. A fold would turn it
# over. Here it is `det W` times the slopes of the two `tanh`, which are positive: the sign is the same everywhere.

# %%
x = np.random.default_rng(0).uniform(-1, 1, size=(200, 2))
determinants = np.array([np.linalg.det(ag.jacobian(lambda p: layer(p, keeps))(p)) for p in x])
slopes = np.prod(1 - layer(x, keeps) ** 2, axis=1)

assert np.isclose(np.linalg.det(keeps), 1.5, rtol=1e-12)
assert np.allclose(determinants, 1.5 * slopes, rtol=1e-12, atol=0)
assert determinants.min() > 0  # nowhere folded
back = (np.arctanh(layer(x, keeps)) - shift) @ np.linalg.inv(keeps).T
assert np.allclose(back, x, rtol=0, atol=1e-12)  # undone

forgotten = np.array([0.5, 1.0])  # the direction that the other matrix forgets
assert abs(np.linalg.det(collapses)) < 1e-14
assert np.allclose(layer(x + forgotten, collapses), layer(x, collapses), rtol=0, atol=1e-14)

# %% [markdown]
# It is `tanh` that makes this true (or the sigmoid, or softplus), because it rises everywhere. A ReLU does not:
# wherever both units are below zero, and that is a whole sector of the plane, the layer gives the single point (0,
# 0).

# %%
sector = (-0.01 - np.abs(x)) @ np.linalg.inv(keeps).T  # 200 points at which both sums are negative
assert (np.maximum(sector @ keeps.T, 0) == 0).all()

# %% [markdown]
# ## 3. Two spirals, unwound
#
# The arms of these two spirals lie inside each other, but they are not tied: one can unwind the plane. Four layers of
# two units learn to. The layers start as rotations, stretched by half (`orthogonal_`), because with small random
# weights training more often gets stuck.


# %%
def spiral_network(seed):
    rng = np.random.default_rng(seed)
    model = network(2, 2, 2, 2, 2, 1, rng=rng)
    for hidden in model[0:8:2]:
        nn.init.orthogonal_(hidden.weight, gain=1.5, rng=rng)
    return model


spirals, arms = sample(nn.datasets.spirals(200, noise=0.0, turns=0.75, rng=0))
unwinding = train(spiral_network(seed=8), spirals, arms, steps=700)
print(f"{accuracy(unwinding, spirals, arms):.3f} of the points are right")

# %% [markdown]
# To show a layer as a movement, the plane has to get from `x` to `tanh(W x + b)` continuously. The shift is easy, and
# `tanh` too: `(1 − t) z + t tanh(z)` rises in `z` for every `t` from 0 to 1. The matrix is split into a rotation and a
# stretch, `W = R P` (the polar decomposition); the angle grows from 0 to that of `R`, the stretch from the identity to
# `P`. On the whole way nothing is folded.
#
# There is one obstacle: if `det W < 0`, the layer turns the plane over, and no movement within the plane does that. But
# the sign of a hidden unit is arbitrary, as `tanh(−z) = −tanh(z)`. Turn the sign of one unit's weights and bias, and of
# the weights that read it: the network computes the same, and the determinant is positive.


# %%
def layers_of(model):
    """Weights and biases, with the signs of units turned so that every hidden layer has det W > 0."""
    layers = [(m.weight.data.copy(), m.bias.data.copy()) for m in model if isinstance(m, nn.Linear)]
    for (W, b), (following, _) in zip(layers, layers[1:], strict=False):
        if np.linalg.det(W) < 0:
            W[0] *= -1
            b[0] *= -1
            following[:, 0] *= -1
    return layers


def on_the_way(W, t):
    """A matrix between the identity and W, whose determinant is positive."""
    U, s, Vt = np.linalg.svd(W)
    R = U @ Vt
    angle = t * np.arctan2(R[1, 0], R[0, 0])
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return turned @ (Vt.T @ np.diag(1 + t * (s - 1)) @ Vt)


def movement(layers, x, frames):
    """What happens to the points x: (title, points) for each frame; `frames` for the matrix, the shift and tanh."""
    for number, (W, b) in enumerate(layers[:-1], 1):
        for t in np.linspace(0, 1, frames[0]):
            yield f"layer {number}: turn and stretch", x @ on_the_way(W, t).T
        z = x @ W.T
        for t in np.linspace(0, 1, frames[1] + 1)[1:]:
            yield f"layer {number}: shift", z + t * b
        z = z + b
        for t in np.linspace(0, 1, frames[2] + 1)[1:]:
            yield f"layer {number}: tanh", (1 - t) * z + t * np.tanh(z)
        x = np.tanh(z)


def seen(model, x):
    """Where a network's hidden layers put the points, one after the other."""
    for W, b in layers_of(model)[:-1]:
        x = np.tanh(x @ W.T + b)
        yield x


def draw_plane(ax, lines, points, classes, half, dots=7):
    """The lines of a grid and the points of two classes, wherever they are now."""
    for one in lines:
        ax.plot(*one.T, color=GRID, lw=0.6, zorder=1)
    for k, (color, marker) in enumerate([(BLUE, "o"), (ORANGE, "^")]):
        ax.scatter(*points[classes == k].T, s=dots, color=color, marker=marker, linewidths=0, zorder=3)
    ax.set(aspect="equal", xlim=(-half, half), ylim=(-half, half), xticks=[], yticks=[])


def draw_line(ax, w, b, half):
    """Where w · h + b = 0."""
    middle, direction = -b * w / (w @ w), np.array([-w[1], w[0]]) / np.linalg.norm(w)
    ax.plot(*(middle + np.outer([-4 * half, 4 * half], direction)).T, color="0.15", lw=1.2, ls="--", zorder=2)


def draw_layers(model, points, classes, grid):
    """The plane before the first layer and after each."""
    lines, places = [grid, *seen(model, grid)], [points, *seen(model, points)]
    fig, axes = plt.subplots(1, len(lines), figsize=(2.1 * len(lines), 2.4), dpi=90, layout="constrained")
    for k, ax in enumerate(axes):
        draw_plane(ax, lines[k], places[k], classes, 1.1)
        ax.set_title(f"after layer {k}" if k else "the plane", fontsize=9)
    W, b = layers_of(model)[-1]
    draw_line(axes[-1], W[0], b[0], 1.1)
    plt.show()


draw_layers(unwinding, spirals, arms, mesh(1.05))

# %% [markdown]
# Follow one arm from square to square, dots or triangles: the first layer pulls it long, the next ones turn it and
# push it into a corner. After the last layer a line (dashed) is enough. Grid lines crowd where the plane is pressed
# together, and they never cross where they did not cross before. Now the same as a film.


# %%
def film(model, points, classes, grid, frames=(6, 2, 5), hold=8, size=2.4):
    """An animated GIF of the plane on its way through the hidden layers."""
    layers = layers_of(model)
    lines, count = grid.reshape(-1, 2), len(grid)
    scenes = list(movement(layers, np.concatenate([lines, points]), frames))
    scenes = (
        [("the plane", np.concatenate([lines, points]))] * hold + scenes + [("a line is drawn", scenes[-1][1])] * hold
    )
    fig, ax = plt.subplots(figsize=(size, size * 1.08), dpi=90)

    def draw(k):
        title, x = scenes[k]
        half = 1.1 * np.abs(x).max()
        ax.clear()
        draw_plane(ax, x[: len(lines)].reshape(count, -1, 2), x[len(lines) :], classes, half)
        ax.set_title(title, fontsize=10)
        if k >= len(scenes) - hold:
            draw_line(ax, layers[-1][0][0], layers[-1][1][0], half)

    fig.subplots_adjust(0.02, 0.02, 0.98, 0.92)
    with TemporaryDirectory() as folder:
        FuncAnimation(fig, draw, frames=len(scenes)).save(f"{folder}/film.gif", writer=PillowWriter(fps=12))
        plt.close(fig)
        gif = Path(folder, "film.gif").read_bytes()
    return Image(data=gif, format="png")  # the name that every viewer of notebooks takes; browsers see what it is


film(unwinding, spirals, arms, mesh(1.05, lines=9, points=25))

# %% [markdown]
# The claims of this section, checked: all 200 points are right, and so is each of 2,000 others on the arms (from
# radius 0.1 on: at the origin the arms touch). Turning signs changes nothing. And on the whole way of every layer the
# determinant stays positive, so no frame of the film folds the plane.

# %%
dense, dense_arms = sample(nn.datasets.spirals(2000, noise=0.0, turns=0.75, rng=1))
outside = np.linalg.norm(dense, axis=1) > 0.1
assert accuracy(unwinding, spirals, arms) == 1
assert accuracy(unwinding, dense[outside], dense_arms[outside]) == 1

turned = layers_of(unwinding)
w, bias = turned[-1]
*_, last = seen(unwinding, spirals)
assert np.allclose((last @ w.T + bias)[:, 0], output(unwinding, spirals), rtol=0, atol=1e-10)
way = [[np.linalg.det(on_the_way(W, t)) for t in np.linspace(0, 1, 101)] for W, _ in turned[:-1]]
assert np.min(way) > 0
for W, _ in turned[:-1]:
    assert np.allclose(on_the_way(W, 0), np.eye(2), rtol=0, atol=1e-14)
    assert np.allclose(on_the_way(W, 1), W, rtol=0, atol=1e-12)

# %% [markdown]
# ## 4. A disc in a ring
#
# Now the two sets of Olah's claim: a disc, `A = {|x| < 1/3}`, and around it a ring, `B = {2/3 < |x| < 1}`. A network
# whose hidden layers have two units each **cannot** separate them, at any depth. Yet look at this one, with three
# such layers. Its 21 numbers were found by training networks like it, from other random weights each time, until one
# had learned all of 400 points, which few do; here they are rounded to two places.

# %%
rings, inside = sample(nn.datasets.rings(400, rng=0))

narrow = network(2, 2, 2, 2, 1)
numbers = [
    [[-0.13, 2.7], [-0.41, 1.93]],
    [-0.45, -0.75],
    [[-1.6, -4.62], [3.83, -6.75]],
    [-5.57, -2.63],
    [[4.71, -10.57], [5.41, 11.75]],
    [-0.81, -1.01],
    [[11.05, 10.36]],
    [9.56],
]
narrow.load_state_dict({name: np.array(value) for name, value in zip(narrow.state_dict(), numbers, strict=True)})
draw_layers(narrow, rings, inside, mesh(1.05))

# %%
assert accuracy(narrow, rings, inside) == 1  # all of 400 points

# %% [markdown]
# All 400 points are right: after layer 3 the dashed line has the disc (dots) on one side, and every point of the ring
# (triangles) on the other. Is the claim refuted? Look in the film at how it is done. The ring is pressed together
# around the disc, and on one side so thin that none of its 200 points is left there. But it stays closed.

# %%
film(narrow, rings, inside, mesh(1.05, lines=9, points=25))

# %% [markdown]
# "Stays closed" can be counted. Go once along a circle in the ring, and count how often it goes round the middle of
# the disc: the winding number. It is a whole number, and a homeomorphism of the plane keeps it, up to its sign. Here it
# is 1 in every frame.


# %%
def winding_number(curve, centre):
    angles = np.unwrap(np.arctan2(*(curve - centre).T[::-1]))
    return round((angles[-1] - angles[0]) / (2 * np.pi))


turn = np.linspace(0, 2 * np.pi, 20_001)
circle = 0.8 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
scene = np.concatenate([circle, np.zeros((1, 2))])
windings = [winding_number(x[:-1], x[-1]) for _, x in movement(layers_of(narrow), scene, (6, 2, 5))]

assert set(windings) == {1}
assert winding_number(circle, np.array([2.0, 0.0])) == 0  # a point outside

# %% [markdown]
# ## 5. The proof, as a program
#
# Let `a` be a point of the disc, and follow both sets to where the network draws its last line.
#
# 1. If every layer is a homeomorphism, the ring still surrounds `a` there. Take the line through `a` on which the
#    network's output is the same as at `a`. It leads out of what is surrounded, on both sides, so it crosses the ring.
# 2. If some layer has `det W = 0`, take the first such layer. Until there the ring surrounds `a`; the line through
#    `a` in the direction which that layer forgets crosses the ring; and what lies on that line is the same point from
#    then on.
#
# In both cases there is a point `b` of the ring at which **the output is the same as at** `a`. One of the two is
# misclassified, whatever the weights are. The proof can be run: go along a circle in the ring, find where the output
# passes that of `a`, and bisect.


# %%
def twin(model, a=(0.0, 0.0), radius=0.8):
    """A point of the circle where the output is as at the point a; None if there is none."""

    def excess(angle):
        at = radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return output(model, at) - output(model, np.array([a]))

    angles = np.linspace(0, 2 * np.pi, 20_001)
    over = excess(angles) > 0
    (changes,) = np.nonzero(over[1:] != over[:-1])
    if not len(changes):
        return None
    low, high = angles[changes[0]], angles[changes[0] + 1]
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (excess(np.array([middle]))[0] > 0) == over[changes[0]] else (low, middle)
    return radius * np.array([np.cos(low), np.sin(low)])


b = twin(narrow)
at_a, at_b = output(narrow, np.array([[0.0, 0.0], b]))
print(f"the output at the middle of the disc is {at_a:.6f}, at ({b[0]:.6f}, {b[1]:.6f}) of the ring {at_b:.6f}")

# %% [markdown]
# Both are below zero: the disc's middle is right, and the point of the ring is taken for one of the disc. Where are the
# others? Ask the network at a hundred thousand points of the two sets, not at 400.

# %%
many, many_inside = sample(nn.datasets.rings(100_000, rng=1))
wrong = (output(narrow, many) > 0) != (many_inside == 1)

fig, ax = plt.subplots(figsize=(6, 5), dpi=100)
nn.plots.decision_boundary(narrow, rings, inside, ax, resolution=600, classes=["disc", "ring"])
ax.scatter(*many[wrong].T, s=3, color="black", linewidths=0, zorder=4)
for place in ((0, 0), b):
    ax.plot(*place, "o", ms=9, color="white", mec="black", mew=1.2, zorder=5)
box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
ax.annotate("", b, (0, 0), zorder=5, arrowprops={"arrowstyle": "-", "ls": ":"})
ax.text(0.32, 0.16, "the same output", fontsize=9, bbox=box, zorder=6)
ax.set(aspect="equal", xticks=[], yticks=[], title=f"{wrong.mean():.1%} of 100,000 points are wrong (black)")
plt.show()

# %% [markdown]
# There is a **corridor**: the disc's region leaves through the ring, where none of the 400 points happens to lie. A
# sample can be separated; the two sets cannot. Therefore a perfect accuracy on a sample is no argument here, for or
# against, and a check of this claim must look at the sets.
#
# The proof holds for all weights, so the program must find its pair in every network of this width: here 200 with
# random weights, one to six layers deep, some with a matrix of determinant 0 among them.

# %%
assert at_a < 0
assert abs(at_b - at_a) < 1e-9
assert 2 / 3 < np.linalg.norm(b) < 1
assert wrong.any()
assert (many_inside[wrong] == 1).all()  # it is points of the ring that are wrong

rng = np.random.default_rng(0)
gaps = []
for k in range(200):
    model = network(2, *[2] * (1 + k % 6), 1, rng=rng)
    for layer_ in model[0:-1:2]:
        nn.init.normal_(layer_.weight, std=1.5, rng=rng)
    if k % 4 == 0:
        model[0].weight.data[1] = -model[0].weight.data[0]  # det W = 0
    b = twin(model)
    assert b is not None
    gaps.append(np.ptp(output(model, np.array([[0.0, 0.0], b]))))
assert max(gaps) < 1e-9

# %% [markdown]
# Where training goes well, more layers make the corridor thinner; where it gets stuck, they do not help. Here are six
# trainings for each depth. None of the 18 networks is right everywhere, and the program finds a pair in each.

# %%
depths, seeds = (1, 2, 3), range(6)
trained = {
    depth: [train(network(2, *[2] * depth, 1, rng=seed), rings, inside, steps=3000, lr=0.03) for seed in seeds]
    for depth in depths
}
missed = {depth: [1 - accuracy(model, many, many_inside) for model in models] for depth, models in trained.items()}
for depth, shares in missed.items():
    print(f"{depth} hidden layers of 2: {min(shares):6.2%} to {max(shares):6.2%} of the two sets are wrong")

# %%
assert all(twin(model) is not None for models in trained.values() for model in models)
assert all(share > 0 for shares in missed.values() for share in shares)
assert min(missed[1]) > 0.05  # one layer: a strip across the ring, and not a thin one
assert min(missed[3]) < min(missed[1]) / 2

# %% [markdown]
# ## 6. Three units
#
# With a third unit the plane is laid into space, and there is room to lift the disc out of the ring. By hand: three
# units that look into three directions, 120° apart,
#
# `h_k = tanh(1.2 − 3 u_k · x)`, and the output is `1.7 − h_1 − h_2 − h_3`.
#
# In the middle all three are large; far out, in whatever direction, at least one is nearly −1. (Were they threshold
# units, the three lines would form a triangle. It has to hold the disc and keep out of the ring: an equilateral
# triangle whose corners lie on a circle of radius 2/3 has an inscribed circle of radius 1/3, so it just fits.)

# %%
directions = np.stack([[np.cos(t), np.sin(t)] for t in 2 * np.pi * (np.arange(3) / 3 + 1 / 4)])
wide = network(2, 3, 1)
wide.load_state_dict(
    {"0.weight": -3 * directions, "0.bias": np.full(3, 1.2), "2.weight": -np.ones((1, 3)), "2.bias": np.array([1.7])}
)


def lifted(x):
    with ag.no_grad():
        return wide[:2](x).numpy()


fig = plt.figure(figsize=(9.5, 4.4), dpi=100)
ax = fig.add_axes([0.0, 0.0, 0.55, 0.95], projection="3d")
for one in lifted(mesh(1.0, lines=21).reshape(-1, 2)).reshape(42, -1, 3):
    ax.plot(*one.T, color="0.75", lw=0.6, zorder=1)
side = fig.add_axes([0.6, 0.14, 0.38, 0.74])
upwards, across = np.ones(3) / np.sqrt(3), np.array([1.0, -1.0, 0.0]) / np.sqrt(2)
other = np.cross(upwards, across)
for k, (color, marker) in enumerate([(BLUE, "o"), (ORANGE, "^")]):
    places = lifted(rings[inside == k])
    ax.scatter(*places.T, s=9, color=color, marker=marker, linewidths=0, depthshade=False)
    side.scatter(places @ across, places @ upwards, s=9, color=color, marker=marker, linewidths=0)
square = 1.3 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
corners = (1.7 / np.sqrt(3)) * upwards + square @ np.stack([across, other])
ax.plot_trisurf(*corners.T, triangles=[[0, 1, 2], [0, 2, 3]], color="0.3", alpha=0.25, linewidth=0)
ax.view_init(elev=12, azim=-15)
ax.set(xlabel="h1", ylabel="h2", zlabel="h3", xticks=[-1, 0, 1], yticks=[-1, 0, 1], zticks=[-1, 0, 1])
ax.set_title("the plane, laid into space", fontsize=10, y=0.92)
side.axhline(1.7 / np.sqrt(3), color="0.15", lw=1.2, ls="--")
side.text(-1.15, 1.25, "disc", color=BLUE)
side.text(-1.42, 0.3, "ring", color=ORANGE)
side.text(1.45, 1.7 / np.sqrt(3) + 0.05, "the plane that separates", fontsize=9, ha="right")
side.set(xlabel="one direction along that plane", ylabel="height above it")
side.set_title("the same from the side", fontsize=10)
side.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The sheet is bent like a cap. The disc is its top, and a flat cut (grey) takes it off; from the side one sees that
# nothing of the ring reaches up there. Nothing was torn, and nothing was folded: the sheet left the plane.

# %%
radii_in, radii_out = np.linspace(0, 1 / 3, 100), np.linspace(2 / 3, 1, 100)
unit = np.stack([np.cos(turn[::20]), np.sin(turn[::20])], axis=1)
on_disc = np.array([output(wide, r * unit) for r in radii_in])
on_ring = np.array([output(wide, r * unit) for r in radii_out])

assert on_disc.max() < -0.35  # every point of the closed disc, not only those of a sample
assert on_ring.min() > 0.3
assert accuracy(wide, many, many_inside) == 1
assert twin(wide) is None  # the proof's program finds no pair
triangle = (2 / 3) * directions
assert np.isclose(np.linalg.norm((triangle[0] + triangle[1]) / 2), 1 / 3, rtol=1e-12)

# %% [markdown]
# Training finds such weights every time: from each of six initial values.

# %%
three = [train(network(2, 3, 1, rng=seed), rings, inside, steps=1500, lr=0.03) for seed in seeds]
print([accuracy(model, rings, inside).item() for model in three])

# %%
assert [accuracy(model, rings, inside) for model in three] == [1.0] * 6
assert all(twin(model) is None for model in three)
assert min(accuracy(model, many, many_inside) for model in three) > 0.99  # and not only the 400

# %% [markdown]
# ## 7. One dimension less
#
# The same on a line: a piece around zero, and a piece on each side that belong to the other class, − + −. One unit
# rises from left to right, and however many follow, one after the other, the output rises or falls all the way. With
# two units the line is laid into the plane, as a bent wire, and a straight cut takes off the middle. By hand:
#
# `h_1 = tanh(6 x + 3)`, `h_2 = tanh(6 x − 3)`, and the output is `1 − h_1 + h_2`.

# %%
points, middle = sample(nn.datasets.intervals(120, rng=0))
wire = network(1, 2, 1)
wire.load_state_dict(
    {
        "0.weight": np.array([[6.0], [6.0]]),
        "0.bias": np.array([3.0, -3.0]),
        "2.weight": np.array([[-1.0, 1.0]]),
        "2.bias": np.array([1.0]),
    }
)

fig, (flat, ax) = plt.subplots(1, 2, figsize=(8, 3.4), dpi=100, layout="constrained")
whole = np.linspace(-1, 1, 401)[:, None]
with ag.no_grad():
    path, places = wire[:2](whole).numpy(), wire[:2](points).numpy()
flat.axhline(0, color="0.75", lw=1, zorder=1)
ax.plot(*path.T, color="0.75", lw=1, zorder=1)
for k, (color, marker) in enumerate([(BLUE, "o"), (ORANGE, "^")]):
    chosen = middle == k
    flat.scatter(points[chosen, 0], np.zeros(chosen.sum()), s=14, color=color, marker=marker, linewidths=0)
    ax.scatter(*places[chosen].T, s=14, color=color, marker=marker, linewidths=0, zorder=3)
draw_line(ax, np.array([-1.0, 1.0]), 1.0, 1.2)
flat.set(yticks=[], xticks=[-1, -1 / 3, 1 / 3, 1], xticklabels=["-1", "-1/3", "1/3", "1"], title="the line")
ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", xlabel="h1", ylabel="h2", title="laid into the plane")
for axis in (flat, ax):
    axis.spines[["top", "right", "left"] if axis is flat else ["top", "right"]].set_visible(False)
plt.show()

# %%
pieces = {"left": (-1, -2 / 3), "middle": (-1 / 3, 1 / 3), "right": (2 / 3, 1)}
on = {name: output(wire, np.linspace(*ends, 2001)[:, None]) for name, ends in pieces.items()}
assert on["middle"].max() < 0 < min(on["left"].min(), on["right"].min())  # all of the three pieces

rng = np.random.default_rng(0)
for depth in (1, 2, 3, 4) * 25:
    model = network(1, *[1] * depth, 1, rng=rng)
    left, at_zero, right = output(model, np.array([[-0.8], [0.0], [0.8]]))
    assert min(left, right) < at_zero < max(left, right)  # one end is always on the wrong side of the middle

two = [train(network(1, 2, 1, rng=seed), points, middle, steps=1500, lr=0.03) for seed in seeds]
assert [accuracy(model, points, middle) for model in two] == [1.0] * 6

# %% [markdown]
# ## 8. What to take along
#
# A line in the plane, a ring in space: each time one dimension more was enough, and depth was not. It goes on: two
# rings in space that are linked like a chain can be pulled apart only in four dimensions (Olah's post has pictures).
# Wide layers give room to undo knots; this is one reason why networks in use begin wider than their data seem to
# need. And beware of the other direction: that a network *can* does not say that training finds it, as the spirals
# with less luck show.
#
# **Try it**
#
# - `turns=1.0` in section 3. Four layers of two units still suffice in principle. In how many of ten seeds are they
#   found?
# - Put `nn.ReLU` in the place of `nn.Tanh` and run section 5. ReLUs are no homeomorphisms, so the proof above does not
#   hold, but the claim does ([Johnson 2018](https://arxiv.org/abs/1810.00393)). Where `twin` finds no change of sign,
#   is the output constant around the disc?
# - Two units, then three, then two: `network(2, 2, 3, 2, 1)`. Is that enough for the rings? The claim says that it
#   may be.
