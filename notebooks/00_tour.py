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
# # A tour
#
# Ten minutes, from the installation to a network that reads handwritten digits: trained, drawn, checked and saved. You
# need some Python and NumPy, and an idea of what a derivative is. In a folder with this project:
#
#     pip install '.[demo]'
#
# brings NumPy, plots, pictures of graphs, and the digits. Then run the cells from top to bottom, and change them: every
# claim is followed by a few `assert`s that check it.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

import autograd_core as ag
import nn

# %% [markdown]
# ## 1. A tensor remembers where it came from
#
# A tensor is an array of NumPy that can be differentiated. Say which ones you want the gradient of, compute something,
# and call `backward()`.

# %%
x = ag.tensor([2.0, -1.0])
w = ag.tensor([0.5, 1.5], requires_grad=True)
b = ag.tensor(0.25, requires_grad=True)

with ag.watch():  # remember every value and gradient, for the picture below
    z = w @ x + b
    y = ag.sigmoid(z)
    loss = -ag.log(y)

loss.backward()
print("dloss/dw =", w.grad)
print("dloss/db =", b.grad)

# %% [markdown]
# By hand: the derivative of `−log σ(z)` is `σ(z) − 1`, and `z` grows with `w` as fast as `x` says.

# %%
slope = y.item() - 1
assert np.allclose(w.grad.numpy(), slope * x.numpy(), rtol=1e-14)
assert np.isclose(b.grad.item(), slope, rtol=1e-14)

# %% [markdown]
# ## 2. Draw it
#
# The computation is a graph, and it can be looked at. Each box has its value, and the gradient that arrived there.

# %%
ag.draw(loss, direction="LR")

# %% [markdown]
# Values go from left to right; gradients come back from right to left, beginning with 1 at the loss. The boxes are
# called as the variables are.
#
# ## 3. The gradient of a NumPy function
#
# Often there is a function already, written in NumPy. `ag.grad` makes another function of it, its gradient. Arrays go
# in, arrays come out, and NumPy's own functions are understood.


# %%
def rosenbrock(p):
    """A long bent valley; a classic among tests of optimizers."""
    return np.sum(100 * (p[1:] - p[:-1] ** 2) ** 2 + (1 - p[:-1]) ** 2)


p = np.array([-1.2, 1.0])
print("gradient:", ag.grad(rosenbrock)(p))
print("Hessian:", ag.hessian(rosenbrock)(p).tolist())

# %%
assert np.allclose(ag.grad(rosenbrock)(p), [-215.6, -88.0], rtol=1e-12)  # -400 x (y - x²) - 2 (1 - x), 200 (y - x²)
assert np.allclose(ag.hessian(rosenbrock)(p), [[1330, 480], [480, 200]], rtol=1e-12)
assert np.allclose(ag.grad(rosenbrock)(np.ones(2)), 0, atol=1e-12)  # the bottom of the valley

# %% [markdown]
# With a gradient and a Hessian you have Newton's method: go where the quadratic that fits here has its bottom. It takes
# six steps from the far end of the valley.

# %%
p, way = np.array([-1.2, 1.0]), [np.array([-1.2, 1.0])]
for _ in range(6):
    p = p - np.linalg.solve(ag.hessian(rosenbrock)(p), ag.grad(rosenbrock)(p))
    way.append(p)

fig, ax = plt.subplots(figsize=(7, 3.6), dpi=110)
across, up = np.meshgrid(np.linspace(-1.6, 1.6, 200), np.linspace(-3.4, 2, 200))
height = 100 * (up - across**2) ** 2 + (1 - across) ** 2
ax.contourf(across, up, np.log10(1 + height), levels=14, cmap="Greys", alpha=0.5)
ax.plot(*np.transpose(way), "o-", color="#b3266b", ms=4, lw=1.2)
ax.annotate("start", way[0], (-1.5, 0.3), fontsize=9)
ax.annotate("the bottom, (1, 1)", way[-1], (0.5, 1.45), fontsize=9)
ax.set(xlabel="p[0]", ylabel="p[1]", title="Six steps of Newton's method")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

assert np.allclose(way[-1], [1, 1], atol=1e-9)

# %% [markdown]
# The second step leaves the valley (pale) and climbs: Newton's method does not ask whether it goes down. The third
# comes back, and near the bottom each step about doubles the number of right digits.

# %%
assert rosenbrock(way[2]) > 100 * rosenbrock(way[1])
assert rosenbrock(way[3]) < rosenbrock(way[1]) / 10

# %% [markdown]
# ## 4. The digits
#
# 1,797 handwritten digits, scanned in 8 × 8 pixels, of which 359 are put aside to test on. Numbers go from 0 (paper) to
# 1 (ink).

