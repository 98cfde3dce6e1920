"""Real handwritten digits that need no download: the 1,797 scans that scikit-learn brings along."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

import autograd_core as ag

from ..randomness import RandomSource
from .images import ImageData, labelled_images


def digits(
    test_fraction: float = 0.2, *, rng: RandomSource = 0, flatten: bool = False, dtype: DTypeLike = np.float32
) -> ImageData:
    """Handwritten digits 0 to 9 in 8 x 8 pixels, 1,797 scans by 43 people, split at random into training and test.

    The same fraction of every class goes to the test set, and the same seed gives the same split.
    Shapes: images (N, 1, 8, 8), or (N, 64) if flattened; labels (N,).
    Units: grey levels from 0 (paper) to 1 (ink).
    Errors: ImportError without scikit-learn, OptionError for a fraction that leaves a class without images.
    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.

    >>> data = digits()  # doctest: +SKIP
    >>> data.train, len(data.test)  # doctest: +SKIP
    (TensorDataset((1438, 1, 8, 8) float32, (1438,) int64), 359)
    """
    try:
        from ..scikit import load_digits
    except ImportError as error:
        raise ImportError(
            "digits: the scans come with scikit-learn, which is not installed; pip install 'autograd-core[demo]'"
        ) from error
    scans = load_digits()
    in_test = _stratified(scans.target, test_fraction, rng)
    train, test = (
        labelled_images(scans.images[part], scans.target[part], white=16, flatten=flatten, dtype=dtype)
        for part in (~in_test, in_test)
    )
    return ImageData(train, test, tuple(str(name) for name in scans.target_names))


def _stratified(labels: NDArray[np.int64], fraction: float, rng: RandomSource) -> NDArray[np.bool_]:
    """A mask of samples that holds the given fraction of each class."""
    generator = np.random.default_rng(rng)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        (members,) = np.nonzero(labels == label)
        count = round(len(members) * fraction) if 0 < fraction < 1 else 0
        if not 0 < count < len(members):
            raise ag.OptionError(
                f"digits: test_fraction must lie between 0 and 1 and leave images of each class on both sides, "
                f"got {fraction!r}; 0.2 is usual"
            )
        chosen[generator.choice(members, count, replace=False)] = True
    return chosen
