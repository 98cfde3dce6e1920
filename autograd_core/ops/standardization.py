"""Numbers brought to mean 0 and variance 1 along axes: what batch, layer, group and instance normalization share.

Composed of means and differences it would be a dozen passes over memory. Here each row of numbers that belong together
goes through all of them while it lies in a core's cache.
"""

import math
from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..arrays import as_floating
from ..errors import OptionError, ShapeError
from ..examples import Distinct, Example, Interval, Raises
from ..op import general
from ..layout import sum_to
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
    fused=[lambda g, x, aux: aux.pull(g, x, None)[0]],
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
    return _computed(*_checked("standardize", x, axis, eps, moments), eps, moments)


def _checked(who, x, axis, eps, moments):
    """The numbers, the axes along which they belong together, and the lengths of the others."""
    x = as_floating(x)
    if not eps >= 0:
        raise OptionError(f"{who}: eps must not be negative, got {eps!r}")
    along = normalize_axis_tuple(axis, x.ndim)
    if not all(x.shape[a] for a in along):
        raise ShapeError(f"{who}: there are no numbers along axis {axis} of shape {x.shape}")
    kept = tuple([n for a, n in enumerate(x.shape) if a not in along])
    if moments is not None and np.shape(moments) != (2, *kept):
        raise ShapeError(f"{who}: moments must have shape {(2, *kept)} for x {x.shape}, got {np.shape(moments)}")
    return x, along, kept


def _affine_jvp(xp, tangents, x, weight, axis, eps, out_aval):
    """The sum of what the three tangents bring about."""
    dx, dw, db = tangents
    terms = [] if db is None else [xp.broadcast_to(db, out_aval.shape)]
    if dx is not None or dw is not None:
        normal = standardize(x, axis=axis, eps=eps)
    if dx is not None:
        term = _pulled(xp, dx, normal, _scale(xp, x, axis, eps), axis)
        terms.append(term if weight is None else term * weight)
    if dw is not None:
        terms.append(normal * dw)
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _affine_pulled(xp, g, x, weight, axis, eps):
    normal = standardize(x, axis=axis, eps=eps)
    return _pulled(xp, g if weight is None else g * weight, normal, _scale(xp, x, axis, eps), axis)


@general(
    vjps=[
        lambda xp, g, x, weight, axis, eps: _affine_pulled(xp, g, x, weight, axis, eps),
        lambda g, x, axis, eps: g * standardize(x, axis=axis, eps=eps),
        lambda g: g,
    ],
    fused=[
        lambda g, x, weight, aux: aux.pull(g, x, weight)[0],
        lambda g, x, weight, aux: aux.pull(g, x, weight)[1],
        lambda g, x, weight, aux, bias_aval: (
            aux.pull(g, x, weight)[2] if weight is not None and bias_aval.shape == np.shape(weight) else g
        ),
    ],
    jvp=_affine_jvp,
    aux=True,
    domain={"x": Distinct(), "weight": Interval(-2, 2), "bias": Interval(-2, 2)},
    examples=[
        Example(x=(2, 3), weight=(3,), bias=(3,), axis=-1),
        Example(x=(3, 2), weight=(2,), bias=(2,), axis=0, eps=0.1),
        Example(x=(3, 2, 2), weight=(2, 1), bias=(2, 1), axis=(0, 2)),
        Example(x=(2, 2, 3), weight=(2, 2, 1), bias=None, axis=-1),
        Example(x=(2, 3), weight=(3,), bias=(2, 1), axis=-1),
        Example(x=(2, 3), weight=None, bias=(3,), axis=-1),
        Example(x=(2, 3), weight=None, bias=None, axis=1, moments=np.empty((2, 2))),
        Example(x=(0, 3), weight=(3,), bias=(3,), axis=-1),
    ],
    reference=lambda x, weight=None, bias=None, axis=-1, eps=1e-5, moments=None: (
        _reference(x, axis, eps) * (1 if weight is None else weight) + (0 if bias is None else bias)
    ),
    errors=[
        BAD_AXIS,
        Raises(OptionError, "eps must not be negative", x=(2, 3), eps=-1.0),
        Raises(ShapeError, "no numbers along axis 0", x=(0, 3), axis=0),
        Raises(ShapeError, r"weight of shape \(2,\) does not broadcast to x \(2, 3\)", x=(2, 3), weight=(2,)),
        Raises(ShapeError, r"bias of shape \(2, 2, 3\) does not broadcast", x=(2, 3), bias=(2, 2, 3)),
    ],
)
def standardize_affine(xp, x, weight=None, bias=None, /, axis=-1, eps=1e-5, *, moments=None):
    """`standardize`, times a weight, plus a bias, in one pass over memory.

    Shapes: x (...) -> the same; weight and bias broadcast to it, and either may be left out. `moments` as there.
    Errors: ShapeError for axes without numbers, and for a weight or bias that does not broadcast to x.

    >>> ag.standardize_affine(np.array([1.0, 3.0]), 2.0, np.array([10.0, 20.0]), eps=0)
    array([ 8., 22.])
    """
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and not _broadcasts(np.shape(value), np.shape(x)):
            raise ShapeError(
                f"standardize_affine: {name} of shape {np.shape(value)} does not broadcast to x {np.shape(x)}"
            )
    return _computed(*_checked("standardize_affine", x, axis, eps, moments), eps, moments, weight, bias)