# %%
data = nn.datasets.digits()
images, labels = data.train[:]
fig, axes = plt.subplots(2, 10, figsize=(7, 1.6), dpi=110)
for ax, image, label in zip(axes.flat, images.numpy(), labels.numpy(), strict=False):
    ax.imshow(image[0], cmap="gray_r")
    ax.set_title(int(label), fontsize=8, pad=2)
    ax.axis("off")
plt.show()

assert (len(data.train), len(data.test)) == (1438, 359)
assert images.shape == (1438, 1, 8, 8)
assert (images.numpy().min(), images.numpy().max()) == (0, 1)

# %% [markdown]
# ## 5. A network
#
# A layer of 32 units behind the 64 pixels, and ten outputs, one for each digit: the highest is the answer. Names and
# defaults are PyTorch's. `rng` fixes the random numbers that the weights begin with, so that you get what stands here.


# %%
def network():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=1))


model = network()
nn.summary(model, (1, 8, 8))

# %% [markdown]
# 2,410 numbers to learn: 64 · 32 weights and 32 biases, then 32 · 10 and 10.

# %%
assert sum(parameter.size for parameter in model.parameters()) == 64 * 32 + 32 + 32 * 10 + 10 == 2410

# %% [markdown]
# ## 6. Train it, in plain sight
#
# Five lines, again and again: forget the old gradients; compute outputs and loss; sweep back; take a step. An epoch is
# once through all images, in batches of 32, in a new order each time.

# %%
optimizer = nn.optim.Adam(model.parameters(), lr=0.005)
loss_of = nn.CrossEntropyLoss()
test_images, test_labels = data.test[:]

for epoch in range(10):
    for images, labels in nn.data.DataLoader(data.train, batch_size=32, shuffle=True, rng=epoch):
        optimizer.zero_grad()
        loss = loss_of(model(images), labels)
        loss.backward()
        optimizer.step()
    with ag.no_grad():
        right = nn.metrics.accuracy(model(test_images), test_labels)
    print(f"after epoch {epoch + 1:2}: {right:.1%} of the test images")

# %%
assert right > 0.93  # 94.4 to 98.1 % with ten other seeds

# %% [markdown]
# ## 7. Or let `fit` do it
#
# `fit` is the same loop, with what one keeps writing around it: validation, a history, stopping, checkpoints.

# %%
model = network()
history = nn.train.fit(
    model,
    data.train,
    epochs=20,
    optimizer=nn.optim.Adam(model.parameters(), lr=0.005),
    validation=data.test,
    batch_size=32,
    rng=0,
    progress=False,
)
fig, axes = plt.subplots(1, 2, figsize=(8, 3.2), dpi=100, layout="constrained")
nn.plots.learning_curves(history, axes[0])
nn.plots.learning_curves(history, axes[1], quantity="accuracy")
plt.show()

# %% [markdown]
# Solid is the training set, dashed the test set. From about epoch 10 on the dashed loss falls more slowly than the
# solid one: the gap between them is what the network has learned by heart.

# %%
assert len(history) == 20
assert history.last.validation_accuracy > 0.94  # 95.8 to 98.3 % with ten other seeds
assert history.last.train_loss < history.last.validation_loss

# %% [markdown]
# ## 8. What does it get wrong?
#
# One number for 359 images hides a lot. The confusion matrix has the true digit down and the answer across: what is
# right stands on the blue diagonal, what is taken for something else is red. Below it are all images that it got wrong,
# with the truth and the answer.

# %%
with ag.no_grad():
    answers = model(test_images).numpy().argmax(axis=1)
truth = test_labels.numpy()
fig, ax = plt.subplots(figsize=(5.4, 4.6), dpi=100)
nn.plots.confusion_matrix((truth, answers), ax=ax)
plt.show()

# %%
(wrong,) = np.nonzero(answers != truth)
fig, axes = plt.subplots(1, len(wrong), figsize=(0.85 * len(wrong), 1.3), dpi=110, squeeze=False)
for ax, k in zip(axes.flat, wrong, strict=True):
    ax.imshow(test_images.numpy()[k, 0], cmap="gray_r")
    ax.set_title(f"{truth[k]}, read {answers[k]}", fontsize=7, pad=3)
    ax.axis("off")
plt.show()

# %% [markdown]
# Would you have known all of them?

# %%
confusion = nn.metrics.confusion_matrix(truth, answers)
assert confusion.sum() == 359
assert np.trace(confusion) == 359 - len(wrong)
assert 0 < len(wrong) < 22

# %% [markdown]
# ## 9. Is its gradient right?
#
# Never take somebody's word for a gradient, not even ours. `gradcheck` compares it with differences of the function. It
# needs no tolerance from you, because it estimates how far off its own differences are. Here it looks at all 2,410
# parameters, two evaluations and more for each, for the loss of two images.

