"""Functions that are called when a module is: before, after, and when the gradient passes through it.

Knows functions and Tensors. Does not know what a module is, nor any layer. A module without hooks has none of this.

Note [Backward hooks]
The inputs of a module with backward hooks pass through an identity, and so do its outputs. The derivative of the one
behind the module is met first in a sweep, and is given the gradient of all outputs; that of the one before it is met
last, and is given the gradient of all inputs. Both are the identity too, with the hooks called on the way.
"""

import warnings
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

import autograd_core as ag

__all__ = ["Hooked", "RemovableHandle"]

Hook = Callable[..., Any]
_next_key = count().__next__


class _Entry(NamedTuple):
    hook: Hook
    with_kwargs: bool = False
    always_call: bool = False


class RemovableHandle:
    """A hook that was registered: `remove()` takes it away again, and so does leaving a `with` block.

    >>> layer = nn.Linear(2, 1, rng=0)
    >>> with layer.register_forward_hook(lambda module, args, output: print(output.shape)):
    ...     y = layer(np.ones((3, 2), np.float32))
    (3, 1)
    >>> y = layer(np.ones((3, 2), np.float32))
    """

    def __init__(self, table: dict[int, Any], key: int, hooked: "Hooked | None" = None) -> None:
        self._table, self.id, self._hooked = table, key, hooked

    def remove(self) -> None:
        """Call the hook no more; nothing if that was said before."""
        if self._table.pop(self.id, None) is not None and self._hooked is not None:
            self._hooked.count_change()

    def __enter__(self) -> "RemovableHandle":
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Hooks:
    """The hooks of one module, in the order in which they are called, by when that is."""

    def __init__(self) -> None:
        self.forward_pre: dict[int, _Entry] = {}
        self.forward: dict[int, _Entry] = {}
        self.backward_pre: dict[int, _Entry] = {}
        self.backward: dict[int, _Entry] = {}
        self.state_dict_pre: dict[int, _Entry] = {}
        self.state_dict: dict[int, _Entry] = {}
        self.load_pre: dict[int, _Entry] = {}
        self.load: dict[int, _Entry] = {}

    def add(self, kind: str, hook: Hook, prepend: bool = False, **options: bool) -> RemovableHandle:
        """Call a function too, after those that are there, or before them to `prepend`."""
        if not callable(hook):
            raise ag.OptionError(f"hook: a function is needed, got {type(hook).__name__}")
        table, key = getattr(self, kind), _next_key()
        others = list(table.items())
        table[key] = _Entry(hook, **options)
        if prepend:
            for other, entry in others:  # to the end, in their order
                del table[other]
                table[other] = entry
        return RemovableHandle(table, key)

    def tell(self, kind: str, *args: Any) -> None:
        """Call all of one kind that have no say in the result."""
        for entry in list(getattr(self, kind).values()):
            entry.hook(*args)

    def call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the module gives for these arguments, with what its hooks change of both."""
        result, called = None, set()
        try:
            for entry in list(self.forward_pre.values()):
                args, kwargs = _prepared(entry, module, args, kwargs)
            passage = _Passage(module, self) if self.backward or self.backward_pre else None
            if passage is not None:
                args = passage.of_inputs(args)
            result = module.forward(*args, **kwargs)
            for key, entry in list(self.forward.items()):
                called.add(key)
                result = _seen(entry, module, args, kwargs, result)
            return result if passage is None else passage.of_outputs(result)
        except Exception:
            for key, entry in list(self.forward.items()):
                if entry.always_call and key not in called:
                    try:
                        result = _seen(entry, module, args, kwargs, result)
                    except Exception as second:
                        warnings.warn(
                            f"a forward hook with always_call=True raised {type(second).__name__} ({second}) while "
                            "another error was on its way, which goes on",
                            stacklevel=3,
                        )
            raise


class Hooked:
    """What can have hooks: how they are registered. None costs nothing, until the first there is no `Hooks`."""

    _hooks: "Hooks | None" = None

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before `forward`; what it returns, unless None, takes the place of the arguments.

        With `with_kwargs`, ``hook(module, args, kwargs)``, which returns both. To `prepend` is to come before others.
        """
        return self._hook("forward_pre", hook, prepend, with_kwargs=with_kwargs)

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after `forward`; what it returns, unless None, takes the output's place.

        With `with_kwargs`, ``hook(module, args, kwargs, output)``. With `always_call` also when `forward` raised, with
        None for the output.
        """
        return self._hook("forward", hook, prepend, with_kwargs=with_kwargs, always_call=always_call)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of all outputs are there, before they go on.

        They are a tuple, with zeros for an output that nothing depends on and None for what has no gradient; a tuple
        that the hook returns takes its place.
        """
        return self._hook("backward_pre", hook, prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of all positional inputs are there.

        Both are tuples, with None for what wants no gradient; a tuple that the hook returns takes the place of the
        first. If no input wants a gradient the hook is called once those of the outputs are there.
        """
        return self._hook("backward", hook, prepend)

    def register_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict`."""
        return self._hook("state_dict_pre", hook)

    def register_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, metadata)`` after `state_dict`, to change the dict in place."""
        return self._hook("state_dict", hook)

    def register_load_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, metadata, strict, missing_keys, unexpected_keys, errors)`` before
        anything is compared, to change the dict (a copy) in place: names of an older version, say."""
        return self._hook("load_pre", hook)

    def register_load_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after values were loaded."""
        return self._hook("load", hook)

    def _hook(self, kind: str, hook: Hook, prepend: bool = False, **options: bool) -> RemovableHandle:
        if self._hooks is None:
            vars(self)["_hooks"] = Hooks()  # which the type checker does not see
        handle = self._hooks.add(kind, hook, prepend, **options)  # type: ignore[union-attr]
        self.count_change()
        return RemovableHandle(handle._table, handle.id, self)

    def count_change(self) -> None:
        """What is computed may be something else from here on: what was captured asks how often that was said."""
        vars(self)["_changes"] = getattr(self, "_changes", 0) + 1

    def called_hooks(self) -> list[Hook]:
        """The hooks that a call comes to."""
        hooks = self._hooks
        if hooks is None:
            return []
        tables = (hooks.forward_pre, hooks.forward, hooks.backward_pre, hooks.backward)
        return [entry.hook for table in tables for entry in table.values()]


def _prepared(entry: _Entry, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The arguments after a hook that comes before the module."""
    if not entry.with_kwargs:
        changed = entry.hook(module, args)
        return (args if changed is None else changed if isinstance(changed, tuple) else (changed,)), kwargs
    changed = entry.hook(module, args, kwargs)
    if changed is None:
        return args, kwargs
    if not isinstance(changed, tuple) or len(changed) != 2:
        raise ag.OptionError(
            "register_forward_pre_hook: with with_kwargs=True a hook returns None or (args, kwargs), "
            f"got {type(changed).__name__}"
        )
    return changed


