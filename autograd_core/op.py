"""The operation record: one block says what an operation computes, how it is differentiated, and how to check it.

An operation is a decorated forward function on raw arrays. Its first parameter `xp` is the array namespace; arrays
stand before the `/`, static options after it (as keywords only, after a `*`); an option that is an array too, such as
NumPy's `where=`, is named in `masks`. Its docstring is the public documentation. The decorators are the four kinds of
operation, by what has to be said about the derivative:

    @elementwise(partials=[...])   one partial per array          VJP = g * partial, summed over broadcast axes
    @linear(transpose=...)         the transpose                  VJP = transpose, JVP = the forward on the tangent
    @multilinear(vjps=[...])       one VJP per array              JVP = sum over arrays
    @general(vjps=[...])           one VJP per array              JVP by differentiating the VJP once more

and `@composed` registers a function that is written in terms of others, and has no rule of its own.

Note [Residuals by signature]
A rule asks for what it reads by the names of its parameters, and the engine keeps exactly that alive: `g` (the
cotangent), `xp`, `out`, an array by its name, `<array>_aval` (only its shape and dtype), a static option by its name;
in operations that take a sequence of arrays also `position`. A name that does not exist fails at registration.

Note [Rules in two modes]
In an ordinary sweep a rule gets raw arrays and `xp` is NumPy: it is NumPy code. Under create_graph it gets Variables,
and `xp` is the namespace of operations: the same expression is recorded, and can be differentiated again. So a rule
uses operators and `xp.<NumPy name>`, and never writes into what it is given.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from inspect import CO_VARARGS, CO_VARKEYWORDS, Parameter, Signature, signature
from typing import Any

from . import calling
from .arrays import Array
from .examples import Domain, Example, Raises, Subgradient

Rule = Callable[..., Any] | float | None

REGISTRY: dict[str, "Op"] = {}
"""Every operation by its name, in the order of definition. The conformance suite reads it."""

BY_STEPS: dict[str, dict[str, Callable[..., Any]]] = {}
"""What programs compute in the place of an operation that looks at numbers, by its name.

Functions of arrays, for its result ("apply") and for the first argument's cotangent ("pull"). They may differ from
it by rounding."""

SELECTING: set[str] = set()
"""The names of operations whose result is made of elements of their first argument.

