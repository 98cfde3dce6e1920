"""What a script says around its computation: devices, types, recording, files. There is one device, the CPU."""

import os
from types import SimpleNamespace
from typing import Any

import numpy as np

import autograd_core as ag

from ..module import Module
from ..saving import load_tree, save_tree
from .creation import check_device, tensor, zeros
from .custom import Function, Variable, grad

__all__ = [
    "DoubleTensor",
    "FloatTensor",
    "IntTensor",
    "LongTensor",
    "Variable",
    "accelerator",
    "autograd",
    "backends",
    "cuda",
    "device",
    "dtypes",
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "load",
    "mps",
    "no_grad",
    "save",
    "set_grad_enabled",
]

# --- types ------------------------------------------------------------------------------------------------------------

dtypes = {
    name: np.dtype(of)
    for names, of in {
        "float32 float": np.float32,
        "float64 double": np.float64,
        "float16 half": np.float16,
        "int64 long": np.int64,
        "int32 int": np.int32,
        "int16 short": np.int16,
        "int8": np.int8,
        "uint8": np.uint8,
        "bool": np.bool_,
    }.items()
    for name in names.split()
}


class FloatTensor:
    """`FloatTensor(data)` is a Tensor of float32, of lengths (`FloatTensor(2, 3)`) one of zeros; as a type, float32."""

    dtype = dtypes["float32"]

    def __new__(cls, *data: Any) -> Any:
        if all(isinstance(n, int) for n in data):
            return zeros(*data, dtype=cls.dtype)
        return tensor(*data, dtype=cls.dtype)


class DoubleTensor(FloatTensor):
    """`DoubleTensor(data)` is a Tensor of float64; as a type it means float64."""

    dtype = dtypes["float64"]


class LongTensor(FloatTensor):
    """`LongTensor(data)` is a Tensor of int64; as a type it means int64."""

    dtype = dtypes["int64"]


class IntTensor(FloatTensor):
    """`IntTensor(data)` is a Tensor of int32; as a type it means int32."""

    dtype = dtypes["int32"]


# --- devices ----------------------------------------------------------------------------------------------------------


class device(str):
    """The name of the only device, "cpu".

    Errors: OptionError for any other.

    >>> from nn import torch
    >>> torch.device("cuda" if torch.cuda.is_available() else "cpu").type
    'cpu'
    """

    index = None  # type: ignore[assignment]  # there is one device, and str has a method of this name

    def __new__(cls, type: Any = "cpu", index: int | None = None) -> "device":
        check_device(type, "device")
        return super().__new__(cls, "cpu")

    @property
    def type(self) -> str:
        """The kind of device."""
        return "cpu"


def _no(*_: Any, **__: Any) -> bool:
    """False: there is no such device here."""
    return False


def _nothing(*_: Any, **__: Any) -> None:
    """There is nothing to do without such a device."""


cuda = SimpleNamespace(
    is_available=_no,
    device_count=lambda: 0,
    manual_seed=_nothing,
    manual_seed_all=_nothing,
    empty_cache=_nothing,
    synchronize=_nothing,
)
mps = SimpleNamespace(is_available=_no, manual_seed=_nothing, empty_cache=_nothing)
accelerator = SimpleNamespace(is_available=_no, device_count=lambda: 0, current_accelerator=_nothing)
backends = SimpleNamespace(
    cudnn=SimpleNamespace(is_available=_no, enabled=False, benchmark=False, deterministic=True),
    cuda=SimpleNamespace(matmul=SimpleNamespace(allow_tf32=False)),
    mps=mps,
)

# --- recording --------------------------------------------------------------------------------------------------------

no_grad, enable_grad = ag.no_grad, ag.enable_grad


class inference_mode(ag.no_grad):
    """As `no_grad`; `inference_mode(False)` changes nothing."""

    def __init__(self, mode: bool = True) -> None:
        super().__init__(recording=not mode)


class set_grad_enabled:
    """Record from here on, or stop recording: as a statement, or for a block.

    >>> from nn import torch
    >>> with torch.set_grad_enabled(False):
    ...     torch.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self._switch = ag.enable_grad() if mode else ag.no_grad()
        self._switch.__enter__()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *how: object) -> None:
        self._switch.__exit__(*how)


def is_grad_enabled() -> bool:
    """Whether what is computed is recorded."""
    return (ag.tensor(0.0, requires_grad=True) * 1).requires_grad


autograd = SimpleNamespace(Function=Function, Variable=Variable, enable_grad=enable_grad, grad=grad, no_grad=no_grad)

# --- files ------------------------------------------------------------------------------------------------------------


def save(obj: Any, f: Any) -> None:
    """Write what a `state_dict` gave, or other nested dicts and lists of arrays, numbers and text, to a file.

    `f` is a path, or a file that is open for writing. It becomes a safetensors file, without pickle: the format is not
    that of PyTorch's own `save`.
    Errors: OptionError for a module or another object; save its `state_dict()`.
    """
    if isinstance(obj, Module):
        raise ag.OptionError("save: files hold numbers here, not objects; say torch.save(model.state_dict(), path)")
    save_tree(obj, _path(f, "save"))


def load(f: Any, map_location: Any = None, weights_only: bool = True) -> Any:
    """What `save` wrote, to a path or an open file. Nothing in a file is executed.

    Weights that came from PyTorch in a safetensors file are read by `nn.saving.read_weights`.
    """
    check_device(map_location, "load")
    return load_tree(_path(f, "load"))


def _path(f: Any, who: str) -> str | os.PathLike[str]:
    if isinstance(f, str | os.PathLike):
        return f
    name = getattr(f, "name", None)
    if not isinstance(name, str):
        raise ag.OptionError(f"{who}: a path is needed, or a file that was opened by one; got {type(f).__name__}")
    return name
