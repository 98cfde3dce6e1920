"""Random expressions, eager and replayed: `python -m tests.captured_graphs 10000` tries that many.

Each is called several times with new numbers, as a function and as its gradient; the first calls are traced, the
others replayed. Exactly, the bits must be the same; fused, a result is compared with what rounding can do to it.
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

import autograd_core as ag
from autograd_core.testing.strategies import random_graphs

__all__ = ["differences"]

CALLS = 5  # two are traced

# A step of a graph is within 4 units in the last place (docs/approximations.md), and what it computes below 10. Its
# error grows through the steps after it: by its derivative, which is below 10, and by the number of terms.
ROUNDING = 4 * float(np.finfo(np.float64).eps)


def differences(graph: Any, exact: bool, rng: np.random.Generator) -> Iterator[str]:
    """In words, what a captured graph computes otherwise than eager code: nothing."""

    def value(*inputs: Any) -> Any:
        return graph(*inputs, xp=ag)

    def total(*inputs: Any) -> Any:
        return ag.sum(value(*inputs))

    with_gradient = ag.value_and_grad(total, tuple(range(len(graph.inputs))))
    for name, eager in {"value": value, "gradient": with_gradient}.items():
        captured = ag.compile(eager, exact=exact)
        for call in range(CALLS):
            inputs = [x if call == 0 else np.asarray(rng.uniform(-2, 2, x.shape)) for x in graph.inputs]
            wanted, found = _flat(eager(*inputs)), _flat(captured(*inputs))
            for a, b in zip(found, wanted, strict=True):
                if a.shape != b.shape or a.dtype != b.dtype:
                    yield f"{name}, call {call}: {a.dtype}{a.shape} for {b.dtype}{b.shape}"
                elif exact and a.tobytes() != b.tobytes():
                    yield f"{name}, call {call}: {a!r} for {b!r}"
                elif not np.allclose(a, b, rtol=ROUNDING * 1e3, atol=ROUNDING * 1e4):
                    yield f"{name}, call {call}: {a!r} for {b!r}, by {np.max(np.abs(a - b))}"
        if captured.plan is None:
            yield f"{name}: was never replayed"


def _flat(tree: Any) -> list[Any]:
    return [part for branch in tree for part in _flat(branch)] if isinstance(tree, tuple | list) else [tree]


def main(count: int) -> int:
    """Try that many graphs in both modes, and print what differs. Returns how many did."""
    rng, failed, tried = np.random.default_rng(0), 0, 0

    @settings(max_examples=count, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(random_graphs(max_nodes=12, kinks=True))
    def check(graph: Any) -> None:
        nonlocal failed, tried
        tried += 1
        for exact in (True, False):
            for difference in differences(graph, exact, rng):
                failed += 1
                print(f"{'exact' if exact else 'fused'}: {difference}\n{graph!r}\n", flush=True)

    check()
    print(f"{tried} graphs, each exactly and fused: {failed} differences")
    return failed


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]))))
