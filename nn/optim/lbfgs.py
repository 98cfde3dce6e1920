"""A quasi-Newton method that remembers the last few steps."""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

import autograd_core as ag

from ..arguments import check_positive
from .blocks import Array
from .line_search import Point, strong_wolfe
from .optimizer import Group, Optimizer
from .options import check_numbers

__all__ = ["LBFGS"]

VECTORS, LISTS = ("d", "prev_flat_grad"), ("old_dirs", "old_stps")


class LBFGS(Optimizer):
    """Limited-memory BFGS: goes along ``-H g``, with H an inverse Hessian made up from the last `history_size` steps.

    A step runs up to `max_iter` iterations; it calls the closure, which computes loss and gradients anew, up to
    `max_eval` times (5/4 of `max_iter` if None), and ends early where the largest gradient is within `tolerance_grad`,
    or loss or parameters change by no more than `tolerance_change`. An iteration goes `lr` times the direction, or as
    far as `line_search_fn`, "strong_wolfe", finds right. For whole data sets: the loss must be the same function
    throughout.
    Errors: OptionError for a step without a closure, for several groups, and for options out of range.
    Source: Nocedal and Wright, Numerical optimization (2006), algorithms 7.4 and 7.5; torch.optim.LBFGS.

    >>> w = ag.Tensor([-1.5, 2.0], requires_grad=True)
    >>> optimizer = LBFGS([w], max_iter=100, line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> _ = optimizer.step(closure)
    >>> np.round(w.detach().numpy(), 5)
    array([1., 1.])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if max_eval is None:
            max_eval = check_positive(max_iter, "LBFGS: max_iter") * 5 // 4
        defaults = {"lr": lr, "max_iter": max_iter, "max_eval": max_eval, "tolerance_grad": tolerance_grad}
        super().__init__(
            params,
            {
                **defaults,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )

    def check(self, options: Mapping[str, Any]) -> None:
        check_numbers("LBFGS", options, "lr", "tolerance_grad", "tolerance_change")
        for name in ("max_iter", "max_eval", "history_size"):
            check_positive(options[name], f"LBFGS: {name}")
        if options["line_search_fn"] not in (None, "strong_wolfe"):
            raise ag.OptionError(
                f"LBFGS: line_search_fn must be 'strong_wolfe' or None; got {options['line_search_fn']!r}"
            )

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        if self.param_groups:
            raise ag.OptionError("LBFGS: all parameters share one direction, so there can be only one group")
        super().add_param_group(param_group)

    def advance(self, closure: Callable[[], Any] | None) -> Any:
        if closure is None:
            raise ag.OptionError(
                "LBFGS: step needs a closure that forgets the gradients, computes the loss, calls backward() on it and "
                "returns it; write optimizer.step(closure)"
            )
        with ag.no_grad():
            return self._iterate(closure, self.param_groups[0])

    def _iterate(self, closure: Callable[[], Any], group: Group) -> Any:
        tolerance, smallest_step = group["tolerance_grad"], group["tolerance_change"]
        # PyTorch keeps what belongs to all parameters with the first
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first, loss, gradient = self._evaluate(closure)
        evaluations = 1
        state["func_evals"] += 1
        if _largest(gradient) <= tolerance:
            return first
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = self._direction(state, gradient, group["history_size"])
            state["d"], state["prev_flat_grad"], state["prev_loss"] = direction, gradient, loss
            t = float(group["lr"])  # a number of NumPy would make float64 of all that follows
            if state["n_iter"] == 1:
                t *= min(1.0, 1.0 / float(np.abs(gradient).sum()))
            state["t"] = t
            slope = float(gradient @ direction)
            if slope > -smallest_step:
                break
            before, used = loss, 0
            where = self._values()
            if group["line_search_fn"] is None:
                self._move(where, t, direction)
                if iteration < group["max_iter"]:  # what it is after the last one, nobody asks
                    _, loss, gradient = self._evaluate(closure)
                    used = 1
            else:
                start = Point(0.0, loss, gradient, slope)
                point, used = strong_wolfe(
                    partial(self._look, closure, where, direction),
                    *(start, t, _largest(direction), smallest_step, group["max_eval"] - evaluations),
                )
                t, loss, gradient = point.t, point.loss, point.gradient
                state["t"] = t
                self._move(where, t, direction)
            evaluations += used
            state["func_evals"] += used
            if (
                evaluations >= group["max_eval"]
                or _largest(gradient) <= tolerance
                or _largest(direction) * t <= smallest_step
                or abs(loss - before) < smallest_step
            ):
                break
        return first

    def _direction(self, state: dict[str, Any], gradient: Array, history_size: int) -> Array:
        """The direction ``-H g``, after the last step has been remembered."""
        if state["n_iter"] == 1:
            state.update({"old_dirs": [], "old_stps": [], "ro": [], "H_diag": 1.0})
            return -gradient
        changes, steps, inverses = state["old_dirs"], state["old_stps"], state["ro"]
        change, step = gradient - state["prev_flat_grad"], state["d"] * state["t"]
        product = float(change @ step)
        if product > 1e-10:  # else the curvature along the step is not positive, and H would not be either
            if len(changes) == history_size:
                for history in (changes, steps, inverses):
                    history.pop(0)
            changes.append(change)
            steps.append(step)
            inverses.append(1 / product)
            state["H_diag"] = product / float(change @ change)
        direction = -gradient
        shares = []
        for y, s, inverse in zip(changes[::-1], steps[::-1], inverses[::-1], strict=True):
            shares.append(float(s @ direction) * inverse)
            direction -= shares[-1] * y
        direction *= state["H_diag"]
        for y, s, inverse, share in zip(changes, steps, inverses, shares[::-1], strict=True):
            direction += (share - float(y @ direction) * inverse) * s
        return direction

    def _evaluate(self, closure: Callable[[], Any]) -> tuple[Any, float, Array]:
        """What the closure returns, as a number too, and all gradients in a row."""
        with ag.enable_grad():
            given = closure()
        if given is None:
            raise ag.OptionError("LBFGS: the closure must return the loss, but it returned None")
        flat = [
            np.ravel(p.grad.data) if p.requires_grad and p.grad is not None else np.zeros(p.size, p.dtype)
            for p in self.param_groups[0]["params"]
        ]
        loss = given.item() if isinstance(given, ag.Tensor) else float(given)
        return given, loss, np.concatenate(flat)

    def _look(self, closure: Callable[[], Any], where: list[Array], direction: Array, t: float) -> Point:
        """The point at t along the direction."""
        self._move(where, t, direction)
        _, loss, gradient = self._evaluate(closure)
        return Point(t, loss, gradient, float(gradient @ direction))

    def _values(self) -> list[Array]:
        return [parameter.writable().copy() for parameter in self.param_groups[0]["params"]]

    def _move(self, where: list[Array], t: float, direction: Array) -> None:
        """Put the parameters where they were, plus t times the direction."""
        i = 0
        for parameter, start in zip(self.param_groups[0]["params"], where, strict=True):
            if parameter.requires_grad:
                step = t * direction[i : i + parameter.size].reshape(parameter.shape)
                np.add(start, step, out=parameter.writable(), casting="same_kind")
            i += parameter.size

    def fitting(self, parameter: ag.Tensor, group: Group, saved: Mapping[str, Any], who: str) -> dict[str, Any]:
        size = sum(p.size for p in group["params"])
        dtype = np.result_type(*(p.dtype for p in group["params"]))
        if unknown := sorted(
            set(saved) - {*VECTORS, *LISTS, "func_evals", "n_iter", "t", "ro", "H_diag", "prev_loss", "al"}
        ):
            raise ag.DataError(f"{who}: this is not kept here: {', '.join(unknown)}")
        kept: dict[str, Any] = {name: int(saved.get(name, 0)) for name in ("func_evals", "n_iter")}
        for name in VECTORS:
            if saved.get(name) is not None:
                kept[name] = np.array(saved[name], dtype)
        for name in LISTS:
            if saved.get(name) is not None:
                kept[name] = [np.array(vector, dtype) for vector in saved[name]]
        if saved.get("ro") is not None:
            kept["ro"] = [float(value) for value in saved["ro"]]
        kept |= {name: float(saved[name]) for name in ("t", "H_diag", "prev_loss") if saved.get(name) is not None}
        vectors = [kept[n] for n in VECTORS if n in kept] + [v for n in LISTS for v in kept.get(n, [])]
        if any(vector.shape != (size,) for vector in vectors):
            found = sorted({vector.shape for vector in vectors})
            raise ag.DataError(f"{who}: vectors must have the length {size} of all parameters, but there are {found}")
        if kept["n_iter"] and not {*VECTORS, *LISTS, "t", "ro", "H_diag"} <= set(kept):
            raise ag.DataError(f"{who}: after {kept['n_iter']} iterations there must be a direction and a history")
        return kept


def _largest(vector: Array) -> float:
    return float(np.abs(vector).max(initial=0)) if not np.isnan(vector).any() else math.nan
