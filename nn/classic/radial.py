"""The network of radial basis functions: centres among the data, and a linear map of how near they are."""

import math
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from ..arguments import check_positive
from ..layers.linear import Linear
from ..layers.radial import RBF
from ..module import Module
from ..randomness import RandomSource, generator
from .samples import rows

__all__ = ["RBFNetwork", "k_means"]


class RBFNetwork(Module):
    """``y = W phi(x) + b`` with radial basis functions ``phi_j(x) = e**(-||x - c_j||**2 / (2 s**2))``.

    `fit` takes the centres from k-means, the width from the centres, and W and b from least squares: no step of it is a
    gradient's. With as many centres as samples, the samples are the centres, and the network goes through all of them.
    Centres, widths and weights are parameters: an optimizer may go on from there, or do it all.
    Without a `sigma`, the width is the largest distance of two centres, over sqrt(2 num_centers).
    Shapes: x (..., in_features) -> (..., out_features). units.centers (num_centers, in_features), units.log_sigma
    (num_centers,), output.weight (out_features, num_centers), output.bias (out_features,).
    Source: Broomhead, Lowe (1988); Moody, Darken, Fast learning in networks of locally-tuned processing units (1989);
    the width is that of Haykin, Neural Networks, ch. 5.

    >>> x = np.linspace(-1, 1, 7)[:, None]
    >>> model = RBFNetwork(1, 7, dtype=np.float64).fit(x, np.sin(3 * x[:, 0]))
    >>> bool(abs(model.predict(x) - np.sin(3 * x[:, 0])).max() < 1e-9)
    True
    """

    def __init__(
        self,
        in_features: int,
        num_centers: int,
        out_features: int = 1,
        sigma: float | None = None,
        *,
        rng: RandomSource = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__()
        self.rng = generator(rng, "RBFNetwork")
        self.in_features, self.num_centers, self.out_features = in_features, num_centers, out_features
        self.sigma = sigma
        self.units = RBF(in_features, num_centers, 1.0 if sigma is None else sigma, rng=self.rng, dtype=dtype)
        self.output = Linear(num_centers, out_features, rng=self.rng, dtype=dtype)

    def forward(self, x: Any) -> Any:
        return self.output(self.units(x))

    def fit(self, x: Any, y: Any) -> Self:
        """Choose centres, width and weights, in this order; returns self.

        Shapes: x (N, in_features); y (N, out_features), or (N,) for one output. Classes are targets as one-hot rows.
        Errors: ShapeError for other shapes, OptionError for more centres than samples.
        """
        samples = rows(x, "RBFNetwork", self.in_features).astype(float)
        targets = np.asarray(y, float).reshape(len(np.asarray(y)), -1)
        if targets.shape != (len(samples), self.out_features):
            raise ag.ShapeError(f"RBFNetwork: y must have shape {(len(samples), self.out_features)}, got {np.shape(y)}")
        if self.num_centers == len(samples):
            centers = samples
        else:
            centers = k_means(samples, self.num_centers, rng=self.rng)
        sigma = self.sigma or _span(centers) / math.sqrt(2 * self.num_centers) or 1.0
        kind = self.units.centers.dtype
        state = {"centers": centers.astype(kind), "log_sigma": np.full(self.num_centers, math.log(sigma), kind)}
        self.units.load_state_dict(state)
        with ag.no_grad():
            answers = self.units(samples).numpy().astype(float)
        design = np.hstack([answers, np.ones((len(samples), 1))])
        solution = np.linalg.lstsq(design, targets, rcond=None)[0]
        self.output.load_state_dict({"weight": solution[:-1].T.astype(kind), "bias": solution[-1].astype(kind)})
        return self

    def predict(self, x: Any) -> NDArray[Any]:
        """The outputs for samples: (N, in_features) -> (N, out_features), or (N,) for one output."""
        with ag.no_grad():
            out = self(rows(x, "RBFNetwork", self.in_features).astype(self.units.centers.dtype)).numpy()
        return out[:, 0] if self.out_features == 1 else out

    def extra_repr(self) -> str:
        return f"sigma={self.sigma}"


def k_means(x: Any, num_centers: int, *, max_steps: int = 300, rng: RandomSource = None) -> NDArray[Any]:
    """Centres such that each is the mean of the samples that are nearest to it.

    The first centres are drawn as k-means++ does, each with a probability that grows with the square of its distance to
    those before; then samples and centres take turns, until no sample changes or `max_steps` are over.
    Shapes: x (N, features) -> (num_centers, features).
    Errors: OptionError for more centres than samples.
    Source: Lloyd (1957); Arthur, Vassilvitskii, k-means++: the advantages of careful seeding (2007).

    >>> k_means([[0.0], [1.0], [10.0], [12.0]], 2, rng=0).ravel()
    array([11. ,  0.5])
    """
    samples, rng = rows(x, "k_means"), generator(rng, "k_means")
    if check_positive(num_centers, "k_means: num_centers") > len(samples):
        raise ag.OptionError(f"k_means: {num_centers} centres need as many samples, got {len(samples)}")
    centers = samples[rng.integers(len(samples))][None]
    while len(centers) < num_centers:
        far = _squares(samples, centers).min(axis=1)
        chance = far / far.sum() if far.sum() > 0 else None  # all samples are centres already
        centers = np.vstack([centers, samples[rng.choice(len(samples), p=chance)]])
    nearest = None
    for _ in range(max_steps):
        squares = _squares(samples, centers)
        before, nearest = nearest, squares.argmin(axis=1)
        if before is not None and (nearest == before).all():
            break
        for k in range(num_centers):
            mine = nearest == k
            if not mine.any():  # nobody's nearest: it takes the sample that is farthest from its own
                mine = np.arange(len(samples)) == squares.min(axis=1).argmax()
            centers[k] = samples[mine].mean(axis=0)
    return centers


def _squares(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """The squared distance of each row of a to each row of b."""
    return np.stack([((a - row) ** 2).sum(axis=1) for row in b], axis=1)


def _span(centers: NDArray[Any]) -> float:
    """The largest distance of two centres."""
    return math.sqrt(max(float(_squares(centers, row[None]).max()) for row in centers))
