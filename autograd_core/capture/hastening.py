"""Updating each parameter as soon as its gradient is there, so that no two gradients need memory at a time.

Knows the order of steps and what they read and write. Does not know what is updated.
"""

from collections.abc import Sequence

from ..lowered import Buffer, Fetch, Host, Step
from .planning import read_by, written_by

__all__ = ["hastened"]


def hastened(steps: Sequence[Step]) -> list[Step]:
    """The steps with an optimizer's moved forward, as far as what they read and write permits.

    An optimizer's numbers, which depend on nothing that is computed, come first; its steps follow them up to the next
    step that changes something else outside.
    """
    places: list[float] = []
    written: dict[Buffer, float] = {}  # where a buffer was last written
    used: dict[Buffer, float] = {}  # and where it was last read or written
    barrier, updating = -1.0, False
    for i, step in enumerate(steps):
        reads, writes = ({piece.buffer for piece in pieces} for pieces in (read_by(step), written_by(step)))
        place = float(i)
        if isinstance(step, Host) and step.label == "numbers":
            place, updating = barrier + 0.5, True
        elif isinstance(step, Host) and step.effect:
            barrier, updating = place, False
        elif updating and not isinstance(step, Host | Fetch):
            place = barrier + 0.5
            for buffer in reads | writes:
                place = max(place, written.get(buffer, place))
            for buffer in writes:
                place = max(place, used.get(buffer, place))
        places.append(place)
        for buffer in reads | writes:
            used[buffer] = max(place, used.get(buffer, place))
        for buffer in writes:
            written[buffer] = max(place, written.get(buffer, place))
    return [steps[i] for i in sorted(range(len(steps)), key=lambda i: (places[i], i))]
