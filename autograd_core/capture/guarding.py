"""What a plan takes for granted besides its signature, and whether it still holds.

Knows Tensors and Python's functions. What of an object decides which operations a function applies is said by the
object itself: its method `__captured__` returns pairs of a function and an argument that tell it (for a module: which
parts are in training), and `__called__` the functions that it calls.
"""

import dis
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Sized
from inspect import getattr_static
from operator import attrgetter, call, is_
from types import BuiltinFunctionType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from ..tensor import Tensor
from .program import Value

if TYPE_CHECKING:
    from .tracing import Tracer

__all__ = ["Guards", "State", "changed_by_itself", "guards_of", "states_of", "undisturbed"]

State: TypeAlias = tuple["functools.partial[Any]", Any]  # a question, and its answer

_PLAIN = (bool, int, float, str, bytes, type(None))


class Guards:
    """What held when a function was traced. `hold` says whether it does now."""

    def __init__(self, grads: list[tuple[Tensor, bool]], states: list[State]) -> None:
        self._grads, self._states = grads, states
        self._gets, self._values = [get for get, _ in states], [value for _, value in states]

    def hold(self) -> bool:
        """Whether everything is still so."""
        for tensor, had in self._grads:
            if (getattr(tensor, "_grad", None) is not None) != had:
                return False
        return [*map(call, self._gets)] == self._values

    def same(self, other: "Guards") -> bool:
        """Whether two runs took the same for granted."""
        if [had for _, had in self._grads] != [had for _, had in other._grads]:
            return False
        return [value for _, value in self._states] == [value for _, value in other._states]


def guards_of(tracer: "Tracer", constants: Iterable[Value]) -> Guards:
    """What the run that a tracer followed took for granted. `constants` are those of its program."""
    told = {id(get.args[0]) for get, _ in tracer.states}
    read = {id(i.target): i.target for i in tracer.instructions if i.kind == "read"}
    wants = [(functools.partial(_wants_gradient, x), x.requires_grad) for n, x in read.items() if n not in told]
    states = [(get, value) for get, value in tracer.states if get.func is not _numbers_in]
    looked_at = [(get, value) for get, value in tracer.states if get.func is _numbers_in and get() == value]
    if looked_at:  # arrays, perhaps, from which something was computed that nobody followed
        tensors = (*read.values(), *tracer.given.values())
        read_anew = [*(value.array for value in constants), *(x._array for x in tensors)]
        for get, value in looked_at:
            if not any(np.may_share_memory(get.args[0](), array) for array in read_anew):
                states.append((get, value))
    return Guards([*tracer.had_grad.items()], states + wants)


def states_of(function: Any, arguments: Sequence[Any] = ()) -> list[State]:
    """What a function can see from where it stands, and in its arguments, that decides what it does; as it is now."""
    found: list[State] = []
    told: set[Any] = set()
    names = _Names({}, {}, {})
    for _ in _gets(function, arguments, names):
        pass  # what one function reads of an object, another may have been given: first all names are gathered
    for get in _gets(function, arguments, names):
        value = get()
        if isinstance(value, np.ndarray) and value.nbytes <= _SMALL and not value.dtype.hasobject:
            found.append((functools.partial(_numbers_in, get), value.tobytes()))
        if type(value) in _PLAIN or isinstance(value, np.generic | frozenset):
            state = functools.partial(_exactly, get)
            found.append((state, state()))
            continue
        if not _of_library(value) and getattr(get, "func", None) is not _itself:
            found.append((functools.partial(_which, get, value), id(value)))
        if id(value) not in told and hasattr(type(value), "__captured__"):
            told.add(id(value))
            for ask, what in value.__captured__():
                if (ask, id(what)) not in told:
                    told.add((ask, id(what)))
                    found.append((functools.partial(ask, what), ask(what)))
    return found


def undisturbed(states: list[State], values: Sequence[Any]) -> list[State]:
    """The states without those that had these values and have others now, and without what lies behind such.

    What objects say of themselves stays: they know what decides.
    """
    found = [get for (get, _), was in zip(states, values, strict=True) if get.func in _ASKING and get() != was]
    if not found:
        return states
    changed = [get.args[0] for get in found]
    lost = {id(get.args[0] if get.func in _OF_CONTAINERS else get) for get in changed}
    return [state for state in states if not any(id(get) in lost for get in _way(state[0]))]


def _way(get: Any) -> Iterator[Any]:
    """What is looked at to come to what a guard looks at."""
    while isinstance(get, functools.partial):
        yield get
        get = get.args[0] if get.args else None


def changed_by_itself(tracer: "Tracer") -> str:
    """What of that which a function sees is not any more what it was before the call, in words; empty for nothing."""
    for get, value in tracer.states:
        if get.func is not _numbers_in and get() != value:  # numbers in arrays are changed by what is performed
            return _named(get) or "something it sees"
    return ""


