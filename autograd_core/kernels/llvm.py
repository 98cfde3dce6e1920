"""The one door to llvmlite: from a text of LLVM's intermediate representation to functions that can be called.

Knows processors, the disk cache and how code is loaded. Does not know what any of it computes. Compiled code is kept in
`$AUTOGRAD_CORE_CACHE`, or else in `autograd_core` in the user's cache folder, under a name that follows from the text,
the processor and LLVM's version, so that nothing is compiled twice; AUTOGRAD_CORE_CACHE=0 keeps it in memory only.
AUTOGRAD_CORE_NATIVE=0 switches all machine code off.
"""

import ctypes
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from ..errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Library", "available", "compiled", "folder", "keep", "kept", "machine", "recalled", "vector_bytes"]


@cache
def available() -> bool:
    """Whether machine code can be made here: llvmlite is installed, and AUTOGRAD_CORE_NATIVE=0 does not forbid it."""
    from importlib.util import find_spec

    return os.environ.get("AUTOGRAD_CORE_NATIVE", "1") != "0" and find_spec("llvmlite") is not None


class Library:
    """Compiled code that is loaded. Functions live as long as this does.

    `key` is what its code is kept under; `again` loads it once more, with global variables of its own.
    """

    def __init__(self, engine: Any, key: str, again: "Callable[[], Library]") -> None:
        self._engine, self.key, self.again = engine, key, again

    def address(self, name: str) -> int:
        """The address of a function, 0 if there is none of that name."""
        return int(self._engine.get_function_address(name))

    def function(self, name: str, *arguments: Any) -> Any:
        """A function that returns nothing, with arguments of these ctypes; calling it releases the interpreter lock."""
        found = ctypes.CFUNCTYPE(None, *arguments)(self.address(name))
        found.library = self  # type: ignore[attr-defined]  # keeps the code alive
        return found


def vector_bytes() -> int:
    """The width of the processor's vectors in bytes: 64 with AVX-512, 32 with AVX2, else 16."""
    features = _machine()[2]
    return 64 if "+avx512f" in features else 32 if "+avx2" in features else 16


def compiled(text: str, *, level: int = 3, symbols: Mapping[str, int] | None = None) -> Library:
    """The functions of a text of LLVM IR, optimised for this processor at a level from 0 to 3.

    Up to level 1 the text is taken as it is written, which is enough where it is written well (half the time
    to compile, and measured to be as fast); from 2 on LLVM rewrites it first.

    `symbols` are the addresses of functions that the text declares and others have loaded, a BLAS for example. They are
    not kept with the code, as they differ from process to process; a name must always have the same address in one.

    Errors: OptionError where llvmlite is missing; RuntimeError, with LLVM's words, for a text that is not right.
    """
    llvm, _, _ = _machine()
    key = _digest(f"{text}\n{level}\n{machine()}".encode()).hex()
    library = recalled(key, symbols)
    if library is not None:
        return library
    target = _target(level)
    module = llvm.parse_assembly(text)
    module.verify()
    if level > 1:
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        options.loop_vectorization = True
        builder = llvm.create_pass_builder(target, options)
        builder.getModulePassManager().run(module, builder)
    code = target.emit_object(module)
    keep(f"{key}.o", code)
    return _loaded(key, code, symbols)


def recalled(key: str, symbols: Mapping[str, int] | None = None) -> Library | None:
    """The functions that were compiled under a key before, if they are still kept."""
    code = kept(f"{key}.o")
    return None if code is None else _loaded(key, code, symbols)


def _loaded(key: str, code: bytes, symbols: Mapping[str, int] | None) -> Library:
    llvm = _machine()[0]
    for name, address in (symbols or {}).items():
        llvm.add_symbol(name, address)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target(0))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Library(engine, key, partial(_loaded, key, code, symbols))


def machine() -> str:
    """What compiled code depends on besides its text: the processor, and LLVM's version."""
    llvm, processor, features = _machine()
    return f"{processor}\n{features}\n{llvm.llvm_version_info}"


def _target(level: int) -> Any:
    llvm, processor, features = _machine()
    return llvm.Target.from_default_triple().create_target_machine(cpu=processor, features=features, opt=level)


@cache
def _machine() -> tuple[Any, str, str]:
    """llvmlite, and this processor's name and features as LLVM calls them."""
    if not available():
        raise OptionError("machine code needs llvmlite: pip install 'autograd-core[fast]'")
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


@cache
def folder() -> "Path | None":
    """Where compiled code is kept; None for nowhere."""
    from pathlib import Path  # takes milliseconds to import, as `hashlib` and `tempfile` below do

    chosen = os.environ.get("AUTOGRAD_CORE_CACHE")
    if chosen == "0":
        return None
    if chosen:
        place = Path(chosen)
    elif sys.platform == "win32":
        place = Path(os.environ.get("LOCALAPPDATA", Path.home())) / "autograd_core" / "code"
    else:
        place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autograd_core" / "code"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None  # a home that cannot be written to: compile in every run
    return place


def kept(name: str) -> bytes | None:
    """What was kept in the folder under a name, if it is whole."""
    place = folder()
    if place is None:
        return None
    try:
        content = (place / name).read_bytes()
    except OSError:
        return None
    digest, code = content[:32], content[32:]
    return code if _digest(code) == digest else None  # half a file, or a flipped bit


def keep(name: str, code: bytes) -> None:
    """Keep something in the folder under a name, if there is a folder."""
    place = folder()
    if place is None:
        return
    try:
        import tempfile

        with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
            file.write(_digest(code) + code)
        os.replace(file.name, place / name)
    except OSError:
        return  # a full disk: the code is loaded all the same


def _digest(content: bytes) -> bytes:
    import hashlib  # takes as long to import as all else here

    return hashlib.sha256(content).digest()
