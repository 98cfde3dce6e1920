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
# # See the graph
#
# `loss.backward()` is one line, and what it does is usually not seen. Here it is: the graph of a computation with its
# values and gradients, the rules by which the gradients go back, the chain rule written out, and what to ask when a
# gradient is missing, vanishes, or is not a number. Under each picture stands what to look for, and then a few lines
# that check it.

# %%
from html import escape
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, Math

import autograd_core as ag
import nn

# %% [markdown]
# ## 1. An expression
#
# The example that [micrograd](https://github.com/karpathy/micrograd) opens with. Inside `ag.watch()` every value, every
# gradient and every line is remembered for the picture. Boxes are called as your variables are.

# %%
a = ag.tensor(-4.0, requires_grad=True)
b = ag.tensor(2.0, requires_grad=True)
with ag.watch():
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c - a)
    d = d + (d * 2 + ag.relu(b + a))
    d = d + (3 * d + ag.relu(b - a))
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
g.backward()
ag.draw(g)

# %% [markdown]
# Follow the gradients from `g`, where it is 1, upwards to `a` and `b`. The colour of a band is the size of the
# gradient, on a logarithmic scale. One box is marked in words too: in `relu(b + a)` the sum is negative, the ReLU is
# closed, and what arrives there goes no further: **zero**. micrograd's README gives the same three numbers.

# %%
assert round(g.item(), 4) == 24.7041
assert (round(a.grad.item(), 4), round(b.grad.item(), 4)) == (138.8338, 645.5773)

# %% [markdown]
# ## 2. The sweep is a computation, too
#
# `graph="backward"` draws what `backward()` does: a box for each rule, and a sum wherever a value was used more than
# once. `rules="words"` writes the rule beside it; `g` is the cotangent, the gradient that arrives from further on.

# %%
x, target = ag.tensor([[1.0, 2.0]]), ag.tensor([[0.0]])
W = ag.tensor([[0.5, -0.5]], requires_grad=True)
bias = ag.tensor([0.25], requires_grad=True)
with ag.watch():
    y = ag.tanh(ag.linear(x, W, bias))
    loss = ((y - target) ** 2).mean()
loss.backward()
ag.draw(loss, {"W": W, "bias": bias}, graph="backward", rules="words")

# %% [markdown]
# Read it downwards: the square doubles, `tanh` multiplies by `1 - out²`, and at the affine map the way forks, to `W`
# and to `bias`. By hand that is one line:

# %%
by_hand = 2 * y.item() * (1 - y.item() ** 2)
rounding = 8 * np.finfo(float).eps  # three products here, three or four there, half an eps each, and as much to spare
assert np.isclose(bias.grad[0].item(), by_hand, rtol=rounding, atol=0)
assert np.allclose(W.grad.numpy(), by_hand * x.numpy(), rtol=rounding, atol=0)

# %% [markdown]
# ## 3. The chain rule, path by path
#
# A value that is used twice has two paths back to it, and its gradient is the sum of what comes along both.
# `ag.explain` writes out every path, the factor on each edge, what the path contributes, and compares the sum with the
# sweep's.

# %%
x = ag.tensor(2.0, requires_grad=True)
y = x * ag.sin(x)
explained = ag.explain(y, x)
explained

# %% [markdown]
# Two paths, two terms: the product rule `sin x + x cos x` is nothing else.

# %%
assert explained.count == 2
contributions = sorted(float(path.contribution) for path in explained.paths)
assert np.allclose(contributions, sorted([np.sin(2), 2 * np.cos(2)]), rtol=rounding, atol=0)
assert explained.agrees

# %% [markdown]
# For a network of two layers it reads as in the textbooks, where the gradient of a layer is called its delta: see
# Nielsen, [*Neural Networks and Deep Learning*, chapter 2](http://neuralnetworksanddeeplearning.com/chap2.html),
# equations BP1 to BP4. Nothing of that was programmed for this network; it is found in its graph.

# %%
rng = np.random.default_rng(0)
W1 = ag.tensor(rng.normal(size=(3, 2)), requires_grad=True)
W2 = ag.tensor(rng.normal(size=(1, 3)), requires_grad=True)
x = ag.tensor([[1.0], [2.0]])
z1 = W1 @ x
a1 = ag.sigmoid(z1)
z2 = W2 @ a1
a2 = ag.sigmoid(z2)
cost = ((a2 - 1) ** 2).sum() / 2
backpropagation = ag.explain(cost, W1)
Math(backpropagation.latex)

# %%
print(backpropagation)

# %% [markdown]
# The same by hand, in NumPy; the numbers agree to the last digits.