def _seen(entry: _Entry, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
    """The result after a hook that comes after the module."""
    given = (args, kwargs) if entry.with_kwargs else (args,)
    changed = entry.hook(module, *given, result)
    return result if changed is None else changed


class _Passage:
    """One call of a module, as its backward hooks see it; see Note [Backward hooks]."""

    def __init__(self, module: Any, hooks: Hooks) -> None:
        self.module = module
        self.after = [entry.hook for entry in hooks.backward.values()]
        self.before = [entry.hook for entry in hooks.backward_pre.values()]
        self.inputs = 0  # how many there are, and which of them want a gradient
        self.wanting: list[int] = []
        self.grad_outputs: tuple[Any, ...] | None = None

    def of_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.inputs = len(args)
        passed, self.wanting = _identity(args, self._arrived)
        return passed

    def of_outputs(self, result: Any) -> Any:
        several = isinstance(result, tuple)
        if not several and not isinstance(result, ag.Tensor):
            warnings.warn(
                "register_full_backward_hook: the output of a module must be a Tensor or a tuple of Tensors for its "
                f"hooks to be called, got {type(result).__name__} from {type(self.module).__name__}",
                stacklevel=4,
            )
            return result
        outputs = result if several else (result,)
        passed, _ = _identity(outputs, self._left)
        if not several:
            return passed[0]
        return type(result)(*passed) if hasattr(result, "_fields") else passed

    def _left(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradient of the outputs is there, and the sweep goes on into the module."""
        for hook in self.before:
            gradients = _changed(hook(self.module, gradients), gradients, "register_full_backward_pre_hook")
        self.grad_outputs = gradients
        if not self.wanting:  # then the sweep ends inside
            self._arrived((None,) * self.inputs)
        return gradients

    def _arrived(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradient of the inputs is there."""
        outputs, self.grad_outputs = self.grad_outputs, None
        if outputs is not None:  # else it came around the outputs, as in a sweep of second order
            for hook in self.after:
                gradients = _changed(hook(self.module, gradients, outputs), gradients, "register_full_backward_hook")
        return gradients


def _identity(
    values: Sequence[Any], met: Callable[[tuple[Any, ...]], tuple[Any, ...]]
) -> tuple[tuple[Any, ...], list[int]]:
    """The values, those that want a gradient through an identity whose derivative calls `met` with the gradients of
    all, None for the others, and goes on with what it returns; and which they are."""
    wanting = [i for i, value in enumerate(values) if isinstance(value, ag.Tensor) and value.requires_grad]

    def backward(_: None, cotangents: tuple[Any, ...]) -> tuple[Any, ...]:
        gradients: list[Any] = [None] * len(values)
        for i, cotangent in zip(wanting, cotangents, strict=True):
            gradients[i] = ag.asarray(cotangent)
        passed = met(tuple(gradients))
        return tuple(passed[i] for i in wanting)

    if not wanting:
        return tuple(values), wanting
    hook = ag.custom_vjp(_all)
    hook.defvjp(lambda *tensors: (tensors, None), backward)
    result = list(values)
    for i, passed in zip(wanting, hook(*(values[i] for i in wanting)), strict=True):
        result[i] = passed
    return tuple(result), wanting


def _all(*tensors: Any) -> tuple[Any, ...]:
    return tensors


_all.__name__ = "backward_hook"


def _changed(changed: Any, gradients: tuple[Any, ...], who: str) -> tuple[Any, ...]:
    """The gradients after a hook."""
    if changed is None:
        return gradients
    changed = changed if isinstance(changed, tuple | list) else (changed,)
    if len(changed) != len(gradients):
        raise ag.OptionError(f"{who}: a hook returns None or {len(gradients)} gradients, got {len(changed)}")
    return tuple(changed)
