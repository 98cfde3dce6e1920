"""Claims about values: those of the reference, on arrays and on Tensors alike."""

import numpy as np

from ...recording import no_grad
from ...tensor import Tensor, tensor
from ..cases import Case
from ..domains import Pick
from .claim import Broken, claim, close, leaves, same_bits, same_kind


@claim(lambda op: op.reference is not None)
def value_is_that_of_the_reference(case: Case, pick: Pick) -> None:
    """The forward computation agrees with the reference, in value and dtype."""
    for k, (out, expected) in enumerate(zip(case(*case.arrays), case.reference(), strict=True)):
        same_kind(f"result {k}", np.asarray(out), expected)
        close(f"result {k}", out, expected, *case.arrays)


@claim()
def tensors_give_the_bits_that_arrays_give(case: Case, pick: Pick) -> None:
    """Plain in, plain out; one Tensor among the arguments makes a Tensor, with the same bits."""
    plain = case(*case.arrays)
    if any(isinstance(y, Tensor) for y in plain):
        raise Broken("arrays alone give a Tensor")
    recorded = case(*leaves(case)) if case.arrays else []
    with no_grad():
        constant = case(*leaves(case)) if case.arrays else []
    for k, (y, r, c) in enumerate(zip(plain, recorded, constant, strict=True)):
        if not isinstance(r, Tensor):
            raise Broken(f"result {k}: Tensors give a {type(r).__name__}")
        if r.requires_grad is not bool(case.live):
            raise Broken(f"result {k}: requires_grad is {r.requires_grad}")
        if c.requires_grad:
            raise Broken(f"result {k}: requires a gradient though computed under no_grad")
        same_bits(f"result {k} on Tensors", r.detach(), y)
        same_bits(f"result {k} under no_grad", c, y)


@claim(lambda op: not op.differentiable)
def an_operation_without_rules_gives_constants(case: Case, pick: Pick) -> None:
    """What has no derivative requires none, whatever it was computed from."""
    for k, y in enumerate(case(*(tensor(x, requires_grad=True) for x in case.arrays))):
        if y.requires_grad:
            raise Broken(f"result {k} requires a gradient")
