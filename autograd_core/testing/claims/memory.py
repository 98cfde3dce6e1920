"""Claims about memory: nothing is written to, and nothing is shared that is not declared."""

from typing import Any

import numpy as np

from ...engine import reachable
from ...tensor import tensor
from ...transforms import gradients as gradients_of, vjp
from ..cases import Case, code
from ..domains import Pick, pick_cotangents
from .claim import Broken, claim, close, differentiable, leaves, of_live, pulled, same_bits, same_kind


@claim()
def nothing_that_was_passed_in_is_written_to(case: Case, pick: Pick) -> None:
    """Inputs, results, what the graph saved, and cotangents keep their bits, and a second sweep gives the same."""
    before = [x.tobytes() for x in case.arrays]
    case(*case.arrays)
    for k, (x, bits) in enumerate(zip(case.arrays, before, strict=True)):
        if x.tobytes() != bits:
            raise Broken(f"argument {k} was written into: it is {code(x)} now")
    for x in case.arrays:
        x.flags.writeable = False  # from here on a write raises
    case(*case.arrays)
    tensors = leaves(case)
    outputs = case(*tensors)
    if case.live:
        kept: list[Any] = [t._array for t in (*tensors, *outputs)]
        for node in reachable(y.node for y in outputs):
            kept += node.saved or ()
        u = [tensor(a) for a in pick_cotangents(pick, outputs)]
        held = [a for a in (*kept, *(a._array for a in u)) if isinstance(a, np.ndarray)]
        bits_of_all = [a.tobytes() for a in held]
        for a in held:
            a.flags.writeable = False
        for create_graph in (False, True):
            once = pulled(case, tensors, outputs, u, create_graph)
            for k, g, again in zip(case.live, once, pulled(case, tensors, outputs, u, create_graph), strict=True):
                same_bits(f"the gradient of argument {k} in a second sweep", again, g)
        if bits_of_all != [a.tobytes() for a in held]:
            raise Broken("a sweep wrote into an argument, a result, a cotangent, or what the graph saved")


# A composed operation may end in a view, which then looks into what the view was told to look into.
@claim(lambda op: not op.views and op.kind != "composed")
def results_do_not_share_memory_with_arguments(case: Case, pick: Pick) -> None:
    """Only an operation declared as a view returns memory of its argument."""
    tensors = leaves(case)
    for j, (y, t) in enumerate(zip(case(*case.arrays), case(*tensors), strict=True)):
        for k, (x, tx) in enumerate(zip(case.arrays, tensors, strict=True)):
            if np.shares_memory(y, x) or np.shares_memory(t._array, tx._array):
                raise Broken(f"result {j} shares memory with argument {k}; if it must, declare views=True")


@claim(differentiable)
def gradients_belong_to_whoever_asked(case: Case, pick: Pick) -> None:
    """Writing into one gradient changes no other, nor the cotangent, nor the next sweep."""
    tensors = leaves(case)
    outputs = case(*tensors)
    u = pick_cotangents(pick, outputs)
    expected = pulled(case, tensors, outputs, u)
    kept = [a.copy() for a in u]
    live = [tensors[k] for k in case.live]
    for y, a in zip(outputs, u, strict=True):
        y.backward(a, retain_graph=True)
    direct = gradients_of(outputs, live, u)
    _, pull = vjp(of_live(case), *case.live_arrays)
    for grads in ([t.grad.data for t in live if t.grad is not None], [g.data for g in direct], [*pull(u)]):
        for k, g, x, e in zip(case.live, grads, live, expected, strict=True):
            what = f"the gradient of argument {k}, after another was written into"
            same_kind(what, g, x)
            close(what, g, e)
            if isinstance(g, np.ndarray):
                g[...] = np.nan
    for a, b in zip(u, kept, strict=True):
        same_bits("the cotangent, after a gradient was written into", a, b)
    for k, g, e in zip(case.live, pulled(case, tensors, outputs, u), expected, strict=True):
        same_bits(f"the gradient of argument {k} in the next sweep, after one was written into", g, e)
