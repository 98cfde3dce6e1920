"""Tables of vectors."""

import numpy as np

from . import Sample, family, sample


def table(rng: np.random.Generator) -> tuple[int, int, dict[str, object]]:
    """Rows, features and options of a table."""
    rows, features = int(rng.integers(2, 7)), int(rng.integers(1, 4))
    options: dict[str, object] = {"scale_grad_by_freq": bool(rng.integers(3) == 0)}
    if rng.integers(3) == 0:
        options["padding_idx"] = int(rng.integers(-rows, rows))
    if rng.integers(4) == 0:
        options |= {"max_norm": float(rng.uniform(0.3, 2)), "norm_type": float(rng.choice([1.0, 2.0, 3.0]))}
    return rows, features, options


@family
def Embedding(rng: np.random.Generator) -> Sample:
    rows, features, options = table(rng)
    ids = np.asarray(rng.integers(0, rows, tuple(rng.integers(1, 4, int(rng.integers(0, 4))))))
    return sample(rows, features, inputs=[ids], order=order(ids, rows, options), **options)


@family
def EmbeddingBag(rng: np.random.Generator) -> Sample:
    rows, features, options = table(rng)
    mode = str(rng.choice(["sum", "mean", "max"]))
    if mode == "max":
        options["scale_grad_by_freq"] = False
    last = bool(rng.integers(2))
    if rng.integers(2):
        ids = rng.integers(0, rows, tuple(rng.integers(1, 5, 2)))
        offsets, last = None, False
    else:
        lengths = rng.integers(0, 4, int(rng.integers(1, 5)))
        lengths[int(rng.integers(len(lengths)))] += 1
        ids = rng.integers(0, rows, int(lengths.sum()))
        offsets = np.concatenate([[0], np.cumsum(lengths)])[: None if last else -1]
    weighted = mode == "sum" and bool(rng.integers(2))
    return sample(
        rows,
        features,
        mode=mode,
        include_last_offset=last,
        inputs=[ids, offsets, ids.shape if weighted else None],
        order=order(ids, rows, options),
        # it divides by the count of another id: embedding(...).sum(dim=1) has another gradient there (2.13.0)
        only_here="scale_grad_by_freq is wrong in PyTorch's bags" if options["scale_grad_by_freq"] else "",
        **options,
    )


def order(ids: np.ndarray, rows: int, options: dict[str, object]) -> int:
    """Differences see neither a gradient that is scaled or cut on purpose, nor a table that is changed in place."""
    padded = "padding_idx" in options and (ids == int(options["padding_idx"]) % rows).any()
    scaled = options["scale_grad_by_freq"] and len(np.unique(ids)) < ids.size
    return 0 if padded or scaled or "max_norm" in options else 2