# %%
from autograd_core.testing import gradcheck

few, few_labels = test_images[:2], test_labels[:2]


def loss_of_two():
    return loss_of(model(few), few_labels)


report = gradcheck(loss_of_two, *model.parameters())
report

# %% [markdown]
# And it notices when one is wrong. Somebody forgets a factor in the derivative of a square:

# %%
mistaken = gradcheck((np.square, lambda x, g: g * x), np.array([1.0, -2.0, 0.5]), raise_exception=False)
print(mistaken.cause.message)

# %%
assert report.ok
assert report.checked == 2410
assert not mistaken.ok
assert mistaken.cause.name == "factor"

# %% [markdown]
# ## 10. Ask, when something is odd
#
# What was computed? `ag.draw` shows the graph of a network, too, with its layers as frames. Large arrays are small
# pictures or histograms.

# %%
loss = loss_of_two()
ag.draw(loss, model)

# %% [markdown]
# Where does a gradient come from? `ag.explain` writes the chain rule of your own network, with its deltas as in the
# textbooks. Why is there none? `ag.why_none` names the reason and the line.

# %%
explained = ag.explain(loss, model[1].weight)
print(explained.deltas[1].words)

W = model[3].weight
penalty = (W.detach() ** 2).sum()  # detach() cuts it out of the graph
answer = ag.why_none(penalty)
answer

# %%
assert explained.agrees  # the formula's numbers are the sweep's
assert answer.cause == "detached"

# %% [markdown]
# ## 11. Faster
#
# A training step does the same each time, on other numbers. `ag.compile` writes down what it does and replays it; small
# networks become several times faster. You get the same numbers, up to rounding, and only one line is new.


# %%
def trained(compiled):
    model = network()
    optimizer = nn.optim.Adam(model.parameters(), lr=0.005)

    def step(images, labels):
        optimizer.zero_grad()
        loss = loss_of(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    if compiled:
        step = ag.compile(step)
    batches = nn.data.DataLoader(data.train, batch_size=32, shuffle=True, rng=0)
    return [step(images, labels).item() for images, labels in batches]


plain, fast = trained(compiled=False), trained(compiled=True)
print(f"first and last loss: {plain[0]:.4f} and {plain[-1]:.4f}; replayed: {fast[0]:.4f} and {fast[-1]:.4f}")

# %%
assert len(plain) == 45  # 1438 / 32, and a smaller one at the end
assert np.allclose(plain, fast, rtol=1e-3)  # float32, 45 steps one after the other
assert plain[-1] < plain[0] - 0.5

# %% [markdown]
# ## 12. Save it, and load it again
#
# In the safetensors format, which PyTorch and others read, under PyTorch's names.

# %%
from nn.saving import load_weights, save_weights

with TemporaryDirectory() as folder:
    file = Path(folder, "digits.safetensors")
    save_weights(model, file)
    twin = nn.Sequential(nn.Flatten(), nn.Linear(64, 32, rng=7), nn.ReLU(), nn.Linear(32, 10, rng=8))  # other weights
    load_weights(twin, file)
print(list(twin.state_dict()))

# %%
with ag.no_grad():
    assert np.array_equal(twin(test_images).numpy(), model(test_images).numpy())  # bit for bit

# %% [markdown]
# ## Where to go next
#
# | if you want to | read |
# |---|---|
# | see what one unit can do, and what it cannot | [01_perceptron](01_perceptron.ipynb), [02_xor](02_xor.ipynb) |
# | understand how the gradient gets back | [03_chain_rule](03_chain_rule.ipynb), [see_the_graph](see_the_graph.ipynb) |
# | train well | [04_learning](04_learning.ipynb), [05_regularization](05_regularization.ipynb) |
# | train deep networks | [06_vanishing_gradients](06_vanishing_gradients.ipynb) |
# | work with images | [07_convolution](07_convolution.ipynb) |
# | know what networks can represent | [08_approximation](08_approximation.ipynb), [09_manifolds](09_manifolds.ipynb) |
# | follow a book | [10_nielsen](10_nielsen.ipynb) |
# | build an engine | [12_your_own_engine](12_your_own_engine.ipynb), [11_small_theano](11_small_theano.ipynb) |
# | check gradients | [13_checking_gradients](13_checking_gradients.ipynb), [find_the_bug](find_the_bug.ipynb) |
#
# **Try it.** Put a convolution in the place of the first layer (`nn.Conv2d(1, 16, 3, padding=1)`, `nn.ReLU()`,
# `nn.MaxPool2d(2)` before `nn.Flatten()`, and 256 inputs to the last layer): how many of the mistakes remain? Take
# `lr=0.5`, and look at the learning curve. Train on 100 images only, `nn.data.Subset(data.train, range(100))`.
