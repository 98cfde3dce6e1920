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
# # A small Theano
#
# The notes name [Theano](https://en.wikipedia.org/wiki/Theano_(software)) as the software to use. In Theano one first
# writes formulas of symbols, then makes a function of them, and the function can be printed, drawn, differentiated and
# made fast, because it is data. In this library one writes ordinary Python, which is easier to read and to debug. Is
# the formula lost? No: run the function once with `ag.trace`, and it is written down as a program. This notebook goes
# through what Theano's tutorial shows, with its numbers, and at the end come the functions that cannot be written down.

# %%
import tempfile
from functools import partial
from html import escape
from pathlib import Path
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML

import autograd_core as ag

# %% [markdown]
# ## 1. A function, written down
#
# The logistic function, and its gradient. `ag.trace(f)` takes example arguments, whose shapes and dtypes matter and
# whose numbers do not. It calls `f`, and returns what `f` did as a `Program`.


# %%
def logistic(x):
    return 1 / (1 + ag.exp(-x))


program = ag.trace(logistic)(np.zeros((2, 2)))
print(program)

# %% [markdown]
# Each line is one operation: its result, the type of that, the name of the operation, and its arguments. A line with
# `#` shows the line of Python that the next ones came from. Now the gradient of the sum of all four numbers:


# %%
def total(x):
    return ag.sum(logistic(x))


slope = ag.trace(ag.grad(total))(np.zeros((2, 2)))
print(slope)

# %% [markdown]
# The first part is the function, the second the sweep back. Theano calls this symbolic differentiation, and it is the
# same thing: `divide.vjp.b` is the derivative of a division by its second argument, with the arguments it needs. The
# cotangent `g` of each line is the result of a line above, until `%11`, the gradient.
#
# A program is called as the function was.

# %%
x = np.array([[0.0, 1.0], [-1.0, -2.0]])
print(program(x))
print(slope(x))

# %%
assert program(x).round(8).tolist() == [[0.5, 0.73105858], [0.26894142, 0.11920292]]  # as in Theano's tutorial
assert slope(x).round(8).tolist() == [[0.25, 0.19661193], [0.19661193, 0.10499359]]
assert list(program.counts.operations) == ["negative", "exp", "add", "divide"]
s = 1 / (1 + np.exp(-x))
assert np.allclose(slope(x), s * (1 - s), rtol=1e-14)

# %% [markdown]
# ## 2. Drawn
#
# What can be printed can be drawn. The sweep is a group of its own, and lines lead into it from what the function
# computed.

# %%
picture = ag.draw(slope)
picture

# %% [markdown]
# `exp` has two arrows: its result goes to the addition below it and to its own derivative, which is the same function.
# That is why the program keeps it and does not compute it again. And `sum` leads nowhere: a gradient does not need the
# value.
#
# Theano's `d3viz` makes pictures to click on. Here every picture can be saved as such a page, in one file that needs no
# network: drag it, search it, click a box for its details, and play the program step by step. (Where a viewer of
# notebooks blocks the frame, run the cell yourself.)

# %%
page = picture.html
HTML(f'<div><iframe srcdoc="{escape(page)}" width="100%" height="520" title="The program, to click on"></iframe></div>')

# %%
boxes = {item.title: i for i, item in enumerate(picture.picture.items)}
arrows = {(edge.source, i) for i, item in enumerate(picture.picture.items) for edge in item.edges}
ends = {target for source, target in arrows if source == boxes["exp"]}
assert ends == {boxes["add"], boxes["exp.vjp.x"]}
assert not [arrow for arrow in arrows if arrow[0] == boxes["sum"]]
assert "exp.vjp.x(g=%9, out=%2)" in str(slope) and "%2: float64[2,2] = exp(%1)" in str(slope)

# %% [markdown]
# ## 3. Replayed
#
# A program computes with arrays and knows nothing of the function any more: Python does not run again. A `print` in the
# function shows it.


# %%
def talkative(x, w):
    print("Python runs")
    return ag.tanh(x @ w) ** 2


