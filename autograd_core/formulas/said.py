"""What is said by hand of rules that are code rather than an expression.

An entry is a formula as a Python expression, from which the LaTeX follows, perhaps with a remark behind a semicolon;
or a sentence and its LaTeX. One entry serves an operation in one, two and three dimensions (`Nd`).
"""

import re

Said = str | tuple[str, str]

_TAKEN = ("zeros, with g added where it was taken from", r"\sum_{k} \bar{y}_{k}\, e_{i(k)}")
_CONDITION = ("g where the condition holds, zeros elsewhere", r"\sum_{k} \bar{y}_{k}\, e_{i(k)}")
_TRANSFORM = ("the transposed transform of g", r"F^{\top} \bar{y}")
_TIES = "g * (x == out) / sum(x == out); along the axes"
_RUNNING = (
    "g of every result, in equal shares to the elements up to it that attain it",
    r"\sum_{k \geq i} \frac{\bar{y}_{k}\,[x_{i} = y_{k}]}{\sum_{j \leq k} [x_{j} = y_{k}]}",
)
_COPIES = ("sum of g over the copies of each element", r"\sum_{\mathrm{copies}} \bar{y}")
_SORTED = ("g, back in the order of x", r"P^{\top} \bar{y}")
_LARGER, _SMALLER = "g * (a > b); ties share evenly", "g * (a < b); ties share evenly"
_CHANNELS = ("sum of g over the batch and all places", r"\sum_{n, p} \bar{y}_{n,\cdot,p}")
_TO_MAXIMA = (
    "g of every window, to the largest number in it",
    r"\sum_{w \ni i} \bar{y}_{w}\,[i = \mathrm{argmax}(w)]",
)
_FIRST_STATE = ("d of the first step @ weight", r"\delta_{1} W")
_OVER_STEPS = ("sum over steps of d.T @ (state before the step)", r"\sum_{t} \delta_{t}^{\top} h_{t-1}")
_OVER_WINDOWS = ("g / (size of a window), spread over every window", r"\frac{1}{|w|} \sum_{w \ni i} \bar{y}_{w}")

