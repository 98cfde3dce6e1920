"""Arrays laid out anew, parts of them, and constants."""

import math
from typing import Any

import numpy as np

import autograd_core as ag

from ... import functional
from ...module import values
from .attributes import Operator, Options, axes as axes_of, whole

__all__ = ["OPERATORS"]


def _reshape(o: Options, x: Any, shape: Any) -> Any:
    wanted = whole(shape)
    if not o.get("allowzero"):
        wanted = [np.shape(x)[i] if n == 0 else n for i, n in enumerate(wanted)]
    return ag.reshape(x, tuple(wanted))


def _flatten(o: Options, x: Any) -> Any:
    axis = o.get("axis", 1)
    shape = np.shape(x)
    axis = axis + len(shape) if axis < 0 else axis
    return ag.reshape(x, (math.prod(shape[:axis]), math.prod(shape[axis:])))


def _unsqueeze(o: Options, x: Any, axes: Any = None) -> Any:
    return ag.expand_dims(x, axes_of(o, axes) or ())


def _squeeze(o: Options, x: Any, axes: Any = None) -> Any:
    return ag.squeeze(x, axes_of(o, axes))


def _slice(o: Options, x: Any, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None) -> Any:
    first, last = (whole(v) if v is not None else o[n] for v, n in ((starts, "starts"), (ends, "ends")))
    over = whole(axes) if axes is not None else o.get("axes", list(range(len(first))))
    by = whole(steps) if steps is not None else [1] * len(first)
    index: list[Any] = [slice(None)] * np.ndim(x)
    for a, start, end, step in zip(over, first, last, by, strict=True):
        length = np.shape(x)[a]
        stop: int | None = end
        if step < 0 and end < -length:
            stop = None  # beyond the first element
        index[a] = slice(start, stop, step)
    return x[tuple(index)]


def _split(o: Options, x: Any, split: Any = None) -> tuple[Any, ...]:
    axis, count = o.get("axis", 0), o["outputs"]
    length = np.shape(x)[axis]
    each = math.ceil(length / count)
    sizes = (
        whole(split) if split is not None else o.get("split") or [min(each, length - i * each) for i in range(count)]
    )
    ends = np.cumsum(sizes)[:-1].tolist()
    return tuple(ag.split(x, ends, axis))


def _gather(o: Options, x: Any, indices: Any) -> Any:
    return ag.take(x, values(indices), axis=o.get("axis", 0))


