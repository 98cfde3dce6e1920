"""Where the time of an eager training step goes: the step taken apart, and each part timed by itself.

``python -m benchmarks.profile_step [--rows a,b] [--json FILE] [--before FILE] [--page FILE] [--instructions]``

The parts are what the step itself calls, with the arguments that it calls them with, in loops of their own; the least
of many rounds counts, in processor time, on one thread. A part by itself finds its arrays in the cache, so that the
whole takes a little more than the sum, which is shown as the rest; a small difference of large numbers that comes out
below 0 is shown as 0. With ``--json`` the numbers are written down, and
``--before`` sets such a file beside them that another version made. ``--instructions`` counts the instructions of a
step with valgrind, if it is there.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import autograd_core as ag
import nn
from autograd_core.engine import sweep
from autograd_core.op import REGISTRY
from benchmarks import problems
from benchmarks.machine import machine

PAGE = Path(__file__).resolve().parents[1] / "docs" / "where-eager-time-goes.md"
ROWS = ("mlp_nielsen", "mlp_small", "chain300")
PARTS = {
    "NumPy in the forward computation": "the forward functions of all operations, on arrays",
    "recording": "what applying the operations takes besides: unwrapping arguments, making nodes",
    "modules": "what calling modules and losses takes besides applying the operations in them",
    "rules": "the derivative rules, NumPy included",
    "the sweep": "going through the graph: order, sums, freeing",
    "delivering": "the seed of the sweep, and handing gradients to parameters",
    "the optimizer": "its step",
    "zero_grad": "forgetting the gradients",
    "the rest": "what is left of the whole step: mostly arrays that the parts by themselves find in the cache",
}


class Taken:
    """A step, and the same in parts: functions without arguments. `plain` applies the operations without modules."""

    def __init__(
        self,
        forward: Callable[[], Any],
        plain: Callable[[], Any],
        zero_grad: Callable[[], Any],
        update: Callable[[], Any],
    ) -> None:
        self.forward, self.plain, self.zero_grad, self.update = forward, plain, zero_grad, update

    def step(self) -> None:
        """All of it."""
        self.zero_grad()
        self.forward().backward()
        self.update()


def taken(row: str) -> Taken:
    """A row of the benchmark in parts."""
    return chain() if row == "chain300" else network(problems.NETWORKS[row])


def chain() -> Taken:
    """300 x (multiply, add, tanh) on ten numbers."""
    x, factor, shift = (ag.tensor(array) for array in problems.chain_data())
    x.requires_grad = True

    def forward() -> Any:
        return ag.sum(problems.chain(x, factor, shift, ag.tanh))

    def forget() -> None:
        x.grad = None

    return Taken(forward, forward, forget, lambda: None)


def network(problem: problems.Network) -> Taken:
    """A perceptron, as its user writes it, and as the operations that it consists of."""
    sigmoid, quadratic = problem.activation == "sigmoid", problem.loss == "quadratic"
    layers: list[nn.Module] = []
    for inputs, outputs in zip(problem.sizes, problem.sizes[1:], strict=False):
        layers += [nn.Linear(inputs, outputs, rng=0), nn.Sigmoid() if sigmoid else nn.ReLU()]
    model = nn.Sequential(*(layers if quadratic else layers[:-1]))
    criterion = nn.MSELoss() if quadratic else nn.CrossEntropyLoss()
    kind = nn.optim.Adam if problem.optimizer == "adam" else nn.optim.SGD
    optimizer = kind(model.parameters(), lr=problem.learning_rate)
    x, y = (ag.tensor(array) for array in problem.data())
    parameters = list(model.parameters())
    pairs = list(zip(parameters[::2], parameters[1::2], strict=True))
    activation = ag.sigmoid if sigmoid else ag.relu
    loss = getattr(ag, "squared_error", None) or (lambda a, b: ag.mean(ag.square(ag.subtract(a, b))))

    def plain() -> Any:
        h = x
        for weight, bias in pairs[:-1]:
            h = activation(ag.linear(h, weight, bias))
        h = ag.linear(h, *pairs[-1])
        return loss(activation(h), y) if quadratic else ag.cross_entropy(h, y)

    return Taken(lambda: criterion(model(x), y), plain, optimizer.zero_grad, optimizer.step)


def least(
    functions: Mapping[str, Callable[[], Any]], round_seconds: float = 0.003, rounds: int = 60
) -> dict[str, float]:
    """Microseconds of a call of each: the least mean of many short rounds in turn, so that none is favoured."""
    counts, best = {}, dict.fromkeys(functions, float("inf"))
    for name, function in functions.items():
        start = process_time()
        function()
        counts[name] = max(1, int(round_seconds / max(process_time() - start, 1e-7)))
    for _ in range(rounds):
        for name, function in functions.items():
            function()  # what the one before left in the cache is not its own
            start = process_time()
            for _ in range(counts[name]):
                function()
            best[name] = min(best[name], (process_time() - start) / counts[name])
    return {name: seconds * 1e6 for name, seconds in best.items()}


def calls_of(run: Callable[[], Any]) -> tuple[list[Callable[[], Any]], list[Callable[[], Any]]]:
    """The forward computations and the rules that a run calls, each ready to be called again."""
    forwards: list[Callable[[], Any]] = []
    rules: list[Callable[[], Any]] = []
    nested = 0

    def noting(function: Callable[..., Any], calls: list[Callable[[], Any]]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            nonlocal nested
            if not nested:  # a rule may apply operations itself
                calls.append(partial(function, *args, **kwargs))
            nested += 1
            try:
                return function(*args, **kwargs)
            finally:
                nested -= 1

        return noted

    replaced = []
    for op in REGISTRY.values():
        names = getattr(inspect.unwrap(op.call), "__globals__", {})
        if names.get("op") is op and "forward" in names:
            replaced.append((op, names, names["forward"], op.pull))
            names["forward"], op.pull = noting(names["forward"], forwards), noting(op.pull, rules)
    try:
        run()
    finally:
        for op, names, forward, pull in replaced:
            names["forward"], op.pull = forward, pull
    return forwards, rules


def profiled(row: str) -> dict[str, float]:
    """The parts of a step in microseconds, and the whole."""
    parts = taken(row)
    for _ in range(20):  # what is made once is made
        parts.step()
    forwards, rules = calls_of(lambda: parts.forward().backward())
    parts.step()

    def backward() -> None:
        parts.zero_grad()
        parts.forward().backward()

    def swept() -> None:
        loss = parts.forward()
        sweep({loss.node: seed}, release=True)

    def in_turn(calls: Sequence[Callable[[], Any]]) -> Callable[[], None]:
        def run() -> None:
            for call in calls:
                call()

        return run

    seed = parts.forward().detach().numpy() * 0 + 1
    backward()
    spent = least(
        {
            "step": parts.step,
            "backward": backward,
            "swept": swept,
            "forward": parts.forward,
            "plain": parts.plain,
            "forwards": in_turn(forwards),
            "rules": in_turn(rules),
            "no forwards": in_turn([_nothing] * len(forwards)),
            "no rules": in_turn([_nothing] * len(rules)),
            "zero_grad": parts.zero_grad,
        }
    )
    backward()
    spent |= least({"update": parts.update})
    found = {
        "NumPy in the forward computation": spent["forwards"] - spent["no forwards"],
        "rules": spent["rules"] - spent["no rules"],
        "the optimizer": spent["update"],
        "zero_grad": spent["zero_grad"],
    }
    found["recording"] = max(0.0, spent["plain"] - found["NumPy in the forward computation"])
    found["modules"] = max(0.0, spent["forward"] - spent["plain"])
    found["the sweep"] = spent["swept"] - spent["forward"] - found["rules"]
    found["delivering"] = max(0.0, spent["backward"] - spent["swept"] - spent["zero_grad"])
    found["the rest"] = spent["step"] - sum(found.values())
    return {**{part: found[part] for part in PARTS}, "the whole step": spent["step"]}


def _nothing() -> None:
    """What calling costs by itself."""


def instructions(row: str) -> float | None:
    """Instructions of one step, by valgrind: those of a long run less those of a short one. They do not vary."""
    if shutil.which("valgrind") is None:
        return None
    counted = []
    for steps in (30, 130):
        code = f"from benchmarks.profile_step import taken; s = taken({row!r}); [s.step() for _ in range({steps})]"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
        )
        total = re.search(r"Collected : (\d+)", done.stderr)
        assert total is not None, done.stderr
        counted.append(int(total[1]))
    return (counted[1] - counted[0]) / 100


def page(now: dict[str, dict[str, float]], before: dict[str, dict[str, float]] | None) -> str:
    """The numbers as a page of the documentation."""
    lines = [
        "# Where eager time goes",
        "",
        "Written by `python -m benchmarks.profile_step --page docs/where-eager-time-goes.md`, on "
        + ", ".join(f"{name} {fact}" for name, fact in machine().items() if name in ("processor", "cores", "python"))
        + f", NumPy {np.__version__}. Microseconds of processor time on one thread: "
        "the least of many rounds.",
        "",
        "A training step is taken apart into what it calls, and each part is timed by itself with the arguments of the "
        "step:",
        "",
        *(f"- **{part}**: {what};" for part, what in list(PARTS.items())[:-1]),
        f"- **the rest**: {PARTS['the rest']}.",
        "",
    ]
    titles = {
        "mlp_nielsen": "MLP 784-30-10, sigmoid, quadratic loss, batch 10, SGD (Nielsen's network)",
        "mlp_small": "MLP 784-128-64-10, ReLU, batch 64, Adam",
        "chain300": "300 x (multiply, add, tanh) on 10 numbers",
    }
    for row, found in now.items():
        old = (before or {}).get(row)
        whole = found["the whole step"]
        lines += [f"## {titles[row]}", ""]
        lines += ["| part | before | now | share now |" if old else "| part | now | share |"]
        lines += ["|---|--:|--:|--:|" if old else "|---|--:|--:|"]
        for part, time in found.items():
            if part == "instructions":
                cells = [f"{old[part]:,.0f}" if part in old else ""] if old else []
                lines.append("| " + " | ".join([f"{part} (valgrind)", *cells, f"{time:,.0f}", ""]) + " |")
                continue
            cells = [f"{old[part]:.1f}"] if old else []
            lines.append("| " + " | ".join([part, *cells, f"{time:.1f}", f"{100 * time / whole:.0f} %"]) + " |")
        lines.append("")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Profile rows, print the page, and write what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_step", description=main.__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of {','.join(ROWS)}")
    parser.add_argument("--json", type=Path, help="where the numbers are written")
    parser.add_argument("--before", type=Path, help="numbers of another version, to be set beside these")
    parser.add_argument("--page", type=Path, help="where the page is written, such as docs/where-eager-time-goes.md")
    parser.add_argument("--instructions", action="store_true", help="count instructions too, which takes minutes")
    options = parser.parse_args(arguments)
    found = {}
    ag.set_num_threads(1)
    for row in options.rows.split(","):
        found[row] = profiled(row)
        counted = instructions(row) if options.instructions else None
        if counted is not None:
            found[row]["instructions"] = counted
    text = page(found, json.loads(options.before.read_text()) if options.before else None)
    print(text)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))
    if options.page:
        options.page.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
