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
# # Convolution
#
# A fully connected layer looks at all of an image at once, and has to learn again in each corner what it has learned in
# another. The remedy: a small set of weights, a filter, that is moved over the image and says everywhere how well it
# fits. Here you move one by hand and then by four loops, count what it saves, see what it keeps when a picture moves,
# pool, train a network of such layers on handwritten digits, and look at what its filters have become.

# %%
import io
import tempfile
from colorsys import hsv_to_rgb
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image
from matplotlib.colors import to_rgba
from nielsen import results
from nielsen.experiments import EXPERIMENTS
from nielsen.mnist_loader import load_thousand
from PIL import Image as Picture

import autograd_core as ag
import nn
from autograd_core.testing import gradcheck

F = nn.functional
RED, BLUE, GREY = "#d6493b", "#3b82d6", "#5b626a"

# %% [markdown]
# ## 1. A window that slides
#
# Four numbers $x = (1, 2, 3, 4)$ and a kernel of three weights $w = (1, 0, -1)$. Lay the kernel over the first three
# numbers, multiply what lies above each other, add it up. Move it by one, do it again. There are two places where it
# fits, so there are two numbers:
#
# $$y_i = \sum_j x_{i+j}\, w_j$$


# %%
def cells(ax, left, top, values, colour):
    """A row of boxes with numbers in them."""
    for k, value in enumerate(values):
        ax.add_patch(plt.Rectangle((left + k, top), 1, 0.8, facecolor=to_rgba(colour, 0.18), edgecolor=colour))
        ax.text(left + k + 0.5, top + 0.4, f"{value:g}".replace("-", "−"), ha="center", va="center")


def sliding(ax, x, kernel, title):
    """The kernel at each place where it fits, and what comes out."""
    cells(ax, 0, 0, x, GREY)
    for i in range(len(x) - len(kernel) + 1):
        cells(ax, i, 1.2 + i, kernel, BLUE)
        under = x[i : i + len(kernel)]
        terms = " + ".join(
            f"{a:g} · {b:g}" if b >= 0 else f"{a:g} · (−{-b:g})" for a, b in zip(under, kernel, strict=True)
        )
        ax.text(len(x) + 4.6, 1.6 + i, f"{terms}  =", ha="right", va="center", fontsize=9)
        cells(ax, len(x) + 4.9, 1.2 + i, [under @ kernel], RED)
    ax.set(xlim=(-0.1, len(x) + 6), ylim=(3.3, -0.2), aspect="equal")
    ax.set_title(title, loc="left", fontsize=10)
    ax.axis("off")


x, w = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 0.0, -1.0])
fig, ax = plt.subplots(figsize=(7, 2.4), dpi=110)
sliding(ax, x, w, "numbers (grey), the kernel at its two places (blue), what comes out (red)")
plt.show()

# %% [markdown]
# The library has it as `nn.functional.conv1d`, which wants axes for the examples of a batch and for channels, and NumPy
# has it as `np.correlate`. Both can be given Tensors, and both can be differentiated.

# %%
networks = F.conv1d(x[None, None], w[None, None])[0, 0]
assert networks.tolist() == np.correlate(x, w, mode="valid").tolist() == [-2, -2]

# %% [markdown]
# What is it good for? This kernel takes the difference of the two neighbours, so it answers where something changes.
# One with three equal weights takes their mean, so it smooths. The weights decide, and weights can be learned.

# %%
rng = np.random.default_rng(0)
signal = np.where((np.arange(60) > 15) & (np.arange(60) < 40), 1.0, 0.0) + rng.normal(0, 0.08, 60)
kernels = {"the signal": [0, 1, 0], "kernel (1, 0, −1): edges": [1, 0, -1], "kernel (⅓, ⅓, ⅓): smooth": [1 / 3] * 3}
answers = {name: F.conv1d(signal[None, None], np.array([[kernel]]))[0, 0] for name, kernel in kernels.items()}

fig, axes = plt.subplots(3, 1, figsize=(7, 3.6), dpi=110, sharex=True, layout="constrained")
for ax, (name, answer), colour in zip(axes, answers.items(), (GREY, RED, BLUE), strict=True):
    ax.plot(np.arange(1, 59), answer, color=colour, lw=1.5)
    ax.set_title(name, loc="left", fontsize=9, color=colour)
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The middle curve is flat but for a dent where the signal goes up, and a bump where it goes down. And the lowest curve
# is calmer than the first: in a mean of three the noise is divided by about √3.

# %%
edges, smooth = answers["kernel (1, 0, −1): edges"], answers["kernel (⅓, ⅓, ⅓): smooth"]
assert abs(np.argmin(edges) + 1 - 15.5) <= 0.5  # x[i - 1] - x[i + 1], so a step up is a dent
assert abs(np.argmax(edges) + 1 - 39.5) <= 0.5
flat = slice(20, 34)
assert 1.3 < np.std(answers["the signal"][flat]) / np.std(smooth[flat]) < 2.3

# %% [markdown]
# ## 2. The notes' definition, and what networks compute
#
# The notes define the convolution of $X$ and $W$ as
#
# $$(X \star W)_i = \sum_j X_j\, W_{i-j}$$
#
# Look at the indices: as $j$ goes up, $i-j$ goes down. The kernel is laid on **backwards**. That is the convolution of
# mathematics, and `np.convolve`. What section 1 did, and what the convolutional layers of today's libraries do, is
# called cross-correlation: the kernel is laid on as it is.

# %%
fig, axes = plt.subplots(2, 1, figsize=(7, 4.6), dpi=110, layout="constrained")
sliding(axes[0], x, w, "cross-correlation: the kernel (1, 0, −1) as it is")
sliding(axes[1], x, w[::-1], "convolution: the kernel backwards")
plt.show()


# %% [markdown]
# Same numbers, same weights, and all signs are turned. Now the formula itself:


# %%
def of_the_notes(X, W):
    """The formula, literally; indices that are not there count as zero."""
    out = np.zeros(len(X) + len(W) - 1)
    for i in range(len(out)):
        for j in range(len(X)):
            if 0 <= i - j < len(W):
                out[i] += X[j] * W[i - j]
    return out


inside = slice(len(w) - 1, len(x))  # the places where the kernel lies within x
print("the notes' formula:", of_the_notes(x, w), "and where the kernel fits:", of_the_notes(x, w)[inside])

# %% [markdown]
# **Where the notes and networks differ.** Both are right, but they are two things: `[2, 2]` against `[−2, −2]`. The
# notes' formula is what `np.convolve` gives, and the network's is the notes' with the kernel turned round. Theano's
# `conv2d`, which Nielsen's `network3.py` uses, turns it; PyTorch's does not, nor does ours, unless it is asked to:
# `ag.conv1d(..., flip_kernel=True)`.

