"""Parameters in a dict."""

from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from typing import Any

import autograd_core as ag

from ..holding import check_name
from ..module import Module
from .module_dict import pairs
from .parameter_list import learned, told

__all__ = ["ParameterDict"]


class ParameterDict(Module):
    """A dict of parameters, which are found and named by their keys; it computes nothing.

    Keys are strings without dots that are no attribute of a module. Tensors and arrays of floating point become
    Parameters; other objects are kept as they are. The order is that of insertion (see `update`).
    Errors: OptionError for a key that cannot be a name; KeyError for a key that is not there.

    >>> choices = ParameterDict({"left": np.ones((2, 3)), "right": np.ones(1)})
    >>> choices["right"] = np.zeros(4)
    >>> choices
    ParameterDict(
      (left): Parameter of shape (2, 3), float64
      (right): Parameter of shape (4,), float64
    )
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._keys))

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __getitem__(self, key: str) -> Any:
        if key not in self:
            raise KeyError(key)
        return vars(self)[key]

    def __setitem__(self, key: str, value: Any) -> None:
        wrong = check_name(key)
        if wrong or (key not in self and hasattr(self, key)):
            raise ag.OptionError(f"ParameterDict: {key!r} cannot be a key" + ("" if wrong else ", it is an attribute"))
        value = learned(value)
        if key in self and not isinstance(value, ag.Tensor):
            vars(self).pop(key)  # a dict may hold anything
        self._keys[key] = None
        setattr(self, key, value)

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __or__(self, other: Any) -> "ParameterDict":
        joined = self.copy()
        joined.update(other)
        return joined

    def __ror__(self, other: Any) -> "ParameterDict":
        joined = ParameterDict(list(other.items()))
        joined.update(self)
        return joined

    def __ior__(self, other: Any) -> "ParameterDict":
        self.update(other)
        return self

    def keys(self) -> Iterable[str]:
        """The keys."""
        return dict(self.items()).keys()

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return dict(self.items()).values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """The keys and parameters, in pairs."""
        return {key: vars(self)[key] for key in self._keys}.items()

    def get(self, key: str, default: Any = None) -> Any:
        """The parameter of a key, or `default`."""
        return dict(self.items()).get(key, default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The parameter of a key, which becomes `default` if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, parameters: "Mapping[str, Any] | ParameterDict | Iterable[tuple[str, Any]]") -> None:
        """Hold these parameters as well, in the place of those that have the same keys.

        Those of a plain dict come in the order of their keys, as in PyTorch; of anything else in their own order.
        """
        given = pairs(parameters, "ParameterDict.update")
        for key, value in sorted(given, key=itemgetter(0)) if type(parameters) is dict else given:
            self[key] = value

    def pop(self, key: str) -> Any:
        """Take out the parameter of a key."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take out the last key and its parameter."""
        if not self._keys:
            raise KeyError("popitem: the ParameterDict is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def clear(self) -> None:
        """Hold no parameter any more."""
        for key in self:
            del self[key]

    def copy(self) -> "ParameterDict":
        """Another dict of the same parameters."""
        return ParameterDict(self)

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> "ParameterDict":
        """A new dict with these keys, and `default` for each."""
        return ParameterDict([(key, default) for key in keys])

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("ParameterDict: it holds parameters and computes nothing")

    def _shown(self, children: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        return ((key, told(value)) for key, value in self.items())