# %%
s1, s2 = a1.data, a2.data
delta2 = (s2 - 1) * s2 * (1 - s2)  # BP1: the gradient of the cost, times the slope of the sigmoid
delta1 = (W2.data.T @ delta2) * s1 * (1 - s1)  # BP2: back through W2, times the slope
gradient = delta1 @ x.numpy().T  # BP4; BP3 is the bias, which is left out here
rounding = 32 * np.finfo(float).eps  # a dozen operations each way
found = {delta.name: delta.value for delta in backpropagation.deltas}
assert np.allclose(found["delta2"], delta2, rtol=rounding, atol=0)
assert np.allclose(found["delta1"], delta1, rtol=rounding, atol=0)
assert np.allclose(backpropagation.gradient, gradient, rtol=rounding, atol=0)

# %% [markdown]
# ## 4. A network by its modules
#
# Given a module, the picture has its structure. `depth=0` folds every module into one box.

# %%
lenet = nn.models.lenet((1, 28, 28), 10, rng=0)
images = np.random.default_rng(0).random((8, 1, 28, 28), dtype=np.float32)
with ag.watch():
    loss = nn.functional.cross_entropy(lenet(images), np.arange(8))
loss.backward()
ag.draw(loss, lenet, depth=0)

# %% [markdown]
# And unfolded: each operation within its module, with small images and histograms where there are too many numbers.

# %%
unfolded = ag.draw(loss, lenet)
unfolded

# %% [markdown]
# Both pictures are of the same graph. How many numbers LeNet learns can be counted on paper: 25 weights and a bias for
# each of 6 filters, and so on.

# %%
on_paper = [6 * (25 + 1), 16 * (6 * 25 + 1), 120 * (256 + 1), 84 * (120 + 1), 10 * (84 + 1)]
learned = [item.value.size for item in unfolded.picture.items if item.kind == "parameter"]
assert (sum(learned), len(learned)) == (sum(on_paper), 10) == (44_426, 10)
assert ag.draw(loss, lenet).dot == unfolded.dot  # the same graph gives the same text, byte for byte

# %% [markdown]
# ## 5. A gradient that fades
#
# Twenty layers of sigmoid units, and one sweep. Colours are the norm of the gradient; `values=False` leaves out
# the rest of the numbers.

# %%
rng = np.random.default_rng(0)
deep = nn.Sequential(*(nn.Sequential(nn.Linear(16, 16, rng=rng), nn.Sigmoid()) for _ in range(20)))
inputs = rng.normal(size=(32, 16)).astype(np.float32)
with ag.watch():
    loss = (deep(inputs) ** 2).mean()
loss.backward()
ag.draw(loss, deep, depth=0, fold=False, values=False)

# %% [markdown]
# From dark at the output to pale at the input. Why: the slope of a sigmoid is at most 1/4, and back through a layer the
# gradient is multiplied by that slope and by the weights. So its norm is multiplied by no more than a quarter of the
# weights' largest singular value, from layer to layer, and that is less than 1 here (Nielsen,
# [chapter 5](http://neuralnetworksanddeeplearning.com/chap5.html)).

# %%
linear = [layer[0] for layer in deep]
norms = [np.linalg.norm(layer.bias.grad.numpy().astype(float)) for layer in linear]
print(f"gradient of the bias: last layer {norms[-1]:.1e}, first layer {norms[0]:.1e}")
assert norms[0] / norms[-1] < 1e-15  # less than float64 keeps beside a 1

hidden, z = ag.tensor(inputs), []
for layer in linear:
    z.append(layer(hidden))
    z[-1].retain_grad()  # of an intermediate result there is a gradient only if it is asked for
    hidden = ag.sigmoid(z[-1])
(hidden**2).mean().backward()

arrived = [np.linalg.norm(value.grad.numpy().astype(float)) for value in z]
bound = [np.linalg.norm(layer.weight.data.astype(float), 2) / 4 for layer in linear[1:]]
ratio = [earlier / later for earlier, later in pairwise(arrived)]
rounding = 1 + 64 * np.finfo(np.float32).eps  # sums of 16 products in float32, and some to spare
assert all(r <= most * rounding for r, most in zip(ratio, bound, strict=True))
assert max(bound) < 1 / 2  # so after 19 layers less than 2e-6 is left, whatever comes in
assert arrived[0] / arrived[-1] < 2e-6

# %% [markdown]
# ## 6. What is repeated is drawn once
#
# Twelve residual blocks. They are alike, so the picture has one box for them, and says how many they are.


# %%
class Residual(nn.Module):
    """x + W2 relu(W1 x)."""

    def __init__(self, width, rng):
        super().__init__()
        self.first, self.second = nn.Linear(width, width, rng=rng), nn.Linear(width, width, rng=rng)

    def forward(self, x):
        return x + self.second(nn.functional.relu(self.first(x)))


