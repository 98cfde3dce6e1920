"""Optimizers and schedulers with random settings: what the tests look at, and what is compared with PyTorch.

A family is a function, named after a class of `nn.optim` or `nn.optim.lr_scheduler`, that draws settings for it from a
generator. One table feeds the tests of both, and the comparison of `benchmarks/optimizers`.
"""

from .optimizers import OPTIMIZERS, OptimizerSample
from .schedulers import SCHEDULERS, SchedulerSample

__all__ = ["OPTIMIZERS", "SCHEDULERS", "OptimizerSample", "SchedulerSample"]
