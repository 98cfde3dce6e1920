"""Numbers brought to mean 0 and variance 1 along axes: what batch, layer, group and instance normalization share.

Composed of means and differences it would be a dozen passes over memory. Here each row of numbers that belong together
goes through all of them while it lies in a core's cache.
"""

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from ..arrays import as_floating
from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Raises
from ..op import general
from ..parallel import share
from .axes import BAD_AXIS

_BLOCK = 1 << 18  # numbers that are worked on together: of a smaller part the calls cost more than the cache saves
_SMALL = 1 << 15  # numbers up to which a few calls on all of them are faster than blocks
_WORTH_THREADS = 1 << 18  # numbers from which other cores are woken
_RUN = 1 << 10  # numbers added in one product: their rounding errors stay those of a pairwise sum


def _reference(x, axis=-1, eps=1e-5):
    deviation = x - np.mean(x, axis=axis, keepdims=True)
    return deviation / np.sqrt(np.mean(deviation**2, axis=axis, keepdims=True) + eps)


def _scale(xp, x, axis, eps):
    """The number that deviations are divided by; infinite where it would be 0."""
    spread = xp.var(x, axis=axis, keepdims=True) + eps
    return xp.sqrt(xp.where(spread == 0, np.inf, spread))


def _pulled(xp, g, out, scale, axis):
    """The Jacobian, which is symmetric, on g: g without what would move the mean or the variance."""
    share_of_out = xp.mean(g * out, axis=axis, keepdims=True)
    return (g - xp.mean(g, axis=axis, keepdims=True) - out * share_of_out) / scale


@general(
    vjps=[lambda xp, g, x, out, axis, eps: _pulled(xp, g, out, _scale(xp, x, axis, eps), axis)],
    fused=[lambda g, out, aux, axis: _pulled_raw(g, out, aux, axis)],
    jvp=lambda xp, tangents, x, out, axis, eps: _pulled(xp, tangents[0], out, _scale(xp, x, axis, eps), axis),
    aux=True,
    domain=Distinct(),
    examples=[
        Example(x=(3,)),
        Example(x=(2, 3), axis=-1),
        Example(x=(3, 2), axis=0, eps=0.1),
        Example(x=(2, 3, 2), axis=(0, -1)),
        Example(x=(2, 2, 3), axis=(1, 2), eps=0.0),
        Example(x=(2, 3), axis=1, moments=np.empty((2, 2))),
        Example(x=(0, 3), axis=-1),
    ],
    reference=lambda x, axis=-1, eps=1e-5, moments=None: _reference(x, axis, eps),
    errors=[
        BAD_AXIS,
        Raises(ShapeError, "repeated axis", x=(2, 3), axis=(0, 0)),
        Raises(OptionError, "eps must not be negative", x=(2, 3), eps=-1.0),
        Raises(ShapeError, "no numbers along axis 0", x=(0, 3), axis=0),
        Raises(ShapeError, r"moments must have shape \(2, 2\)", x=(2, 3), moments=np.empty(2)),
    ],
)
def standardize(xp, x, /, axis=-1, eps=1e-5, *, moments=None):
    """``(x - mean) / sqrt(variance + eps)`` along axes; where that divides by 0, it is 0, and so is its gradient.

    The variance is that of all numbers, divided by n. An array `moments` of shape (2, ...) is filled with the means and
    the variances, which would otherwise have to be computed once more.
    Shapes: x (...) -> the same; the axes that are not in `axis` make the shape of a mean.
    Errors: ShapeError for axes without numbers.

    >>> ag.standardize(np.array([1.0, 3.0]), eps=0)
    array([-1.,  1.])
    """
    x = as_floating(x)
    if not eps >= 0:
        raise OptionError(f"standardize: eps must not be negative, got {eps!r}")
    along = np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    if not all(x.shape[a] for a in along):
        raise ShapeError(f"standardize: there are no numbers along axis {axis} of shape {x.shape}")
    kept = tuple([n for a, n in enumerate(x.shape) if a not in along])
    if moments is not None and np.shape(moments) != (2, *kept):
        raise ShapeError(f"standardize: moments must have shape {(2, *kept)} for x {x.shape}, got {np.shape(moments)}")
    out, found = _computed(x, along, kept, eps, moments)
    return out, found.inverses


def _computed(x, along, kept, eps, moments, weight=None, bias=None):
    """The result, and what the derivative needs of the forward computation."""
    found = _Found(*np.empty((4, *kept), np.result_type(x.dtype, np.float32)))
    out = (_at_once if x.size <= _SMALL else _in_blocks)(x, along, eps, found, weight, bias)
    if moments is not None:
        np.add(found.means, found.rests, out=moments[0])
        moments[1] = found.variances
    return out, found


