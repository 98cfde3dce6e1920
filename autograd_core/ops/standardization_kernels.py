"""Standardizing raw NumPy arrays, times a weight, plus a bias, and what a cotangent becomes on the way back.

Composed of means and differences it would be a dozen passes over memory. Here each row of numbers that belong together
goes through all of them while it lies in a core's cache: by machine code (`rows_native`) where that can be made, else
with NumPy. Knows arrays. Does not know operations or layers.

Note [The rest of the mean]
A mean is rounded, and by much where numbers are large and close together. So the deviations from it have a mean of
their own: a small one, which is found exactly enough, and taken out of the deviations and of the variance.
"""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from ..layout import sum_to
from ..parallel import share
from . import rows_native as native

_BLOCK = 1 << 18  # numbers that are worked on together: of a smaller part the calls cost more than the cache saves
_SMALL = 1 << 15  # numbers up to which a few calls on all of them are faster than blocks
_WORTH_THREADS = 1 << 18  # numbers from which other cores are woken
_RUN = 1 << 10  # numbers added in one product: their rounding errors stay those of a pairwise sum


def standardized(x, along, kept, eps, moments, weight=None, bias=None):
    """The result, and what the derivative needs of the forward computation; `kept` are the lengths of other axes."""
    made = native.standardized(x, along, eps, weight, bias)
    found: Found
    if made is not None:
        out, found = made[0], _FoundByRows(along, *made[1:])
    else:
        found = Found(along)
        out = (_at_once if x.size <= _SMALL else _in_blocks)(x, kept, eps, found, weight, bias)
    if moments is not None:
        np.add(found.means.reshape(kept), found.rests.reshape(kept), out=moments[0])
        moments[1] = found.variances.reshape(kept)
    return out, found


class Found:
    """What is known of each row: the mean in two parts, see Note [The rest of the mean], the variance, the factor.

    Of a small array also the standardized numbers. And what was last derived from a cotangent: all three derivatives
    are found in one pass, and asked for one by one.
    """

    __slots__ = ("along", "inverses", "means", "normal", "pulled", "rests", "variances")
    means: Any
    rests: Any
    variances: Any
    inverses: Any

    def __init__(self, along):
        self.along, self.normal, self.pulled = along, None, (None, None)

    def pull(self, g, x, weight):
        """The derivatives by x, weight and bias (if it is shaped like the weight) for a cotangent, computed once.

        The cotangent is held, so that no other can be mistaken for it.
        """
        known, derivatives = self.pulled
        if known is not g:
            derivatives = self.derived(g, x, weight)
            self.pulled = g, derivatives
        return derivatives

    def derived(self, g, x, weight):
        """The same, computed."""
        return (_pulled_in_blocks if self.normal is None else _pulled_at_once)(g, x, weight, self)


class _FoundByRows(Found):
    """The same where machine code found it."""

    __slots__ = ("_known", "_rows")

    def __init__(self, along, known, rows):
        super().__init__(along)
        self._known, self._rows = known, rows

    def __getattr__(self, name):
        """The means and so on, as the steps in NumPy have them: an array of the axes that are not along rows."""
        if name not in _NUMBERS:
            raise AttributeError(name)
        return self._rows.ordered(self._known[_NUMBERS.index(name)])

    def derived(self, g, x, weight):
        derivatives = native.standardized_pulled(g, x, weight, self._known, self._rows)
        return super().derived(g, x, weight) if derivatives is None else derivatives


_NUMBERS = ("means", "rests", "variances", "inverses")  # in the order in which machine code puts them


def _inverse(variance, eps):
    """What deviations are multiplied by; 0 where they all are."""
    spread = variance + eps
    if not spread.all():
        spread = np.where(spread == 0, np.inf, spread)
    return 1 / np.sqrt(spread)


# --- a few numbers ----------------------------------------------------------------------------------------------------


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
    np.maximum(variance, 0, out=variance)
    inverse = _inverse(variance, eps)
    found.means, found.rests, found.variances, found.inverses, found.normal = mean, rest, variance, inverse, normal
    normal -= rest
    normal *= inverse
    out = normal if weight is None else normal * weight
    if bias is not None:
        out = out + bias
    return out.astype(x.dtype, copy=False)


def _part(x, along, dtype):
    """What each number counts in a mean."""
    return np.array(1 / math.prod([x.shape[a] for a in along]), dtype)


def _pulled_at_once(g, x, weight, found):
    """The derivatives by x, weight and bias, of all numbers together."""
    along, normal = found.along, found.normal
    g = g if g.dtype.itemsize > 2 else g.astype(np.float32)
    part = _part(x, along, normal.dtype)
    products = by_weight = by_bias = g * normal
    if weight is not None:
        by_weight, by_bias = _summed(products, np.shape(weight)), _summed(g, np.shape(weight))
        g, products = g * weight, products * weight
    mean, share_of_normal = np.add.reduce(g, along, keepdims=True), np.add.reduce(products, along, keepdims=True)
    mean *= part
    share_of_normal *= part
    result = g - mean
    result -= normal * share_of_normal
    result *= found.inverses
    return result, by_weight, by_bias


def _summed(x, shape):
    """The sum over the axes along which an array of that shape is repeated in x."""
    extra = x.ndim - len(shape)
    axes = (*range(extra), *(i + extra for i, n in enumerate(shape) if n == 1 and x.shape[i + extra] != 1))
    return sum_to(x, axes).reshape(shape) if axes else x


# --- many numbers, in blocks ------------------------------------------------------------------------------------------


