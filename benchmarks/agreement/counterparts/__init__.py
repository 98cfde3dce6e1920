"""Which of PyTorch's operations corresponds to which of ours, and how a call there becomes a call here."""

from benchmarks.agreement.counterparts.elementwise import ELEMENTWISE
from benchmarks.agreement.counterparts.linear_algebra import LINEAR_ALGEBRA
from benchmarks.agreement.counterparts.networks import NETWORKS
from benchmarks.agreement.counterparts.record import Counterpart as Counterpart, Skip as Skip, named as named
from benchmarks.agreement.counterparts.reductions import REDUCTIONS
from benchmarks.agreement.counterparts.shapes import SHAPES

TABLE: tuple[Counterpart, ...] = (*ELEMENTWISE, *REDUCTIONS, *SHAPES, *LINEAR_ALGEBRA, *NETWORKS)
"""All counterparts. An entry of PyTorch's stands here once for each of our operations that computes the same."""
