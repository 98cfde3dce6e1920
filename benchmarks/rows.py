"""The rows of the table: what each one is, how closely libraries must agree, and the goals."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `limit` is the goal of this stage: at most this many times PyTorch's time or, where `absolute`, at most this many
    microseconds. `final` is the goal of the whole project, in words. `tolerance` bounds the relative difference between
    two libraries' evidence: float32 rounding, as it grows over two steps. `max_rounds` keeps slow rows short.
    """

    work: str
    limit: float
    final: str
    tolerance: float = 1e-3
    absolute: bool = False
    max_rounds: int | None = None


# A max-pooling that meets a near tie may pick another element, and send its whole gradient there.
POOLED = 1e-2

ROWS = {
    "chain300": Row(
        work="300 x (multiply, add, tanh) on 10 numbers, forward and backward",
        limit=0.6,
        final="<= 0.6 of PyTorch; captured <= 1.0 of JAX",
    ),
    "gelu": Row(
        work="hand-written GELU on 1e6 numbers, forward and backward",
        limit=1.0,
        final="<= 1.0 of PyTorch; captured <= 0.3 of JAX",
    ),
    "mlp_nielsen": Row(
        work="MLP 784-30-10, sigmoid, quadratic loss, batch 10, SGD (Nielsen's network)",
        limit=0.6,
        final="<= 0.6 of PyTorch; captured <= 0.6 of JAX",
    ),
    "mlp_small": Row(
        work="MLP 784-128-64-10, ReLU, batch 64, Adam",
        limit=0.8,
        final="<= 0.8 of PyTorch; captured <= 0.8 of JAX",
        # Adam divides by the size of the gradient, so that the noise of the smallest entries weighs as much as any.
        tolerance=1e-2,
    ),
    "mlp_wide": Row(
        work="MLP 1024-1024-1024-1024, ReLU, batch 512, SGD",
        limit=1.2,
        final="<= 0.9 of the faster of PyTorch and JAX",
    ),
    "lenet": Row(
        work="LeNet (6@5x5, 16@5x5, 120, 84, 10) on 1x28x28, batch 64, SGD",
        limit=1.5,
        final="<= 1.0 of PyTorch",
        tolerance=POOLED,
    ),
    "cnn28": Row(
        work="CNN 32@3x3, 64@3x3, pool, 128, 10 on 1x28x28, batch 64, SGD",
        limit=1.5,
        final="<= 0.8 of PyTorch",
        tolerance=POOLED,
    ),
    "cnn32": Row(
        work="CNN 32@5x5, 32@5x5, 64@5x5 with pools on 3x32x32, batch 64, SGD",
        limit=1.5,
        final="<= 1.0 of PyTorch",
        tolerance=POOLED,
    ),
    "micrograd": Row(
        work="micrograd's scalar example, forward and backward",
        limit=0.6,
        final="<= 0.6 of PyTorch",
        tolerance=1e-5,
    ),
    "chain100k": Row(
        work="a chain 100,000 operations deep, forward, backward and free",
        limit=0.8,
        final="<= 0.8 of PyTorch",
        tolerance=1e-6,
        max_rounds=5,
    ),
    "import": Row(
        work="import in a fresh interpreter, over NumPy's own (PyTorch: over Python's)",
        limit=60_000,
        final="<= 60,000 over NumPy's own",
        absolute=True,
        max_rounds=7,
    ),
}
