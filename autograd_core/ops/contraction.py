"""Einstein summation: products of arrays summed over named indices.

It is linear in each array, and the cotangent of one is the contraction of the result's with all other arrays.
"""

from functools import lru_cache

import numpy as np

from ..arrays import is_differentiable
from ..engine import Variable
from ..errors import DTypeError, OptionError
from ..examples import Example, Interval, Raises
from ..op import multilinear
from .creation import astype
from .operands import operand, value_of

_WIDE = Interval(-2, 2)
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"  # importing `string` for them takes a millisecond


@lru_cache(maxsize=1024)
def spelled_out(subscripts, ndims):
    """The letters of each operand and of the result, with ellipses spelled out in letters not otherwise used."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise OptionError(f"einsum: {subscripts!r} names {len(terms)} operands, {len(ndims)} came")
    spare = "".join(c for c in _LETTERS if c not in text)
    widths = [n - len(t.replace("...", "")) for t, n in zip(terms, ndims, strict=True) if "..." in t]
    extra = spare[: max(widths, default=0)]
    full = []
    for term, ndim in zip(terms, ndims, strict=True):
        width = ndim - len(term.replace("...", ""))
        full.append(term.replace("...", extra[len(extra) - width :]) if "..." in term else term)
    if not arrow:
        letters = "".join(sorted(c for c in set("".join(full)) - set(extra) if "".join(full).count(c) == 1))
        return tuple(full), extra + letters
    if extra and "..." not in right:
        raise OptionError(f"einsum: {subscripts!r} has further axes in its operands, and no '...' in its result")
    return tuple(full), right.replace("...", extra)


def _check_terms(subscripts, shapes):
    """Refuse an operand with more or fewer axes than it has letters."""
    for term, shape in zip(subscripts.replace(" ", "").partition("->")[0].split(","), shapes, strict=True):
        named = len(term.replace("...", ""))
        if named > len(shape) or (named < len(shape) and "..." not in term):
            raise OptionError(f"einsum: {term!r} names {named} axes of an array that has shape {shape}")


def _einsum_vjp(xp, g, position, operands, operands_aval, subscripts):
    """The contraction of the cotangent with all other operands; diagonals are put back by identity matrices."""
    terms, result = spelled_out(subscripts, tuple([len(a.shape) for a in operands_aval]))
    own, shape = terms[position], operands_aval[position].shape
    spare = iter([c for c in _LETTERS if c not in "".join(terms) + result])
    inputs, arrays, letters, lengths = [result], [g], "", dict(zip(own, shape, strict=True))
    for i, c in enumerate(own):
        if c not in own[:i]:
            letters += c
            continue
        letters += next(spare)  # a repeated letter is a diagonal: its cotangent is spread by an identity matrix
        inputs.append(c + letters[-1])
        arrays.append(np.eye(shape[i], dtype=g.dtype))
    for i, term in enumerate(terms):
        if i != position:
            inputs.append(term)
            arrays.append(operands[i])
    # an axis of length 1 in this operand may be longer elsewhere: sum over it, and keep it as 1
    narrow = [c for c, n in lengths.items() if n == 1]
    factors = zip(inputs, arrays, strict=True)
    long = {c for term, array in factors for c, n in zip(term, np.shape(array), strict=True) if n != 1}
    for c, n in lengths.items():
        if n != 1 and c not in long:  # summed out of this operand alone: every element gets the same
            inputs.append(c)
            arrays.append(np.ones(n, g.dtype))
    kept = "".join(c for c in letters if c not in narrow)
    out = xp.einsum(f"{','.join(inputs)}->{kept}", *arrays)
    return xp.reshape(out, shape).astype(operands_aval[position].dtype)


_MATRICES = "ij,jk->ik"


@multilinear(
    vjps=[_einsum_vjp],
    variadic=True,
    name="einsum",
    domain=_WIDE,
    examples=[
        Example(operands=[(2, 3), (3, 4)], subscripts=_MATRICES),
        Example(operands=[(3, 3)], subscripts="ii"),
        Example(operands=[(3, 3)], subscripts="ii->i"),
        Example(operands=[(2, 2, 2)], subscripts="iii->i"),
        Example(operands=[(2, 3, 2)], subscripts="iji->j"),
        Example(operands=[(1, 1), (3,)], subscripts="ii,i->i"),
        Example(operands=[(2, 3)], subscripts="ij->j"),
        Example(operands=[(2, 3)], subscripts="ij->"),
        Example(operands=[(2, 3)], subscripts="ba"),
        Example(operands=[(2, 3), (3,)], subscripts="ij,j"),
        Example(operands=[(2,), (3,)], subscripts="i,j"),
        Example(operands=[(2,), (3,)], subscripts="i,j->i"),
        Example(operands=[(), (3,)], subscripts=",i->i"),
        Example(operands=[(2, 3), (1, 3)], subscripts="ij,ij->i"),
        Example(operands=[(3,), (1,)], subscripts="i,i"),
        Example(operands=[(3,), (1,), (1,)], subscripts="i,i,i->"),
        Example(operands=[(2, 3, 4), (2, 4, 2)], subscripts="bij,bjk->bik"),
        Example(operands=[(2, 3, 4), (4, 2)], subscripts="...ij,jk->...ik"),
        Example(operands=[(2, 2, 3), (1, 3)], subscripts="...i,...i->..."),
        Example(operands=[(2, 1, 3), (4, 3)], subscripts="i...,j..."),
        Example(operands=[(2, 3, 3)], subscripts="...ii"),
        Example(operands=[(2, 3, 4)], subscripts="i...->..."),
        Example(operands=[(2, 2), (2, 2), (2,)], subscripts="ij,jk,k->i"),
        Example(operands=[(2, 2), (2, 2), (2,)], subscripts="ij,jk,k->i", optimize="greedy"),
        Example(operands=[(2, 3), (3, 2)], subscripts="ij,ji", optimize=["einsum_path", (0, 1)]),
        Example(operands=[(2, 2), (2, 2)], subscripts="ii,ij->j"),
        Example(operands=[(2, 0), (0, 3)], subscripts=_MATRICES),
    ],
    reference=lambda operands, subscripts, optimize=False: np.einsum(subscripts, *operands, optimize=optimize),
    errors=[
        Raises(OptionError, "names 1 operands, 2 came", operands=[(2,), (2,)], subscripts="i->i"),
        Raises(OptionError, "no '...' in its result", operands=[(2, 2), (2,), (2,)], subscripts="...i,i,i->i"),
        Raises(OptionError, "names 2 axes .* has shape", operands=[(2,)], subscripts="ij->i"),
        Raises(OptionError, "names 1 axes .* has shape", operands=[(2, 2)], subscripts="i->i"),
    ],
)
def _einsum(xp, operands, /, subscripts, optimize=False):
    spelled_out(subscripts, tuple([np.ndim(x) for x in operands]))
    try:
        out = xp.einsum(subscripts, *operands, optimize=optimize or len(operands) > 2)
    except ValueError:
        _check_terms(subscripts, [np.shape(x) for x in operands])
        raise
    return out.copy() if len(operands) == 1 else out  # of one operand NumPy may return a view


def einsum(*operands, optimize=False, dtype=None, casting="safe", order="K"):
    """Einstein summation: products summed over the indices that the result does not name.

    Called with subscripts and arrays, ``einsum("ij,jk->ik", a, b)``, or with each array followed by the numbers of its
    indices, ``einsum(a, [0, 1], b, [1, 2], [0, 2])``. An index may be repeated within an array (its diagonal), and
    ``...`` stands for further axes; axes of length 1 are repeated along longer ones. `optimize` says in which order
    more than two arrays are multiplied, as for numpy.einsum; `dtype` the type computed in.

    Shapes: as the subscripts say.

    >>> float(ag.einsum("ii", np.eye(3)))
    3.0
    """
    if not operands:
        raise OptionError("einsum: subscripts and arrays are needed, got nothing")
    if not isinstance(operands[0], str):
        operands = _spelled(operands)
    if order not in ("K", "A", "C", "F"):
        raise OptionError(f"einsum: order must be 'K', 'A', 'C' or 'F', got {order!r}")  # none changes the numbers
    subscripts, arrays = operands[0], operands[1:]
    if dtype is not None:
        arrays = tuple(_cast(operand(x, "einsum"), np.dtype(dtype), casting) for x in arrays)
    return _einsum(arrays, subscripts, optimize)


einsum.op, _einsum.__doc__ = _einsum.op, einsum.__doc__  # type: ignore[attr-defined]


def _spelled(operands):
    """Arrays followed by lists of numbers, as subscripts in letters followed by the arrays."""
    arrays, lists = list(operands[: 2 * (len(operands) // 2) : 2]), list(operands[1::2])
    if len(operands) % 2:
        lists.append(operands[-1])
    terms = ["".join("..." if i is Ellipsis else _letter(i) for i in value_of(indices)) for indices in lists]
    if len(operands) % 2:
        *terms, result = terms
        return f"{','.join(terms)}->{result}", *arrays
    return ",".join(terms), *arrays


def _letter(i):
    if not 0 <= i < len(_LETTERS):
        raise OptionError(f"einsum: indices are numbers from 0 to {len(_LETTERS) - 1}, got {i}")
    return sorted(_LETTERS)[int(i)]


def _cast(x, dtype, casting):
    """An array in the type to compute in."""
    if not np.can_cast(x.dtype, dtype, casting):
        raise DTypeError(f"einsum: cannot cast {x.dtype} to {dtype} with casting={casting!r}")
    if isinstance(x, Variable) and x.node is not None and not is_differentiable(dtype):
        raise DTypeError(f"einsum: dtype={dtype}: integers have no derivative; use .detach() for the value")
    return astype(x, dtype, copy=False)
