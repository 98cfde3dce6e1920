"""Keeping freed memory for the next step, where the C library would hand it back to the system.

Note [Freed and needed again]
A training step allocates the same large arrays as the one before, and frees them all. glibc returns such memory to the
system at once, and each page of it costs a page fault when it is needed again: on arrays of some megabytes that takes
several times as long as the arithmetic. So on import the library asks glibc to keep up to `KEEP` bytes of freed memory
and to serve arrays of up to `ON_HEAP` bytes from it. The environment variable AUTOGRAD_CORE_KEEP_MEMORY=0 turns that
off, and so does any setting of glibc's own (MALLOC_*, GLIBC_TUNABLES), which is then left alone. Elsewhere than on
glibc nothing happens.
"""

import os
import sys

KEEP = 256 << 20
ON_HEAP = 32 << 20  # the most that glibc accepts

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt(3)


_kept = False


def keeps_freed_memory() -> bool:
    """Whether the C library was asked to keep freed memory, and agreed."""
    return _kept


def keep_freed_memory() -> None:
    """Ask the C library to keep freed memory. See Note [Freed and needed again]."""
    global _kept
    chosen = os.environ.get("AUTOGRAD_CORE_KEEP_MEMORY", "1") != "0"
    tuned = any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)
    if not chosen or tuned or sys.platform != "linux":
        return
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # another C library has none
    _kept = bool(mallopt and mallopt(_MMAP_THRESHOLD, ON_HEAP) and mallopt(_TRIM_THRESHOLD, KEEP))
