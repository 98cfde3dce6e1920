"""Methods that PyTorch's tensors have and these do not, with what to write in their place.

The attribute is not there, as `hasattr` says, and the error of asking for it tells what is.
"""

from typing import NoReturn

from .ndarray_methods import NdarrayMethods


class Missing:
    """A method that PyTorch has and this library does not: asking for it says what to write."""

    def __init__(self, instead: str) -> None:
        self.instead = instead

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> NoReturn:
        raise AttributeError(f"a Tensor has no attribute {self.name!r}: {self.instead}")


class MissingMethods(NdarrayMethods):
    """A Variable that knows what it lacks."""

    __slots__ = ()

    cuda = Missing("there is one device, the CPU; leave it away, or say .cpu()")
    median = Missing(
        "PyTorch's is the lower of the two numbers in the middle, NumPy's their mean; say ag.median(x, axis) for the "
        "mean, or np.quantile(x, 0.5, axis, method='lower')"
    )
    mode = Missing("say x.unique(return_counts=True), and take the first of those that come most often")
    quantile = Missing("say ag.quantile(x, q, axis)")
    register_hook = Missing(
        "gradients of intermediate results are kept by x.retain_grad() and seen by ag.watch; those of leaves can be "
        "changed between backward() and step()"
    )
    share_memory_ = Missing("processes do not share tensors here; threads do")
    storage = Missing("the memory of a constant is x.numpy()")
    to_sparse = Missing("there are no sparse tensors")
    resize_ = Missing("a Tensor keeps its shape; say x = x.reshape(...), or np.resize(x, ...)")
    squeeze_ = Missing("a Tensor keeps its shape; say x = x.squeeze(dim=...)")
    t_ = Missing("a Tensor keeps its shape; say x = x.t()")
    transpose_ = Missing("a Tensor keeps its shape; say x = x.swapaxes(...)")
    unsqueeze_ = Missing("a Tensor keeps its shape; say x = x.unsqueeze(...)")
