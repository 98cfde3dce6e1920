"""The same bugs and the same right derivatives for the checks of PyTorch and JAX, with their own defaults.

A pair of functions of arrays becomes a `torch.autograd.Function`, which shares the memory of its tensors with the
arrays, or a `jax.custom_vjp` with callbacks. What a library has no words for, such as writing into an immutable array,
is not counted as missed. A second derivative is built from the three functions of `Bug.nested`.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core.containers import flatten
from benchmarks.gradcheck.bugs import Bug
from benchmarks.gradcheck.numbers import drawn
from benchmarks.gradcheck.verdict import Verdict


class CannotBeExpressedError(Exception):
    """A function that a library has no way to say."""


class Checker:
    """A library's check of gradients."""

    name: str
    version: str

    def check(self, function: tuple[Any, ...], inputs: Sequence[Any]) -> None:
        """Check a pair or a triple of functions of arrays; raises what the library raises if it objects."""
        raise NotImplementedError

    def check_second(self, nested: tuple[Any, Any, Any], inputs: Sequence[Any]) -> None:
        """Check the second derivative of a function, given with its derivative and the derivative of that."""
        raise NotImplementedError

    def refuses(self, bug: Bug) -> str:
        """Why a bug cannot be expressed; empty if it can."""
        return ""

    def ask_about(self, bug: Bug, seed: int) -> Verdict:
        """Check a bug at inputs drawn with this seed."""
        if why := self.refuses(bug):
            return Verdict(None, words=why)
        inputs = drawn(bug.inputs, np.random.default_rng(seed))
        if bug.order == 2:
            assert bug.nested is not None
            return self._verdict(self.check_second, bug.nested, inputs)
        return self._verdict(self.check, bug.made(), inputs)

    def ask(self, function: tuple[Any, ...], inputs: Sequence[Any]) -> Verdict:
        """Check a right derivative."""
        return self._verdict(self.check, function, inputs)

    def _verdict(self, check: Callable[..., None], function: Any, inputs: Sequence[Any]) -> Verdict:
        begun = time.perf_counter()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                check(function, inputs)
            except CannotBeExpressedError as error:
                return Verdict(None, words=str(error))
            except Exception as error:  # of types of their own, and of the framework's
                return Verdict(True, "", f"{type(error).__name__}: {error}", time.perf_counter() - begun)
        return Verdict(False, seconds=time.perf_counter() - begun)


def _by_position(function: tuple[Any, ...], inputs: Sequence[Any]) -> tuple[Any, Any]:
    """f and vjp of the floating inputs alone, one list in and one list out."""
    f, vjp = function[:2]
    live = [i for i, x in enumerate(inputs) if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    if len(live) < sum(np.asarray(x).dtype.kind == "f" for x in flatten(list(inputs))[0]):
        raise CannotBeExpressedError("inputs in containers are not given to it")

    def filled(arrays: Sequence[Any]) -> list[Any]:
        every = list(inputs)
        for i, x in zip(live, arrays, strict=True):
            every[i] = x
        return every

    def forward(arrays: Sequence[Any]) -> Any:
        return f(*filled(arrays))

    def pull(arrays: Sequence[Any], g: Any) -> list[Any]:
        found = vjp(*filled(arrays), g)
        found = list(found) if isinstance(found, tuple | list) else [found]
        return [found[i] for i in live] if len(found) == len(inputs) else found

    return forward, pull


class PyTorch(Checker):
    """`torch.autograd.gradcheck` and `gradgradcheck`."""

    name = "torch.autograd.gradcheck"

    def refuses(self, bug: Bug) -> str:
        return "the engine sums broadcast axes itself" if bug.summed else ""

    def __init__(self) -> None:
        import torch

        self.torch, self.version = torch, torch.__version__
        torch.set_num_threads(1)

    def check(self, function: tuple[Any, ...], inputs: Sequence[Any]) -> None:
        torch, (forward, pull) = self.torch, _by_position(function, inputs)
        live = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]

        class Function(torch.autograd.Function):
            @staticmethod
            def forward(*tensors: Any) -> Any:
                found = forward([t.detach().numpy() for t in tensors])
                if isinstance(found, tuple):
                    return tuple(torch.from_numpy(np.asarray(y)) for y in found)
                return torch.from_numpy(np.asarray(found))

            @staticmethod
            def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
                ctx.save_for_backward(*inputs)
                ctx.save_for_forward(*inputs)

            @staticmethod
            def backward(ctx: Any, *cotangents: Any) -> Any:
                g = [c.detach().numpy() for c in cotangents]
                arrays = [t.detach().numpy() for t in ctx.saved_tensors]
                found = pull(arrays, g[0] if len(g) == 1 else tuple(g))
                return tuple(None if d is None else torch.from_numpy(_takable(np.asarray(d))) for d in found)

            @staticmethod
            def jvp(ctx: Any, *tangents: Any) -> Any:
                arrays = [t.detach().numpy() for t in ctx.saved_tensors]
                return torch.from_numpy(function[2](*arrays, *(t.detach().numpy() for t in tangents)))

        leaves = [torch.tensor(inputs[i], requires_grad=True) for i in live]
        torch.autograd.gradcheck(Function.apply, leaves, check_forward_ad=len(function) == 3)

    def check_second(self, nested: tuple[Any, Any, Any], inputs: Sequence[Any]) -> None:
        torch, (f, slope, bend) = self.torch, nested

        def written(function: Any, rule: Any) -> Any:
            class Written(torch.autograd.Function):
                @staticmethod
                def forward(x: Any) -> Any:
                    return torch.from_numpy(function(x.detach().numpy()))

                @staticmethod
                def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
                    ctx.save_for_backward(*inputs)

                @staticmethod
                def backward(ctx: Any, g: Any) -> Any:
                    return g * rule(ctx.saved_tensors[0])

            return Written.apply

        derivative = written(slope, lambda x: torch.from_numpy(bend(x.detach().numpy())))
        leaves = [torch.tensor(x, requires_grad=True) for x in inputs]
        torch.autograd.gradcheck(written(f, derivative), leaves)
        torch.autograd.gradgradcheck(written(f, derivative), leaves)


