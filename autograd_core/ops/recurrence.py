"""The recurrences of neural networks over all steps of a sequence: the simple one, the LSTM and the GRU.

Each takes what the inputs contribute to every step, for that is one matrix product of its own, and goes on from step to
step. Knows no layers, directions or lengths.

Note [Backpropagation through time]
All derivatives of a recurrence follow from those of its pre-activations, which are found in one pass from the last step
to the first. The rules find them anew for each array, as expressions that can be differentiated again. The fused
versions find them once for a cotangent and share them: `aux` keeps what the forward computation knows, and that.
"""

import numpy as np

from ..errors import OptionError, ShapeError
from ..examples import Example, Interval, Raises
from ..layout import sum_to
from ..op import general
from . import product_kernels as kernels, recurrence_native as native
from .activations import sigmoid
from .products import matmul

_WIDE = Interval(-2, 2)


class _Kept:
    """What the sweep can use again: the activations of every step, and what was last derived from a cotangent."""

    __slots__ = ("activations", "pulled")

    def __init__(self, activations):
        self.activations, self.pulled = activations, (None, None)

    def pull(self, g, function, *arrays):
        """The derivatives for a cotangent, computed once; the cotangent is held, so that no other can be mistaken."""
        known, derivatives = self.pulled
        if known is not g:
            derivatives = function(g, *arrays, self.activations)
            self.pulled = g, derivatives
        return derivatives


def _check(who, gates, x, weight, **states):
    """Refuse shapes that do not fit together."""
    if np.ndim(x) != 3 or x.shape[2] % gates or not x.shape[0]:
        raise ShapeError(
            f"{who}: x must be (steps, batch, {gates if gates > 1 else ''}{' * ' * (gates > 1)}hidden), "
            f"with at least one step; got {np.shape(x)}"
        )
    rows, hidden = x.shape[1], x.shape[2] // gates
    if np.shape(weight) != (x.shape[2], hidden):
        raise ShapeError(f"{who}: weight must be {(x.shape[2], hidden)} for x {x.shape}, got {np.shape(weight)}")
    for name, state in states.items():
        if np.shape(state) != (rows, hidden):
            raise ShapeError(f"{who}: {name} must be (batch, hidden), here {(rows, hidden)}; got {np.shape(state)}")


def _before(xp, first, out):
    """The state that each step begins with."""
    return xp.concatenate([xp.expand_dims(first, 0), out[:-1]], axis=0)


def _rows(xp, x):
    """All steps of a sequence as rows of one matrix."""
    return xp.reshape(x, (x.shape[0] * x.shape[1], x.shape[2]))


def _weight(xp, dz, before):
    """The derivative by the weight: one product for all steps."""
    return matmul(xp.swapaxes(_rows(xp, dz), 0, 1), _rows(xp, before))


# --- the simple recurrence --------------------------------------------------------------------------------------------


def _rnn_steps(xp, g, weight, out, nonlinearity):
    """The derivatives by the pre-activations of all steps, and by the first state."""
    slope = 1 - out * out if nonlinearity == "tanh" else (out > 0).astype(out.dtype)
    steps, dh = [], None
    for t in reversed(range(out.shape[0])):
        dz = (g[t] if dh is None else g[t] + dh) * slope[t]
        dh = matmul(dz, weight)
        steps.append(dz)
    return xp.stack(steps[::-1]), dh


def _rnn_steps_fused(g, weight, out, nonlinearity):
    dz = np.empty_like(out)
    if nonlinearity == "tanh":
        np.multiply(out, out, out=dz)
        np.subtract(1, dz, out=dz)
    else:
        np.greater(out, 0, out=dz)
    dh = np.zeros_like(dz[0])
    for t in reversed(range(len(out))):
        dz[t] *= g[t] + dh
        dh = kernels.matmul(dz[t], weight)
    return dz, dh


def _rnn_shared(g, weight, out, nonlinearity, aux):
    return aux.pull(g, lambda g, _: _rnn_steps_fused(g, weight, out, nonlinearity))


