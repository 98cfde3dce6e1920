"""Rectifiers: activations that are about 0 on the left and about x on the right."""

from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from ... import functional, init as initial
from ...arguments import check_positive
from ...module import Parameter
from ...randomness import RandomSource, generator
from .pointwise import Activation, Inplace

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "Hardswish",
    "LeakyReLU",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
    "Softplus",
    "Threshold",
]


class ReLU(Inplace):
    """``max(x, 0)``, element by element; its slope at 0 is 0. `inplace` has no effect.

    >>> ReLU()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def forward(self, input: Any) -> Any:
        return functional.relu(input)


class ReLU6(Inplace):
    """``min(max(x, 0), 6)``, element by element; its slope at 0 and at 6 is 0. `inplace` has no effect.

    >>> ReLU6()(np.array([-1.0, 2.0, 8.0]))
    array([0., 2., 6.])
    """

    def forward(self, input: Any) -> Any:
        return functional.relu6(input)


class LeakyReLU(Activation):
    """x on the right of 0, ``negative_slope * x`` on the left. `inplace` has no effect.

    >>> LeakyReLU(0.1)(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Any) -> Any:
        return functional.leaky_relu(input, self.negative_slope)


class PReLU(Activation):
    """x on the right of 0, ``weight * x`` on the left: the slope is learned, one for all or one for each channel.

    Shapes: input (...) or (N, num_parameters, ...) -> the same. weight (num_parameters,), at first all `init`.
    Source: He et al., Delving deep into rectifiers (2015).

    >>> PReLU()(np.array([-1.0, 2.0], np.float32)).tolist()
    [-0.25, 2.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: DTypeLike = np.float32) -> None:
        super().__init__()
        self.num_parameters, self.init = check_positive(num_parameters, "PReLU: num_parameters"), init
        self.weight = Parameter(np.full(self.num_parameters, init, dtype))

    def forward(self, input: Any) -> Any:
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return super().extra_repr() + initial.shown_dtype(self.weight)


class RReLU(Activation):
    """x on the right of 0; on the left x times a slope: in training random for each element, else the middle.

    Slopes are drawn from [lower, upper), by `rng`. `inplace` has no effect.
    Errors: OptionError for a lower bound above the upper one.
    Source: Xu et al., Empirical evaluation of rectified activations in convolutional network (2015).

    >>> RReLU(0.1, 0.3).eval()(np.array([-1.0, 2.0]))
    array([-0.2,  2. ])
    """

    def __init__(
        self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False, *, rng: RandomSource = None
    ) -> None:
        super().__init__()
        self.lower, self.upper, self.inplace, self.rng = lower, upper, inplace, generator(rng, "RReLU")
        functional.rrelu(0.0, lower, upper)  # refuses what it cannot mean

    def forward(self, input: Any) -> Any:
        return functional.rrelu(input, self.lower, self.upper, self.training, rng=self.rng)


class ELU(Activation):
    """x on the right of 0, ``alpha (e**x - 1)`` on the left. `inplace` has no effect.

    Source: Clevert, Unterthiner, Hochreiter, Fast and accurate deep network learning by ELUs (2015).

    >>> ELU()(np.array([-1e4, 2.0]))
    array([-1.,  2.])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Any) -> Any:
        return functional.elu(input, self.alpha)


class CELU(ELU):
    """x on the right of 0, ``alpha (e**(x / alpha) - 1)`` on the left: its slope is continuous for every alpha.

    Errors: OptionError for alpha 0. `inplace` has no effect.
    Source: Barron, Continuously differentiable exponential linear units (2017).

    >>> CELU(0.5)(np.array([-1e4, 2.0]))
    array([-0.5,  2. ])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha, inplace)
        functional.celu(0.0, alpha)  # refuses what it cannot mean

    def forward(self, input: Any) -> Any:
        return functional.celu(input, self.alpha)


class SELU(Inplace):
    """An ELU, scaled such that layers of it keep mean 0 and variance 1. `inplace` has no effect.

    Source: Klambauer et al., Self-normalizing neural networks (2017).

    >>> SELU()(np.array([0.0, 1.0]))
    array([0.        , 1.05070099])
    """

    def forward(self, input: Any) -> Any:
        return functional.selu(input)


class GELU(Activation):
    """``x P(Z <= x)`` for a standard normal Z; approximately, with `approximate` "tanh".

    Errors: OptionError for another approximation.
    Source: Hendrycks, Gimpel, Gaussian error linear units (2016).

    >>> GELU()(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        super().__init__()
        self.approximate: Literal["none", "tanh"] = approximate
        functional.gelu(0.0, approximate)  # refuses what it cannot mean

    def forward(self, input: Any) -> Any:
        return functional.gelu(input, self.approximate)


class SiLU(Inplace):
    """``x sigmoid(x)``, element by element, also called swish. `inplace` has no effect.

    >>> SiLU()(np.array([0.0, 40.0]))
    array([ 0., 40.])
    """

    def forward(self, input: Any) -> Any:
        return functional.silu(input)


class Mish(Inplace):
    """``x tanh(log(1 + e**x))``, element by element. `inplace` has no effect.

    Source: Misra, Mish: a self regularized non-monotonic activation function (2019).

    >>> Mish()(np.array([0.0, 40.0]))
    array([ 0., 40.])
    """

    def forward(self, input: Any) -> Any:
        return functional.mish(input)


class Hardswish(Inplace):
    """``x hardsigmoid(x)``, element by element. `inplace` has no effect.

    Source: Howard et al., Searching for MobileNetV3 (2019).

    >>> Hardswish()(np.array([0.0, 1.5, 3.0]))
    array([0.   , 1.125, 3.   ])
    """

    def forward(self, input: Any) -> Any:
        return functional.hardswish(input)


class Softplus(Activation):
    """``log(1 + e**(beta x)) / beta``, element by element, and x itself where ``beta x`` is above the threshold.

    Errors: OptionError for beta 0.

    >>> Softplus()(np.array([1e4]))
    array([10000.])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold
        functional.softplus(0.0, beta, threshold)  # refuses what it cannot mean

    def forward(self, input: Any) -> Any:
        return functional.softplus(input, self.beta, self.threshold)


class Threshold(Activation):
    """x where it is above the threshold, and the value elsewhere. `inplace` has no effect.

    >>> Threshold(1.0, -1.0)(np.array([0.5, 2.0]))
    array([-1.,  2.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold, self.value, self.inplace = threshold, value, inplace

    def forward(self, input: Any) -> Any:
        return functional.threshold(input, self.threshold, self.value)