def _takable(array: np.ndarray) -> np.ndarray:
    """The array, or a copy where PyTorch takes none such: with negative strides, or read-only."""
    return array if array.flags.writeable and min(array.strides, default=0) >= 0 else array.copy()


_NOT_IN_JAX = {
    "mutation": "arrays are immutable",
    "aliasing": "arrays are immutable",
    "layout": "arrays have one layout",
    "transposition": "a function has a rule for one mode, and the other is derived from it",
}


class Jax(Checker):
    """`jax.test_util.check_grads` in reverse mode."""

    name = "jax.test_util.check_grads"

    def __init__(self) -> None:
        import jax
        from jax.test_util import check_grads

        self.jax, self.check_grads, self.version = jax, check_grads, jax.__version__

    def refuses(self, bug: Bug) -> str:
        return next((_NOT_IN_JAX[cause] for cause in bug.causes if cause in _NOT_IN_JAX), "")

    def check(self, function: tuple[Any, ...], inputs: Sequence[Any]) -> None:
        with self._types(inputs):
            forward, pull = _by_position(function, inputs)
            live = [x for x in inputs if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
            self.check_grads(self._function(forward, pull, live), live, order=1, modes=("rev",))

    def _function(self, forward: Any, pull: Any, live: Sequence[Any]) -> Any:
        jax = self.jax
        shaped = lambda y: jax.ShapeDtypeStruct(np.shape(y), np.asarray(y).dtype)
        out = jax.tree.map(shaped, forward([x.copy() for x in live]))
        result = jax.tree.map(lambda y: np.ones(y.shape, y.dtype), out)
        gradients = [None if d is None else shaped(d) for d in pull([x.copy() for x in live], result)]

        def call(*arrays: Any) -> Any:
            return jax.tree.map(np.asarray, forward([np.array(x) for x in arrays]))

        def back(arrays: Any, g: Any) -> Any:
            found = pull([np.array(x) for x in arrays], jax.tree.map(np.array, g))
            return [np.asarray(d) for d in found if d is not None]

        @jax.custom_vjp
        def function(*arrays: Any) -> Any:
            return jax.pure_callback(call, out, *arrays)

        def backward(arrays: Any, g: Any) -> Any:
            found = iter(jax.pure_callback(back, [s for s in gradients if s is not None], arrays, g))
            return tuple(None if s is None else next(found) for s in gradients)

        function.defvjp(lambda *arrays: (function(*arrays), arrays), backward)
        return function

    def check_second(self, nested: tuple[Any, Any, Any], inputs: Sequence[Any]) -> None:
        jax, (f, slope, bend) = self.jax, nested

        def called(function: Any) -> Any:
            return lambda x: jax.pure_callback(
                lambda a: np.asarray(function(np.array(a))), jax.ShapeDtypeStruct(x.shape, x.dtype), x
            )

        def written(function: Any, rule: Any) -> Any:
            made = jax.custom_vjp(called(function))
            made.defvjp(lambda x: (made(x), x), lambda x, g: (g * rule(x),))
            return made

        with self._types(inputs):
            self.check_grads(written(f, written(slope, called(bend))), list(inputs), order=2, modes=("rev",))

    @contextmanager
    def _types(self, inputs: Sequence[Any]) -> Iterator[None]:
        """With x64, unless an input is in single precision."""
        wide = all(np.asarray(x).dtype != np.float32 for x in flatten(list(inputs))[0])
        with self.jax.enable_x64(wide):
            yield


def installed() -> list[Checker]:
    """The checks of the libraries that are there."""
    found: list[Checker] = []
    for checker in (PyTorch, Jax):
        try:
            found.append(checker())
        except ImportError:
            continue
    return found
