"""The form that is linear in each of two arrays."""

from typing import Any

import autograd_core as ag

__all__ = ["bilinear"]


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """For each k, ``y_k = input1^T weight_k input2 + bias_k``.

    Shapes: input1 (..., n), input2 (..., m), weight (k, n, m), bias (k,) -> (..., k).
    Errors: ShapeError where these do not fit.

    >>> bilinear(np.ones((5, 2)), np.ones((5, 3)), np.ones((4, 2, 3))).shape
    (5, 4)
    """
    shapes = f"input1 {input1.shape}, input2 {input2.shape}, weight {weight.shape}"
    if len(weight.shape) != 3 or not len(input1.shape) == len(input2.shape) > 0:
        raise ag.ShapeError(f"bilinear: input1 (..., n), input2 (..., m) and weight (k, n, m) are needed; got {shapes}")
    outputs, n, m = weight.shape
    if input1.shape[:-1] != input2.shape[:-1] or (input1.shape[-1], input2.shape[-1]) != (n, m):
        raise ag.ShapeError(
            f"bilinear: the inputs must be alike but for the last axes, whose lengths are those of weight; got {shapes}"
        )
    if bias is not None and bias.shape != (outputs,):
        raise ag.ShapeError(f"bilinear: bias must be ({outputs},), got {bias.shape}")
    # one product of matrices, rows of all weight_k side by side, then one weighted sum for each
    rows = ag.matmul(input1, ag.reshape(ag.transpose(weight, (1, 0, 2)), (n, outputs * m)))
    rows = ag.reshape(rows, (*input1.shape[:-1], outputs, m))
    y = ag.matmul(rows, input2[..., None])[..., 0]
    return y if bias is None else y + bias