SAID: dict[str, dict[str, Said]] = {
    # --- shapes and places ---
    "astype": {"x": "g; in the type of x"},
    "full_like": {"fill_value": ("sum of g over all that was filled", r"\sum \bar{y}")},
    "broadcast_to": {"x": ("sum of g over the repeated axes", r"\sum_{\mathrm{repeated}} \bar{y}")},
    "reshape": {"x": "reshape(g, x.shape)"},
    "transpose": {"x": ("g, its axes back in their old order", r"\bar{y}^{\top}")},
    "roll": {"x": "roll(g, -shift, axis)"},
    "concatenate": {"arrays": ("the piece of g that this array became", r"\bar{y}_{[k]}")},
    "stack": {"arrays": ("the slice of g that this array became", r"\bar{y}_{k}")},
    "repeat": {"x": _COPIES},
    "tile": {"x": _COPIES},
    "sliding_window_view": {"x": ("sum of g over the windows that show an element", r"\sum_{w \ni i} \bar{y}_{w}")},
    "getitem": {"x": _TAKEN},
    "take": {"x": _TAKEN},
    "take_along_axis": {"x": _TAKEN},
    "compress": {"x": _CONDITION},
    "extract": {"x": _CONDITION},
    "scatter_add": {"x": "g[index]"},
    "setitem": {"x": ("g, with zeros at the index", r"\bar{y} \odot (1 - e_{\mathrm{index}})"), "value": "g[index]"},
    "bincount": {"weights": "g[x]"},
    "sort": {"x": _SORTED},
    "partition": {"x": _SORTED},
    # --- sums and products ---
    "sum": {"x": ("g, repeated along the summed axes", r"\bar{y}\,\mathbf{1}")},
    "mean": {"x": ("g / n, repeated along the axes of the n numbers", r"\frac{1}{n}\,\bar{y}\,\mathbf{1}")},
    "max": {"x": _TIES},
    "min": {"x": _TIES},
    "prod": {"x": ("g * (product of the other factors)", r"\bar{y} \prod_{j \neq i} x_{j}")},
    "logsumexp": {"x": "g * exp(x - out)"},
    "var": {"x": "2 * g * (x - mean(x)) / (n - ddof); n numbers along the axes"},
    "std": {"x": "g * (x - mean(x)) / ((n - ddof) * out); n numbers along the axes"},
    "standardize_affine": {
        "x": ("standardize's, of g * weight", r"J^{\top} (w \odot \bar{y})"),
        "weight": ("sum of g * standardize(x) over the places it is repeated to", r"\sum \bar{y} \odot \hat{x}"),
        "bias": ("sum of g over the places it is repeated to", r"\sum \bar{y}"),
    },
    "standardize": {"x": "(g - mean(g) - out * mean(g * out)) / sqrt(var(x) + eps); along the axes"},
    "cumsum": {"x": ("sum of g from each place on", r"\sum_{k \geq i} \bar{y}_{k}")},
    "cumprod": {
        "x": ("sum of g * out from each place on, over x", r"\frac{1}{x_{i}} \sum_{k \geq i} \bar{y}_{k} y_{k}")
    },
    "cummax": {"x": _RUNNING},
    "cummin": {"x": _RUNNING},
    "logcumsumexp": {
        "x": ("sum of g * exp(x - out) from each place on", r"\sum_{k \geq i} \bar{y}_{k}\, e^{x_{i} - y_{k}}")
    },
    "add_reduceat": {"x": ("g of the piece that an element was summed in", r"\bar{y}_{k(i)}")},
    "matmul": {"a": "g @ b.T", "b": "a.T @ g"},
    "linear": {"x": "g @ weight", "weight": "g.T @ x", "bias": "sum(g, axis=0)"},
    "einsum": {"operands": ("einsum of g with all other operands", r"\mathrm{einsum}(\bar{y}, x_{j \neq i})")},
    "convolve": {
        "a": ("correlation of g with v", r"v \star \bar{y}"),
        "v": ("correlation of g with a", r"a \star \bar{y}"),
    },
    "polyval": {
        "p": ("sum of g * x ** k, for each power k", r"\sum \bar{y} \odot x^{k}"),
        "x": ("g * (derivative of the polynomial at x)", r"\bar{y} \odot p'(x)"),
    },
    "linspace": {
        "start": ("sum of g * (1 - t), with t from 0 to 1", r"\sum_{t} (1 - t)\,\bar{y}_{t}"),
        "stop": ("sum of g * t, with t from 0 to 1", r"\sum_{t} t\,\bar{y}_{t}"),
    },
    # --- convolution and pooling ---
    "convNd": {
        "x": ("each number of g times the kernel, added up where the kernel had looked", r"w \ast \bar{y}"),
        "w": ("each number of g times the patch of x it came from, added up", r"x \star \bar{y}"),
        "bias": _CHANNELS,
    },
    "convNd_input": {
        "y": ("the convolution of g by w", r"w \star \bar{x}"),
        "w": ("each number of y times the patch of g it went to, added up", r"\bar{x} \star y"),
    },
    "convNd_weight": {
        "x": ("each number of y times the kernel g, added up where the kernel had looked", r"\bar{w} \ast y"),
        "y": ("the convolution of x by g", r"\bar{w} \star x"),
    },
    "max_poolNd": {"x": _TO_MAXIMA},
    "max_poolNd_gather": {"x": _TO_MAXIMA},
    "max_poolNd_scatter": {"y": ("g at the largest number of every window", r"\bar{x}_{\mathrm{argmax}(w)}")},
    "avg_poolNd": {"x": _OVER_WINDOWS},
    "avg_poolNd_scatter": {"y": ("mean of g over every window", r"\frac{1}{|w|} \sum_{i \in w} \bar{x}_{i}")},
    # --- classification ---
    "cross_entropy": {
        "logits": "g * (softmax(logits) - labels) / n; labels as one-hot rows, n rows in a mean",
        "labels": "-g * log_softmax(logits) / n; n rows in a mean",
    },
    # --- recurrences: d is the derivative by what enters the gates at each step ---
    "rnn_recurrence": {
        "x": (
            "d, from the last step to the first: (g + d of the next step @ weight) * slope of the nonlinearity",
            r"\delta_{t} = (\bar{y}_{t} + \delta_{t+1} W) \odot f'(z_{t})",
        ),
        "h": _FIRST_STATE,
        "weight": _OVER_STEPS,
    },
    "lstm_recurrence": {
        "x": (
            "d, from the last step to the first: (g + what the next step adds to state and cell) * slopes of the gates",
            r"\delta_{t} = (\bar{h}_{t} + \delta_{t+1} W) \odot h'(z_{t}) + \bar{c}_{t} \odot c'(z_{t})",
        ),
        "h": _FIRST_STATE,
        "c": ("derivative by the cell after the first step, times its forget gate", r"\bar{c}_{1} \odot f_{1}"),
        "weight": _OVER_STEPS,
    },
    "gru_recurrence": {
        "x": (
            "d, from the last step to the first: (g + what the next step adds) * slopes of the gates",
            r"\delta_{t} = (\bar{y}_{t} + \bar{h}_{t}) \odot h'(z_{t})",
        ),
        "h": ("update gate * derivative by the first state, plus d of the first step @ weight", r"\bar{h}_{0}"),
        "weight": _OVER_STEPS,
        "bias": ("sum of d over steps and batch", r"\sum_{t} \sum_{n} \delta_{t,n}"),
    },
    # --- elements: where the rule is written for extreme arguments, or its constants are folded ---
    "deg2rad": {"x": "g * pi / 180"},
    "rad2deg": {"x": "180 * g / pi"},
    "softsign": {"x": "g / (1 + abs(x)) ** 2"},
    # --- choices ---
    "maximum": {"a": _LARGER, "b": "g * (b > a); ties share evenly"},
    "minimum": {"a": _SMALLER, "b": "g * (b < a); ties share evenly"},
    "fmax": {"a": _LARGER, "b": "g * (b > a); ties share evenly"},
    "fmin": {"a": _SMALLER, "b": "g * (b < a); ties share evenly"},
    "clip": {
        "x": "g * (a_min < x) * (x < a_max); ties share evenly",
        "a_min": "g * (x < a_min) * (a_min < a_max); ties share evenly",
        "a_max": "g * (a_max < maximum(x, a_min)); ties share evenly",
    },
    # --- transforms ---
    "fft.rfft_parts": {"x": _TRANSFORM},
    "fft.irfft_parts": {"parts": _TRANSFORM},
    "fft.fft_parts": {"parts": _TRANSFORM},
    "fft.ifft_parts": {"parts": _TRANSFORM},
    # --- special functions ---
    "special.i1e": {"x": "g * (i0e(x) - out / x - sign(x) * out); g / 2 at 0"},
    "special.ndtr": {"x": "g * exp(-x ** 2 / 2) / sqrt(2 * pi)"},
    "special.ndtri": {"x": "g * sqrt(2 * pi) * exp(out ** 2 / 2)"},
    "special.log_ndtr": {"x": "g * exp(-x ** 2 / 2) / (sqrt(2 * pi) * ndtr(x))"},
    "special.xlogy": {"a": "g * log(b)"},
    "special.xlog1py": {"a": "g * log1p(b)"},
    # --- linear algebra; sources: Giles 2008, An extended collection of matrix derivative results; Walter and Lehmann
    # 2012 for QR; Golub and Pereyra 1973 for the pseudo-inverse ---
    "linalg.solve": {"a": "-solve(a.T, g) @ out.T", "b": "solve(a.T, g)"},
    "linalg.det": {"a": "g * cofactors(a)"},
    "linalg.cofactors": {
        "a": (
            "(sum(g * out) * out - out @ g.T @ out) / det(a)",
            r"\frac{\langle \bar{y}, y \rangle\, y - y\, \bar{y}^{\top} y}{\det a}",
        )
    },
    "linalg.slogdet_packed": {"a": ("g * inv(a).T", r"\bar{y}\, a^{-\top}")},
    "linalg.pinv": {
        "a": (
            "-out.T @ g @ out.T + (I - a @ out) @ g.T @ out @ out.T + out.T @ out @ g.T @ (I - out @ a)",
            r"-y^{\top} \bar{y}\, y^{\top} + (I - a y)\, \bar{y}^{\top} y\, y^{\top} "
            r"+ y^{\top} y\, \bar{y}^{\top} (I - y a)",
        )
    },
    "linalg.cholesky": {
        "a": (
            "symmetric part of inv(out).T @ P(out.T @ g) @ inv(out), P the lower triangle with half the diagonal",
            r"\mathrm{sym}\left(y^{-\top}\, \Phi(y^{\top} \bar{y})\, y^{-1}\right)",
        )
    },
    "linalg.qr_packed": {
        "a": (
            "(g_q + q @ M(r @ g_r.T - g_q.T @ q)) @ inv(r).T, M the lower triangle mirrored",
            r"\left(\bar{q} + q\, M(r \bar{r}^{\top} - \bar{q}^{\top} q)\right) r^{-\top}",
        )
    },
    "linalg.eigh_packed": {
        "a": (
            "v @ (diag(g_w) + F * (v.T @ g_v)) @ v.T, symmetric part, F[i, j] = 1 / (w[j] - w[i]) off the diagonal",
            r"v \left(\mathrm{diag}(\bar{w}) + F \odot (v^{\top} \bar{v})\right) v^{\top}",
        )
    },
    "linalg.svd_packed": {
        "a": (
            "u @ (diag(g_s) + terms of u.T @ g_u and vh @ g_v over differences and sums of singular values) @ vh",
            r"u \left(\mathrm{diag}(\bar{s}) + [F \odot (u^{\top}\bar{u} - \bar{u}^{\top} u)]\,s "
            r"+ s\,[F \odot (v^{\top}\bar{v} - \bar{v}^{\top} v)]\right) v^{\top}",
        )
    },
    "linalg.vector_norm": {"x": "g * sign(x) * (abs(x) / out) ** (ord - 1)"},
}


def said_of(operation: str, argument: str) -> Said | None:
    """What is said of the rule for an argument, if anything is."""
    return SAID.get(re.sub(r"\dd(?=$|_)", "Nd", operation), {}).get(argument)
