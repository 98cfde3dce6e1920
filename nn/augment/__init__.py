"""Images seen anew in every epoch: random changes of small images, batch by batch, and larger sets made of small ones.

>>> from nn.augment import Augmented, Noise, Shift
>>> data = nn.data.TensorDataset(np.zeros((100, 1, 28, 28), np.float32), np.zeros(100, np.int64))
>>> loader = nn.data.DataLoader(Augmented(data, Shift(2), Noise(0.05), rng=0), batch_size=64, shuffle=True, rng=1)
>>> next(iter(loader))[0].shape
(64, 1, 28, 28)
"""

from .augmentation import Augmentation, Augmented, Compose
from .moving import Crop, Flip, Shift, expand
from .spoiling import Erase, Noise
from .warping import Affine, Distorted, Elastic, Rotate, affine

__all__ = [
    # data sets
    "Augmented",
    "Distorted",
    "expand",
    # changes
    "Augmentation",
    "Compose",
    "Shift",
    "Crop",
    "Flip",
    "Rotate",
    "Affine",
    "Elastic",
    "Noise",
    "Erase",
    # one change, given
    "affine",
]