# %%
assert of_the_notes(x, w).tolist() == np.convolve(x, w).tolist()
assert np.convolve(x, w, mode="valid").tolist() == of_the_notes(x, w)[inside].tolist() == [2, 2]
assert np.correlate(x, w, mode="valid").tolist() == [-2, -2]
assert ag.conv1d(x[None, None], w[None, None], flip_kernel=True).tolist() == [[[2, 2]]]
assert np.correlate(x, w[::-1], mode="valid").tolist() == np.convolve(x, w, mode="valid").tolist()

# %% [markdown]
# Why the turn? With it the order does not matter, $X \star W = W \star X$, and two filters in a row are one, which is
# the convolution of the two. Without it the order does matter.

# %%
v = np.array([2.0, 1.0, -3.0])
assert np.array_equal(np.convolve(x, w), np.convolve(w, x))
assert np.array_equal(np.convolve(np.convolve(x, v), w), np.convolve(x, np.convolve(v, w)))
assert not np.array_equal(np.correlate(x, w, "full"), np.correlate(w, x, "full"))

# %% [markdown]
# Why do networks not care? Because they learn the weights. Below, a signal is convolved with the secret kernel (1, 2,
# −1), and gradient descent looks for weights that give the same, once by one definition and once by the other. Both
# find it. One finds it in the mirror.

# %%
secret = np.array([1.0, 2.0, -1.0])
noise = rng.normal(size=200)
wanted = np.convolve(noise, secret, mode="valid")
found = {}
for name, slide in (("convolve", np.convolve), ("correlate", np.correlate)):
    weights = ag.tensor(np.zeros(3), requires_grad=True)
    optimizer = nn.optim.SGD([weights], lr=0.2)
    for _ in range(100):
        optimizer.zero_grad()
        loss = ((slide(noise, weights, mode="valid") - wanted) ** 2).mean()  # NumPy's own functions, on a Tensor
        loss.backward()
        optimizer.step()
    found[name] = weights.detach().numpy()
    print(f"np.{name:9} learned {found[name].round(6)}")

# %%
assert np.allclose(found["convolve"], secret, rtol=0, atol=1e-9)
assert np.allclose(found["correlate"], secret[::-1], rtol=0, atol=1e-9)
for function in (np.convolve, np.correlate):
    report = gradcheck(function, x, w)
    assert report.checked == 7  # four numbers and three weights
    assert report.ok

# %% [markdown]
# ## 3. Two axes: four loops
#
# On an image the window moves down and across. Two loops for the place, two loops for the weights within the window:

# %%
(images, labels), (test_images, test_labels) = load_thousand()  # MNIST: the first 1,000 for training, all for testing
images, test_images = images.reshape(-1, 1, 28, 28), test_images.reshape(-1, 1, 28, 28)
digit = images[0, 0].astype(float)  # a five, ink is 1 and paper is 0


def four_loops(x, w):
    """Cross-correlation of a picture with a kernel, where the kernel fits."""
    height, width = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
    out = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            for k in range(w.shape[0]):
                for l in range(w.shape[1]):
                    out[i, j] += x[i + k, j + l] * w[k, l]
    return out


down = np.array([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]])  # ink begins, going down: a horizontal edge
across = down.T
blur = np.ones((3, 3)) / 9
by_hand = nn.Conv2d(1, 3, 3, bias=False)
by_hand.weight.data[:] = np.stack([down, across, blur])[:, None]

fig, axes = plt.subplots(1, 3, figsize=(9, 2.6), dpi=110, layout="constrained", width_ratios=[1, 2.6, 2.6])
axes[0].imshow(digit, cmap="Greys")
axes[0].set(xticks=[], yticks=[])
axes[0].set_title("a digit", fontsize=10)
nn.plots.filters(by_hand, axes[1], columns=3).set_title("three kernels", fontsize=10)
nn.plots.feature_maps(by_hand, digit[None], "", axes[2], columns=3)
axes[2].set_title("what they make of it", fontsize=10)
plt.show()

# %% [markdown]
# Look at the strokes' borders. The first kernel answers to horizontal edges: red where ink begins, going down, blue
# where it ends. The second does the same from left to right. The third has no minus, and blurs. These are the layers
# that detect horizontal and vertical edges of which the notes speak, with the weights written in by hand.

# %%
for kernel in (down, across, blur):
    assert np.allclose(
        four_loops(digit, kernel), F.conv2d(digit[None, None], kernel[None, None])[0, 0], rtol=0, atol=1e-12
    )
    flipped = ag.conv2d(digit[None, None], kernel[None, None], flip_kernel=True)[0, 0]
    assert np.allclose(four_loops(digit, kernel[::-1, ::-1]), flipped, rtol=0, atol=1e-12)  # the notes' convolution
middle = four_loops(np.outer(np.arange(9.0), np.ones(9)), down)  # ink that grows by 1 in each row
assert (middle == 8).all()
assert (four_loops(np.outer(np.arange(9.0), np.ones(9)), across) == 0).all()

# %% [markdown]
# A colour image has three channels, and so does the kernel: a window of 5 × 5 in three channels has 75 weights. All 75
# products go into one sum. Many kernels give many pictures: that is a third loop, and a batch of images is a fourth.

# %%
colour, kernel = rng.random((3, 32, 32)), rng.normal(size=(3, 5, 5))
one = F.conv2d(colour[None], kernel[None])
assert one.shape == (1, 1, 28, 28)
assert np.allclose(one[0, 0], sum(four_loops(colour[c], kernel[c]) for c in range(3)), rtol=0, atol=1e-12)

# %% [markdown]
# ## 4. Local, and shared: how many weights
#
# A convolution is linear in the image, so it is a matrix, and the engine can tell which: `ag.jacobian`. Two things set
# it apart from the matrix of a fully connected layer. Each output looks at few inputs (**local**), and all outputs use
# the same weights (**shared**). Here are the three matrices for 12 inputs, 10 outputs and a kernel of 3; equal colours
# are equal numbers.

# %%
three = np.array([0.4, 1.0, -0.7])
shared = ag.jacobian(lambda x: F.conv1d(x[None, None], three[None, None])[0, 0])(np.zeros(12))
local = np.where(shared != 0, rng.uniform(-1, 1, shared.shape), 0)
matrices = {"fully connected": rng.uniform(-1, 1, shared.shape), "local": local, "local and shared": shared}
weights = {name: len(np.unique(matrix[matrix != 0])) for name, matrix in matrices.items()}

fig, axes = plt.subplots(1, 3, figsize=(9, 2.9), dpi=110, layout="constrained")
for ax, (name, matrix) in zip(axes, matrices.items(), strict=True):
    ax.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    ax.set_title(f"{name}: {weights[name]} weights", loc="left", fontsize=10)
    ax.set(xticks=[], yticks=[], xlabel="12 inputs")
