"""Losses, and the distances that some of them measure."""

from typing import Any

import numpy as np

from . import Sample, family, sample

REDUCTIONS = ["mean", "sum", "none"]


def reduction(rng: np.random.Generator, *more: str) -> str:
    return str(rng.choice([*REDUCTIONS, *more]))


def rows(rng: np.random.Generator) -> tuple[int, ...]:
    return [(4,), (3, 2), (2, 3, 2)][int(rng.integers(3))]


def numbers(rng: np.random.Generator, *kinks: float) -> tuple[Any, Any]:
    """Predictions and targets, with differences apart from 0 and from the kinks."""
    target = rng.normal(size=rows(rng))
    difference = 2 * rng.normal(size=target.shape)
    for kink in {0.0, *kinks, *(-k for k in kinks)}:
        near = np.abs(difference - kink) < 0.05
        difference = np.where(near, kink + np.where(difference < kink, -0.05, 0.05), difference)
    return target + difference, target


def classes(rng: np.random.Generator, ignored: int | None = None) -> tuple[Any, Any]:
    """Scores of four classes and ids, in any layout; some are ignored, not all."""
    layout = [(), (3,), (2, 3), (2, 2, 2)][int(rng.integers(4))]
    scores = rng.normal(size=(*layout[:1], 4, *layout[1:]))
    ids = rng.integers(0, 4, layout)
    if ignored is not None and ids.ndim and ids.size > 1:
        ids.flat[0] = ignored
        ids.flat[-1] = (ignored + 1) % 4
    return scores, np.asarray(ids)