class _Found:
    """The statistics of each row: the mean in two parts, see Note [The rest of the mean], the variance, the factor.

    And what was last derived from a cotangent: all three derivatives are found in one pass, and asked for one by one.
    """

    __slots__ = ("inverses", "means", "pulled", "rests", "variances")

    def __init__(self, means, rests, variances, inverses):
        self.means, self.rests, self.variances, self.inverses = means, rests, variances, inverses
        self.pulled = None, None

    def pull(self, g, x, weight, axis):
        """The derivatives by x, weight and bias for a cotangent, computed once; it is held, and so cannot be another."""
        known, derivatives = self.pulled
        if known is not g:
            along = np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
            derivatives = (_pulled_at_once if x.size <= _SMALL else _pulled_in_blocks)(g, x, weight, along, self)
            self.pulled = g, derivatives
        return derivatives


def _inverse(variance, eps):
    """What deviations are multiplied by; 0 where they all are."""
    spread = variance + eps
    if not spread.all():
        spread = np.where(spread == 0, np.inf, spread)
    return 1 / np.sqrt(spread)


# Note [The rest of the mean]
# A mean is rounded, and by much where numbers are large and close together. So the deviations from it have a mean of
# their own: a small one, which is found exactly enough, and taken out of the deviations and of the variance.


def _at_once(x, along, eps, found, weight, bias):
    """The result, of all numbers together; the statistics go into `found`."""
    count = math.prod(x.shape[a] for a in along)
    wide = x if x.dtype.itemsize > 2 else x.astype(np.float32)  # sums of halves would overflow
    mean = np.add.reduce(wide, along, keepdims=True) / count
    deviations = wide - mean
    rest = np.add.reduce(deviations, along, keepdims=True) / count
    variance = np.maximum(np.add.reduce(deviations * deviations, along, keepdims=True) / count - rest * rest, 0)
    inverse = _inverse(variance, eps)
    kept = found.means.shape
    found.means, found.rests = mean.reshape(kept), rest.reshape(kept)
    found.variances, found.inverses = variance.reshape(kept), inverse.reshape(kept)
    deviations -= rest
    deviations *= inverse
    if weight is not None:
        deviations *= weight
    if bias is not None:
        deviations += bias
    return deviations.astype(x.dtype, copy=False)


def _in_blocks(x, along, eps, found, weight, bias):
    """The same, while each row lies in the cache."""
    rows = _Rows(x, along)
    means, rests, variances, inverses = map(
        rows.ordered, (found.means, found.rests, found.variances, found.inverses)
    )
    out = np.empty_like(x)
    weight, bias = rows.spread(weight), rows.spread(bias)

    def work(tasks: Iterator[int]) -> None:
        scratch = rows.scratch()
        for task in tasks:
            region = rows.regions[task]
            deviations = rows.taken(x, region, scratch)
            mean = _sums(deviations) / rows.length
            deviations -= mean
            rest = _sums(deviations) / rows.length
            variance = np.maximum(_sums(deviations, deviations) / rows.length - rest * rest, 0)
            inverse = _inverse(variance, eps)
            if (np.abs(rest * inverse) > np.finfo(rest.dtype).eps).any():
                deviations -= rest
            for held, column in ((means, mean), (rests, rest), (variances, variance), (inverses, inverse)):
                held[region] = column.reshape(held[region].shape)
            rows.put(out, region, deviations, inverse, weight, bias)

    share(work, len(rows.regions), worthwhile=x.size >= _WORTH_THREADS)
    return out


def _pulled_at_once(g, x, weight, along, found):
    """The derivatives by x, weight and bias, of all numbers together."""
    count = math.prod(x.shape[a] for a in along)
    shape = [1 if a in along else n for a, n in enumerate(x.shape)]
    wide = g if g.dtype.itemsize > 2 else g.astype(np.float32)
    normal = x - found.means.reshape(shape)
    normal -= found.rests.reshape(shape)
    normal *= found.inverses.reshape(shape)
    products = wide * normal
    by_weight, by_bias = products, g
    if weight is not None:
        by_weight, by_bias = _summed(products, weight.shape), _summed(wide, weight.shape)
        wide, products = wide * weight, products * weight
    result = wide - np.add.reduce(wide, along, keepdims=True) / count
    normal *= np.add.reduce(products, along, keepdims=True) / count
    result -= normal
    result *= found.inverses.reshape(shape)
    return result, by_weight, by_bias


def _pulled_in_blocks(g, x, weight, along, found):
    """The same, while each row lies in the cache."""
    rows = _Rows(x, along)
    means, rests, inverses = map(rows.ordered, (found.means, found.rests, found.inverses))
    result = np.empty_like(x)
    spread = rows.spread(weight)
    target = None if weight is None else rows.places(weight)  # which axes of a part the weight has not
    parts = [None] * len(rows.regions)

    def work(tasks: Iterator[int]) -> None:
        first, second, third = rows.scratch(), rows.scratch(), rows.scratch()
        for task in tasks:
            region = rows.regions[task]
            gs, normal = rows.taken(g, region, first), rows.taken(x, region, second)
            mean, rest, inverse = (np.ascontiguousarray(v[region]).reshape(-1, 1) for v in (means, rests, inverses))
            normal -= mean
            if (np.abs(rest * inverse) > np.finfo(rest.dtype).eps).any():
                normal -= rest
            normal *= inverse
            if weight is not None:
                products = np.multiply(gs, normal, out=third[: len(gs)])
                shape = rows.shape_of(region)
                parts[task] = [sum_to(v.reshape(shape), target, keepdims=True) for v in (products, gs)]
                scaled = gs.reshape(shape)
                scaled *= spread[region]
            share_of_normal = _sums(gs, normal) / rows.length
            gs -= _sums(gs) / rows.length
            normal *= share_of_normal
            gs -= normal
            rows.put(result, region, gs, inverse)

    share(work, len(rows.regions), worthwhile=x.size >= _WORTH_THREADS)
    if weight is None:
        return result, None, None
    return result, *rows.gathered(parts, weight)