axes[0].set_ylabel("10 outputs")
plt.show()

# %% [markdown]
# White is zero. In the right one the same three colours go down along the diagonal: row by row, the kernel slides.

# %%
assert list(weights.values()) == [10 * 12, 10 * 3, 3]
assert np.allclose(shared @ signal[:12], np.correlate(signal[:12], three, "valid"), rtol=0, atol=1e-12)

# %% [markdown]
# Now in the size that the notes have: a colour image, 32 × 32 × 3, filters of 5 × 5 × 3, and 1,024 neurons, one for
# each of the 32 × 32 places (with two rows of zeros around the image, so that the window fits at the borders too). We
# make all three, and count what they hold. The one in the middle is a layer that looks locally but shares nothing: the
# windows as columns (`unfold`), and for each of them weights of its own.

# %%
image = rng.random((3, 32, 32))
fully_connected = nn.Linear(32 * 32 * 3, 1024, bias=False, rng=0)
convolution = nn.Conv2d(3, 1, 5, padding=2, rng=0)
windows = F.unfold(image[None], 5, padding=2)[0].T  # (places, numbers in a window)
unshared = rng.normal(size=windows.shape)  # a weight for each number in each window
per_place = (unshared * windows).sum(axis=1).reshape(32, 32)  # 1,024 neurons, each with its own 75 weights

counts = {
    "fully connected": fully_connected.weight.size,
    "local": unshared.size,
    "local and shared": convolution.weight.size + convolution.bias.size,
}
fig, ax = plt.subplots(figsize=(7, 2), dpi=110)
ax.barh(list(counts), counts.values(), color=[GREY, BLUE, RED], height=0.6)
for row, count in enumerate(counts.values()):
    ax.text(count * 1.2, row, f"{count:,}", va="center")
ax.set(xscale="log", xlim=(10, 6e7), title="Numbers to learn, for 1,024 neurons on 32 × 32 × 3")
ax.invert_yaxis()
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The scale is logarithmic: locality takes away all but one in 41, sharing all but one in 1,024 of the rest. If all
# windows are given the same weights, the layer in the middle is the convolution.