def _pad(o: Options, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    widths = whole(pads) if pads is not None else o["pads"]
    half = len(widths) // 2
    over = whole(axes) if axes is not None else list(range(half))
    each = [(0, 0)] * np.ndim(x)
    for a, before, after in zip(over, widths[:half], widths[half:], strict=True):
        each[a] = (before, after)
    mode = o.get("mode", "constant")
    if mode == "constant":
        return ag.pad(x, each, constant_values=float(values(value)) if value is not None else 0.0)
    return ag.pad(x, each, mode=mode)


def _expand(o: Options, x: Any, shape: Any) -> Any:
    return ag.broadcast_to(x, np.broadcast_shapes(np.shape(x), tuple(whole(shape))))


def _shape(o: Options, x: Any) -> Any:
    return np.array(np.shape(x)[o.get("start", 0) : o.get("end")], np.int64)


def _constant(o: Options) -> Any:
    for name, dtype in (("value", None), ("value_float", np.float32), ("value_int", np.int64)):
        if name in o:
            return np.asarray(o[name], dtype)
    for name, dtype in (("value_floats", np.float32), ("value_ints", np.int64)):
        if name in o:
            return np.asarray(o[name], dtype)
    raise ag.OptionError(f"Constant: of {', '.join(o)} only numbers are read here")


def _constant_of_shape(o: Options, shape: Any) -> Any:
    value = np.asarray(o.get("value", np.zeros(1, np.float32)))
    return np.full(whole(shape), value.ravel()[0], value.dtype)


def _gather_elements(o: Options, x: Any, indices: Any) -> Any:
    return ag.take_along_axis(x, values(indices), axis=o.get("axis", 0))


def _top(o: Options, x: Any, count: Any) -> tuple[Any, Any]:
    """The largest or the smallest elements along an axis, in order, and where they were; ties by position."""
    axis, (k,) = o.get("axis", -1), whole(count)
    found = values(x)
    order = np.argsort(-found if o.get("largest", 1) else found, axis=axis, kind="stable")
    places = np.take(order, range(k), axis)
    return ag.take_along_axis(x, places, axis=axis), places


def _range(o: Options, start: Any, limit: Any, delta: Any) -> Any:
    first, last, step = (values(v) for v in (start, limit, delta))
    return np.arange(first.item(), last.item(), step.item(), dtype=first.dtype)


def _triangle(o: Options, x: Any, k: Any = None) -> Any:
    return (ag.triu if o.get("upper", 1) else ag.tril)(x, int(values(k)) if k is not None else 0)


def _depth_to_space(o: Options, x: Any) -> Any:
    size = o["blocksize"]
    if o.get("mode", "DCR") == "CRD":
        return functional.pixel_shuffle(x, size)
    n, c, h, w = np.shape(x)
    parts = ag.reshape(x, (n, size, size, c // size**2, h, w))
    return ag.reshape(ag.transpose(parts, (0, 3, 4, 1, 5, 2)), (n, c // size**2, h * size, w * size))


def _space_to_depth(o: Options, x: Any) -> Any:
    size = o["blocksize"]
    n, c, h, w = np.shape(x)
    parts = ag.reshape(x, (n, c, h // size, size, w // size, size))
    return ag.reshape(ag.transpose(parts, (0, 3, 5, 1, 2, 4)), (n, c * size**2, h // size, w // size))


_MODES = {"linear": {1: "linear", 2: "bilinear", 3: "trilinear"}, "cubic": {2: "bicubic"}}


def _resize(o: Options, x: Any, roi: Any = None, scales: Any = None, sizes: Any = None) -> Any:
    """As PyTorch resizes: the nearest element before, or linear and cubic interpolation between centres or corners."""
    mode, how = o.get("mode", "nearest"), o.get("coordinate_transformation_mode", "half_pixel")
    axes = np.ndim(x) - 2
    options: dict[str, Any] = {}
    if mode == "nearest":
        known = how == "asymmetric" and o.get("nearest_mode") == "floor"
    else:
        known = how in ("half_pixel", "pytorch_half_pixel", "align_corners") and axes in _MODES[mode]
        known = known and o.get("cubic_coeff_a", -0.75) == -0.75
        options["align_corners"] = how == "align_corners"
    if not known or o.get("antialias") or o.get("exclude_outside") or "axes" in o:
        raise ag.OptionError(f"Resize: mode {mode!r} with coordinates {how!r} is read here only as PyTorch writes it")
    options["mode"] = _MODES[mode][axes] if mode != "nearest" else mode
    if sizes is not None and np.size(values(sizes)):
        return functional.interpolate(x, tuple(whole(sizes)[2:]), **options)
    return functional.interpolate(x, scale_factor=tuple(float(n) for n in values(scales)[2:]), **options)


OPERATORS: dict[str, Operator] = {
    "Concat": lambda o, *x: ag.concatenate(x, axis=o["axis"]),
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "DepthToSpace": _depth_to_space,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "Pad": _pad,
    "Range": _range,
    "Reshape": _reshape,
    "Resize": _resize,
    "Shape": _shape,
    "Slice": _slice,
    "SpaceToDepth": _space_to_depth,
    "Size": lambda o, x: np.array(np.size(x)),
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": lambda o, x, reps: ag.tile(x, tuple(whole(reps))),
    "TopK": _top,
    "Transpose": lambda o, x: ag.transpose(x, o.get("perm")),
    "Trilu": _triangle,
    "Unsqueeze": _unsqueeze,
}
"""By the operator's name."""
