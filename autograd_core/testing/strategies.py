"""Hypothesis strategies for gradients: arrays in a domain, shapes that fit together, calls of operations, graphs.

The public names. A domain says where a function is smooth, so that no kink or pole is met by chance: `interval`,
`positive`, `away_from`, `distinct`, `apart`, `matrices`. What is drawn shrinks to few numbers, whole ones, and 1.

    from hypothesis import given
    from autograd_core.testing import gradcheck, strategies as gst

    @given(gst.inputs(gst.broadcastable_shapes(2), [gst.interval(-3, 3), gst.positive()]))
    def test_my_function(inputs):
        gradcheck((my_function, my_vjp), *inputs)
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ..errors import DTypeError, OptionError
from ..examples import Apart, Distinct, Domain, Interval, Matrices
from .cases import Case, draw_case, examples_of, record_of
from .domains import (
    COTANGENTS,
    DEFAULT_DOMAIN,
    Array,
    Pick,
    Shape,
    apart,
    away_from,
    check_enough,
    distinct,
    interval,
    matrices,
    most_distinct,
    pick_array,
    points,
    positive,
)
from .graphs import Graph, random_graphs
from .hypothesis import SearchStrategy, assume, st
from .shapes import (
    ConvolutionShapes,
    broadcastable_shapes,
    convolution_shapes,
    gufunc_shapes,
    matmul_shapes,
    shapes,
)

__all__ = [
    # domains
    "interval",
    "positive",
    "away_from",
    "distinct",
    "apart",
    "matrices",
    # arrays
    "arrays",
    "inputs",
    "cotangents",
    "floating_dtypes",
    # shapes
    "shapes",
    "broadcastable_shapes",
    "gufunc_shapes",
    "matmul_shapes",
    "convolution_shapes",
    "ConvolutionShapes",
    # operations and graphs
    "operation_inputs",
    "Case",
    "random_graphs",
    "Graph",
]


def floating_dtypes() -> SearchStrategy[np.dtype[Any]]:
    """float64, float32 and float16, in this order of simplicity.

    >>> from autograd_core.testing.strategies import arrays, floating_dtypes
    >>> x = arrays(3, dtype=floating_dtypes())
    """
    return st.sampled_from([np.dtype(t) for t in (np.float64, np.float32, np.float16)])


def arrays(
    shape: int | Shape | SearchStrategy[Shape], domain: Domain = DEFAULT_DOMAIN, dtype: Any = np.float64
) -> SearchStrategy[Array]:
    """Arrays with numbers from a domain.

    `shape` is a shape, the length of a vector, or a strategy of shapes; `dtype` one of float16, float32, float64, or a
    strategy of them, such as `floating_dtypes()`. The numbers are exact in that type, and still in the domain. Up to 64
    numbers are drawn one by one, and shrink one by one, to 1; more come from one seed. A shape that is drawn and needs
    more distinct numbers than the domain has is drawn again.

    Raises: OptionError for what is no shape or domain, or if the domain has too few distinct numbers for the shape;
    DTypeError for another type.

    >>> from autograd_core.testing.strategies import arrays, positive
    >>> x = arrays((2, 3), positive(), dtype=np.float32)
    >>> positives = arrays((2, 3), positive()).map(np.log)  # as any strategy
    """
    return _arrays(_shape_of("arrays", shape), _domain_of("arrays", domain, shape, dtype), _dtype_of("arrays", dtype))


def inputs(
    shapes: Sequence[Shape] | SearchStrategy[Sequence[Shape]],
    domain: Domain | Sequence[Domain] = DEFAULT_DOMAIN,
    dtype: Any = np.float64,
) -> SearchStrategy[tuple[Array, ...]]:
    """Tuples of arrays, one for each shape: the arguments of a function of several arrays.

    `shapes` is a sequence of shapes or a strategy of such, as `broadcastable_shapes(2)`; `domain` one for all arrays,
    or one for each. Arrays in the domain `apart()` stay apart from each other; all of them have the same `dtype`.

    Raises: OptionError, DTypeError as `arrays` does.

    >>> from autograd_core.testing.strategies import apart, broadcastable_shapes, inputs
    >>> for_maximum = inputs(broadcastable_shapes(2), apart())
    """
    given: Any = tuple(domain) if isinstance(domain, list | tuple) else domain
    for one in given if isinstance(given, tuple) else (given,):
        _domain_of("inputs", one, None, dtype)
    if not isinstance(shapes, SearchStrategy):
        if not isinstance(shapes, Sequence) or isinstance(shapes, str):
            raise OptionError(f"inputs: shapes is a sequence of shapes, or a strategy of such, got {shapes!r}")
        fixed = tuple(_fixed_shape("inputs", shape) for shape in shapes)
        for shape, of_one in zip(fixed, _one_for_each(given, len(fixed)), strict=True):
            _domain_of("inputs", of_one, shape, dtype)
        shapes = st.just(fixed)
    return _inputs(shapes, given, _dtype_of("inputs", dtype))


def cotangents(like: Any) -> SearchStrategy[Any]:
    """Cotangents, or tangents, for what a function returned: of its shape and dtype, and never 0, which would hide what
    it is multiplied with.

    For a list or tuple of arrays or Tensors, a list of them.

    >>> from autograd_core.testing.strategies import cotangents
    >>> u = cotangents(np.ones((2, 3)))
    """
    if isinstance(like, list | tuple):
        return st.tuples(*map(cotangents, like)).map(list)
    shape, dtype = getattr(like, "shape", ()), getattr(like, "dtype", np.float64)
    return arrays(tuple(shape), COTANGENTS, dtype)


def operation_inputs(operation: Any, *, example: int | None = None) -> SearchStrategy[Case]:
    """Calls of a registered operation, given as its record or as the public function.

    Each is one of the examples of the record, or its number `example`, with arrays from its domain. A case is a
    function of these arrays: ``case(*case.arrays)`` is the list of results, ``case.live`` says which of the arrays have
    a derivative, and its repr is the call as code.

    Raises: OptionError for anything else, for an operation without examples, or if there is no such example.

    >>> from autograd_core.testing.strategies import operation_inputs
    >>> calls = operation_inputs(ag.logsumexp)
    """
    op = record_of(operation)
    examples = examples_of(op)
    if not examples:
        raise OptionError(
            f"operation_inputs: {op.name} has no examples; name some in the record: examples=[Example(...)]"
        )
    if example is not None and not 0 <= example < len(examples):
        raise OptionError(f"operation_inputs: {op.name} has {len(examples)} examples, from 0; there is no {example}")
    return _operation_inputs(op, examples if example is None else examples[example : example + 1])


# --- drawing ----------------------------------------------------------------------------------------------------------


def picking(draw: Any) -> Pick:
    """Picks by drawing integers, which shrink to 0."""
    return lambda n: draw(_below(n))


_INTEGERS: dict[int, SearchStrategy[int]] = {}


def _below(n: int) -> SearchStrategy[int]:
    if n not in _INTEGERS:
        _INTEGERS[n] = st.integers(0, n - 1)
    return _INTEGERS[n]


@st.composite
def _arrays(draw: Any, shape: Any, domain: Domain, dtype: Any) -> Array:
    found = _floating("arrays", draw(dtype))
    drawn = _fixed_shape("arrays", draw(shape))
    assume(prod(drawn) <= most_distinct(domain, found))
    return pick_array(picking(draw), drawn, domain, dtype=found)


@st.composite
def _inputs(draw: Any, shapes: Any, domain: Any, dtype: Any) -> tuple[Array, ...]:
    drawn, found = draw(shapes), _floating("inputs", draw(dtype))
    domains = _one_for_each(domain, len(drawn))
    each = [_fixed_shape("inputs", shape) for shape in drawn]
    assume(all(prod(shape) <= most_distinct(d, found) for shape, d in zip(each, domains, strict=True)))
    return tuple(
        pick_array(picking(draw), shape, d, i, len(drawn), found)
        for i, (shape, d) in enumerate(zip(each, domains, strict=True))
    )


@st.composite
def _operation_inputs(draw: Any, op: Any, examples: Any) -> Case:
    return draw_case(picking(draw), op, draw(st.sampled_from(examples)))


# --- checking arguments -----------------------------------------------------------------------------------------------


def _shape_of(who: str, shape: Any) -> SearchStrategy[Shape]:
    return shape if isinstance(shape, SearchStrategy) else st.just(_fixed_shape(who, shape))


def _fixed_shape(who: str, shape: Any) -> Shape:
    if isinstance(shape, int | np.integer):
        shape = (shape,)
    if not isinstance(shape, tuple | list) or not all(isinstance(n, int | np.integer) and n >= 0 for n in shape):
        raise OptionError(
            f"{who}: a shape is a tuple of integers of at least 0, an integer, or a strategy; got {shape!r}"
        )
    return tuple(map(int, shape))


def _one_for_each(given: Domain | tuple[Domain, ...], count: int) -> tuple[Domain, ...]:
    domains = given if isinstance(given, tuple) else (given,) * count
    if len(domains) != count:
        raise OptionError(f"inputs: {count} shapes, {len(domains)} domains; give one for each, or one for all")
    return domains


def _dtype_of(who: str, dtype: Any) -> SearchStrategy[Any]:
    return dtype if isinstance(dtype, SearchStrategy) else st.just(_floating(who, dtype))


def _floating(who: str, dtype: Any) -> np.dtype[Any]:
    try:
        found = np.dtype(dtype)
    except TypeError as error:
        raise DTypeError(
            f"{who}: dtype is float16, float32 or float64, or a strategy of them; got {dtype!r}"
        ) from error
    if found not in (np.float16, np.float32, np.float64):
        raise DTypeError(f"{who}: dtype is float16, float32 or float64, or a strategy of them; got {found}")
    return found


def _domain_of(who: str, domain: Any, shape: Any, dtype: Any) -> Domain:
    """The domain, if it has the numbers that are wanted."""
    if not isinstance(domain, Interval | Distinct | Apart | Matrices):
        raise OptionError(
            f"{who}: a domain is made by interval, positive, away_from, distinct, apart or matrices; got {domain!r}"
        )
    if not isinstance(domain, Matrices):
        found = np.float64 if isinstance(dtype, SearchStrategy) else _floating(who, dtype)
        fixed = () if shape is None or isinstance(shape, SearchStrategy) else _fixed_shape(who, shape)
        check_enough(points(domain, dtype=found), prod(fixed), domain, fixed, found)
    return domain