rng = np.random.default_rng(0)
tower = nn.Sequential(nn.Linear(8, 32, rng=rng), *(Residual(32, rng) for _ in range(12)), nn.Linear(32, 1, rng=rng))
with ag.watch():
    loss = (tower(rng.normal(size=(16, 8)).astype(np.float32)) ** 2).mean()
loss.backward()
folded = ag.draw(loss, tower, depth=0)
folded

# %% [markdown]
# One block by itself, without numbers. The edge that goes round is the skip connection.

# %%
x = ag.tensor(np.zeros((1, 32), np.float32), requires_grad=True)
block = ag.draw(tower[1](x), {"x": x, **dict(tower[1].named_parameters())}, values=False, gradients=False)
block

# %% [markdown]
# Compare the gradients with those of section 5: a skip connection hands on what arrives, and adds to it.

# %%
items = block.picture.items
assert {items[edge.source].title for edge in items[-1].edges} == {"x", "linear"}
assert max(item.count for item in folded.picture.items) == 12
first, last = (np.linalg.norm(tower[i].second.weight.grad.numpy()) for i in (1, 12))
assert 0.1 < first / last < 10  # of the same size, after twelve blocks

# %% [markdown]
# ## 7. Why is this gradient None?
#
# Three mistakes that everybody makes once. Each program runs without a complaint, until `backward()` fails or a
# parameter never moves. First: a `detach()` that was meant for a plot.

# %%
w = ag.tensor([0.5, -1.0], requires_grad=True)
hidden = ag.tanh(w).detach()
loss = (hidden**2).sum()
answer = ag.why_none(loss)
answer

# %%
assert (answer.cause, answer.place.text) == ("detached", "hidden = ag.tanh(w).detach()")

# %% [markdown]
# Second: part of the computation stands under `no_grad`, because a validation loop was copied.

# %%
with ag.no_grad():
    scale = ag.exp(w).sum()
loss = (scale * 2).log()
answer = ag.why_none(loss)
answer

# %%
assert (answer.cause, answer.place.text) == ("no_grad", "with ag.no_grad():")

# %% [markdown]
# Third: accuracy as a loss. It is constant almost everywhere, since `argmax` gives integers.

# %%
logits = w * ag.tensor([[1.0, 2.0], [3.0, -1.0]])
accuracy = (ag.argmax(logits, axis=1) == np.array([0, 1])).astype(float).mean()
answer = ag.why_none(accuracy)
answer

# %%
assert (answer.cause, answer.operation) == ("operation", "argmax")

# %% [markdown]
# ## 8. Where did this NaN come from?
#
# The entropy of a distribution with a zero in it. In mathematics `0 log 0` is 0, as a limit; in floating point it is
# `0 * -inf`. Given a function, `ag.why_nan` runs it watched, and knows the line.

# %%
probabilities = ag.tensor([0.5, 0.5, 0.0], requires_grad=True)


def entropy():
    return -(probabilities * ag.log(probabilities)).sum()


report = ag.why_nan(entropy)
report

# %%
assert (report.forward.operation, report.forward.flaw, report.forward.index) == ("log", "infinity", (2,))
assert report.became_nan.operation == "multiply"

# %% [markdown]
# The other kind is worse: every number of the forward pass is right, and the gradient is NaN. The distance of a point
# from itself is 0, and there the square root is infinitely steep.

# %%
point, centre = ag.tensor([1.0, 2.0], requires_grad=True), ag.tensor([1.0, 2.0])


def distance():
    return ag.sqrt(((point - centre) ** 2).sum())


report = ag.why_nan(distance)
report

# %%
assert distance().item() == 0
assert report.forward is None
assert report.backward.operation == "sqrt"

# %% [markdown]
# `ag.detect_anomaly()` is for programs that run long: it raises at the very operation, with the same report.

# %%
try:
    with np.errstate(divide="ignore"), ag.detect_anomaly():
        entropy()
except ag.AnomalyError as error:
    caught = error
print(caught)

# %%
assert caught.report.became_nan.operation == "multiply"

# %% [markdown]
# ## 9. What does a step cost?
#
# `ag.profile()` measures time and memory, by operation and by module. A cell that ends in `profile` shows it as a
# picture; here are only those columns that are the same on every machine.

# %%
optimizer = nn.optim.Adam(lenet.parameters())
with ag.profile() as profile:
    optimizer.zero_grad()
    nn.functional.cross_entropy(lenet(images), np.arange(8)).backward()
    optimizer.step()

