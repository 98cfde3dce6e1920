"""Linear algebra on matrices and stacks of them, under NumPy's names: `ag.linalg.inv`, as `np.linalg.inv`."""

from .determinants import (
    SlogdetResult as SlogdetResult,
    cofactors as cofactors,
    det as det,
    slogdet as slogdet,
)
from .factors import (
    QRResult as QRResult,
    cholesky as cholesky,
    qr as qr,
)
from .matrices import LinAlgError as LinAlgError
from .norms import (
    cond as cond,
    matrix_norm as matrix_norm,
    matrix_rank as matrix_rank,
    norm as norm,
    vector_norm as vector_norm,
)
from .products import (
    cross as cross,
    diagonal as diagonal,
    matmul as matmul,
    matrix_power as matrix_power,
    matrix_transpose as matrix_transpose,
    multi_dot as multi_dot,
    outer as outer,
    tensordot as tensordot,
    trace as trace,
    vecdot as vecdot,
)
from .solving import (
    LstsqResult as LstsqResult,
    inv as inv,
    lstsq as lstsq,
    pinv as pinv,
    solve as solve,
    tensorinv as tensorinv,
    tensorsolve as tensorsolve,
)
from .spectral import (
    EighResult as EighResult,
    SVDResult as SVDResult,
    eigh as eigh,
    eigvalsh as eigvalsh,
    svd as svd,
    svdvals as svdvals,
)