def _rnn_reference(x, h, weight, nonlinearity="tanh"):
    states = []
    for step in x:
        z = step + np.dot(h, weight.T)
        h = np.tanh(z) if nonlinearity == "tanh" else np.where(z > 0, z, 0)
        states.append(h)
    return np.array(states)


# in the narrowest type, which widens nothing
_FAR = np.array([[[20.0, -20.0], [-20.0, 20.0]]], np.float16)
_SMALL = np.array([[0.125, -0.25], [0.0625, 0.125]], np.float16)


@general(
    vjps=[
        lambda xp, g, weight, out, nonlinearity: _rnn_steps(xp, g, weight, out, nonlinearity)[0],
        lambda xp, g, weight, out, nonlinearity: _rnn_steps(xp, g, weight, out, nonlinearity)[1],
        lambda xp, g, h, weight, out, nonlinearity: _weight(
            xp, _rnn_steps(xp, g, weight, out, nonlinearity)[0], _before(xp, h, out)
        ),
    ],
    fused=[
        lambda g, weight, out, aux, nonlinearity: _rnn_shared(g, weight, out, nonlinearity, aux)[0],
        lambda g, weight, out, aux, nonlinearity: _rnn_shared(g, weight, out, nonlinearity, aux)[1],
        lambda g, h, weight, out, aux, nonlinearity: _weight(
            np, _rnn_shared(g, weight, out, nonlinearity, aux)[0], _before(np, h, out)
        ),
    ],
    aux=True,
    domain={"x": Interval(-2, 2, away_from=[0]), "h": _WIDE, "weight": _WIDE},
    examples=[
        Example(x=(3, 2, 2), h=(2, 2), weight=(2, 2)),
        Example(x=(1, 1, 3), h=(1, 3), weight=(3, 3)),
        Example(x=(2, 0, 2), h=(0, 2), weight=(2, 2)),
        # for "relu", values that cannot come near the kink, whatever is drawn for the others
        Example(x=_FAR, h=(2, 2), weight=(2, 2), nonlinearity="relu"),
        Example(x=np.concatenate([_FAR, -_FAR]), h=(2, 2), weight=_SMALL, nonlinearity="relu"),
        Example(x=(2, 2, 2), h=_FAR[0], weight=0 * _SMALL, nonlinearity="relu"),
    ],
    reference=_rnn_reference,
    errors=[
        Raises(OptionError, "one of tanh, relu", x=(3, 2, 2), h=(2, 2), weight=(2, 2), nonlinearity="sigmoid"),
        Raises(ShapeError, "at least one step", x=(0, 2, 2), h=(2, 2), weight=(2, 2)),
        Raises(ShapeError, r"weight must be \(2, 2\)", x=(3, 2, 2), h=(2, 2), weight=(2, 3)),
        Raises(ShapeError, r"h must be \(batch, hidden\)", x=(3, 2, 2), h=(3, 2), weight=(2, 2)),
    ],
)
def rnn_recurrence(xp, x, h, weight, /, nonlinearity="tanh"):
    """States of a simple recurrence, ``h = tanh(x[t] + h @ weight.T)`` from step to step, or with "relu" for tanh.

    Shapes: x (steps, batch, hidden), h (batch, hidden), weight (hidden, hidden) -> (steps, batch, hidden).
    Source: Elman, Finding structure in time (1990).

    >>> ag.rnn_recurrence(np.zeros((2, 1, 1)), np.ones((1, 1)), np.ones((1, 1))).ravel().round(4)
    array([0.7616, 0.642 ])
    """
    if nonlinearity not in ("tanh", "relu"):
        raise OptionError(f"rnn_recurrence: nonlinearity must be one of tanh, relu; got {nonlinearity!r}")
    _check("rnn_recurrence", 1, x, weight, h=h)
    out = x.astype(np.result_type(x, h, weight))
    across = weight.T
    for z in out:
        z += kernels.matmul(h, across)
        if nonlinearity == "tanh":
            np.tanh(z, out=z)
        else:
            np.maximum(z, 0, out=z)
        h = z
    return out, _Kept(None)