# %%
assert windows.shape == (1024, 75)
assert per_place.size == 1_024
assert fully_connected.weight.size == 3_072 * 1_024 == 3_145_728
assert (convolution.weight.size, convolution.bias.size) == (75, 1)
assert (round(fully_connected.weight.size / unshared.size), unshared.size // 75) == (41, 1_024)
same = np.broadcast_to(convolution.weight.data.reshape(1, 75).astype(float), (1024, 75))
as_convolution = F.conv2d(image[None], convolution.weight.data.astype(float), padding=2)[0, 0]
assert np.allclose((same * windows).sum(axis=1).reshape(32, 32), as_convolution, rtol=0, atol=1e-12)

# %% [markdown]
# **Where the notes are wrong.** A slide gives 76,200 for 75 weights in each of 1,024 neurons. It is 76,800; the slide's
# number would be that of 1,016 neurons. And it is the number for weights that are *not* shared. Shared, they are 75,
# and a bias.

# %%
on_the_slide = 76_200
assert on_the_slide == 75 * 1_016 == unshared.size - 600
assert unshared.size == 75 * 1_024 == 76_800
assert counts["local and shared"] == 75 + 1

# %% [markdown]
# Nielsen counts the same for digits ([chapter 6](http://neuralnetworksanddeeplearning.com/chap6.html)): twenty filters
# of 5 × 5, each with a bias, against thirty hidden units that see all 784 pixels.

# %%
twenty_filters, thirty_units = nn.Conv2d(1, 20, 5), nn.Linear(784, 30)
assert sum(p.size for p in twenty_filters.parameters()) == 20 * (25 + 1) == 520
assert sum(p.size for p in thirty_units.parameters()) == 784 * 30 + 30 == 23_550

# %% [markdown]
# ## 5. If the picture moves, the map moves with it
#
# Since the weights are the same everywhere, it does not matter where something stands: the map of the moved picture is
# the moved map. The word for that is equivariance. To see it, the five is moved by three pixels to the right and three
# up.

# %%
moved = np.roll(digit, (-3, 3), axis=(0, 1))
maps = [F.conv2d(picture[None, None], down[None, None], padding=1)[0, 0] for picture in (digit, moved)]
difference = np.roll(maps[0], (-3, 3), axis=(0, 1)) - maps[1]

fig, axes = plt.subplots(1, 5, figsize=(10, 2.4), dpi=110, layout="constrained")
names = ("a digit", "moved", "its map", "map of the moved", "moved map − map of moved")
for ax, picture, name in zip(axes, (digit, moved, *maps, difference), names, strict=True):
    scale = {"cmap": "RdBu_r", "vmin": -4, "vmax": 4} if "map" in name else {"cmap": "Greys"}
    ax.imshow(picture, **scale)
    ax.set_title(name, loc="left", fontsize=9)
    ax.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# The last picture is empty: the fourth is the third, moved. At the borders that is luck: only white paper was pushed
# out. What is pushed out is lost, unless the picture is closed to a ring, and the padding too
# (`padding_mode="circular"`). Then it holds everywhere, for every image and every shift.

# %%
assert np.abs(difference).max() < 1e-12
ring = nn.Conv2d(1, 4, 5, padding=2, padding_mode="circular", rng=0).double()
picture = rng.normal(size=(1, 1, 28, 28))
for shift in ((0, 1), (1, 0), (-3, 4), (13, 27)):
    of_moved = ring(np.roll(picture, shift, axis=(2, 3)))
    moved_map = np.roll(ring(picture), shift, axis=(2, 3))
    assert np.allclose(of_moved.data, moved_map.data, rtol=0, atol=1e-12)

# with zeros around instead, it holds in the interior: as far as no window touches the border
zeros = nn.Conv2d(1, 4, 5, padding=2, rng=0).double()
of_moved = zeros(np.roll(picture, (0, 1), axis=(2, 3))).data
moved_map = np.roll(zeros(picture), (0, 1), axis=(2, 3)).data
assert np.allclose(of_moved[..., 3:-2], moved_map[..., 3:-2], rtol=0, atol=1e-12)
assert np.abs(of_moved - moved_map).max() > 0.1  # and at the border it does not

# %% [markdown]
# A fully connected layer has nothing of the kind: to its weights, the moved five is another picture.

# %%
layer = nn.Linear(784, 784, bias=False, rng=0).double()
of_moved = layer(moved.reshape(1, -1)).data.reshape(28, 28)
moved_map = np.roll(layer(digit.reshape(1, -1)).data.reshape(28, 28), (-3, 3), axis=(0, 1))
assert np.linalg.norm(of_moved - moved_map) > np.linalg.norm(moved_map)  # further apart than they are long

# %% [markdown]
# ## 6. Pooling
#
# Pooling makes a map smaller: of each window it keeps one number, and the windows stand side by side. The notes have
# two kinds, for three neighbours
#
# $$P = \max(x_1, x_2, x_3) \qquad\text{and}\qquad P = \tfrac13 (x_1 + x_2 + x_3).$$
#
# Going back, the question is who was responsible for that number. Of a maximum, the largest alone: it gets the whole
# gradient. Of a mean, all alike.

# %%
grid = np.array([[1.0, 3, 2, 0], [4, 2, 1, 5], [0, 1, 7, 6], [2, 3, 8, 4]])
pictures = [("x", grid)]
for name, pool in (("max", F.max_pool2d), ("mean", F.avg_pool2d)):
    x = ag.tensor(grid[None, None], requires_grad=True)
    pooled = pool(x, 2)
    pooled.sum().backward()
    pictures += [(f"{name} of 2 × 2", pooled.data[0, 0]), (f"gradient of the {name}", x.grad.data[0, 0])]

fig, axes = plt.subplots(1, 5, figsize=(10, 2.4), dpi=110, layout="constrained")
for ax, (name, numbers) in zip(axes, pictures, strict=True):
    ax.imshow(numbers, cmap="Reds" if "gradient" in name else "Blues", vmin=0, vmax=2 if "gradient" in name else 14)
    for (i, j), number in np.ndenumerate(numbers):
        ax.text(j, i, f"{number:g}", ha="center", va="center")
    for edge in range(2, len(numbers), 2) if len(numbers) > 2 else ():
        ax.axhline(edge - 0.5, color="0.4", lw=1)
        ax.axvline(edge - 0.5, color="0.4", lw=1)
    ax.set_title(name, loc="left", fontsize=10)
    ax.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# In the third picture there is one 1 in each window, where the largest number stood. In the last one everyone gets a
# quarter.

# %%
found = dict(pictures)
assert found["max of 2 × 2"].tolist() == [[4, 5], [3, 8]]
assert found["mean of 2 × 2"].tolist() == [[2.5, 2], [1.5, 6.25]]
assert found["gradient of the max"].tolist() == [[0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 1, 0]]
assert (found["gradient of the mean"] == 1 / 4).all()

neighbours = np.array([[[3.0, 1.0, 2.0]]])
assert F.max_pool1d(neighbours, 3).item() == max(3, 1, 2) == 3
assert F.avg_pool1d(neighbours, 3).item() == (3 + 1 + 2) / 3 == 2

# %% [markdown]
# What if two are equally large? There the maximum has a kink: raise one of the two, and the maximum goes along; lower
# it, and nothing happens. There is no derivative, and a library has to choose. Ours lets those who tie share the
# gradient evenly, for every maximum there is ([subgradients](../docs/subgradients.md)). A gradient check has nothing to
# compare with there, and ours says so: from the left the slope is 0, from the right it is 1.

# %%
tie = ag.tensor([[[3.0, 3.0, 1.0]]], requires_grad=True)
F.max_pool1d(tie, 3).sum().backward()
print("gradient at (3, 3, 1):", tie.grad.tolist()[0][0])


def largest_of_three(x):
    return F.max_pool1d(x, 3)


at_the_tie = gradcheck(largest_of_three, tie.detach().numpy())
at_the_tie

# %%
assert tie.grad.tolist() == [[[0.5, 0.5, 0]]]
assert (at_the_tie.checked, at_the_tie.kinks) == (3, 2)
assert (at_the_tie.kink.backward, at_the_tie.kink.forward) == (0, 1)
off_ties = np.random.default_rng(0).permutation(36).reshape(1, 1, 6, 6).astype(float)  # all of them different
for pool in (F.max_pool2d, F.avg_pool2d):
    report = gradcheck(lambda x, pool=pool: pool(x, 3), off_ties)
    assert (report.checked, report.kinks) == (36, 0)

# %% [markdown]
# ## 7. What pooling gives, and what it breaks
#
# The notes promise a prediction that does not change when the picture moves. A convolution alone does not do that: the
# map moves along. Pooling brings it nearer, and takes something for it. We move 200 digits by up to six pixels, and
# measure how far the maps go from where they were, as a part of their size. All is closed to rings, so that nothing is
# lost at borders.

# %%
two_hundred = images[:200].astype(float)
edge = nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular", bias=False).double()
edge.weight.data[:] = np.stack([down, across])[:, None]
sizes = {"no pooling": 1, "max of 2 × 2": 2, "max of 4 × 4": 4, "max of all": 28}


def changes(shift, size):
    """How far the pooled maps of moved digits are from those of the digits, relative to their size."""
    before, after = (F.max_pool2d(F.relu(edge(np.roll(two_hundred, by, axis=3))), size).data for by in (0, shift))
    return np.linalg.norm(after - before) / np.linalg.norm(before)


shifts = np.arange(7)
lines = {name: [changes(shift, size) for shift in shifts] for name, size in sizes.items()}
fig, ax = plt.subplots(figsize=(7, 3.4), dpi=110)
for (name, line), colour in zip(lines.items(), (GREY, BLUE, "#7b3fa0", RED), strict=True):
    ax.plot(shifts, line, "o-", color=colour, ms=4)
    ax.text(6.15, line[-1], name, color=colour, va="bottom" if name == "no pooling" else "center")
ax.set(xlabel="pixels moved", ylabel="change of the maps", xlim=(0, 7.6), title="Coarser maps change less")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Without pooling, two pixels change the maps nearly as much as six do. The larger the windows, the flatter the line:
# with 4 × 4, one pixel does half of what it did. And if all of a map is pooled, nothing changes at all: that is
# invariance. The price: where something stood is known less exactly, and in the end not at all.

# %%
for coarse, fine in (("max of 2 × 2", "no pooling"), ("max of 4 × 4", "max of 2 × 2"), ("max of all", "max of 4 × 4")):
    assert all(c < f for c, f in zip(lines[coarse][1:], lines[fine][1:], strict=True))
assert max(lines["max of all"]) < 1e-12
assert lines["no pooling"][2] > 0.75 * lines["no pooling"][6]
assert 0.4 < lines["max of 4 × 4"][1] / lines["no pooling"][1] < 0.6

# %% [markdown]
# And pooling breaks the equivariance of section 5. A move by two pixels moves the pooled map by one; a move by one has
# nothing that it could move by.

# %%
convolved = F.relu(edge(two_hundred)).data
pooled = F.max_pool2d(convolved, 2)
by_two = F.max_pool2d(np.roll(convolved, 2, axis=3), 2)
by_one = F.max_pool2d(np.roll(convolved, 1, axis=3), 2)
assert np.array_equal(by_two, np.roll(pooled, 1, axis=3))
assert not any(np.array_equal(by_one, np.roll(pooled, steps, axis=3)) for steps in range(14))

# %% [markdown]
# ## 8. Filter, surface, volume
#
# One filter, moved over the image, forms a surface: a number for each place. Watch it.

# %%
strokes = np.repeat(np.repeat(down, 2, axis=0), 2, axis=1)[:5, :5]  # as `down`, but larger
surface = four_loops(digit, strokes)
frames = []
fig, (left, right) = plt.subplots(1, 2, figsize=(5, 2.6), dpi=72, layout="constrained")
left.imshow(digit, cmap="Greys")
window = left.add_patch(plt.Rectangle((-0.5, -0.5), 5, 5, fill=False, color=RED, lw=2))
shown = right.imshow(np.zeros_like(surface), cmap="RdBu_r", vmin=-np.abs(surface).max(), vmax=np.abs(surface).max())
left.set_title("image 28 × 28, filter 5 × 5", fontsize=9)
right.set_title("surface 24 × 24", fontsize=9)
for ax in (left, right):
    ax.set(xticks=[], yticks=[])
for place in [*range(0, surface.size, 12), surface.size - 1]:
    row, column = divmod(place, surface.shape[1])
    window.set_xy((column - 0.5, row - 0.5))
    shown.set_data(np.where(np.arange(surface.size).reshape(surface.shape) <= place, surface, 0))
    fig.canvas.draw()
    frames.append(Picture.fromarray(np.asarray(fig.canvas.buffer_rgba())).convert("RGB").quantize(32))
plt.close(fig)
file = io.BytesIO()
frames[0].save(
    file, "GIF", save_all=True, append_images=frames[1:], duration=[120] * (len(frames) - 1) + [2500], loop=0
)
Image(data=file.getvalue(), format="gif")

# %% [markdown]
# How large is the surface? A window of $k$ fits $n - k + 1$ times into $n$ pixels; with $p$ zeros on either side and
# steps of $s$ pixels
#
# $$m = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1.$$
#
# Many filters give many surfaces. Behind one another they are a volume: (filters, height, width). It is the image of
# the next layer, whose filters go through the whole depth of it.

# %%
assert F.conv2d(image[None], np.zeros((1, 3, 5, 5))).shape == (1, 1, 28, 28)  # one filter: a surface
assert F.conv2d(image[None], np.zeros((6, 3, 5, 5))).shape == (1, 6, 28, 28)  # six: a volume
for n in range(5, 13):
    for k, p, s in ((1, 0, 1), (2, 1, 2), (3, 1, 1), (5, 0, 1), (5, 2, 3)):
        y = F.conv1d(np.zeros((1, 1, n)), np.zeros((1, 1, k)), stride=s, padding=p)
        assert y.shape[2] == (n + 2 * p - k) // s + 1

# %% [markdown]
# `nn.summary` traces the shapes of a network. This is the typical structure that the notes draw: convolve, pool,
# convolve, pool, and at last two fully connected layers. It is the network of Nielsen's chapter 6, with 20 and 40
# filters.


# %%
def network(rng):
    return nn.Sequential(
        nn.Conv2d(1, 20, 5, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 40, 5, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(40 * 4 * 4, 100, rng=rng),
        nn.ReLU(),
        nn.Linear(100, 10, rng=rng),  # the softmax is in the loss, cross_entropy
    )


summary = nn.summary(network(0), (1, 28, 28))
summary

# %% [markdown]
# Read the column of outputs: the surfaces get smaller (28, 24, 12, 8, 4) and more (1, 20, 40). Three quarters of the
# parameters are in the first fully connected layer; most of the work is in the second convolution.

# %%
shapes = []
x = np.zeros((1, 1, 28, 28), np.float32)
for layer in network(0):
    x = layer(x)
    shapes.append(x.shape[1:])
assert shapes[:6] == [(20, 24, 24), (20, 24, 24), (20, 12, 12), (40, 8, 8), (40, 8, 8), (40, 4, 4)]
assert shapes[6:] == [(640,), (100,), (100,), (10,)]
parts = [20 * (25 + 1), 40 * (20 * 25 + 1), 640 * 100 + 100, 100 * 10 + 10]
assert summary.parameters == sum(parts) == 85_670
assert 0.7 < parts[2] / sum(parts) < 0.8
work = [20 * 24 * 24 * 25, 40 * 8 * 8 * 20 * 25, 640 * 100, 100 * 10]
assert summary.multiply_adds == sum(work)
assert max(work) == work[1] > sum(work) / 2

# %% [markdown]
# ## 9. The gradient of a convolution is a convolution
#
# No backward pass need be invented. Let $g$ be the gradient that arrives at the output, a number for each place. A
# weight was used at every place, so its gradient is a sum over places: $g$ is moved over $x$, like a kernel. A pixel
# was seen by several windows, through a different weight each time: the farther right the window, the farther left the
# weight. So its gradient is $g$ with the kernel **turned round**, which is the convolution of section 2, over all
# places where they touch.
#
# $$\frac{\partial L}{\partial w} = x \text{ correlated with } g \qquad
#   \frac{\partial L}{\partial x} = g \star w$$
#
# `ag.draw` says the same in words.

# %%
x = ag.tensor([[[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]]], requires_grad=True)
w = ag.tensor([[[1.0, 0.0, -1.0]]], requires_grad=True)
with ag.watch():
    L = (F.conv1d(x, w) ** 2).sum()
L.backward()
ag.draw(L, {"x": x, "w": w}, graph="backward", rules="words")

# %% [markdown]
# Check it by hand: each of the four outputs is −2, so $g$ is −4 at four places. The first weight met 0, 1, 2 and 3, so
# its gradient is −4 · 6 = −24. The first pixel met the first weight only, once: −4 · 1.

# %%
assert w.grad.tolist() == [[[-24, -40, -56]]]
assert x.grad.tolist() == [[[-4, -4, 0, 0, 4, 4]]]

x = ag.tensor(rng.normal(size=12), requires_grad=True)
w = ag.tensor(rng.normal(size=4), requires_grad=True)
g = rng.normal(size=9)
y = F.conv1d(x[None, None], w[None, None])[0, 0]
(y * g).sum().backward()
assert np.allclose(w.grad.data, np.correlate(x.data, g, mode="valid"), rtol=0, atol=1e-12)
assert np.allclose(x.grad.data, np.convolve(g, w.data, mode="full"), rtol=0, atol=1e-12)
assert not np.allclose(x.grad.data, np.correlate(g, w.data, mode="full"), rtol=0, atol=0.1)  # not turned round

# %% [markdown]
# In two dimensions the four loops of section 3 do all three: forward, back to the weights, back to the pixels. (If
# nobody asks for the gradient of the pixels, as in a first layer, the third is not computed.)

# %%
x = ag.tensor(digit[None, None], requires_grad=True)
w = ag.tensor(across[None, None], requires_grad=True)
y = F.conv2d(x, w)
g = rng.normal(size=y.shape[2:])
(y * g).sum().backward()
by_loops_w = four_loops(digit, g)
by_loops_x = four_loops(np.pad(g, 2), across[::-1, ::-1])  # two zeros around, so that they touch everywhere
assert np.allclose(w.grad.data[0, 0], by_loops_w, rtol=0, atol=1e-11)
assert np.allclose(x.grad.data[0, 0], by_loops_x, rtol=0, atol=1e-12)
assert by_loops_w.shape == (3, 3)
assert by_loops_x.shape == (28, 28)

# %% [markdown]
# ## 10. A network on handwritten digits
#
# Now the weights are learned. The network of section 8 sees the first 1,000 images of MNIST, 12 times each; beside it
# one with 100 hidden units and no convolution. Each is trained three times, with other random numbers, and tested on
# all 10,000 test images. `ag.compile` captures the step in the first two calls and replays it from then on, which is
# several times as fast; without that line the program does the same.


# %%
def convolutional(rng):
    model = network(rng)
    model[0].weight.data[:] *= 0.2  # filters that begin small, so that we shall see what was learned
    return model


def fully_connected(rng):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 100, rng=rng), nn.ReLU(), nn.Linear(100, 10, rng=rng))


