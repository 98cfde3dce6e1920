"""Functions of SciPy with derivatives known from its documentation and from DLMF (https://dlmf.nist.gov)."""

from __future__ import annotations

import numpy as np

from benchmarks.gradcheck.numbers import definite, invertible, positive, real
from benchmarks.gradcheck.right.case import Right


def cases() -> list[Right]:
    """All of them. Raises ImportError without SciPy."""
    from scipy import fft, integrate, linalg, signal, special

    def cholesky_vjp(a, g):
        """Murray, Differentiation of the Cholesky decomposition, 2016."""
        factor = linalg.cholesky(a, lower=True)
        inner = np.tril(factor.T @ np.tril(g))
        inner[np.diag_indices(len(a))] /= 2
        half = linalg.solve_triangular(
            factor, linalg.solve_triangular(factor, inner.T, lower=True, trans=1).T, lower=True, trans=1
        )
        return (half + half.T) / 2

    def expm_vjp(a, g):
        return linalg.expm_frechet(a.T, g, compute_expm=False)

    def triangular_vjp(a, b, g):
        y = linalg.solve_triangular(a, g, lower=True, trans=1)
        return -np.tril(np.outer(y, linalg.solve_triangular(a, b, lower=True))), y

    root_pi = np.sqrt(np.pi)
    return [
        Right("erf", (special.erf, lambda x, g: g * 2 / root_pi * np.exp(-x * x)), [real(5)]),
        Right("erfc", (special.erfc, lambda x, g: -g * 2 / root_pi * np.exp(-x * x)), [real(5, high=4)]),
        Right(
            "erfinv",
            (special.erfinv, lambda x, g: g * root_pi / 2 * np.exp(special.erfinv(x) ** 2)),
            [real(5, low=-0.9, high=0.9)],
        ),
        Right(
            "expit", (special.expit, lambda x, g: g * special.expit(x) * special.expit(-x)), [real(5, low=-30, high=30)]
        ),
        Right("logit", (special.logit, lambda x, g: g / (x * (1 - x))), [real(5, low=0.05, high=0.95)]),
        Right("log_expit", (special.log_expit, lambda x, g: g * special.expit(-x)), [real(5, low=-30, high=30)]),
        Right("gammaln", (special.gammaln, lambda x, g: g * special.digamma(x)), [positive(5, high=8)]),
        Right("gamma", (special.gamma, lambda x, g: g * special.gamma(x) * special.digamma(x)), [positive(5, high=5)]),
        Right("digamma", (special.digamma, lambda x, g: g * special.polygamma(1, x)), [positive(5, high=8)]),
        Right(
            "betaln",
            (
                special.betaln,
                lambda a, b, g: (
                    g * (special.digamma(a) - special.digamma(a + b)),
                    g * (special.digamma(b) - special.digamma(a + b)),
                ),
            ),
            [positive(4), positive(4)],
        ),
        Right("j0", (special.j0, lambda x, g: -g * special.j1(x)), [real(5, high=9)]),
        Right("j1", (special.j1, lambda x, g: g * (special.j0(x) - special.j1(x) / x)), [positive(5, high=9)]),
        Right("y0", (special.y0, lambda x, g: -g * special.y1(x)), [positive(5, high=9)]),
        Right("i0", (special.i0, lambda x, g: g * special.i1(x)), [real(5, high=5)]),
        Right(
            "i0e", (special.i0e, lambda x, g: g * (special.i1e(x) - np.sign(x) * special.i0e(x))), [real(5, away=(0,))]
        ),
        Right("k0", (special.k0, lambda x, g: -g * special.k1(x)), [positive(5)]),
        Right(
            "jv of order 2.5",
            (lambda x: special.jv(2.5, x), lambda x, g: g * special.jvp(2.5, x)),
            [positive(5, high=6)],
        ),
        Right("airy", (lambda x: special.airy(x)[0], lambda x, g: g * special.airy(x)[1]), [real(5, low=-5)]),
        Right(
            "ndtr", (special.ndtr, lambda x, g: g * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)), [real(5, low=-4, high=4)]
        ),
        Right(
            "ndtri",
            (special.ndtri, lambda p, g: g * np.sqrt(2 * np.pi) * np.exp(special.ndtri(p) ** 2 / 2)),
            [real(5, low=0.02, high=0.98)],
        ),
        Right(
            "log_ndtr",
            (special.log_ndtr, lambda x, g: g * np.exp(-x * x / 2 - special.log_ndtr(x)) / np.sqrt(2 * np.pi)),
            [real(5, low=-6, high=4)],
        ),
        Right(
            "lambertw",
            (lambda x: special.lambertw(x).real, lambda x, g: g * (w := special.lambertw(x).real) / (x * (1 + w))),
            [positive(5)],
        ),
        Right("spence", (special.spence, lambda x, g: g * np.log(x) / (1 - x)), [positive(5, away=(1,), margin=0.1)]),
        Right("dawsn", (special.dawsn, lambda x, g: g * (1 - 2 * x * special.dawsn(x))), [real(5, high=4)]),
        Right("sici", (lambda x: special.sici(x)[0], lambda x, g: g * np.sin(x) / x), [positive(5, high=9)]),
        Right(
            "ellipk",
            (special.ellipk, lambda m, g: g * (special.ellipe(m) - (1 - m) * special.ellipk(m)) / (2 * m * (1 - m))),
            [real(5, low=0.1, high=0.9)],
        ),
        Right(
            "ellipe",
            (special.ellipe, lambda m, g: g * (special.ellipe(m) - special.ellipk(m)) / (2 * m)),
            [real(5, low=0.1, high=0.9)],
        ),
        Right(
            "gammainc by its limit",
            (lambda x: special.gammainc(1.7, x), lambda x, g: g * np.exp(-x) * x**0.7 / special.gamma(1.7)),
            [positive(5, high=6)],
        ),
        Right(
            "betainc by its limit",
            (lambda x: special.betainc(1.5, 2.5, x), lambda x, g: g * x**0.5 * (1 - x) ** 1.5 / special.beta(1.5, 2.5)),
            [real(5, low=0.1, high=0.9)],
        ),
        Right("xlogy", (special.xlogy, lambda x, y, g: (g * np.log(y), g * x / y)), [positive(4), positive(4)]),
        Right(
            "rel_entr",
            (special.rel_entr, lambda x, y, g: (g * (np.log(x / y) + 1), -g * x / y)),
            [positive(4), positive(4)],
        ),
        Right("logsumexp", (special.logsumexp, lambda x, g: g * special.softmax(x)), [real(6)]),
        Right(
            "linalg.solve_triangular",
            (lambda a, b: linalg.solve_triangular(a, b, lower=True), triangular_vjp),
            [invertible(3), real(3)],
        ),
        Right(
            "linalg.cholesky of the symmetric part",
            (lambda a: linalg.cholesky((a + a.T) / 2, lower=True), lambda a, g: cholesky_vjp((a + a.T) / 2, g)),
            [definite(3)],
        ),
        Right("linalg.expm", (linalg.expm, expm_vjp), [real(3, 3)]),
        Right("linalg.det", (linalg.det, lambda a, g: g * linalg.det(a) * linalg.inv(a).T), [invertible(3)]),
        Right("fft.dct", (lambda x: fft.dct(x, norm="ortho"), lambda x, g: fft.idct(g, norm="ortho")), [real(6)]),
        Right(
            "signal.convolve",
            (
                lambda x, k: signal.convolve(x, k),
                lambda x, k, g: (signal.correlate(g, k, "valid"), signal.correlate(g, x, "valid")),
            ),
            [real(6), real(3)],
        ),
        Right(
            "integrate.trapezoid",
            (lambda y: integrate.trapezoid(y, dx=0.5), lambda y, g: g * 0.5 * np.array([0.5, 1, 1, 1, 0.5])),
            [real(5)],
        ),
    ]