def _broadcasts(shape, to):
    """Whether an array of a shape can be repeated to another shape."""
    return len(shape) <= len(to) and all(n in (1, m) for n, m in zip(shape[::-1], to[::-1], strict=False))


def _computed(x, along, kept, eps, moments, weight=None, bias=None):
    """The result, and what the derivative needs of the forward computation."""
    found = _Found(along)
    out = (_at_once if x.size <= _SMALL else _in_blocks)(x, kept, eps, found, weight, bias)
    if moments is not None:
        np.add(found.means.reshape(kept), found.rests.reshape(kept), out=moments[0])
        moments[1] = found.variances.reshape(kept)
    return out, found


class _Found:
    """What is known of each row: the mean in two parts, see Note [The rest of the mean], the variance, the factor.

    Of a small array also the standardized numbers. And what was last derived from a cotangent: all three derivatives
    are found in one pass, and asked for one by one.
    """

    __slots__ = ("along", "inverses", "means", "normal", "pulled", "rests", "variances")

    def __init__(self, along):
        self.along, self.normal, self.pulled = along, None, (None, None)

    def pull(self, g, x, weight):
        """The derivatives by x, weight and bias for a cotangent, computed once; it is held, and so cannot be another."""
        known, derivatives = self.pulled
        if known is not g:
            derivatives = (_pulled_at_once if x.size <= _SMALL else _pulled_in_blocks)(g, x, weight, self)
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


def _at_once(x, kept, eps, found, weight, bias):
    """The result, of all numbers together; what is known goes into `found`."""
    along = found.along
    wide = x if x.dtype.itemsize > 2 else x.astype(np.float32)  # sums of halves would overflow
    part = _part(x, along, wide.dtype)
    mean = np.add.reduce(wide, along, keepdims=True)
    mean *= part
    normal = wide - mean
    rest = np.add.reduce(normal, along, keepdims=True)
    rest *= part
    variance = np.add.reduce(normal * normal, along, keepdims=True)
    variance *= part
    variance -= rest * rest
    variance = np.maximum(variance, 0, out=variance)
    inverse = _inverse(variance, eps)
    found.means, found.rests, found.variances, found.inverses, found.normal = mean, rest, variance, inverse, normal
    normal -= rest
    normal *= inverse
    out = normal
    if weight is not None:
        out = out * weight
    if bias is not None:
        out = out + bias if out is normal else np.add(out, bias, out=out)
    return out.astype(x.dtype, copy=False)


def _part(x, along, dtype):
    """What each number counts in a mean."""
    return np.array(1 / math.prod([x.shape[a] for a in along]), dtype)


def _in_blocks(x, kept, eps, found, weight, bias):
    """The same, while each row lies in the cache."""
    rows = _Rows(x, found.along)
    found.means, found.rests, found.variances, found.inverses = known = [np.empty(kept, rows.dtype) for _ in range(4)]
    means, rests, variances, inverses = map(rows.ordered, known)
    out, weight, bias = np.empty_like(x), rows.repeated(weight), rows.repeated(bias)

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
            if _matters(rest, inverse):
                deviations -= rest
            for held, column in ((means, mean), (rests, rest), (variances, variance), (inverses, inverse)):
                held[region] = column.reshape(held[region].shape)
            rows.put(out, region, deviations, inverse, weight, bias)

    share(work, len(rows.regions), worthwhile=x.size >= _WORTH_THREADS)
    return out


def _matters(rest, inverse):
    """Whether the rest of a mean changes any digit of what it would be taken out of."""
    return (np.abs(rest * inverse) > np.finfo(rest.dtype).eps).any()


def _pulled_at_once(g, x, weight, found):
    """The derivatives by x, weight and bias, of all numbers together."""
    along, normal, inverse = found.along, found.normal, found.inverses
    g = g if g.dtype.itemsize > 2 else g.astype(np.float32)
    part = _part(x, along, normal.dtype)
    products = by_weight = by_bias = g * normal
    if weight is not None:
        by_weight, by_bias = _summed(products, np.shape(weight)), _summed(g, np.shape(weight))
        g, products = g * weight, np.multiply(products, weight, out=products)
    mean, share_of_normal = np.add.reduce(g, along, keepdims=True), np.add.reduce(products, along, keepdims=True)
    mean *= part
    share_of_normal *= part
    result = g - mean
    result -= np.multiply(normal, share_of_normal, out=products)
    result *= inverse
    return result, by_weight, by_bias


