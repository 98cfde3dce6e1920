"""Writes the text of one function in LLVM's intermediate representation: values, loops and branches.

Knows the shape of the text and nothing of what is computed. Values are names of registers, written once each; what a
loop or a branch changes is handed to it and taken back from it (LLVM calls that a phi).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["Carried", "Text"]


class Carried:
    """Values that a loop or a branch changes: `now` inside, which `then` replaces; `now` again behind it."""

    def __init__(self, index: str, now: Sequence[str]) -> None:
        self.index, self.now, self.then = index, list(now), list(now)


class Text:
    """The text of a function, written from its top. `signature` is all that stands between `define` and the brace."""

    def __init__(self, signature: str) -> None:
        self._lines = [f"define {signature} {{", "start:"]
        self._count = 0
        self._block = "start"

    def __str__(self) -> str:
        return "\n".join([*self._lines, "  ret void", "}", ""])

    def let(self, value: str) -> str:
        """Write one instruction and return the name of its value."""
        name = self._name()
        self._lines.append(f"  {name} = {value}")
        return name

    def do(self, instruction: str) -> None:
        """Write one instruction without a value."""
        self._lines.append(f"  {instruction}")

    def at(self, kind: str, pointer: str, index: str | int) -> str:
        """The pointer `index` elements of a type behind another."""
        return self.let(f"getelementptr {kind}, ptr {pointer}, i64 {index}")

    def multiply(self, a: str | int, b: str | int) -> str:
        return self.let(f"mul nsw i64 {a}, {b}")

    def add(self, a: str | int, b: str | int) -> str:
        return self.let(f"add nsw i64 {a}, {b}")

    def least(self, a: str | int, b: str | int) -> str:
        return self.let(f"call i64 @llvm.smin.i64(i64 {a}, i64 {b})")

    @contextmanager
    def loop(self, stop: str | int, step: str | int = 1, carry: Sequence[tuple[str, str]] = ()) -> Iterator[Carried]:
        """`for (index = 0; index < stop; index += step)`, with values of (type, value) carried from turn to turn."""
        head, body, behind = self._label(), self._label(), self._label()
        entry = self._block
        self._go(head)
        place = len(self._lines)
        self._lines += [""] * (1 + len(carry))  # written at the end, when it is known what comes back
        values = Carried(self._name(), [self._name() for _ in carry])
        self._branch(self.let(f"icmp slt i64 {values.index}, {stop}"), body, behind)
        self._open(body)
        yield values
        following = self.add(values.index, step)
        names, kinds = [values.index, *values.now], ["i64", *(kind for kind, _ in carry)]
        begin, back = ["0", *(value for _, value in carry)], [following, *values.then]
        for i, (name, kind, first, later) in enumerate(zip(names, kinds, begin, back, strict=True)):
            self._lines[place + i] = f"  {name} = phi {kind} [{first}, %{entry}], [{later}, %{self._block}]"
        self.do(f"br label %{head}")
        self._open(behind)

    @contextmanager
    def when(self, condition: str, carry: Sequence[tuple[str, str]] = ()) -> Iterator[Carried]:
        """`if (condition)`, with values of (type, value) that the branch may change."""
        inside, behind = self._label(), self._label()
        entry = self._block
        self._branch(condition, inside, behind)
        self._open(inside)
        values = Carried("", [value for _, value in carry])
        yield values
        before, values.now, end = values.now, [], self._block
        self._go(behind)
        for (kind, _), old, new in zip(carry, before, values.then, strict=True):
            values.now.append(self.let(f"phi {kind} [{old}, %{entry}], [{new}, %{end}]"))

    def _name(self) -> str:
        self._count += 1
        return f"%v{self._count}"

    def _label(self) -> str:
        self._count += 1
        return f"b{self._count}"

    def _open(self, label: str) -> None:
        self._lines.append(f"{label}:")
        self._block = label

    def _go(self, label: str) -> None:
        self.do(f"br label %{label}")
        self._open(label)

    def _branch(self, condition: str, yes: str, no: str) -> None:
        self.do(f"br i1 {condition}, label %{yes}, label %{no}")