rng = np.random.default_rng(0)
w = rng.normal(size=(3, 2))
recorded = ag.trace(talkative)(rng.normal(size=(4, 3)), w)
for _ in range(5):
    recorded(rng.normal(size=(4, 3)), w)
print("five replays later")

# %% [markdown]
# The numbers are those of the function, and not nearly but bit for bit: a program makes the same calls of NumPy in the
# same order.


# %%
def quiet(x, w):
    return ag.tanh(x @ w) ** 2


loss_slope = ag.grad(lambda w, x: ag.sum(quiet(x, w)))
loss_program = ag.trace(loss_slope)(w, rng.normal(size=(4, 3)))
for _ in range(100):
    x, w = rng.normal(size=(4, 3)), rng.normal(size=(3, 2))
    assert np.array_equal(recorded(x, w), quiet(x, w))
    assert np.array_equal(loss_program(w, x), loss_slope(w, x))

# %% [markdown]
# A program holds for the shapes and dtypes it was traced with, and says so when others come.

# %%
try:
    recorded(rng.normal(size=(5, 3)), w)
except ag.ShapeError as error:
    other_shape = str(error)
print(other_shape)

# %%
assert other_shape == "talkative: x is float64[4,3], got shape (5, 3)"

# %% [markdown]
# ## 4. A text, and back
#
# The text is complete. Saved and read again, it is the same program, without the Python that it came from.

# %%
with tempfile.TemporaryDirectory() as folder:
    loss_program.save(Path(folder) / "slope.txt")
    again = ag.read_program(Path(folder) / "slope.txt")
assert again.text() == loss_program.text()
assert np.array_equal(again(w, x), loss_slope(w, x))

# %% [markdown]
# One can also write such a text by hand, which is Theano's way: first the formula, then the function. Types are checked
# while it is read, and nothing in it is executed.

# %%
polynomial = ag.read_program("""
program polynomial(%x)
%x: float64[4] = input
%1: float64[4] = multiply(%x, %x)
%2: float64[4] = multiply(2.0, %1)
%3: float64[4] = add(1.0, %2)
return %3
""")
print(polynomial(np.array([0.0, 1.0, 2.0, 3.0])))

try:
    ag.read_program("program wrong(%x)\n%x: float64[4] = input\n%1: float64[4] = delete_everything(%x)\nreturn %1\n")
except ag.DataError as error:
    refusal = str(error)
print(refusal)

# %%
assert polynomial(np.array([0.0, 1.0, 2.0, 3.0])).tolist() == [1, 3, 9, 19]  # 1 + 2 x^2
assert refusal.startswith("read_program: line 3: there is no operation 'delete_everything'")

# %% [markdown]
# ## 5. Shared variables and updates
#
# A function without a memory cannot learn. In Theano the memory is a `shared` variable, and `updates` says what it
# becomes at each call. Here it is a Tensor from outside, and the function simply changes it. In the program the first
# becomes a `read`, the second a `store`. The accumulator of Theano's tutorial:

# %%
state = ag.tensor(0)


def accumulate(increment):
    global state
    before = state + 0
    state += increment
    return before


accumulator = ag.trace(accumulate)(np.array(1))
print(accumulator)
print("state:", state.item())

# %% [markdown]
# Tracing ran the function once, so the state is 1 already. Theano's tutorial goes on with 300, then sets the state to
# −1 and adds 3. Like there, the call returns what was before.

# %%
returned = accumulator(np.array(300))
after_300 = state.item()
state[...] = -1
accumulator(np.array(3))
after_3 = state.item()
print(f"returned {returned}, then the state is {after_300}; from −1 by 3 to {after_3}")

# %% [markdown]
# A program can be bound to another memory (in Theano: `givens`). The first one then stays as it is.

# %%
other = ag.tensor(40)
accumulator.bind({"state": other})(np.array(2))
assert (int(returned), after_300, after_3) == (1, 301, 2)
assert (other.item(), state.item()) == (42, 2)
assert "store state = %3" in str(accumulator)

# %% [markdown]
# ## 6. Theano's real example
#
# The tutorial calls it that: logistic regression on 400 random inputs with 784 features, with random labels, which
# there is nothing to understand about, only to remember. A training step is a function of the inputs that changes the
# weights `w` and the bias `b`.