def train(model, rng, epochs=12, batch=20):
    optimizer = nn.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.1)
    scheduler = nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)  # smaller steps towards the end

    @ag.compile
    def step(x, y):
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    for _ in range(epochs):
        order = rng.permutation(len(images))
        for start in range(0, len(images), batch):
            chosen = order[start : start + batch]
            step(images[chosen], labels[chosen])
        scheduler.step()
    return model


def accuracy(model, pictures, labels):
    """In percent; in pieces of 500, to save memory."""
    with ag.no_grad():
        guesses = [model(pictures[start : start + 500]).data.argmax(axis=1) for start in range(0, len(labels), 500)]
    return 100 * np.mean(np.concatenate(guesses) == labels)


trained, scores = {}, {}
for make in (convolutional, fully_connected):
    name = make.__name__.replace("_", " ")
    generators = [np.random.default_rng(seed) for seed in range(3)]
    trained[name] = [train(make(rng), rng) for rng in generators]
    scores[name] = [accuracy(model, test_images, test_labels) for model in trained[name]]
    print(f"{name:16} {sum(p.size for p in trained[name][0].parameters()):,} parameters, right: ", end="")
    print(", ".join(f"{score:.0f} %" for score in scores[name]))

# %% [markdown]
# Of the images that neither has seen, the convolutional network gets 93 to 94 percent right, the other about 88. (Five
# seeds gave 93.2 to 93.9, and 87.6 to 88.4.) Same images, same optimizer, nearly the same number of parameters: what
# differs is the structure.

