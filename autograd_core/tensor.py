"""What users hold: a Tensor, its value and its gradient.

What it can be asked for besides stands in the files below: operators, methods, protocols, assignment.
"""

import sys
from collections.abc import Iterator, Sequence
from opcode import opmap
from types import FrameType
from typing import Any, ClassVar, Self
from weakref import ref

import numpy as np

from . import ops
from .arrays import Array, as_array, held_elsewhere, is_differentiable, take_own
from .assignment import Assignment
from .engine import CONTEXT, Context, Cut, Leaf, Node, Overheard, Variable, constant, sweep, switched
from .errors import DTypeError, GraphError, ShapeError
from .places import place_of_user


class Tensor(Assignment):
    """An array that remembers how it was computed, so that gradients can be taken through it.

    `Tensor(values)` copies its values; `ag.asarray` shares them. With `requires_grad=True` it is a leaf:
    `backward()` on something computed from it fills its `.grad`. Tensors of integers and booleans are constants.

    Raises: DTypeError for complex numbers, text or objects, and for integers that are to require a gradient.

    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    Tensor([2., 4.])
    """

    __slots__ = ()
    result_class: ClassVar[type[Variable]]

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = False) -> None:
        if isinstance(data, Variable):
            data = data._array
        self._array = np.array(as_array(data, "Tensor"), dtype=dtype)
        as_array(self._array, "Tensor")  # what dtype= asked for must be computable too
        self.shared = False
        self.node = self.lost = None
        if requires_grad:
            self.requires_grad_()

    # --- the value ----------------------------------------------------------------------------------------------------

    @property
    def data(self) -> Array:
        """The ndarray itself. Writing into it changes the tensor, and never a gradient already recorded."""
        if not self.shared:
            if not isinstance(self._array, np.ndarray):
                self._array = np.array(self._array)
            elif held_elsewhere(self._array):
                self._array = self._array.copy()
            self.shared = True
        return self._array

    @data.setter
    def data(self, value: Any) -> None:
        self._array = np.asarray(as_array(value._array if isinstance(value, Variable) else value, "data"))
        self.shared = True

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes in all elements."""
        return self._array.nbytes

    def numpy(self) -> Array:
        """The ndarray of a tensor without a gradient; say `.detach().numpy()` for one that has one.

        Raises: GraphError if the tensor requires a gradient, because what is done to an ndarray is not recorded.
        """
        if self.node is not None:
            raise GraphError(
                "numpy: this tensor requires a gradient, and what is done to an ndarray is not recorded; "
                "use .detach().numpy()"
            )
        return self.data

    def item(self) -> Any:
        """The one element as a Python number.

        Raises: ShapeError if there is not exactly one.
        """
        if self._array.size != 1:
            raise ShapeError(
                f"item: one element is needed, got shape {self._array.shape}; index first, or use .tolist()"
            )
        return self._array.item()

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        return self._array.tolist()

    def detach(self) -> "Tensor":
        """The same values as a constant: no gradient flows through it. Shares the memory."""
        self.data  # from here on two tensors reach the array  # noqa: B018
        result: Any = constant(self.result_class, self._array, shared=True)
        cut = Cut("detach", CONTEXT.get().path, place_of_user(), ref(self.node)) if self.node is not None else self.lost
        result.lost = cut
        return result

    def detach_(self) -> Self:
        """Make this a constant: no gradient flows through it from here on; returns self.

        >>> x = ag.tensor(3.0, requires_grad=True)
        >>> y = (x * x).detach_(); y.requires_grad
        False
        """
        if self.node is not None:
            self.lost = Cut("detach", CONTEXT.get().path, place_of_user(), ref(self.node))
            self.node = None
        return self

    def clone(self) -> "Tensor":
        """A copy in new memory that gradients flow through."""
        return ops.copy(self)

    def copy(self) -> "Tensor":
        """A copy in new memory that gradients flow through, as `clone`."""
        return ops.copy(self)

    # --- the gradient -------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether this depends on something that wants a gradient."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Make this a leaf that wants a gradient, or a constant; returns self.

        Raises: DTypeError for integers and booleans; GraphError for the result of a computation.
        """
        if self.node is not None and not self.is_leaf:
            if requires_grad:
                return self
            raise GraphError("requires_grad_: this is the result of a computation; use .detach() for a constant")
        if not requires_grad:
            if self.node is not None:
                self.node, self.lost = None, Cut("requires_grad_", CONTEXT.get().path, place_of_user())
        elif self.node is None:
            if not is_differentiable(self._array.dtype):
                raise DTypeError(
                    f"requires_grad: numbers of type {self._array.dtype} have no derivative; "
                    "use floating point, for instance dtype=np.float32"
                )
            self.node = Leaf(self)
        return self

    @property
    def grad(self) -> "Tensor | None":
        """What backward() has accumulated for this leaf, or None."""
        try:
            return self._grad  # type: ignore[return-value]
        except AttributeError:
            return None

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is None:
            self._grad = None
            return
        value = value if isinstance(value, Tensor) else Tensor(value)
        if value.shape != self.shape or value.dtype != self.dtype:
            raise ShapeError(
                f"grad: a gradient has the shape and dtype of its tensor, {self.shape} {self.dtype}; "
                f"got {value.shape} {value.dtype}"
            )
        self._grad = value

    def retain_grad(self) -> None:
        """Let backward() fill the `.grad` of this intermediate result too. Leaves have theirs anyway.

        Raises: GraphError for a constant, which has no gradient.

        >>> x = ag.tensor(3.0, requires_grad=True)
        >>> y = x * x; y.retain_grad()
        >>> (2 * y).backward(); y.grad
        Tensor(2.)
        """
        node = self.node
        if node is None:
            raise GraphError(
                "retain_grad: this tensor was not computed from anything that requires a gradient; ag.why_none says why"
            )
        if node.op is None or self.retains_grad:
            return
        owner, own = ref(self), ref(node)

        def listener(g: Any, pulled: Sequence[Any]) -> None:
            tensor = owner()
            if tensor is not None and tensor.node is own():
                tensor._accumulate(g if isinstance(g, Tensor) else gradient_of(np.array(g)))

        node.op = Retained(node.op, listener)

    @property
    def retains_grad(self) -> bool:
        """Whether this is an intermediate result that `retain_grad` was called for."""
        op = self.node.op if self.node is not None else None
        while isinstance(op, Overheard) and not isinstance(op, Retained):
            op = op.op
        return isinstance(op, Retained)

    def backward(self, gradient: Any = None, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Add to the `.grad` of every leaf the gradient of this tensor, weighted by `gradient` (1 for a scalar).

        What the graph saved is freed, unless `retain_graph`. With `create_graph` the gradients can be differentiated.

        Raises: GraphError without a graph, without `gradient` for more than one element, or for a freed graph.
        """
        if self.node is None:
            raise GraphError(
                "backward: this tensor was not computed from anything that requires a gradient "
                "(or under no_grad); create the inputs with requires_grad=True"
            )
        g = self._seed(gradient)
        if create_graph:
            with switched(recording=True):
                _deliver(sweep({self.node: g}, ops, saved_of=saved_variables))
        else:
            _deliver(sweep({self.node: g._array}, release=not retain_graph))

    def _seed(self, gradient: Any) -> "Tensor":
        """The cotangent that a sweep starts with."""
        if gradient is None:
            if self._array.size != 1:
                raise GraphError(
                    f"backward: this tensor has shape {self.shape}; only for a single element is the gradient known "
                    "to start from 1; pass gradient=, or reduce it with .sum() or .mean() first"
                )
            one = np.array(1, self._array.dtype, ndmin=self._array.ndim)
            return constant_of(one)
        seed = gradient if isinstance(gradient, Tensor) else Tensor(gradient, dtype=self.dtype)
        if seed.shape != self.shape:
            raise ShapeError(f"backward: gradient must have the shape of the tensor, {self.shape}; got {seed.shape}")
        return seed if seed.dtype == self.dtype else seed.astype(self.dtype)

    def _accumulate(self, cotangent: "Tensor") -> None:
        """Add to `.grad`, which owns its memory."""
        old = self.grad
        if old is not None:
            cotangent = old + cotangent
        elif cotangent.node is not None:
            cotangent = ops.positive(cotangent)
        self._grad = cotangent

    # --- being an array -----------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        if not self.shape:
            raise DTypeError("len: this tensor has no axes; use .item() for its number")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self._array == (value._array if isinstance(value, Variable) else value)).any())

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ShapeError(
                f"bool: the truth of {self._array.size} elements is not one truth; use ag.all or ag.any of an array"
            )
        return bool(self._array)

    def __float__(self) -> float:
        if self.node is not None and _loses_its_graph(sys._getframe(1)):
            raise GraphError(
                "float: this tensor requires a gradient, which neither a Python float nor an element of an ndarray can "
                "carry; use np.stack to put numbers together, NumPy's functions in the place of math's, and .item() "
                "for the value alone"
            )
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(float(self))

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iu" or self._array.ndim:
            raise DTypeError(f"index: an integer without axes is needed, got {self.dtype} of shape {self.shape}")
        return int(self._array)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec and self._array.size == 1 else format(str(self), spec)

    def __repr__(self) -> str:
        text = np.array2string(np.asarray(self._array), separator=", ", prefix="Tensor(")
        name = "" if self.dtype in (np.float64, np.int64, np.bool_) else f", dtype={self.dtype}"
        if self.node is not None:
            name += ", requires_grad=True" if self.node.op is None else f", op={self.node.op.name}"
        return f"Tensor({text}{name})"

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise GraphError("pickle: this tensor is the result of a computation, which is not stored; use .detach()")
        return _restore, (np.asarray(self._array), self.requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Tensor":
        if not self.is_leaf:
            raise GraphError("deepcopy: this tensor is the result of a computation; use .clone() or .detach()")
        copied = _restore(np.array(self._array), self.requires_grad, type(self))
        memo[id(self)] = copied
        return copied


Tensor.result_class = Tensor


class Retained(Overheard):
    """An operation whose result has its gradient kept."""


def _loses_its_graph(caller: FrameType) -> bool:
    """Whether a float that somebody asks for goes on as part of a computation that is being recorded.

    Inside a function that is differentiated as a whole, where only its result is looked at, it does: `math.sin(x)`
    would have the derivative 0. So does one that NumPy asks for to assign it to an element of an ndarray, `a[0] = x`.
    In a training loop `float(loss)` is a number to be printed.
    """
    context = CONTEXT.get()
    # What was called from is looked at last: reading it makes a copy of the caller's code.
    return context.recording and (context.inside or caller.f_code.co_code[caller.f_lasti] == _ASSIGNMENT)


_ASSIGNMENT = opmap["STORE_SUBSCR"]


def _restore(data: Array, requires_grad: bool, cls: type[Tensor] = Tensor) -> Tensor:
    tensor = constant(cls, data)
    if requires_grad:
        tensor.node = Leaf(tensor)
    return tensor  # type: ignore[return-value]


def saved_variables(node: Node) -> Sequence[Any]:
    """What a node saved, as Tensors that know where they came from: a recorded sweep differentiates through them."""
    op, saved = node.op, node.saved
    wrapped: list[Any] = []
    parents = dict(zip(getattr(op, "arrays", ()), node.parents, strict=False))
    for name, value in zip(op.residuals, saved, strict=True):  # type: ignore[union-attr, arg-type]
        if name == "out":
            value = _known(value, node)
        elif isinstance(value, tuple) and getattr(op, "variadic", False) and not name.endswith("_aval"):
            value = tuple(_known(v, p) for v, p in zip(value, node.parents, strict=True))
        elif value is not None and parents.get(name) is not None:
            value = _known(value, parents[name])
        wrapped.append(value)
    return wrapped


def _known(value: Array, node: Node | None) -> Any:
    if node is None:
        return value
    tensor = constant(Tensor, value)
    tensor.node = node
    return tensor


def _deliver(found: dict[Node, Any]) -> None:
    """Hand each leaf the cotangent that a sweep found for it, as a Tensor that owns its memory."""
    for leaf in list(found):
        owner = leaf.owner()  # type: ignore[attr-defined]
        if owner is not None:
            recorded = isinstance(found[leaf], Variable)
            owner._accumulate(found.pop(leaf) if recorded else gradient_of(take_own(found, leaf)))


def constant_of(array: Array) -> Tensor:
    """A Tensor around an array that nobody else holds."""
    return constant(Tensor, array)  # type: ignore[return-value]


def gradient_of(array: Array) -> Tensor:
    """A gradient of a sweep that was not recorded, around an array that nobody else holds."""
    result = constant(Tensor, array)
    result.lost = _UNRECORDED
    return result  # type: ignore[return-value]


_UNRECORDED = Context(recording=False)


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor with a copy of the data.

    >>> ag.tensor([1.0, 2.0])
    Tensor([1., 2.])
    """
    return Tensor(data, dtype, requires_grad)


def asarray(data: Any, dtype: Any = None) -> Tensor:
    """A Tensor that shares the memory of the data, where dtype and kind allow it; a Tensor is returned as it is.

    >>> a = np.zeros(2)
    >>> t = ag.asarray(a); a[0] = 1.0; t
    Tensor([1., 0.])
    """
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == dtype else data.astype(dtype)
    array = as_array(np.asarray(as_array(data, "asarray"), dtype=dtype), "asarray")
    return constant(Tensor, array, shared=True)  # type: ignore[return-value]


def from_dlpack(data: Any, copy: bool | None = None) -> Tensor:
    """A Tensor that shares the memory of another library's array, by way of DLPack; copies it with copy=True.

    Raises: GraphError for a Tensor that requires a gradient; DTypeError for complex numbers.

    >>> a = np.zeros(2)
    >>> t = ag.from_dlpack(a); a[0] = 1.0; t
    Tensor([1., 0.])
    """
    array = as_array(np.from_dlpack(data), "from_dlpack")
    return constant(Tensor, array.copy() if copy else array, shared=not copy)  # type: ignore[return-value]