# %%
samples, features = 400, 784
inputs = rng.normal(size=(samples, features))
labels = rng.integers(0, 2, samples).astype(float)
start = rng.normal(size=features)
w, b = ag.tensor(start, requires_grad=True), ag.tensor(0.0, requires_grad=True)


def train(x, y):
    z = x @ w + b
    surprise = ag.softplus(z) - y * z  # the cross-entropy of sigmoid(z) and y
    cost = ag.mean(surprise) + 0.01 * ag.sum(w**2)
    slopes = ag.gradients(cost, [w, b])
    with ag.no_grad():
        for variable, slope in zip((w, b), slopes, strict=True):
            variable -= 0.1 * slope
    return cost


def restart():
    with ag.no_grad():
        w[...] = start
        b[...] = 0.0


training = ag.trace(train)(inputs, labels)
print(training)

# %% [markdown]
# This is the whole of learning, without a loop or a condition: 14 operations for the cost and the changes, 15 steps of
# the sweep, and two `store`s. It is run a thousand times in each of four ways: eagerly, that is as ordinary Python; as
# this program; and captured by `ag.compile`, which traces by itself and then replays from a plan (see the next
# section), once with `exact=True` and once without.


# %%
def learn(step, steps=1000):
    restart()
    costs = [float(step(inputs, labels)) for _ in range(steps)]
    return np.array(costs), w.detach().numpy().copy(), b.item()


runs = {
    "eager": learn(train),
    "replayed": learn(training),
    "captured, exact": learn(ag.compile(train, exact=True)),
    "captured": learn(ag.compile(train)),
}
costs, learned_w, learned_b = runs["eager"]
mistakes = int(((inputs @ learned_w + learned_b > 0) != labels).sum())

fig, ax = plt.subplots(figsize=(7, 3.4), dpi=110)
ax.semilogy(costs, color="0.2", lw=1.2)
styles = {"replayed": ("o", "#1f5fa8", 20), "captured, exact": ("s", "#b3261e", 70), "captured": ("^", "#7a5c00", 120)}
for name, (mark, colour, first) in styles.items():
    at = np.arange(first, 1000, 150)
    ax.semilogy(at, runs[name][0][at], mark, color=colour, ms=6)
    ax.annotate(name, (at[0], runs[name][0][at[0]]), (9, 3), textcoords="offset points", color=colour, fontsize=9)
ax.text(600, costs[600] * 1.5, "line: eager", fontsize=9)
ax.set(xlabel="step", ylabel="cost", title="One training, computed four ways")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# All lie on one curve. The first three agree in every bit of every cost and of all 785 parameters, after a thousand
# steps that build on one another. The last differs by rounding, because a plan may add in another order. At the end all
# 400 labels are remembered.


