"""Names that are replaced while somebody listens, and put back afterwards.

Knows namespaces (modules' globals, functions' globals, classes). Does not know what stands behind the names. While
nobody listens nothing is in the way of anything. What is replaced is seen by all threads, so a replacement first asks
whether anybody listens in its own context.

Note [Out of order]
Sets of names lie on each other like plates: what one replaces may be a replacement already, which it calls. A set that
nobody needs any more therefore stays, and passes everything through, until all that lie on it are gone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

__all__ = ["Replacements"]

_LOCK = Lock()
_INSTALLED: list["Replacements"] = []  # the later on top of the earlier


class Replacements:
    """One set of replaced names for all who listen, which the first installs and the last removes.

    `replace_all(replace)` calls ``replace(namespace, name, value)`` for each; a namespace is a dict or a class.
    """

    def __init__(self, replace_all: Callable[[Callable[[Any, str, Any], None]], None]) -> None:
        self._replace_all = replace_all
        self._users = 0
        self._replaced: list[tuple[Any, str, Any]] = []

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Keep the names replaced inside."""
        self.install()
        try:
            yield
        finally:
            self.remove()

    def install(self) -> None:
        """Replace the names, unless they are."""
        with _LOCK:
            if self not in _INSTALLED:
                try:
                    self._replace_all(self._replace)
                except BaseException:  # whatever it was, nothing stays half replaced
                    self._put_back()
                    raise
                _INSTALLED.append(self)
            self._users += 1

    def remove(self) -> None:
        """Put the names back, unless somebody still listens; see Note [Out of order]."""
        with _LOCK:
            self._users -= 1
            while _INSTALLED and not _INSTALLED[-1]._users:
                _INSTALLED.pop()._put_back()

    def _replace(self, namespace: Any, name: str, value: Any) -> None:
        if isinstance(namespace, dict):
            self._replaced.append((namespace, name, namespace[name]))
            namespace[name] = value
        else:
            own = vars(namespace).get(name, _INHERITED)
            self._replaced.append((namespace, name, own))
            setattr(namespace, name, value)

    def _put_back(self) -> None:
        while self._replaced:
            namespace, name, original = self._replaced.pop()
            if isinstance(namespace, dict):
                namespace[name] = original
            elif original is _INHERITED:
                delattr(namespace, name)
            else:
                setattr(namespace, name, original)


_INHERITED = object()