def _summed(x, shape):
    """The sum over the axes along which an array of that shape is repeated in x."""
    extra = x.ndim - len(shape)
    axes = (*range(extra), *(i + extra for i, n in enumerate(shape) if n == 1 and x.shape[i + extra] != 1))
    return sum_to(x, axes).reshape(shape) if axes else x


def _pulled_raw(g, out, inverses, axis):
    """`_pulled` on raw arrays, with what the forward found."""
    along = np.lib.array_utils.normalize_axis_tuple(axis, out.ndim)
    if out.size <= _SMALL and out.dtype.itemsize > 2:
        count = math.prod(out.shape[a] for a in along)
        inverses = inverses.reshape([1 if a in along else n for a, n in enumerate(out.shape)])
        result = g - np.add.reduce(g, along, keepdims=True) / count
        result -= out * (np.add.reduce(g * out, along, keepdims=True) / count)
        result *= inverses
        return result
    rows = _Rows(out, along)
    inverses = rows.ordered(inverses)
    result = np.empty_like(out)

    def work(tasks: Iterator[int]) -> None:
        first, second = rows.scratch(), rows.scratch()
        for task in tasks:
            region = rows.regions[task]
            gs, outs = rows.taken(g, region, first), rows.taken(out, region, second)
            share_of_out = _sums(gs, outs) / rows.length
            gs -= _sums(gs) / rows.length
            outs *= share_of_out
            gs -= outs
            rows.put(result, region, gs, inverses[region])

    share(work, len(rows.regions), worthwhile=out.size >= _WORTH_THREADS)
    return result


class _Rows:
    """The numbers that belong together as rows of a matrix, a part of which is copied into a scratch at a time.

    `order` are the axes as they are looked at: those that are kept, then those along which numbers belong together,
    each in the order of memory. `regions` cut the kept ones into parts.
    """

    def __init__(self, x, along):
        outer_first = sorted(range(x.ndim), key=lambda a: (x.shape[a] == 1, -abs(x.strides[a])))
        kept = [a for a in outer_first if a not in along]
        self.order = [*kept, *(a for a in outer_first if a in along)]
        self.kept = [sorted(kept).index(a) for a in kept]
        self.length = math.prod(x.shape[a] for a in along)
        self.dtype = np.result_type(x.dtype, np.float32)
        self.regions, self.most = _cut([x.shape[a] for a in kept], max(1, _BLOCK // max(1, self.length)))

    def ordered(self, numbers):
        """One number for each row, as regions look at them."""
        return numbers.transpose(self.kept)

    def scratch(self):
        """Memory for the rows of any region."""
        return np.empty((self.most, self.length), self.dtype)

    def taken(self, x, region, scratch):
        """A copy of the rows of a region."""
        part = x.transpose(self.order)[region]
        rows = scratch[: part.size // self.length]
        np.copyto(rows.reshape(part.shape), part)
        return rows

    def put(self, out, region, rows, factors):
        """Write rows, each times its factor, to where they came from."""
        part = out.transpose(self.order)[region]
        factors = factors.reshape(part.shape[: len(self.kept)] + (1,) * (part.ndim - len(self.kept)))
        np.multiply(rows.reshape(part.shape), factors, out=part, casting="same_kind")


def _cut(shape, rows):
    """Regions of an array of that shape, of about so many elements each, and the most that one of them has."""
    regions, most = [()], 1
    for i, length in enumerate(shape):
        inner = math.prod(shape[i + 1 :])
        each = min(length, max(1, rows // max(1, inner)))
        cuts = [slice(lo, min(lo + each, length)) for lo in range(0, length, max(1, each))]
        regions = [(*region, cut) for region, cut in product(regions, cuts)]
        most *= each
    return regions, most


def _sums(a, b=None):
    """The sum of each row, or of the products of two, as a column."""
    length = a.shape[1]
    whole = length - length % _RUN
    total = np.zeros(len(a), a.dtype)
    for part in (slice(0, whole), slice(whole, length)):
        if part.start == part.stop:
            continue
        runs = (len(a), -1, min(_RUN, part.stop - part.start))
        x = a[:, part].reshape(runs)
        y = np.ones(runs[2], a.dtype) if b is None else b[:, part].reshape(runs)
        total = total + np.vecdot(x, y).sum(axis=1)
    return total[:, None]