# %%
assert 92 < min(scores["convolutional"]) <= max(scores["convolutional"]) < 95.5
assert 86 < min(scores["fully connected"]) <= max(scores["fully connected"]) < 90
assert min(scores["convolutional"]) > max(scores["fully connected"]) + 3
sizes = [sum(p.size for p in models[0].parameters()) for models in trained.values()]
assert sizes == [85_670, 784 * 100 + 100 + 100 * 10 + 10] == [85_670, 79_510]

# %% [markdown]
# Next we move test images to the right, which neither network has seen in training (every fourth image, to save time).

# %%
some, moved_by = slice(None, None, 4), range(5)
shifted = [np.roll(test_images[some], by, axis=3) for by in moved_by]
right = {
    name: np.array([[accuracy(model, pictures, test_labels[some]) for pictures in shifted] for model in models])
    for name, models in trained.items()
}
fig, ax = plt.subplots(figsize=(7, 3.4), dpi=110)
for (name, rows), colour in zip(right.items(), (RED, GREY), strict=True):
    ax.plot(moved_by, rows.T, "o-", color=colour, ms=3.5, lw=1, alpha=0.8)
    ax.text(4.1, rows[:, -1].mean(), name, color=colour, va="center")
ax.set(xlabel="pixels that the test images were moved to the right", ylabel="right, %", xlim=(-0.1, 5.2), ylim=(0, 100))
ax.set(xticks=list(moved_by), title="Three networks of each kind, taught with 1,000 digits")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Two pixels cost the convolutional network about a tenth of what it could, and the other a quarter. At four pixels the
# one is still right nearly half of the time, the other a quarter of it. The convolutions are equivariant, and pooling
# forgives a pixel or two. The last layers are fully connected, and know places.

# %%
lost = {name: 1 - rows[:, 2].mean() / rows[:, 0].mean() for name, rows in right.items()}  # by two pixels
assert lost["convolutional"] < 0.17 < 0.22 < lost["fully connected"]
assert right["fully connected"][:, 4].max() < 35 < right["convolutional"][:, 4].min() < 65

# %% [markdown]
# What did it learn? Its first filters, and what they make of a digit; then on through the volume.

# %%
model = trained["convolutional"][0]
fig, axes = plt.subplots(1, 2, figsize=(10, 3), dpi=100, layout="constrained")
nn.plots.filters(model[0], axes[0], columns=7)
nn.plots.feature_maps(model, images[0], "1", axes[1], columns=7)
plt.show()

# %% [markdown]
# Several filters are red on one side and blue on the other, or have a bar across: edges and strokes of several
# directions, this time not written in by hand. Neighbouring weights have become alike, which they were not. On the
# right, each map is the digit seen through one of them, after the ReLU: some are lit on the strokes, some on one side
# of them. The pale filters are hardly used, and their maps are empty: 1,000 digits do not ask for twenty.


# %%
def likeness(filters):
    """How much neighbouring weights are alike: the correlation of each with those beside and below it."""
    w = filters[:, 0] - filters[:, 0].mean(axis=(1, 2), keepdims=True)
    pairs = np.concatenate([(w[:, 1:] * w[:, :-1]).ravel(), (w[:, :, 1:] * w[:, :, :-1]).ravel()])
    return pairs.mean() / (w**2).mean()


at_first = convolutional(np.random.default_rng(0))[0].weight.data
assert abs(likeness(at_first)) < 0.15 < 0.5 < likeness(model[0].weight.data)

# %%
fig, axes = plt.subplots(1, 3, figsize=(10, 3), dpi=100, layout="constrained", width_ratios=[2.4, 2, 2])
for ax, layer in zip(axes, ("2", "4", "5"), strict=True):
    nn.plots.feature_maps(model, images[0], layer, ax, columns=8)
    ax.title.set_fontsize(9)
plt.show()