def _in_blocks(x, kept, eps, found, weight, bias):
    """The same as `_at_once`, while each row lies in the cache."""
    rows = _Rows(x, found.along, x.dtype)
    found.means, found.rests, found.variances, found.inverses = known = [np.empty(kept, rows.dtype) for _ in range(4)]
    means, rests, variances, inverses = map(rows.ordered, known)
    out, weight, bias = np.empty_like(x), rows.repeated(weight), rows.repeated(bias)

    def work(tasks: Iterator[int]) -> None:
        scratch = rows.scratch()
        for task in tasks:
            region = rows.regions[task]
            seen = rows.seen(x, region, scratch)
            deviations = scratch[: len(seen)]
            mean = _sums(seen) / rows.length
            np.subtract(seen, mean, out=deviations)
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


def _pulled_in_blocks(g, x, weight, found):
    """The same as `_pulled_at_once`, while each row lies in the cache."""
    rows = _Rows(x, found.along, g.dtype)
    means, rests, inverses = map(rows.ordered, (found.means, found.rests, found.inverses))
    result = np.empty_like(x)
    each, factor = rows.of_each(weight), rows.repeated(weight)
    by_weight, by_bias = _Gathered(rows, weight), _Gathered(rows, weight)

    def work(tasks: Iterator[int]) -> None:
        first, second = rows.scratch(), rows.scratch()
        third = rows.scratch() if weight is not None and each is None else first
        for task in tasks:
            region = rows.regions[task]
            gs, seen = rows.seen(g, region, first), rows.seen(x, region, second)
            mean, rest, inverse = (np.ascontiguousarray(v[region]).reshape(-1, 1) for v in (means, rests, inverses))
            normal = np.subtract(seen, mean, out=second[: len(seen)])
            if _matters(rest, inverse):
                normal -= rest
            normal *= inverse
            if weight is not None and each is None:
                by_weight.add(task, np.multiply(gs, normal, out=third[: len(gs)]))
                by_bias.add(task, gs)
                gs = rows.scaled(gs, region, factor, first)
            total, along_normal = _sums(gs), _sums(gs, normal)
            if each is not None:
                by_weight.add_sums(task, along_normal)
                by_bias.add_sums(task, total)
                inverse = inverse * each[region].reshape(-1, 1)
            gs = np.subtract(gs, total / rows.length, out=first[: len(gs)])
            normal *= along_normal / rows.length
            gs -= normal
            rows.put(result, region, gs, inverse)

    share(work, len(rows.regions), worthwhile=x.size >= _WORTH_THREADS)
    return result, by_weight.total(), by_bias.total()


class _Rows:
    """The numbers that belong together as rows of a matrix, a part of which is worked on at a time.

    `order` are the axes as they are looked at: those that are kept, then those along which numbers belong together,
    each in the order of memory. `regions` cut the kept ones into parts.
    """

    def __init__(self, x, along, dtype):
        outer_first = sorted(range(x.ndim), key=lambda a: (x.shape[a] == 1, -abs(x.strides[a])))
        kept = [a for a in outer_first if a not in along]
        self.order = [*kept, *(a for a in outer_first if a in along)]
        self.kept = [sorted(kept).index(a) for a in kept]
        self.shape, self.length = x.shape, math.prod(x.shape[a] for a in along)
        self.dtype = np.result_type(x.dtype, dtype, np.float32)
        self.regions, self.most = _cut([x.shape[a] for a in kept], max(1, _BLOCK // max(1, self.length)))

    def ordered(self, numbers):
        """One number for each row, as regions look at them."""
        return numbers.transpose(self.kept)

    def repeated(self, numbers):
        """An array that broadcasts to x, as regions look at it."""
        return None if numbers is None else np.broadcast_to(numbers, self.shape).transpose(self.order)

    def of_each(self, numbers):
        """An array that broadcasts to x as one number for each row; None if it differs within rows."""
        if numbers is None:
            return None
        repeated = self.repeated(numbers)[(slice(None),) * len(self.kept)]
        along = range(len(self.kept), repeated.ndim)
        if any(repeated.strides[i] and repeated.shape[i] > 1 for i in along):
            return None
        return repeated[(..., *(0 for _ in along))]

    def lengths(self, region):
        """The lengths of the axes in a region."""
        cut = [part.stop - part.start for part in region]
        return (*cut, *(self.shape[a] for a in self.order[len(cut) :]))

    def scratch(self):
        """Memory for the rows of any region."""
        return np.empty((self.most, self.length), self.dtype)

    def seen(self, x, region, scratch):
        """The rows of a region, to be read: as they lie where they are dense, else a copy in scratch."""
        part = x.transpose(self.order)[region]
        if part.flags.c_contiguous and part.dtype == self.dtype:
            return part.reshape(-1, self.length)
        rows = scratch[: part.size // self.length]
        np.copyto(rows.reshape(part.shape), part)
        return rows

    def scaled(self, rows, region, factors, scratch):
        """Rows times what `repeated` gave, in scratch."""
        factors = factors[region]
        out = scratch[: len(rows)]
        np.multiply(rows.reshape(factors.shape), factors, out=out.reshape(factors.shape))
        return out

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
        self.lengths = (1,) * (len(rows.shape) - np.ndim(like)) + np.shape(like)
        self.summed = tuple([i for i, a in enumerate(rows.order) if self.lengths[a] == 1])

    def add(self, task, rows):
        """Sum the rows of a region."""
        shape = self.rows.lengths(self.rows.regions[task])
        self.parts[task] = sum_to(rows.reshape(shape), self.summed, keepdims=True)

    def add_sums(self, task, sums):
        """Sum the rows of a region whose own sums are known already."""
        cut = self.rows.lengths(self.rows.regions[task])[: len(self.rows.kept)]
        sums = sums.reshape(cut + (1,) * (len(self.rows.order) - len(cut)))
        self.parts[task] = np.add.reduce(sums, self.summed, keepdims=True)

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
