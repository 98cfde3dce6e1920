"""Functions of JAX with the derivatives that JAX computes, through an adapter of two lines."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.gradcheck.numbers import Numbers, definite, distinct, in_single, invertible, positive, real
from benchmarks.gradcheck.right.case import Right


def adapted(function: Any) -> tuple[Any, Any]:
    """A function of JAX arrays as a pair (f, vjp) of functions of arrays."""
    import jax

    compiled = jax.jit(function)
    pulled = jax.jit(lambda inputs, g: jax.vjp(function, *inputs)[1](g))
    return (lambda *inputs: compiled(*inputs)), (lambda *inputs, g: pulled(inputs, g))


def cases() -> list[Right]:
    """All of them, in double and some in single precision. Raises ImportError without JAX."""
    import jax
    from jax import nn, numpy as jnp
    from jax.scipy import special

    table: list[tuple[str, Any, list[Numbers]]] = [
        ("sin", jnp.sin, [real(5)]),
        ("tanh", jnp.tanh, [real(2, 3)]),
        ("sinc", jnp.sinc, [real(5)]),
        ("power", jnp.power, [positive(4), real(4)]),
        ("arctan2", jnp.arctan2, [real(4), positive(4)]),
        ("gammaln", special.gammaln, [positive(5, high=6)]),
        ("erf", special.erf, [real(5)]),
        ("logsumexp", special.logsumexp, [real(6)]),
        ("betaln", special.betaln, [positive(4), positive(4)]),
        ("i0e", special.i0e, [real(5, away=(0,))]),
        ("softplus", nn.softplus, [real(5, low=-10, high=10)]),
        ("gelu", nn.gelu, [real(6)]),
        ("silu", nn.silu, [real(6)]),
        ("elu", nn.elu, [real(6, away=(0,))]),
        ("relu", nn.relu, [real(6, away=(0,))]),
        ("softmax", nn.softmax, [real(3, 4)]),
        ("log_softmax", nn.log_softmax, [real(3, 4)]),
        ("standardize", nn.standardize, [real(3, 4)]),
        ("matmul", jnp.matmul, [real(3, 4), real(4, 2)]),
        ("einsum", partial(jnp.einsum, "bij,bjk->bik"), [real(2, 2, 3), real(2, 3, 2)]),
        ("convolve", jnp.convolve, [real(6), real(3)]),
        ("cumsum", jnp.cumsum, [real(6)]),
        ("cumprod", jnp.cumprod, [positive(5)]),
        ("sort", jnp.sort, [distinct(6)]),
        ("max of rows", lambda x: jnp.max(x, axis=1), [distinct(3, 4)]),
        ("var", jnp.var, [real(7)]),
        ("median", jnp.median, [distinct(7)]),
        ("interp", lambda y: jnp.interp(jnp.array([0.3, 1.2, 2.9]), jnp.arange(4.0), y), [real(4)]),
        ("linalg.inv", jnp.linalg.inv, [invertible(3)]),
        ("linalg.det", jnp.linalg.det, [invertible(3)]),
        ("linalg.solve", jnp.linalg.solve, [invertible(3), real(3)]),
        ("linalg.cholesky", lambda a: jnp.linalg.cholesky((a + a.T) / 2), [definite(3)]),
        ("linalg.eigvalsh", lambda a: jnp.linalg.eigvalsh((a + a.T) / 2), [definite(3)]),
        ("expm", jax.scipy.linalg.expm, [real(3, 3)]),
        ("a loop", lambda x: jax.lax.fori_loop(0, 4, lambda _, y: jnp.sin(y) + x, x), [real(4)]),
        (
            "a scan",
            lambda x: jax.lax.scan(lambda c, y: (jnp.tanh(c + y), c * y), jnp.zeros_like(x[0]), x)[1],
            [real(6)],
        ),
    ]
    single = {
        "sin",
        "tanh",
        "softmax",
        "gelu",
        "matmul",
        "logsumexp",
        "var",
        "cumsum",
        "relu",
        "linalg.solve",
        "a loop",
    }
    double = partial(jax.enable_x64, True)
    return [Right(name, adapted(function), inputs, within=double) for name, function, inputs in table] + [
        Right(
            f"{name} without x64",
            adapted(function),
            [in_single(x) for x in inputs],
            within=partial(jax.enable_x64, False),
        )
        for name, function, inputs in table
        if name in single
    ]