# %% [markdown]
# Deeper maps are smaller and harder to read. After the first pooling the five can still be seen. Of the 40 maps behind
# the second convolution many are empty for this digit, and the others are lit in a few places: here is a bow, there an
# end of a stroke. In the last ones of 4 × 4 "where" is nearly gone, and "what" is what the last two layers go by.

# %%
volumes = [out.values for out in nn.monitor.layer_outputs(model, images[:1], ["2", "4", "5"])]
assert [volume.shape for volume in volumes] == [(1, 20, 12, 12), (1, 40, 8, 8), (1, 40, 4, 4)]
assert (volumes[1] == 0).mean() > 0.5  # more than half of what the second ReLU gives is zero

# %% [markdown]
# ## 11. The published numbers
#
# With all 50,000 training images Nielsen's chapter 6 gets further. His steps, in percent of the test images, and what
# the same runs give here: they take hours, so the notebook reads what they left. [The notebook on his
# book](10_nielsen.ipynb) has the whole table. In this folder, the full runs are started by
#
#     python -m nielsen "ch6/shallow" "ch6/conv*"

# %%
chapter = {
    "ch6/shallow": "100 hidden units, no convolution",
    "ch6/conv": "20 filters, pooling, 100 units",
    "ch6/conv2": "20 and 40 filters, sigmoid",
    "ch6/conv2_relu": "20 and 40 filters, ReLU",
}
measured = {name: results.measured(name) for name in chapter if results.load(name)}
fig, ax = plt.subplots(figsize=(9, 2.6), dpi=100, layout="constrained")
for row, name in enumerate(chapter):
    published = EXPERIMENTS[name].published
    ax.plot(published, row - 0.12, "o", color=GREY, mfc="white", ms=7)
    told = f"published {published:.2f}"
    if name in measured:
        found = measured[name]
        ax.plot([found.low, found.high], [row + 0.12] * 2, color=RED, lw=2)
        ax.plot(found.median, row + 0.12, "o", color=RED, ms=6)
        told += f", here {found.median:.2f} ({found.low:.2f} to {found.high:.2f})"
    ax.text(99.5, row, told, fontsize=9, va="center")
ax.set(xlabel="right, % (circle: published; dot: median here, line: all seeds)", xlim=(97.5, 99.45), ylim=(3.5, -0.5))
ax.set_yticks(range(len(chapter)), chapter.values())
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(axis="y", length=0)
plt.show()

# %% [markdown]
# One layer of filters with pooling takes the errors from 220 of 10,000 to 122, the second one to 94, ReLU to 77. The
# second layer makes the network *smaller*: its pooled volume has 640 numbers where that of the first has 2,880, so the
# fully connected layer behind it has fewer weights.

# %%
published = [EXPERIMENTS[name].published for name in chapter]
assert published == [97.80, 98.78, 99.06, 99.23]
assert [round(100 * (100 - right)) for right in published] == [220, 122, 94, 77]
assert all(abs(found.median - EXPERIMENTS[name].published) < 0.4 for name, found in measured.items())
one_layer = [nn.Conv2d(1, 20, 5), nn.Linear(20 * 12 * 12, 100), nn.Linear(100, 10)]
assert sum(p.size for layer in one_layer for p in layer.parameters()) == 289_630 > summary.parameters

# %% [markdown]
# ## 12. Small colour images
#
# Photographs would be next. CIFAR-10 has 60,000 of them, 32 × 32 × 3, in ten classes, and `nn.datasets.cifar10` loads
# it (170 MB, which this notebook does not ask of you). In its place we draw textures, thirty kinds of them: stripes in
# eight directions, black and white, red and green, or blue and yellow, and plain patches in six hues. Width, phase and
# strength are random, and there is noise on top.

# %%
OPPOSITES = np.array([[1, 1, 1], [1, -1, 0], [-0.5, -0.5, 1]])  # black-white, red-green, blue-yellow
HUES = np.array([hsv_to_rgb(k / 6, 1, 1) for k in range(6)]) * 2 - 1
KINDS = 3 * 8 + 6


def texture(kind, size, rng):
    """An image (3, size, size) of one of thirty kinds; grey is 0."""
    if kind >= 24:
        drawn = np.broadcast_to(HUES[kind - 24][:, None, None], (3, size, size))
    else:
        colours, direction = divmod(kind, 8)
        angle = np.pi * (direction + rng.uniform(-0.4, 0.4)) / 8
        down, across = np.mgrid[:size, :size]
        along = across * np.cos(angle) + down * np.sin(angle)
        width = np.exp(rng.uniform(np.log(4), np.log(16)))  # of a pair of stripes, in pixels
        drawn = OPPOSITES[colours][:, None, None] * np.sin(2 * np.pi * along / width + rng.uniform(0, 2 * np.pi))
    return (rng.uniform(0.4, 1) * drawn + rng.normal(0, 0.3, (3, size, size))).astype(np.float32)


def seen(texture):
    """As Matplotlib wants it: (height, width, channels), from 0 to 1."""
    return np.clip(0.5 + 0.5 * texture, 0, 1).transpose(1, 2, 0)


rng = np.random.default_rng(0)
fig, axes = plt.subplots(3, 10, figsize=(8, 2.6), dpi=60, layout="constrained")
for kind, ax in enumerate(axes.flat):
    ax.imshow(seen(texture(kind, 32, rng)))
    ax.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# To see the loader at work, we write 100 of them to a file in CIFAR-10's own format: for each image a byte for its
# class, and 3 · 32 · 32 bytes, the red ones, then the green ones, then the blue ones. Its training set is five such
# files, and its test set one. What is read has PyTorch's order of axes, (channels, height, width), from 0 to 1.