def _named(get: Any) -> str:
    """What a guard looks at: a variable, an attribute, a key."""
    while isinstance(get, functools.partial):
        name = next((x for x in get.args if isinstance(x, str)), "")
        if name:
            return repr(name)
        get = get.args[0]
    return f"an attribute of a {type(get).__name__}" if not callable(get) else ""


def _of_library(value: Any) -> bool:
    """Whether this is a library, or a function of one, whose name nobody gives to something else."""
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    return isinstance(value, ModuleType | FunctionType | BuiltinFunctionType | type) and (
        (name or "").partition(".")[0] in _LIBRARIES
    )


def _exactly(get: Callable[[], Any]) -> Any:
    """A number or word such that only the same one is equal: 1 is not True, nor 0.0 the same as -0.0."""
    value = get()
    return type(value), repr(value) if isinstance(value, float) else value


def _which(get: Callable[[], Any], _held: Any) -> int:
    """Which object it is; the one it was is held, so that no other gets its number."""
    return id(get())


class _Names(NamedTuple):
    """Attributes, and constants that may be keys, that occur in the code of the functions that are looked at."""

    attributes: dict[str, None]
    stored: dict[str, None]
    constants: dict[Any, None]


def _gets(function: Any, arguments: Sequence[Any], names: _Names) -> Iterator[Callable[[], Any]]:
    known: set[Any] = set()
    yield from _seen(function, known, names, 0)
    for x in arguments:
        if type(x) in _PLAIN or isinstance(x, _READ_ANEW) or _of_library(x):
            continue
        get = functools.partial(_itself, x)
        yield get
        yield from _inside(get, known, names, 0)


def _inside(get: Callable[[], Any], known: set[Any], names: _Names, depth: int) -> Iterator[Callable[[], Any]]:
    """The variables of what is there, if it is a function, and its parts, if it has any."""
    value = get()
    if callable(value) and not isinstance(value, type):
        yield from _seen(value, known, names, depth)
    yield from _parts(get, known, names, depth)


def _seen(function: Any, known: set[Any], names: _Names, depth: int) -> Iterator[Callable[[], Any]]:
    """The variables of a function, and of the functions and objects among them."""
    if id(function) in known or depth > _DEEP:
        return
    known.add(id(function))
    if isinstance(function, functools.partial):
        yield from _seen(function.func, known, names, depth)
        for part in (*function.args, *function.keywords.values()):
            yield from _inside(functools.partial(_itself, part), known, names, depth)
        return
    if isinstance(function, MethodType):
        owner = functools.partial(_itself, function.__self__)
        yield owner
        yield from _seen(function.__func__, known, names, depth)
        yield from _parts(owner, known, names, depth)
        return
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None:
        yield from _seen(wrapped, known, names, depth)
    for called in getattr(type(function), "__called__", _nothing)(function):
        yield from _seen(called, known, names, depth)
    if not isinstance(function, FunctionType):
        if isinstance(function, BuiltinFunctionType | type):
            return
        owner = functools.partial(_itself, function)
        if hasattr(type(function), "__captured__"):
            yield owner
        yield from _parts(owner, known, names, depth)
        return
    if (function.__module__ or "").partition(".")[0] in _LIBRARIES:
        return
    variables: list[Callable[[], Any]] = []
    for cell in function.__closure__ or ():
        variables.append(functools.partial(_content, cell))
    for given in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        variables.append(functools.partial(_itself, given))
    scope, used = function.__globals__, _used(function.__code__)
    names.attributes.update(used.attributes)
    names.stored.update(used.stored)
    names.constants.update(used.constants)
    for name in used.variables:
        if name in scope:
            variables.append(functools.partial(scope.get, name))
    for get in variables:
        yield get
        yield from _inside(get, known, names, depth + 1)


_wants_gradient = attrgetter("requires_grad")


def _itself(value: Any) -> Any:
    return value


def _nothing(_: Any) -> tuple[()]:
    return ()