# --- LSTM -------------------------------------------------------------------------------------------------------------


def _lstm_steps(xp, g, x, h, c, weight, out):
    """The derivatives by the pre-activations of all steps, and by the first state and cell."""
    n = h.shape[-1]
    h_before, c_before = _before(xp, h, out[0]), _before(xp, c, out[1])
    z = x + matmul(h_before, xp.swapaxes(weight, 0, 1))
    i, f, o = sigmoid(z[..., :n]), sigmoid(z[..., n : 2 * n]), sigmoid(z[..., 3 * n :])
    u, shown = xp.tanh(z[..., 2 * n : 3 * n]), xp.tanh(out[1])
    by_c = [u * i * (1 - i), c_before * f * (1 - f), i * (1 - u * u)]
    by_h, through = shown * o * (1 - o), o * (1 - shown * shown)
    steps, dh, dc = [], None, None
    for t in reversed(range(x.shape[0])):
        dh = g[0, t] if dh is None else g[0, t] + dh
        dc = g[1, t] + dh * through[t] if dc is None else g[1, t] + dh * through[t] + dc
        dz = xp.concatenate([*(dc * partial[t] for partial in by_c), dh * by_h[t]], axis=-1)
        dh, dc = matmul(dz, weight), dc * f[t]
        steps.append(dz)
    return xp.stack(steps[::-1]), dh, dc


def _lstm_steps_fused(g, c, weight, out, activations):
    if native.suits(activations, g, c, weight, out):
        return native.lstm_pulled(g, c, weight, out, activations)
    n = c.shape[-1]
    shown, dz = np.tanh(out[1]), np.empty_like(activations)
    np.multiply(activations, activations, out=dz)
    slopes = activations - dz  # a (1 - a) of the logistic gates, 1 - a**2 of the new content
    np.subtract(1, dz[..., 2 * n : 3 * n], out=slopes[..., 2 * n : 3 * n])
    dh = dc = np.zeros_like(c)
    for t in reversed(range(len(dz))):
        gates, d, s = activations[t], dz[t], shown[t]
        dh = g[0, t] + dh
        through = s * s
        np.subtract(1, through, out=through)
        through *= gates[:, 3 * n :]
        through *= dh
        through += g[1, t]
        through += dc
        dc = through
        np.multiply(dc, gates[:, 2 * n : 3 * n], out=d[:, :n])
        np.multiply(dc, out[1, t - 1] if t else c, out=d[:, n : 2 * n])
        np.multiply(dc, gates[:, :n], out=d[:, 2 * n : 3 * n])
        np.multiply(dh, s, out=d[:, 3 * n :])
        d *= slopes[t]
        dh, dc = kernels.matmul(d, weight), dc * gates[:, n : 2 * n]
    return dz, dh, dc


def _lstm_shared(g, c, weight, out, aux):
    return aux.pull(g, _lstm_steps_fused, c, weight, out)


def _logistic(x):
    return 1 / (1 + np.exp(-x))


def _lstm_reference(x, h, c, weight):
    states = []
    for step in x:
        i, f, u, o = np.split(step + np.dot(h, weight.T), 4, axis=-1)
        c = _logistic(f) * c + _logistic(i) * np.tanh(u)
        h = _logistic(o) * np.tanh(c)
        states.append((h, c))
    return np.moveaxis(np.array(states), 1, 0)


