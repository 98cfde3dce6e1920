"""The Python array API standard, version 2024.12, over Tensors: ``xp = ag.array_api``.

Code that was written for the standard, not for one library, differentiates: `array_api_compat.array_namespace(t)` and
``t.__array_namespace__()`` are this module. Floating-point arrays stay in the graph; integers and booleans are
constants. There are no complex numbers, and one device, "cpu". See docs/array-api.md for what differs.
"""

from . import fft as fft, linalg as linalg
from .constants import *
from .creation import *
from .data_types import *
from .elementwise import *
from .indexing import *
from .info import __array_namespace_info__ as __array_namespace_info__
from .linalg import matmul as matmul, matrix_transpose as matrix_transpose, tensordot as tensordot, vecdot as vecdot
from .manipulation import *
from .searching import *
from .sets import *
from .sorting import *
from .statistical import *
from .utility import *

__array_api_version__ = "2024.12"


def __getattr__(name: str) -> object:
    if name in ("complex64", "complex128"):
        raise AttributeError(
            f"array_api has no {name}: complex numbers are not supported; carry the real and imaginary parts as two "
            "real arrays"
        )
    raise AttributeError(f"the array API standard {__array_api_version__} has no {name!r}")