# %%
classes = np.arange(100) % 10
drawn = np.stack([texture(3 * label, 32, rng) for label in classes])
as_bytes = np.round(255 * np.clip(0.5 + 0.5 * drawn, 0, 1)).astype(np.uint8)
with tempfile.TemporaryDirectory() as folder:
    content = b"".join(bytes([label]) + pixels.tobytes() for label, pixels in zip(classes, as_bytes, strict=True))
    for name in (*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin"):
        (Path(folder) / name).write_bytes(content)
    data = nn.datasets.cifar10(folder, download=False)
data

# %%
pixels, label = data.train[13]
assert pixels.shape == (3, 32, 32)
assert (len(data.train), len(data.test), len(data.classes)) == (500, 100, 10)
assert len(content) == 100 * (1 + 3_072)
assert label == 13 % 10
assert np.abs(pixels - np.clip(0.5 + 0.5 * drawn[13], 0, 1)).max() <= 0.5 / 255 + 1e-6  # rounded to a byte
assert F.conv2d(data.test[:][0], np.ones((1, 3, 5, 5), np.float32)).shape == (100, 1, 28, 28)

# %% [markdown]
# ## 13. A first layer in the shape of AlexNet's
#
# The notes show the filters of the network that won ImageNet in 2012 ([Krizhevsky, Sutskever and
# Hinton](https://papers.nips.cc/paper/2012/hash/c399862d3b9d6b76c8436e924a68c45b-Abstract.html), figure 3): 96 of 11 ×
# 11 × 3, moved in steps of 4 pixels. It was trained on two GPUs with 48 filters each. On the one they are largely
# stripes without colour, in many directions and widths; on the other, patches and stripes of colour. Nobody drew them.
# They were learned on 1.2 million photographs, in five to six days.
#
# Can we see the same happen in seconds? The layer has the same shape here. The images are our textures, 43 × 43 pixels,
# and it is taught to name their kind. Behind it stands as little as possible: ReLU, the mean over all places (so a
# filter can say *that* it fits somewhere, and not where), one linear layer. The weights begin as small noise, and decay
# a little in each step, both as in the paper; an L1 penalty on the linear layer lets each filter serve few kinds.

# %%
rng = np.random.default_rng(0)
kinds = rng.integers(0, KINDS, 4_000)
textures = np.stack([texture(kind, 43, rng) for kind in kinds])
first = nn.Conv2d(3, 96, 11, stride=4, rng=0)
nn.init.normal_(first.weight, std=0.01, rng=0)
nn.init.zeros_(first.bias)
alex = nn.Sequential(first, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(96, KINDS, rng=1))
before = first.weight.data.copy()
optimizer = nn.optim.SGD(alex.parameters(), lr=0.05, momentum=0.9, weight_decay=2e-3)


@ag.compile
def step(x, y):
    loss = F.cross_entropy(alex(x), y) + 2e-3 * abs(alex[4].weight).sum()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss


for _ in range(700):
    chosen = rng.integers(0, 3_000, 64)
    step(textures[chosen], kinds[chosen])

with ag.no_grad():
    named = nn.metrics.accuracy(alex(textures[3_000:]), kinds[3_000:])
print(f"of 1,000 textures that it has not seen it names {100 * named:.0f} %; by chance {100 / KINDS:.1f} %")

# %%
after = first.weight.data
fig, axes = plt.subplots(1, 2, figsize=(10, 3.6), dpi=120, layout="constrained")
for ax, weights, name in zip(axes, (before, after), ("before", "after 700 steps"), strict=True):
    contrast = weights / np.abs(weights).max(axis=(1, 2, 3), keepdims=True)  # each filter in its own full contrast
    nn.plots.filters(contrast, ax, limit=96, columns=12)
    ax.set_title(f"96 filters of 11 × 11 × 3, {name}", fontsize=10)
    ax.set_xlabel("grey: 0; each filter on its own scale")
plt.show()

# %% [markdown]
# Noise on the left. On the right stripes: black and white, red and green, blue and yellow, in many directions, and a
# few plain patches of one hue. As in the paper, filters have specialised, some on direction and others on colour,
# though nothing asked them to but the classes.
#
# To put a number on it, two measures for each filter. **Colour**: how much of its square is left when the grey part,
# the mean of the three channels, is taken out. **Direction**: its Fourier transform has its energy at some wave
# vectors; the squares of their directions, as unit complex numbers, are averaged. If all point one way the length of
# the average is 1, if they point everywhere it is 0.


# %%
def measures(weights):
    """Colour and direction of filters, each from 0 to 1."""
    weights = weights.astype(float)
    grey = weights.mean(axis=1, keepdims=True)
    colour = ((weights - grey) ** 2).sum(axis=(1, 2, 3)) / (weights**2).sum(axis=(1, 2, 3))
    energy = (np.abs(np.fft.fft2(weights, s=(32, 32))) ** 2).sum(axis=1)
    waves = np.fft.fftfreq(32)[None, :] + 1j * np.fft.fftfreq(32)[:, None]
    twice = np.divide(waves**2, np.abs(waves) ** 2, where=waves != 0, out=np.zeros((32, 32), complex))
    return colour, np.abs((energy * twice).sum(axis=(1, 2))) / energy.sum(axis=(1, 2))


fig, ax = plt.subplots(figsize=(7, 3.6), dpi=110)
for weights, colour, name, at in ((before, GREY, "before: noise", (0.7, 0.2)), (after, RED, "after", (0.45, 0.7))):
    ax.plot(*measures(weights), "o", color=colour, ms=4, alpha=0.7)
    ax.text(*at, name, color=colour)
ax.set(
    xlabel="colour (0: grey, 1: colour alone)", ylabel="direction (0: none, 1: one)", xlim=(-0.03, 1.03), ylim=(0, 0.9)
)
ax.set_title("Each point is a filter", loc="left", fontsize=10)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Noise has no direction, and two thirds of it are colour, since two of three channels are left when the mean is taken
# out. After learning, most filters stand at two places: at the top left the grey stripes, at the top right the coloured
# ones. The points at the bottom right are the plain patches, and what lies between serves several kinds. (With three
# seeds, 73 to 75 of the 96 had a direction above 0.4, 23 to 35 a colour below 0.3, 42 to 52 one above 0.9.)

# %%
assert after.shape == (96, 3, 11, 11)  # (filters, channels, height, width): the paper's 96 of 11 × 11 × 3
assert after.transpose(0, 2, 3, 1).shape == (96, 11, 11, 3)
assert sum(p.size for p in first.parameters()) == 96 * (11 * 11 * 3 + 1) == 34_944
assert named > 0.9 > 20 / KINDS
(colour_before, direction_before), (colour_after, direction_after) = measures(before), measures(after)
assert direction_before.max() < 0.25
assert (direction_after > 0.4).sum() >= 60  # of 96
assert abs(colour_before.mean() - 2 / 3) < 0.03
assert (colour_after < 0.3).sum() >= 15 <= (colour_after > 0.9).sum()  # grey ones, and coloured ones
assert F.conv2d(np.zeros((1, 3, 227, 227), np.float32), after, stride=4).shape == (1, 96, 55, 55)  # on its own images

# %% [markdown]
# ## Try it
#
# **A.** In section 10, put `nn.AvgPool2d` in the place of `nn.MaxPool2d`, or leave pooling out and give both
# convolutions `stride=2`. What becomes of the accuracy on moved images?
#
# **B.** In section 10, train on moved images too: `np.roll(images[chosen], rng.integers(-3, 4), axis=3)`. Expect both
# curves to stay up to three pixels. At four, which neither has seen, the convolutional network falls less.
#
# **C.** In section 13, leave out the L1 penalty: look for crosses, filters that answer to two directions. Then begin
# with `std=0.1` and leave out `weight_decay` as well. It still names nearly all. What do its filters look like?
#
# **D.** In section 13, draw black and white stripes only: `kinds = rng.integers(0, 8, 4_000)`. How many filters have a
# colour now?
