"""The rows of the table: what each one is, and how closely libraries must agree. Its goals stand in `goals.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `tolerance` bounds the relative difference between two libraries' evidence: float32 rounding, as it grows over a few
    steps. `max_rounds` keeps slow rows short.
    """

    work: str
    tolerance: float = 1e-3
    max_rounds: int | None = None


# A max-pooling that meets a near tie may pick another element, and send its whole gradient there.
POOLED = 1e-2

ROWS = {
    "chain300": Row("300 x (multiply, add, tanh) on 10 numbers, forward and backward"),
    "gelu": Row("hand-written GELU on 1e6 numbers, forward and backward"),
    "logistic": Row("value and gradient of a hand-written logistic regression, 2,000 points in 100 dimensions"),
    "mlp_nielsen": Row("MLP 784-30-10, sigmoid, quadratic loss, batch 10, SGD (Nielsen's network)"),
    # Adam divides by the size of the gradient, so that the noise of the smallest entries weighs as much as any.
    "mlp_small": Row("MLP 784-128-64-10, ReLU, batch 64, Adam", tolerance=1e-2),
    "mlp_wide": Row("MLP 1024-1024-1024-1024, ReLU, batch 512, SGD"),
    "lenet": Row("LeNet (6@5x5, 16@5x5, 120, 84, 10) on 1x28x28, batch 64, SGD", tolerance=POOLED),
    "cnn28": Row("CNN 32@3x3, 64@3x3, pool, 128, 10 on 1x28x28, batch 64, SGD", tolerance=POOLED),
    "cnn32": Row("CNN 32@5x5, 32@5x5, 64@5x5 with pools on 3x32x32, batch 64, SGD", tolerance=POOLED),
    "cnn_norm": Row(
        "CNN 16@3x3, 32@3x3 with batch normalization and pools on 3x32x32, batch 32, SGD", tolerance=POOLED
    ),
    "attention": Row("Transformer block of width 64, 4 heads, 256 hidden units, 32 positions, batch 16, SGD"),
    "lstm": Row("LSTM 28-64 over 28 steps and a classifier, batch 32, SGD"),
    "micrograd": Row("micrograd's scalar example, forward and backward", tolerance=1e-5),
    "chain100k": Row("a chain 100,000 operations deep, forward, backward and free", tolerance=1e-6, max_rounds=5),
    "import": Row("import in a fresh interpreter, over NumPy's own (PyTorch: over Python's)", max_rounds=5),
}