@general(
    vjps=[
        lambda xp, g, x, h, c, weight, out: _lstm_steps(xp, g, x, h, c, weight, out)[0],
        lambda xp, g, x, h, c, weight, out: _lstm_steps(xp, g, x, h, c, weight, out)[1],
        lambda xp, g, x, h, c, weight, out: _lstm_steps(xp, g, x, h, c, weight, out)[2],
        lambda xp, g, x, h, c, weight, out: _weight(
            xp, _lstm_steps(xp, g, x, h, c, weight, out)[0], _before(xp, h, out[0])
        ),
    ],
    fused=[
        lambda g, c, weight, out, aux: _lstm_shared(g, c, weight, out, aux)[0],
        lambda g, c, weight, out, aux: _lstm_shared(g, c, weight, out, aux)[1],
        lambda g, c, weight, out, aux: _lstm_shared(g, c, weight, out, aux)[2],
        lambda g, h, c, weight, out, aux: _weight(np, _lstm_shared(g, c, weight, out, aux)[0], _before(np, h, out[0])),
    ],
    aux=True,
    domain=_WIDE,
    examples=[
        Example(x=(3, 2, 8), h=(2, 2), c=(2, 2), weight=(8, 2)),
        Example(x=(1, 1, 4), h=(1, 1), c=(1, 1), weight=(4, 1)),
        Example(x=(2, 0, 4), h=(0, 1), c=(0, 1), weight=(4, 1)),
    ],
    reference=_lstm_reference,
    errors=[
        Raises(ShapeError, r"4 \* hidden\), with at least one", x=(0, 2, 8), h=(2, 2), c=(2, 2), weight=(8, 2)),
        Raises(ShapeError, r"x must be \(steps, batch, 4 \* hidden\)", x=(3, 2, 6), h=(2, 2), c=(2, 2), weight=(8, 2)),
        Raises(ShapeError, r"weight must be \(8, 2\)", x=(3, 2, 8), h=(2, 2), c=(2, 2), weight=(2, 8)),
        Raises(ShapeError, r"c must be \(batch, hidden\)", x=(3, 2, 8), h=(2, 2), c=(2, 1), weight=(8, 2)),
    ],
)
def lstm_recurrence(xp, x, h, c, weight, /):
    """States and cells of a long short-term memory (LSTM), from step to step; the states are out[0], the cells out[1].

    With the gates i, f, o (logistic) and the new content u (tanh) cut from ``x[t] + h @ weight.T`` in the order
    i, f, u, o: ``c = f * c + i * u`` and ``h = o * tanh(c)``.
    Shapes: x (steps, batch, 4 * hidden), h and c (batch, hidden), weight (4 * hidden, hidden)
    -> (2, steps, batch, hidden).
    Source: Hochreiter and Schmidhuber, Long short-term memory (1997), with the forget gate of Gers, Schmidhuber and
    Cummins, Learning to forget (2000).

    >>> ag.lstm_recurrence(np.zeros((2, 1, 4)), np.zeros((1, 1)), np.ones((1, 1)), np.zeros((4, 1)))[1].ravel()
    array([0.5 , 0.25])
    """
    _check("lstm_recurrence", 4, x, weight, h=h, c=c)
    if native.suits(x, h, c, weight):
        out, gates = native.lstm(x, h, c, weight)
        return out, _Kept(gates)
    n, dtype = h.shape[-1], np.result_type(x, h, c, weight)
    # the logistic function as (1 + tanh(z / 2)) / 2: one tanh of all columns takes a fifth of the time
    half, shift = np.full(4 * n, 0.5, dtype), np.full(4 * n, 0.5, dtype)
    half[2 * n : 3 * n], shift[2 * n : 3 * n] = 1, 0
    gates = np.multiply(x, half, dtype=dtype)
    across = (weight * half[:, None]).T
    out = np.empty((2, *x.shape[:2], n), dtype)
    for t, z in enumerate(gates):
        z += kernels.matmul(h, across)
        np.tanh(z, out=z)
        z *= half
        z += shift
        h, new = out[0, t], out[1, t]
        np.multiply(z[:, :n], z[:, 2 * n : 3 * n], out=h)
        np.multiply(c, z[:, n : 2 * n], out=new)
        new += h
        np.tanh(new, out=h)
        h *= z[:, 3 * n :]
        c = new
    return out, _Kept(gates)


# --- GRU --------------------------------------------------------------------------------------------------------------