for row in sorted(profile.operations, key=lambda row: (-row.nbytes, row.name, row.phase)):
    print(f"{row.name:14} {row.phase:9} {row.calls} calls {row.nbytes:9,} bytes")

# %% [markdown]
# Most is allocated by the rule of the affine maps, for the gradients of their weights: on paper as many numbers as
# there are parameters in those layers, and a cotangent for each of their inputs. The times (not shown) add up to the
# time on the wall; what the profiler itself takes is one of them.

# %%
calls = {(row.name, row.phase): row.calls for row in profile.operations}
assert (calls["conv2d", "forward"], calls["linear", "forward"]) == (2, 3)
bytes_of = {(row.name, row.phase): row.nbytes for row in profile.operations}
assert bytes_of["linear", "backward"] == 4 * (sum(on_paper[2:]) + 8 * (256 + 120 + 84))  # float32, 8 images
assert np.isclose(sum(profile.parts.values()), profile.wall, rtol=1e-12, atol=0)  # a sum of six numbers
assert profile.memory.peak > sum(p.size * 4 for p in lenet.parameters())  # parameters, at least

# %% [markdown]
# ## 10. What is in this model?

# %%
summary = nn.summary(lenet, (1, 28, 28))
summary

# %% [markdown]
# Two thirds of the parameters are in the first affine layer, and most of the work is in the convolutions.
# Multiplications, on paper: every output of a convolution takes as many as its filter has weights.

# %%
convolutions = 6 * 24 * 24 * 25 + 16 * 8 * 8 * 6 * 25
assert summary.multiply_adds == convolutions + 256 * 120 + 120 * 84 + 84 * 10 == 281_640
assert summary.parameters == sum(on_paper)

# %% [markdown]
# ## 11. While it learns
#
# Two networks with twelve hidden layers learn to tell two half moons apart. One has sigmoid units, the other ReLUs and
# weights scaled after He. `GradientNorms` writes down the gradient of each layer, `nn.plots` draws it.

# %%
from nn.moons import two_moons

points, labels = two_moons(rng=0)
records, networks = {}, {}
for name, activation in (("sigmoid", nn.Sigmoid), ("ReLU", nn.ReLU)):
    rng = np.random.default_rng(0)
    model = networks[name] = nn.MLP([2, *[16] * 12, 2], activation, rng=rng)
    for parameter in model.parameters() if activation is nn.ReLU else ():
        if parameter.ndim == 2:
            nn.init.kaiming_normal_(parameter, rng=rng)
    record = records[name] = nn.monitor.GradientNorms(model)
    optimizer = nn.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(points), labels).backward()
        record.record()
        optimizer.step()

fig, axes = plt.subplots(2, 2, figsize=(10, 7), dpi=80, layout="constrained")
for (upper, lower), name in zip(axes.T, networks, strict=True):
    nn.plots.gradient_norms(records[name], upper).set_title(f"{name}: gradients by layer")
    nn.plots.decision_boundary(networks[name], points, labels, lower).set_title(f"{name}: what was learned")
plt.show()

# %% [markdown]
# On the left the lines of the first layers lie decades below those of the last, and nothing is learned. On the right
# they lie together.

# %%
accuracy = {name: nn.metrics.accuracy(model(points), labels) for name, model in networks.items()}
spread = {name: r.norms[r.layers[0]][0] / r.norms[r.layers[-1]][0] for name, r in records.items()}
assert accuracy["sigmoid"] <= 0.55 < 0.8 < accuracy["ReLU"]
assert spread["sigmoid"] < 1e-6 < 1e-2 < spread["ReLU"]

# %% [markdown]
# ## 12. A page to click on
#
# `.save("graph.html")` writes one file that needs nothing else, no network and no server: drag and zoom, search, click
# a module to fold it and a node for its details, and play the forward pass and the sweep step by step. Here it stands
# in a frame (where a viewer of notebooks blocks that, run the cell yourself).

# %%
page = ag.draw(g).html
HTML(f'<div><iframe srcdoc="{escape(page)}" width="100%" height="620" title="The graph, to click on"></iframe></div>')

# %%
assert "http://" not in page.replace("http://www.w3.org/", "")  # a namespace's name, which is not fetched
assert "https://" not in page

# %% [markdown]
# ## Exercises
#
# **A.** Put `nn.Tanh()` in the place of the sigmoids in section 5, and look at the colours. Its slope is at most 1. Is
# that enough?
#
# **B.** In section 8, mend both functions so that value and gradient are right. Where must the zero be masked, before
# the operation or after it? `report.forward.advice` and `report.backward.advice` say what to try.
#
# **C.** Draw `ag.gradients(y, x, create_graph=True)` for `y = x * ag.sin(x)`: a derivative is a graph like any other.
