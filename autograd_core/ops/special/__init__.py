"""Special functions under SciPy's names: `ag.special.erf`, as `scipy.special.erf`.

Their values are SciPy's, which is an optional package; their derivatives are written here.
"""

from ..activations import sigmoid
from ..sinc_and_i0 import i0 as i0
from .bessel import (
    i0e as i0e,
    i1 as i1,
    i1e as i1e,
    iv as iv,
    ive as ive,
    j0 as j0,
    j1 as j1,
    jv as jv,
    y0 as y0,
    y1 as y1,
)
from .entropies import (
    entr as entr,
    kl_div as kl_div,
    rel_entr as rel_entr,
    xlog1py as xlog1py,
    xlogy as xlogy,
)
from .gamma import (
    beta as beta,
    betainc as betainc,
    betaln as betaln,
    digamma as digamma,
    gamma as gamma,
    gammainc as gammainc,
    gammaincc as gammaincc,
    gammaln as gammaln,
    polygamma as polygamma,
)
from .normal import (
    erf as erf,
    erfc as erfc,
    erfcinv as erfcinv,
    erfcx as erfcx,
    erfinv as erfinv,
    log_expit as log_expit,
    log_ndtr as log_ndtr,
    logit as logit,
    ndtr as ndtr,
    ndtri as ndtri,
)

expit = sigmoid
psi = digamma

__all__ = [name for name, value in globals().items() if hasattr(value, "op")]