def _gru_steps(xp, g, x, h, weight, bias, out):
    """The derivatives by what comes from the inputs and by what comes from the states, of all steps; by the first."""
    n, before = h.shape[-1], _before(xp, h, out)
    a = matmul(before, xp.swapaxes(weight, 0, 1))
    a = a if bias is None else a + bias
    r, u = sigmoid(x[..., :n] + a[..., :n]), sigmoid(x[..., n : 2 * n] + a[..., n : 2 * n])
    new = xp.tanh(x[..., 2 * n :] + r * a[..., 2 * n :])
    by_new = (1 - u) * (1 - new * new)
    by_u, by_r = (before - new) * u * (1 - u), a[..., 2 * n :] * r * (1 - r)
    from_x, from_h, dh = [], [], None
    for t in reversed(range(x.shape[0])):
        dh = g[t] if dh is None else g[t] + dh
        d_new = dh * by_new[t]
        gates = [d_new * by_r[t], dh * by_u[t]]
        from_x.append(xp.concatenate([*gates, d_new], axis=-1))
        from_h.append(xp.concatenate([*gates, d_new * r[t]], axis=-1))
        dh = dh * u[t] + matmul(from_h[-1], weight)
    return xp.stack(from_x[::-1]), xp.stack(from_h[::-1]), dh


def _gru_steps_fused(g, h, weight, out, activations):
    n = h.shape[-1]
    gates, across = activations
    if native.suits(gates, g, h, weight, out, across):
        return native.gru_pulled(g, h, weight, out, gates, across)
    r, u, new = gates[..., :n], gates[..., n : 2 * n], gates[..., 2 * n :]
    before = _before(np, h, out)
    slopes = np.empty_like(gates)  # of the state by each pre-activation; of r by what it lets through
    by_r, by_u, by_new = slopes[..., :n], slopes[..., n : 2 * n], slopes[..., 2 * n :]
    np.multiply(across, r - r * r, out=by_r)
    np.multiply(before - new, u - u * u, out=by_u)
    np.multiply(1 - u, 1 - new * new, out=by_new)
    from_x, from_h, dh = np.empty_like(gates), np.empty_like(gates), np.zeros_like(h)
    for t in reversed(range(len(gates))):
        dh = g[t] + dh
        dx, da = from_x[t], from_h[t]
        d_new = np.multiply(dh, by_new[t], out=dx[:, 2 * n :])
        np.multiply(d_new, by_r[t], out=da[:, :n])
        np.multiply(dh, by_u[t], out=da[:, n : 2 * n])
        np.multiply(d_new, r[t], out=da[:, 2 * n :])
        dx[:, : 2 * n] = da[:, : 2 * n]
        dh = dh * u[t]
        dh += kernels.matmul(da, weight)
    return from_x, from_h, dh


def _gru_shared(g, h, weight, out, aux):
    return aux.pull(g, _gru_steps_fused, h, weight, out)


def _gru_reference(x, h, weight, bias=None):
    states = []
    for step in x:
        a = np.dot(h, weight.T) + (0 if bias is None else bias)
        (x_r, x_u, x_n), (a_r, a_u, a_n) = np.split(step, 3, axis=-1), np.split(a, 3, axis=-1)
        u = _logistic(x_u + a_u)
        h = (1 - u) * np.tanh(x_n + _logistic(x_r + a_r) * a_n) + u * h
        states.append(h)
    return np.array(states)