def _parts(get: Callable[[], Any], known: set[Any], names: _Names, depth: int) -> Iterator[Callable[[], Any]]:
    """What a function may use of an object, a module of Python, or a container, by the names and keys in its code."""
    value = get()
    if depth > _DEEP or type(value) in _PLAIN or isinstance(value, _READ_ANEW) or _of_library(value):
        return
    if isinstance(value, FunctionType | MethodType | BuiltinFunctionType) or ("parts", id(value)) in known:
        return
    known.add(("parts", id(value)))  # that it is this object is looked at in each place where it stands
    gets: list[Callable[[], Any]] = []
    if isinstance(value, dict):
        keys = list(value) if len(value) <= _FEW else [key for key in names.constants if key in value]
        gets = [functools.partial(_at, get, key) for key in keys]
        gets.append(functools.partial(_length, get))
        if len(value) > _FEW:
            yield functools.partial(_holds, get, [*value.values()])
    elif isinstance(value, list | tuple):
        gets = [functools.partial(_at, get, i) for i in range(min(len(value), _MANY))]
        gets.append(functools.partial(_length, get))
        if len(value) > _MANY:
            yield functools.partial(_holds, get, [*value])
    elif isinstance(value, set):
        yield functools.partial(_elements, get)
    else:
        yield from _of_class(value, known, names, depth)
        says = hasattr(type(value), "__captured__")  # then only what nobody but the user knows of is looked at
        own = [name for name in (names.stored if says else names.attributes | names.stored) if _is_data(value, name)]
        gets = [functools.partial(_attribute, get, name) for name in own]
    for part in gets:
        yield part
        if isinstance(part(), FunctionType | MethodType) or not callable(part()):
            yield from _inside(part, known, names, depth + 1)


def _of_class(value: Any, known: set[Any], names: _Names, depth: int) -> Iterator[Callable[[], Any]]:
    """What the methods and properties see that a function may call."""
    cls = value if isinstance(value, type) else type(value)
    if isinstance(value, ModuleType) or _of_library(cls) or hasattr(cls, "__captured__"):
        return
    asked = [name for each in cls.__mro__ if not _of_library(each) for name in vars(each) if name[:2] == "__"]
    for name in (*names.attributes, *(name for name in asked if name not in _NOT_ASKED)):
        found = getattr_static(cls, name, None)
        method = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
        if isinstance(method, FunctionType):
            yield from _seen(method, known, names, depth + 1)


def _is_data(value: Any, name: str) -> bool:
    """Whether an attribute is a value that lies there, in the object or its class, rather than what is computed."""
    found = getattr_static(value, name, None)
    if found is None or isinstance(found, MemberDescriptorType):  # a slot
        return found is not None
    if isinstance(value, type):
        return isinstance(found, FunctionType) or not hasattr(type(found), "__get__")
    return name in getattr(value, "__dict__", ()) or not hasattr(type(found), "__get__")


class _Used(NamedTuple):
    """What the code of a function names: variables from outside, attributes, and constants that may be keys."""

    variables: dict[str, None]
    attributes: dict[str, None]
    stored: dict[str, None]
    constants: dict[Any, None]


@functools.lru_cache(1024)
def _used(of: CodeType) -> _Used:
    used, waiting = _Used({}, {}, {}, {}), [of]
    while waiting:
        code = waiting.pop()
        for i in dis.get_instructions(code):
            if i.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL"):
                used.variables[i.argval] = None
            elif i.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                used.attributes[i.argval] = None
            elif i.opname == "STORE_ATTR":
                used.stored[i.argval] = None
        waiting += [c for c in code.co_consts if isinstance(c, CodeType)]
        used.constants.update({c: None for c in code.co_consts if isinstance(c, str | int)})
    return used


def _at(get: Callable[[], Any], key: Any) -> Any:
    try:
        return get()[key]
    except (LookupError, TypeError):
        return None


def _numbers_in(get: Callable[[], Any]) -> bytes:
    array = get()
    return array.tobytes() if isinstance(array, np.ndarray) else b""


def _length(get: Callable[[], Any]) -> int:
    now = get()
    return len(now) if isinstance(now, Sized) else -1


def _holds(get: Callable[[], Any], objects: Sequence[Any]) -> bool:
    """Whether a long container has the objects that it had, each in its place."""
    now = get()
    now = now.values() if isinstance(now, dict) else now
    return isinstance(now, Collection) and len(now) == len(objects) and all(map(is_, now, objects))


def _elements(get: Callable[[], Any]) -> frozenset[Any]:
    now = get()
    return frozenset(now) if isinstance(now, set) else frozenset()


def _attribute(get: Callable[[], Any], name: str) -> Any:
    return getattr(get(), name, None)


# what Python calls to make, print and compare objects
_NOT_ASKED = {"__init__", "__new__", "__post_init__", "__repr__", "__str__", "__eq__", "__hash__", "__init_subclass__"}
_ASKING = (_exactly, _which, _numbers_in)
_OF_CONTAINERS = (_length, _holds, _elements)
_LIBRARIES = {"numpy", "autograd_core", "nn", "builtins", "math", "scipy", "functools", "itertools"}
_DEEP = 12  # functions that call functions, objects that hold objects
_MANY = 64  # elements of a list that are looked into; of the others, which objects they are
_FEW = 16  # entries of a dict that are all looked into: its keys may be computed
_SMALL = 4096  # bytes of an array whose numbers are compared
_READ_ANEW = Tensor | np.ndarray | np.generic


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet assigned
        return None