What they keep besides says which: each element of a cotangent goes back to where that element of the result stood."""


class Op:
    """The record of one operation.

    kind            elementwise, linear, multilinear, general or composed
    arrays          the names of the array arguments; `variadic` if the one there is takes a sequence of arrays
    masks           those among them that are options, given by keyword: arrays of booleans, or True for no mask
    statics         the other arguments and their defaults
    rules           per array: a partial (elementwise) or a VJP; a number for a constant partial; None for no derivative
    fused           optional first-order versions of the rules, on raw arrays only; the rules stay the truth
    residuals       what the rules read of the forward computation, see Note [Residuals by signature]
    singular        the partials may be infinite where the function is finite; a zero cotangent absorbs that
    views           the result may look into the memory of the argument
    aux             the forward returns (out, aux), and rules may ask for `aux`: what would be costly to find again
    domain, examples, reference, errors, subgradients     how to check it, as plain data
    """

    def __init__(
        self,
        kind: str,
        forward: Callable[..., Any],
        rules: Sequence[Rule] = (),
        *,
        fused: Sequence[Callable[..., Any] | None] = (),
        jvp: Callable[..., Any] | None = None,
        masks: Sequence[str] = (),
        variadic: bool = False,
        singular: bool = False,
        views: bool = False,
        aux: bool = False,
        name: str | None = None,
        domain: Domain | Mapping[str, Domain] | None = None,
        examples: Sequence[Example] | Callable[[], Sequence[Example]] = (),
        reference: Callable[..., Any] | None = None,
        errors: Sequence[Raises] = (),
        subgradients: Sequence[Subgradient] = (),
    ) -> None:
        self.kind, self.forward, self.name = kind, forward, name or forward.__name__
        self.variadic, self.singular, self.views, self.aux, self.jvp = variadic, singular, views, aux, jvp
        self.domain, self.examples, self.reference = domain, examples, reference
        self.errors, self.subgradients = tuple(errors), tuple(subgradients)
        parameters = _declared(forward)
        if kind != "composed":
            parameters = parameters[1:]  # without xp
        self.masks = tuple(masks)
        self.arrays = (*[p.name for p in parameters if p.kind is p.POSITIONAL_ONLY], *self.masks)
        self.statics = tuple([p.name for p in parameters if p.name not in self.arrays])
        self.defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        self.keywords = frozenset([p.name for p in parameters if p.kind is p.KEYWORD_ONLY])
        self.optional = frozenset(self.arrays) & frozenset(self.defaults)
        avals = [f"{a}_aval" for a in self.arrays]
        known = {"xp", "out", *self.arrays, *avals, *self.statics}  # what a rule may ask for
        known |= {"position"} if variadic else set()
        known |= {"aux"} if aux else set()
        self.rules = (*rules, *(None for _ in self.masks))
        self.fused = (*(tuple(fused) or (None,) * len(rules)), *(None for _ in self.masks))
        known_with_g = {*known, "g"}
        self.reads = tuple([self._reads(rule, known if kind == "elementwise" else known_with_g) for rule in self.rules])
        self.fused_reads = tuple([self._reads(rule, known_with_g) for rule in self.fused])
        self.jvp_reads = self._reads(jvp, {*known, "tangents", "out_aval"} if jvp else known)[2:]
        named = {name for names in (*self.reads, *self.fused_reads) for name in names}
        self.residuals = tuple(
            [
                name
                for name in (*self.arrays, "out", "aux", *avals)
                if name in named and (variadic or not self._is_own_aval(name))
            ]
        )
        if kind != "composed":
            if len(self.rules) != len(self.arrays):
                raise TypeError(
                    f"{self.name}: {len(self.arrays)} arrays ({', '.join(self.arrays)}), {len(self.rules)} rules"
                )
            self.pull: Callable[..., Any] = calling.pull_at_first(self)
            self.call: Callable[..., Any] = calling.compile_call(self)
            self.call.__doc__, self.call.__module__ = forward.__doc__, forward.__module__
            self.call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # inspect reads it
        else:
            self.call = forward
        self.call.op = self  # type: ignore[attr-defined]
        if self.name in REGISTRY:
            raise TypeError(f"{self.name}: an operation of this name is already registered")
        REGISTRY[self.name] = self

    @property
    def differentiable(self) -> bool:
        """Whether there is a derivative with respect to any array; that of a composed function is left to its parts.

        >>> REGISTRY["exp"].differentiable, REGISTRY["argmax"].differentiable
        (True, False)
        """
        return self.kind == "composed" or any(rule is not None for rule in self.rules)

    def __repr__(self) -> str:
        return f"<{self.kind} operation {self.name}>"

    def _is_own_aval(self, name: str) -> bool:
        """Whether only the array's own rule asks for its shape and dtype, which its parent node knows."""
        return name.endswith("_aval") and self.readers(name) == {name.removesuffix("_aval")}

    def readers(self, name: str) -> set[str]:
        """The arrays whose rules read a residual."""
        reads = zip(self.arrays, self.reads, self.fused_reads, strict=True)
        return {array for array, rule, fused in reads if name in rule or name in fused}

    def _reads(self, rule: Rule, known: Set[str]) -> tuple[str, ...]:
        """The names that a rule asks for; see Note [Residuals by signature]."""
        if not callable(rule):
            return ()
        names, takes_options = _parameters(rule)
        if takes_options:  # **options takes the static options that are not named
            names += tuple(name for name in self.statics if name not in names)
        for name in names:
            if name not in known:
                raise TypeError(f"{self.name}: a rule asks for {name!r}; there is {', '.join(sorted(known))}")
        return names

    def read(
        self, i: int, xp: Any, parents: Sequence[Any], saved: Sequence[Any], statics: Sequence[Any]
    ) -> dict[str, Any]:
        """What rule `i` asks for, by name, without the cotangent. (The sweep itself uses compiled code.)"""
        known = dict(zip(self.residuals, saved, strict=True)) | dict(zip(self.statics, statics, strict=True))
        known["xp"], known["position"] = xp, i
        if not self.variadic:
            known.setdefault(f"{self.arrays[i]}_aval", parents[i])
        return {name: known[name] for name in self.reads[0 if self.variadic else i] if name != "g"}

    def push(self, xp: Any, node: Any, saved: Sequence[Any], tangents: Sequence[Any]) -> Any:
        """The tangent of the output from those of the inputs (None for zero); None if only the VJP is known.

        Raw arrays and NumPy, or Variables and their namespace, as for a rule.
        """
        parents, statics = node.parents, node.statics
        live = [i for i, t in enumerate(tangents) if t is not None]
        if self.jvp is not None:
            known = dict(zip(self.residuals, saved, strict=True)) | dict(zip(self.statics, statics, strict=True))
            known["out_aval"] = node
            return self.jvp(xp, tangents, **{name: known[name] for name in self.jvp_reads})
        if self.kind == "elementwise":
            total: Any = None
            for i in live:
                rule = self.rules[i]
                partial = rule(**self.read(i, xp, parents, saved, statics)) if callable(rule) else rule
                term = calling.absorbing(xp, tangents[i], partial) if self.singular else tangents[i] * partial
                total = term if total is None else total + term
            return xp.broadcast_to(total, node.shape) if total.shape != node.shape else total
        options = dict(zip(self.statics, statics, strict=True))
        if self.kind == "linear":
            if self.variadic:
                avals = saved[self.residuals.index(f"{self.arrays[0]}_aval")]
                filled = [xp.zeros(a.shape, a.dtype) if t is None else t for t, a in zip(tangents, avals, strict=True)]
                return self.call(filled, **options)
            known = dict(zip(self.residuals, saved, strict=True))
            arguments = [
                t if t is not None else 0.0 if self.rules[i] is not None else known[self.arrays[i]]
                for i, t in enumerate(tangents)
            ]
            return self.call(*arguments, **options)
        if self.kind == "multilinear":
            total = None
            for i in live:
                known = dict(zip(self.residuals, saved, strict=True))
                if self.variadic:
                    term = self.call(
                        [*known[self.arrays[0]][:i], tangents[i], *known[self.arrays[0]][i + 1 :]], **options
                    )
                else:
                    factors = [tangents[i] if j == i else known[a] for j, a in enumerate(self.arrays)]
                    term = self.call(*factors, **options)
                total = term if total is None else total + term
            return total
        return None