@general(
    vjps=[
        lambda xp, g, x, h, weight, bias, out: _gru_steps(xp, g, x, h, weight, bias, out)[0],
        lambda xp, g, x, h, weight, bias, out: _gru_steps(xp, g, x, h, weight, bias, out)[2],
        lambda xp, g, x, h, weight, bias, out: _weight(
            xp, _gru_steps(xp, g, x, h, weight, bias, out)[1], _before(xp, h, out)
        ),
        lambda xp, g, x, h, weight, bias, out: xp.sum(_gru_steps(xp, g, x, h, weight, bias, out)[1], axis=(0, 1)),
    ],
    fused=[
        lambda g, h, weight, out, aux: _gru_shared(g, h, weight, out, aux)[0],
        lambda g, h, weight, out, aux: _gru_shared(g, h, weight, out, aux)[2],
        lambda g, h, weight, out, aux: _weight(np, _gru_shared(g, h, weight, out, aux)[1], _before(np, h, out)),
        lambda g, h, weight, out, aux: sum_to(_rows(np, _gru_shared(g, h, weight, out, aux)[1]), (0,)),
    ],
    aux=True,
    domain=_WIDE,
    examples=[
        Example(x=(3, 2, 6), h=(2, 2), weight=(6, 2), bias=(6,)),
        Example(x=(2, 2, 6), h=(2, 2), weight=(6, 2), bias=None),
        Example(x=(1, 1, 3), h=(1, 1), weight=(3, 1), bias=(3,)),
        Example(x=(2, 0, 3), h=(0, 1), weight=(3, 1), bias=(3,)),
    ],
    reference=_gru_reference,
    errors=[
        Raises(ShapeError, "with at least one step", x=(0, 2, 6), h=(2, 2), weight=(6, 2), bias=(6,)),
        Raises(ShapeError, r"x must be \(steps, batch, 3 \* hidden\)", x=(3, 2, 4), h=(2, 2), weight=(6, 2)),
        Raises(ShapeError, r"weight must be \(6, 2\)", x=(3, 2, 6), h=(2, 2), weight=(2, 6)),
        Raises(ShapeError, r"bias must be \(6,\)", x=(3, 2, 6), h=(2, 2), weight=(6, 2), bias=(2,)),
    ],
)
def gru_recurrence(xp, x, h, weight, bias=None, /):
    """States of a gated recurrent unit (GRU), from step to step.

    With a = ``h @ weight.T + bias``, both x[t] and a cut in three: r and u are the logistic function of the sums of the
    first two parts, n is ``tanh(x_n + r * a_n)``, and ``h = (1 - u) * n + u * h``.
    Shapes: x (steps, batch, 3 * hidden), h (batch, hidden), weight (3 * hidden, hidden), bias (3 * hidden,)
    -> (steps, batch, hidden).
    Source: Cho et al., Learning phrase representations using RNN encoder-decoder (2014), with r behind the product, as
    in cuDNN and PyTorch.

    >>> ag.gru_recurrence(np.zeros((2, 1, 3)), np.ones((1, 1)), np.zeros((3, 1))).ravel()
    array([0.5 , 0.25])
    """
    _check("gru_recurrence", 3, x, weight, h=h)
    if bias is not None and np.shape(bias) != x.shape[2:]:
        raise ShapeError(f"gru_recurrence: bias must be {x.shape[2:]} for x {x.shape}, got {np.shape(bias)}")
    if native.suits(x, h, weight, *([] if bias is None else [bias])):
        out, gates, across = native.gru(x, h, weight, bias)
        return out, _Kept((gates, across))
    n, dtype = h.shape[-1], np.result_type(x, h, weight, *([] if bias is None else [bias]))
    gates, across = x.astype(dtype), np.empty((*x.shape[:2], n), dtype)
    out = np.empty((*x.shape[:2], n), dtype)
    for t, z in enumerate(gates):
        a = kernels.matmul(h, weight.T)
        if bias is not None:
            a += bias
        across[t] = a[:, 2 * n :]
        both, new = z[:, : 2 * n], z[:, 2 * n :]
        both += a[:, : 2 * n]
        both *= 0.5
        np.tanh(both, out=both)  # the logistic function, as above
        both *= 0.5
        both += 0.5
        new += np.multiply(z[:, :n], across[t])
        np.tanh(new, out=new)
        np.subtract(h, new, out=out[t])
        out[t] *= z[:, n : 2 * n]
        out[t] += new
        h = out[t]
    return out, _Kept((gates, across))