def _pulled_in_blocks(g, x, weight, found):
    """The same, while each row lies in the cache."""
    rows = _Rows(x, found.along)
    means, rests, inverses = map(rows.ordered, (found.means, found.rests, found.inverses))
    result, factor = np.empty_like(x), rows.repeated(weight)
    by_weight, by_bias = _Gathered(rows, weight), _Gathered(rows, weight)

    def work(tasks: Iterator[int]) -> None:
        first, second, third = rows.scratch(), rows.scratch(), rows.scratch()
        for task in tasks:
            region = rows.regions[task]
            gs, normal = rows.taken(g, region, first), rows.taken(x, region, second)
            mean, rest, inverse = (np.ascontiguousarray(v[region]).reshape(-1, 1) for v in (means, rests, inverses))
            normal -= mean
            if _matters(rest, inverse):
                normal -= rest
            normal *= inverse
            if weight is not None:
                by_weight.add(task, np.multiply(gs, normal, out=third[: len(gs)]))
                by_bias.add(task, gs)
                rows.scale(gs, region, factor)
            share_of_normal = _sums(gs, normal) / rows.length
            gs -= _sums(gs) / rows.length
            normal *= share_of_normal
            gs -= normal
            rows.put(result, region, gs, inverse)

    share(work, len(rows.regions), worthwhile=x.size >= _WORTH_THREADS)
    return result, by_weight.total(), by_bias.total()


def _summed(x, shape):
    """The sum over the axes along which an array of that shape is repeated in x."""
    extra = x.ndim - len(shape)
    axes = (*range(extra), *(i + extra for i, n in enumerate(shape) if n == 1 and x.shape[i + extra] != 1))
    return sum_to(x, axes).reshape(shape) if axes else x.copy()


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
        self.shape, self.length = x.shape, math.prod(x.shape[a] for a in along)
        self.dtype = np.result_type(x.dtype, np.float32)
        self.regions, self.most = _cut([x.shape[a] for a in kept], max(1, _BLOCK // max(1, self.length)))

    def ordered(self, numbers):
        """One number for each row, as regions look at them."""
        return numbers.transpose(self.kept)

    def lengths(self, region):
        """The lengths of the axes in a region."""
        cut = [part.stop - part.start for part in region]
        return (*cut, *(self.shape[a] for a in self.order[len(cut) :]))

    def scratch(self):
        """Memory for the rows of any region."""
        return np.empty((self.most, self.length), self.dtype)

    def taken(self, x, region, scratch):
        """A copy of the rows of a region."""
        part = x.transpose(self.order)[region]
        rows = scratch[: part.size // self.length]
        np.copyto(rows.reshape(part.shape), part)
        return rows

    def repeated(self, numbers):
        """An array that broadcasts to x, as regions look at it."""
        return None if numbers is None else np.broadcast_to(numbers, self.shape).transpose(self.order)

    def scale(self, rows, region, factors):
        """Multiply rows with what `repeated` gave."""
        factors = factors[region]
        rows = rows.reshape(factors.shape)
        rows *= factors

    def put(self, out, region, rows, factors, weight=None, bias=None):
        """Write rows, each times its factor, times the weights, plus the biases, to where they came from."""
        part = out.transpose(self.order)[region]
        factors = factors.reshape(part.shape[: len(self.kept)] + (1,) * (part.ndim - len(self.kept)))
        rows = rows.reshape(part.shape)
        if weight is not None:
            rows *= factors
            factors = weight[region]
        if bias is None:
            np.multiply(rows, factors, out=part, casting="same_kind")
        else:
            rows *= factors
            np.add(rows, bias[region], out=part, casting="same_kind")


class _Gathered:
    """The sum of rows, over all places where an array is repeated: of each region by itself, then in their order."""

    def __init__(self, rows, like):
        self.rows, self.like, self.parts = rows, like, [None] * len(rows.regions)
        if like is not None:
            self.lengths = (1,) * (len(rows.shape) - np.ndim(like)) + np.shape(like)
            self.summed = tuple([i for i, a in enumerate(rows.order) if self.lengths[a] == 1])

    def add(self, task, rows):
        """Sum the rows of a region."""
        shape = self.rows.lengths(self.rows.regions[task])
        self.parts[task] = sum_to(rows.reshape(shape), self.summed, keepdims=True)

    def total(self):
        """The sum of all regions, in the shape of what is repeated."""
        if self.like is None:
            return None
        order = self.rows.order
        total = np.zeros([self.lengths[a] for a in order], self.rows.dtype)
        for region, part in zip(self.rows.regions, self.parts, strict=True):
            place = tuple([slice(None) if i in self.summed else cut for i, cut in enumerate(region)])
            total[place] += part
        return total.transpose(np.argsort(order)).reshape(np.shape(self.like))


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
