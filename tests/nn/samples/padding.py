"""Borders, and images of another size."""

import numpy as np

from . import Sample, family, sample


def border(rng: np.random.Generator, kind: str, axes: int, most: int, *value: float) -> Sample:
    """One width, or one for each side; images of 4 or more, alone at times."""
    shape = [2, 2, *(int(n) for n in rng.integers(4, 6, axes))]
    widths = [int(n) for n in rng.integers(-1, most + 1, 2 * axes)]
    if kind == "CircularPad":  # a period is no longer than what is left of the image
        widths = [min(n, 3) if -1 in widths else n for n in widths]
    padding = tuple(widths) if rng.integers(2) else abs(widths[0])
    return sample(padding, *value, inputs=[tuple(shape[1:] if rng.integers(5) == 0 else shape)])


def _families() -> None:
    """The same draw for every number of axes."""
    kinds = {"ConstantPad": 3, "ZeroPad": 3, "ReflectionPad": 3, "ReplicationPad": 5, "CircularPad": 4}
    for kind, most in kinds.items():
        for axes in (1, 2, 3):

            def draw(rng: np.random.Generator, kind: str = kind, axes: int = axes, most: int = most) -> Sample:
                value = (float(rng.choice([0.0, 3.5, -1.0])),) if kind == "ConstantPad" else ()
                return border(rng, kind, axes, most, *value)

            draw.__name__ = f"{kind}{axes}d"
            family(draw)


_families()


@family
def Upsample(rng: np.random.Generator) -> Sample:
    modes = [["linear"], ["bilinear", "bicubic"], ["trilinear"]]
    axes = int(rng.integers(1, 4))
    mode = str(rng.choice([*modes[axes - 1], "nearest", "nearest-exact", "area"]))
    options: dict[str, object] = {"mode": mode}
    if mode.endswith(("linear", "cubic")) and rng.integers(3):
        options["align_corners"] = bool(rng.integers(2))
    several = rng.integers(2)
    if rng.integers(2):
        sizes = tuple(int(n) for n in rng.integers(1, 8, axes))
        options["size"] = sizes if several else sizes[0]
    else:
        factors = tuple(float(f) for f in rng.choice([0.5, 1.0, 1.3, 1.5, 2.0, 2.7, 3.0], axes))
        options["scale_factor"] = factors if several else factors[0]
        if rng.integers(3) == 0:
            options["recompute_scale_factor"] = bool(rng.integers(2))
    space = [int(n) for n in rng.integers(2, 6 if axes < 3 else 4, axes)]
    factors = np.broadcast_to(options.get("scale_factor", 1.0), axes)
    torn = mode == "nearest" and any(
        int(n * f) in (n, 2 * n) and f not in (1, 2) for n, f in zip(space, factors, strict=True)
    )
    why = "PyTorch's values and gradients follow different rules in one and three dimensions" if torn else ""
    return sample(**options, inputs=[(2, 1, *space)], only_here=why)


def planar(rng: np.random.Generator) -> Sample:
    """Sizes or factors of images."""
    options: dict[str, object] = {"size": (5, int(rng.integers(1, 8)))} if rng.integers(2) else {"scale_factor": 2}
    return sample(**options, inputs=[(2, 2, *(int(n) for n in rng.integers(1, 5, 2)))])


@family
def UpsamplingNearest2d(rng: np.random.Generator) -> Sample:
    return planar(rng)


@family
def UpsamplingBilinear2d(rng: np.random.Generator) -> Sample:
    return planar(rng)