def maybe(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Weights, or none; in float32, as a network has them."""
    return rng.uniform(0.2, 2, shape).astype(np.float32) if rng.integers(2) else None


def given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.choice([-1, 1], shape)


# --- numbers ----------------------------------------------------------------------------------------------------------


@family
def MSELoss(rng: np.random.Generator) -> Sample:
    return sample(reduction=reduction(rng), inputs=numbers(rng))


@family
def L1Loss(rng: np.random.Generator) -> Sample:
    return sample(reduction=reduction(rng), inputs=numbers(rng))


@family
def SmoothL1Loss(rng: np.random.Generator) -> Sample:
    beta = float(rng.choice([1.0, 0.5, 2.0, 0.0]))
    return sample(reduction=reduction(rng), beta=beta, inputs=numbers(rng, beta))


@family
def HuberLoss(rng: np.random.Generator) -> Sample:
    delta = float(rng.choice([1.0, 0.5, 2.0]))
    return sample(reduction=reduction(rng), delta=delta, inputs=numbers(rng, delta))


@family
def QuadraticLoss(rng: np.random.Generator) -> Sample:
    return sample(reduction=reduction(rng), inputs=numbers(rng), only_here="PyTorch has no loss with the factor 1/2")


@family
def GaussianNLLLoss(rng: np.random.Generator) -> Sample:
    x, t = numbers(rng)
    shapes = [x.shape, x.shape[:-1], (*x.shape[:-1], 1)] if x.ndim > 1 else [x.shape]
    var = rng.uniform(0.5, 2, shapes[int(rng.integers(len(shapes)))])
    eps = float(rng.choice([1e-6, 0.1]))
    return sample(full=bool(rng.integers(2)), eps=eps, reduction=reduction(rng), inputs=[x, t, var])


@family
def PoissonNLLLoss(rng: np.random.Generator) -> Sample:
    logarithms, size = bool(rng.integers(2)), rows(rng)
    x = rng.normal(size=size) if logarithms else rng.uniform(0.5, 3, size)
    counts = rng.poisson(2.0, size).astype(float) + 0.25
    return sample(
        log_input=logarithms,
        full=bool(rng.integers(2)),
        eps=float(rng.choice([1e-8, 1e-2])),
        reduction=reduction(rng),
        inputs=[x, counts],
    )


@family
def KLDivLoss(rng: np.random.Generator) -> Sample:
    x, shares = np.log(rng.dirichlet(np.ones(4), 3)), rng.dirichlet(np.ones(4), 3)
    log_target = bool(rng.integers(2))
    target = np.log(shares) if log_target else shares
    return sample(reduction=reduction(rng, "batchmean"), log_target=log_target, inputs=[x, target])


# --- classes ----------------------------------------------------------------------------------------------------------


@family
def CrossEntropyLoss(rng: np.random.Generator) -> Sample:
    smoothing = float(rng.choice([0.0, 0.1, 0.7]))
    options = given(weight=maybe(rng, (4,)), label_smoothing=smoothing or None)
    if rng.integers(3) == 0:
        scores, _ = classes(rng)
        shares = np.exp(rng.normal(size=scores.shape))
        axis = 1 if scores.ndim > 1 else 0
        return sample(**options, reduction=reduction(rng), inputs=[scores, shares / shares.sum(axis, keepdims=True)])
    ignored = [None, -100, -1, 2][int(rng.integers(4))]
    options |= given(ignore_index=ignored)
    return sample(**options, reduction=reduction(rng), inputs=classes(rng, ignored))


@family
def NLLLoss(rng: np.random.Generator) -> Sample:
    ignored = [None, -100, -1, 2][int(rng.integers(4))]
    options = given(weight=maybe(rng, (4,)), ignore_index=ignored)
    return sample(**options, reduction=reduction(rng), inputs=classes(rng, ignored))


@family
def BCELoss(rng: np.random.Generator) -> Sample:
    size = rows(rng)
    weight = maybe(rng, size if rng.integers(2) else size[-1:])
    inputs = [rng.uniform(0.05, 0.95, size), rng.uniform(0.05, 0.95, size)]
    return sample(**given(weight=weight), reduction=reduction(rng), inputs=inputs)


@family
def BCEWithLogitsLoss(rng: np.random.Generator) -> Sample:
    size = rows(rng)
    options = given(weight=maybe(rng, size), pos_weight=maybe(rng, size[-1:]))
    return sample(**options, reduction=reduction(rng), inputs=[rng.normal(size=size), rng.uniform(0.1, 0.9, size)])


@family
def MultiMarginLoss(rng: np.random.Generator) -> Sample:
    single = bool(rng.integers(4) == 0)
    scores, ids = 0.1 * rng.normal(size=4 if single else (3, 4)), np.asarray(rng.integers(0, 4, () if single else 3))
    options = given(weight=maybe(rng, (4,)))
    return sample(int(rng.integers(1, 3)), float(rng.choice([1.0, 2.0])), **options, reduction=reduction(rng), inputs=[
        scores, ids,
    ])  # fmt: skip


@family
def MultiLabelMarginLoss(rng: np.random.Generator) -> Sample:
    lists = np.stack([rng.permutation(4) for _ in range(3)])
    for row, ends in zip(lists, rng.integers(0, 5, 3), strict=True):
        row[ends:] = -1
    inputs = [0.1 * rng.normal(size=(3, 4)), lists]
    if rng.integers(4) == 0:
        inputs = [inputs[0][0], lists[0]]
    return sample(reduction=reduction(rng), inputs=inputs)


@family
def MultiLabelSoftMarginLoss(rng: np.random.Generator) -> Sample:
    size = (4,) if rng.integers(4) == 0 else (3, 4)
    options = given(weight=maybe(rng, (4,)))
    return sample(**options, reduction=reduction(rng), inputs=[rng.normal(size=size), rng.uniform(0.1, 0.9, size)])


@family
def SoftMarginLoss(rng: np.random.Generator) -> Sample:
    size = rows(rng)
    return sample(reduction=reduction(rng), inputs=[rng.normal(size=size), signs(rng, size)])


@family
def HingeEmbeddingLoss(rng: np.random.Generator) -> Sample:
    size, margin = rows(rng), float(rng.choice([1.0, 2.0]))
    distances = rng.uniform(0.1, 3, size)
    distances += np.where(np.abs(distances - margin) < 0.05, 0.1, 0)
    return sample(margin, reduction=reduction(rng), inputs=[distances, signs(rng, size)])


# --- comparisons ------------------------------------------------------------------------------------------------------


@family
def MarginRankingLoss(rng: np.random.Generator) -> Sample:
    margin = float(rng.choice([0.0, 1.0]))
    x, y = numbers(rng, margin)
    return sample(margin, reduction=reduction(rng), inputs=[x, y, signs(rng, x.shape)])


@family
def CosineEmbeddingLoss(rng: np.random.Generator) -> Sample:
    layout = (3,) if rng.integers(4) else ()
    x, y = rng.normal(size=(*layout, 5)), rng.normal(size=(*layout, 5))
    margin = float(rng.choice([-0.9, 0.95]))
    return sample(margin, reduction=reduction(rng), inputs=[x, y, np.asarray(signs(rng, layout))])


def triplets(rng: np.random.Generator, swap: bool) -> list[Any]:
    """Three groups of points, such that neither the hinge nor the nearer one is close to changing."""
    layout = (3,) if rng.integers(4) else ()
    anchor = rng.normal(size=(*layout, 4))
    positive = anchor + rng.uniform(0.1, 0.2, size=anchor.shape)
    far = 0.3 if rng.integers(2) else 4.0
    return [anchor, positive, anchor + far + (0.02 if swap else 0.1) * rng.uniform(size=anchor.shape)]


@family
def TripletMarginLoss(rng: np.random.Generator) -> Sample:
    swap = bool(rng.integers(2))
    return sample(
        float(rng.choice([1.0, 2.0])),
        p=float(rng.choice([2.0, 3.0])),
        eps=float(rng.choice([1e-6, 1e-2])),
        swap=swap,
        reduction=reduction(rng),
        inputs=triplets(rng, swap),
    )


def city_blocks(a: Any, b: Any) -> Any:
    """A distance that both libraries can take: neither of their functions is named."""
    return abs(a - b).sum(-1)


@family
def TripletMarginWithDistanceLoss(rng: np.random.Generator) -> Sample:
    swap = bool(rng.integers(2))
    return sample(
        **given(distance_function=city_blocks if rng.integers(2) else None),
        margin=float(rng.choice([1.0, 2.0])),
        swap=swap,
        reduction=reduction(rng),
        inputs=triplets(rng, swap),
    )


# --- distances --------------------------------------------------------------------------------------------------------


@family
def CosineSimilarity(rng: np.random.Generator) -> Sample:
    size = [(5,), (3, 4), (2, 3, 4)][int(rng.integers(3))]
    dim = int(rng.integers(-len(size), len(size)))
    eps = float(rng.choice([1e-8, 5.0]))
    why = "PyTorch's gradient takes no notice of the bound" if eps > 1 else ""
    return sample(dim=dim, eps=eps, inputs=[size, size], only_here=why)


@family
def PairwiseDistance(rng: np.random.Generator) -> Sample:
    size = [(5,), (3, 4)][int(rng.integers(2))]
    x = rng.normal(size=size)
    return sample(
        p=float(rng.choice([2.0, 1.0, 3.0])),
        eps=float(rng.choice([1e-6, 1e-2])),
        keepdim=bool(rng.integers(2)),
        inputs=[x, x + rng.choice([-1, 1], size) * rng.uniform(0.1, 1, size)],
    )