# %%
def same_bits(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


assert "# 14 operations, 15 steps of a sweep, 2 reads, 2 effects" in str(training)
assert same_bits(runs["replayed"], runs["eager"])
assert same_bits(runs["captured, exact"], runs["eager"])
assert np.allclose(runs["captured"][1], learned_w, rtol=0, atol=1e-9)
assert mistakes == 0
assert costs[0] > 5 > 0.5 > costs[-1]

# %% [markdown]
# Theano's tutorial writes the cost as it stands in books, $-y \ln p - (1 - y) \ln (1 - p)$ with $p = 1 / (1 + e^{-z})$,
# and takes 10,000 steps. Written so, it fails here at the first one: with 784 random weights some $z$ are beyond 37,
# $p$ rounds to 1, the logarithm of 0 is infinite, and 0 times infinity is not a number. In Theano it worked, because
# its optimizer knows this formula and puts the softplus in its place. This library computes what you write. It has the
# safe forms as functions: `ag.softplus` above, or `binary_cross_entropy_with_logits` of `nn.functional`.

# %%
restart()
with np.errstate(divide="ignore", invalid="ignore"):
    z = inputs @ w.detach().numpy()
    p = 1 / (1 + np.exp(-z))
    by_the_book = (-labels * np.log(p) - (1 - labels) * np.log(1 - p)).mean()
safe = (np.logaddexp(0, z) - labels * z).mean()
print(f"largest |z|: {np.abs(z).max():.0f}; by the book: {by_the_book}; with softplus: {safe:.4f}")

# %%
assert not np.isfinite(by_the_book)
assert np.isclose(safe + 0.01 * np.sum(start**2), costs[0], rtol=1e-12)
assert np.abs(z).max() > 37 and 1 - 1 / (1 + np.exp(-37.0)) == 0

# %% [markdown]
# ## 7. What a plan makes of a program
#
# A program says everything the function did, the superfluous too. `ag.compile` makes a plan of it: what is computed
# twice is computed once, what nobody needs is left out, results are written over what is not needed any more. Here a
# careless function:


# %%
def careless(x, w):
    ag.exp(x @ w)  # nobody needs it
    return ag.tanh(x @ w) + 0.5 * ag.sum(x @ w)


compiled = ag.compile(careless, exact=True)
x, w_small = rng.normal(size=(4, 3)), rng.normal(size=3)
answers = [compiled(x, w_small) for _ in range(4)]
print(compiled.program)

# %% [markdown]
# The program has three products and an `exp`. In the plan, whose text can be read as well, is one product and no `exp`:

# %%
plan = compiled.plan.replay.source
print(plan)

# %%
assert compiled.program.counts.operations["matmul"] == 3
assert plan.count("matmul") == 1
assert "exp" in compiled.program.counts.operations and "exp" not in plan
assert all(np.array_equal(answer, careless(x, w_small)) for answer in answers)

# %% [markdown]
# `out=` says where a result is written: in memory that was laid out once, before the first replay. `add8` is the sum.
# With `exact=True` these are the calls of NumPy that eager code makes. Without it, lines are fused to machine code
# where `llvmlite` is installed, and results may differ in the last bits. What that saves is in [the
# benchmarks](../docs/benchmarks.md).
#
# ## 8. The rest of the dictionary
#
# | in Theano | here |
# |---|---|
# | `T.dmatrix("x")`, a symbol with a type | an array as an example, whose shape and dtype are the type |
# | `theano.function([x], y)` | `ag.trace(f)(x)` for the program, `ag.compile(f)` to be fast |
# | `pp`, `debugprint`, `d3viz` | `print(program)`, `ag.draw(program)` |
# | `shared`, `updates=`, `givens=` | a Tensor, a change of it, `program.bind` |
# | `T.grad`, `T.jacobian`, `T.hessian` | `ag.grad`, `ag.jacobian`, `ag.hessian` of a function |
# | `T.Rop`, `T.Lop` | `ag.jvp`, `ag.vjp` |
# | `T.switch(c, a, b)` | `ag.where(c, a, b)` |
# | `theano.scan` | a Python loop, which is unrolled |
# | `RandomStreams` | `ag.perform(draw)` |
#
# The tutorial's numbers for the derivatives:

# %%
four = np.array([4.0, 4.0])
assert ag.grad(lambda x: x**2)(np.array(4.0)) == 8
assert ag.jacobian(lambda x: x**2)(four).tolist() == [[8, 0], [0, 8]]
assert ag.hessian(lambda x: ag.sum(x**2))(four).tolist() == [[2, 0], [0, 2]]

x, ones = np.array([0.0, 1.0]), np.ones((2, 2))
_, right = ag.jvp(lambda w: x @ w, (ones,), (2 * ones,))  # Rop: the Jacobian times a vector
_, pull = ag.vjp(lambda w: x @ w, ones)
(left,) = pull(np.array([2.0, 2.0]))  # Lop: a vector times the Jacobian
assert np.asarray(right).tolist() == [2, 2]
assert np.asarray(left).tolist() == [[0, 0], [2, 2]]

# %% [markdown]
# And its `scan`, which multiplies `k` times by an array. A Python loop does it. Its length is known while tracing, so
# the program contains no loop but `k` multiplications.


# %%
def power(a, k):
    result = ag.ones_like(a)
    for _ in range(k):
        result = result * a
    return result


digits = np.arange(10.0)
squares, fourths = (ag.trace(power)(digits, k) for k in (2, 4))
print(fourths)

# %%
assert squares(digits, 2).tolist() == [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
assert fourths(digits, 4).tolist() == [0, 1, 16, 81, 256, 625, 1296, 2401, 4096, 6561]
for k in (2, 4, 50):
    assert ag.trace(power)(digits, k).counts.operations["multiply"] == k

# %% [markdown]
# ## 9. What cannot be traced
#
# A program is the same for every call, so it can hold nothing that was decided by the numbers of one call. Whether the
# next line runs or another one must not depend on a value. In Theano symbols have no values, so an `if` on one is an
# error. Here the values are there while the function is traced, and the `if` would be decided once for all; so it is
# refused as well, and the error names the line.


# %%
def absolute(x):
    size = ag.sum(x)
    if size > 0:
        return size
    return -size


try:
    ag.trace(absolute)(np.ones(3))
except ag.GraphError as error:
    decided = str(error)
print(fill(decided, 110))


# %% [markdown]
# `ag.where` has both outcomes in the program and chooses by value, in each call anew.


# %%
def absolute_anywhere(x):
    size = ag.sum(x)
    return ag.where(size > 0, size, -size)


either = ag.trace(absolute_anywhere)(np.ones(3))
print(either)

# %%
assert decided.startswith("trace: bool(), as in `if` and `while`, asks for the numbers of this one call")
assert "if size > 0:" in decided and "ag.where" in decided
assert (float(either(np.ones(3))), float(either(-np.ones(3)))) == (3, 3)

# %% [markdown]
# An `if` on a shape, an option or any other Python value is fine: it is decided once, and its outcome is part of the
# program. Refused, too, are numbers that leave the graph and are used as if they were options, and writing into an
# argument:


# %%
def scaled(x):
    return x / float(ag.max(x))


def marked(x):
    x[0] = 1.0
    return x


refused = {}
for function in (scaled, marked):
    try:
        ag.trace(function)(np.ones(3))
    except ag.GraphError as error:
        refused[function.__name__] = str(error)
        print(fill(str(error), 110), end="\n\n")

# %%
assert "float() asks for the numbers of this one call" in refused["scaled"]
assert "writes into an argument" in refused["marked"]

# %% [markdown]
# Random numbers are the subtle case. NumPy draws them unseen, so `ag.trace`, which runs the function once, can only
# take them for constants. The text shows it: there they stand, and every replay would add the same noise. `ag.compile`
# calls a function twice before it believes the program, and notices.

# %%
source = np.random.default_rng(0)


def noisy(x):
    return x + source.normal(size=3)


frozen = ag.trace(noisy)(np.zeros(3))
print(frozen)
suspicious = ag.compile(noisy)
try:
    for _ in range(4):
        suspicious(np.zeros(3))
except ag.GraphError as error:
    noticed = str(error)
print(fill(noticed, 110))

# %% [markdown]
# The advice is to draw with `ag.perform`. What it calls is a line of the program of its own, and is called in every
# replay. Dropout is made so.

# %%
draw = partial(np.random.default_rng(0).normal, 0.0, 1.0, 3)


def really_noisy(x):
    return x + ag.perform(draw)


alive = ag.trace(really_noisy)(np.zeros(3))
print(alive)

# %%
assert np.array_equal(frozen(np.zeros(3)), frozen(np.zeros(3)))
assert "const [" in str(frozen)
assert noticed.startswith("compile: noisy computed something else when it was called again with like arguments")
drawn = np.random.default_rng(0).normal(size=(3, 3))
assert np.array_equal([alive(np.zeros(3)), alive(np.zeros(3))], drawn[1:])  # the first three were drawn while tracing

# %% [markdown]
# ## Try it
#
# - Print `ag.trace(ag.hessian(f))(x)` for a function of your own. It is a program, too.
# - In section 4 exchange `tanh` and `tanh.vjp.x` for `sigmoid` and `sigmoid.vjp.x` in `loss_program.text()`, read the
#   text, and check the result against `ag.grad` of that other function.
# - Trace a training step of an `nn` model. `print(program.counts)` says what it costs, before anything is timed.