def _declared(function: Any) -> list[Parameter]:
    """What `inspect.signature` says a function takes; for a plain function several times as fast."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & (CO_VARARGS | CO_VARKEYWORDS) or vars(function) or function.__annotations__:
        return list(signature(function).parameters.values())
    count, defaults, named = code.co_argcount, function.__defaults__ or (), function.__kwdefaults__ or {}
    first = count - len(defaults)
    found = []
    for i, name in enumerate(code.co_varnames[: count + code.co_kwonlyargcount]):
        if i < count:
            kind = Parameter.POSITIONAL_ONLY if i < code.co_posonlyargcount else Parameter.POSITIONAL_OR_KEYWORD
            found.append(Parameter(name, kind, default=defaults[i - first] if i >= first else Parameter.empty))
        else:
            found.append(Parameter(name, Parameter.KEYWORD_ONLY, default=named.get(name, Parameter.empty)))
    return found


def _parameters(function: Any) -> tuple[tuple[str, ...], bool]:
    """The names of a function's parameters, and whether it takes any others by keyword."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & CO_VARARGS or hasattr(function, "__signature__"):
        parameters = signature(function).parameters
        return tuple(n for n, p in parameters.items() if p.kind is not p.VAR_KEYWORD), any(
            p.kind is p.VAR_KEYWORD for p in parameters.values()
        )
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount], bool(code.co_flags & CO_VARKEYWORDS)


def _decorator(kind: str, rules: Iterable[Rule], options: Mapping[str, Any]) -> Callable[[Callable[..., Any]], Any]:
    def decorate(forward: Callable[..., Any]) -> Callable[..., Array]:
        return Op(kind, forward, tuple(rules), **options).call

    return decorate


def elementwise(*, partials: Sequence[Rule], **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """An operation on each element: one partial derivative per array (a number if constant, None if there is none)."""
    return _decorator("elementwise", partials, options)


def linear(*, transpose: Rule | Sequence[Rule], **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A linear map of its arrays: the transpose, or one per array."""
    return _decorator("linear", transpose if isinstance(transpose, Sequence) else [transpose], options)


def multilinear(*, vjps: Sequence[Rule], **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """An operation that is linear in each array while the others are held: one VJP per array."""
    return _decorator("multilinear", vjps, options)


def general(*, vjps: Sequence[Rule], **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Any other operation: one VJP per array, and a JVP if the derived one is not good enough."""
    return _decorator("general", vjps, options)


def composed(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A function written in terms of operations; it is documented and checked like one, and recorded as its parts."""
    return _decorator("composed", (), options)
