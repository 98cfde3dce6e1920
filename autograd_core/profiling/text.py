"""A profile in words: aligned tables, and how times and bytes are written.

Knows what was found. The same numbers make the same text.
"""

import json
from collections.abc import Iterable, Sequence

from .ledger import KINDS, Holder
from .result import PARTS, Findings, Memory, ModuleTime

__all__ = ["as_json", "bytes_", "headline", "holder_name", "percent", "seconds", "tables"]

_ROWS = 20  # of operations, and of holders
_MODULES = 60


def seconds(value: float) -> str:
    """A time with three figures and its unit.

    >>> seconds(0.00123), seconds(12.0), seconds(0.0)
    ('1.23 ms', '12.0 s', '0')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(value) >= 0.9995 * size:
            return f"{_three(value / size)} {unit}"
    return f"{round(value * 1e9)} ns" if round(value * 1e9) else "0"


def bytes_(value: float) -> str:
    """A size in memory with three figures and its unit, in powers of 1024.

    >>> bytes_(8_000_000), bytes_(80), bytes_(0)
    ('7.63 MiB', '80 B', '0')
    """
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if abs(value) >= size:
            return f"{_three(value / size)} {unit}"
    return f"{value:.0f} B" if value else "0"


def _three(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"


def percent(value: float, whole: float) -> str:
    """A share in percent; a dot for none.

    >>> percent(1, 8), percent(0, 8)
    ('12.5%', '·')
    """
    return f"{100 * value / whole:.1f}%" if value and whole else "·"


def headline(findings: Findings) -> str:
    """The profile in one line."""
    line = f"profile: {seconds(findings.wall)}, of which operations and their rules explain {findings.explained:.0%}"
    if findings.memory is not None and findings.memory.holders:
        line += f"; at most {bytes_(findings.memory.peak)} of arrays"
    return line


def tables(findings: Findings) -> str:
    """All tables, one below the other."""
    parts = [headline(findings), _parts(findings)]
    if findings.operations:
        parts.append(_operations(findings))
    if len(findings.modules) > 1:
        parts.append(_modules(findings))
    if findings.memory is not None and findings.memory.holders:
        parts.append(_memory(findings.memory))
    return "\n\n".join(parts)


def cost(findings: Findings) -> str:
    """What looking took, in a sentence."""
    n, each = findings.events, findings.event_cost
    return (
        f"The profiler's own {seconds(findings.parts['profiler'])} are in none of the other times; "
        f"beyond that each of {n:,} events adds about {seconds(each)} to them, {seconds(n * each)} in all."
    )


def _parts(findings: Findings) -> str:
    rows = [[name, seconds(t), percent(t, findings.wall), PARTS[name]] for name, t in findings.parts.items()]
    return f"{_table(['time', '', '', ''], rows, 'lrrl')}\n{cost(findings)}"


def _operations(findings: Findings) -> str:
    rows = [
        [o.name, o.phase, f"{o.calls:,}", seconds(o.seconds), seconds(o.mean), percent(o.seconds, findings.wall)]
        + ([bytes_(o.nbytes) if o.nbytes else "·"] if findings.memory else [])
        for o in findings.operations[:_ROWS]
    ]
    head = ["operation", "pass", "calls", "total", "mean", "share"] + (["allocated"] if findings.memory else [])
    rest = findings.operations[_ROWS:]
    note = f"\nand {len(rest)} more, {seconds(sum(o.seconds for o in rest))} together" if rest else ""
    return _table(head, rows, "llrrrrr") + note


def _modules(findings: Findings) -> str:
    head = ["module", "calls", "forward", "own", "Python", "backward", "own", "share"]
    rows = []
    for m in findings.modules[:_MODULES]:
        times = [seconds(t) if t else "·" for t in (m.forward, m.forward_own, m.python, m.backward, m.backward_own)]
        share = percent(m.forward + m.backward, findings.wall)
        rows.append([module_name(m), f"{m.calls:,}" if m.calls else "·", *times, share])
        if findings.memory:
            rows[-1].append(bytes_(m.nbytes) if m.nbytes else "·")
    rest = len(findings.modules) - _MODULES
    note = f"\nand {rest} more" if rest > 0 else ""
    return _table(head + (["allocated"] if findings.memory else []), rows, "l" + "r" * 8) + note


def module_name(module: ModuleTime) -> str:
    """What a module is called in a tree: its last name, indented."""
    if not module.path:
        return "(all)"
    depth = module.path.count(".") + 1
    return "  " * depth + module.path.rpartition(".")[2]


def _memory(memory: Memory) -> str:
    rows = [
        [bytes_(h.nbytes), percent(h.nbytes, memory.peak), f"{h.count:,} ×" if h.count > 1 else "", *holder_name(h)]
        for h in memory.holders[:_ROWS]
    ]
    rest = memory.holders[_ROWS:]
    note = f"\nand {len(rest)} more, {bytes_(sum(h.nbytes for h in rest))} together" if rest else ""
    at = f"the peak, {bytes_(memory.peak)} at {seconds(memory.peak_seconds)}, held by"
    return _table([at, "", "", "", ""], rows, "rrrll", spread=True) + note + "\n" + in_words(memory)


def holder_name(holder: Holder) -> tuple[str, str]:
    """What holds memory: for what, and who."""
    if holder.kind == "input":
        return KINDS["input"], f"first used in {holder.path}" if holder.path else ""
    name = " in ".join(word for word in (holder.name, holder.path) if word)
    return KINDS[holder.kind], name


def in_words(memory: Memory) -> str:
    """The other figures, in sentences."""
    words = f"Allocated in all: {bytes_(memory.allocated)}; at most {bytes_(memory.peak_made)} of that at once."
    if memory.process_peak is not None:
        words += f" The whole process, temporary arrays included: at most {bytes_(memory.process_peak)} at once."
    return words


def as_json(findings: Findings) -> str:
    """The numbers, as JSON."""
    return json.dumps(findings.plain(), indent=1) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], sides: str, spread: bool = False) -> str:
    """Columns two spaces apart. With `spread` the first heading may reach over all columns."""
    rows = [list(row) for row in rows]
    measured = rows if spread else [list(head), *rows]
    widths = [max((len(row[i]) for row in measured), default=0) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = (c.rjust(w) if side == "r" else c.ljust(w) for c, w, side in zip(row, widths, sides, strict=False))
        return "  ".join(cells).rstrip()

    first = head[0] if spread else line(head)
    lines = [line(row) for row in rows]
    return "\n".join([first, "─" * max(map(len, [first, *lines])), *lines])
