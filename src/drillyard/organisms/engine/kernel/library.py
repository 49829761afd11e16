"""The compiled kernel as a library: built once by the system's C compiler, kept in the user's cache folder.

The file's name is the hash of all that it depends on (source, compiler, flags, processor), so that another machine or
version with the same home builds its own. A build goes to a file of its own first and is then renamed, so that
processes that start together do no harm to each other. The folder is the user's alone: what lies there is run.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import logging
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from importlib import resources
from pathlib import Path

from drillyard.organisms.engine.kernel.structures import mirrors
from drillyard.records.caches import cache_folder

__all__ = ["FLAGS", "load_library"]

FLAGS = ("-O2", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-std=gnu11", "-fPIC", "-shared", "-pthread")
"""No flag here may let the compiler reorder sums: a row's results must not depend on its neighbours."""

_FILES = ("kernel.c", "forward.h", "model.h", "threads.h", "vectors.h")
_SHAPE = 1
"""Of the cache: libraries named by the hash of all that they depend on."""
_SECONDS = 120
"""A compiler takes a few seconds; one that takes this long hangs."""

_log = logging.getLogger(__name__)


@functools.cache
def load_library() -> ctypes.CDLL | None:
    """Return the kernel, built now if this machine has not built it yet; None where that cannot be done.

    A machine without a compiler is no fault and not spoken of. A build that fails is logged once, and remembered
    beside where the library would be, so that the next process does not try again.
    """
    compiler = _compiler()
    if not compiler:
        return None
    try:
        folder = _own(cache_folder("kernel", _SHAPE))
        built = folder / f"{_name(compiler)}.so"
        failed = built.with_suffix(".failed")
        if not built.is_file() and not failed.is_file():
            _build(compiler, built, failed)
        library = ctypes.CDLL(str(built)) if built.is_file() else None
        if library is not None and not mirrors(library):
            raise RuntimeError(f"{built} has other structures than this version")
        return library
    except (OSError, RuntimeError, subprocess.SubprocessError) as problem:
        _log.warning("the engine runs on numpy, which is slower: the kernel cannot be kept or loaded (%s)", problem)
        return None


def _compiler() -> str | None:
    """Return the C compiler: what `CC` names, else the usual ones."""
    return next(
        (path for name in (os.environ.get("CC", ""), "cc", "gcc", "clang") if (path := shutil.which(name))), None
    )


def _own(folder: Path) -> Path:
    """Make the folder, readable and writable by this user alone; refuse one that others could write to."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise RuntimeError(f"{folder} belongs to somebody else, or others can write to it")
    return folder


def _name(compiler: str) -> str:
    """Return the hash of all that a build depends on."""
    told = Path(compiler).resolve().stat()
    about = [
        compiler,
        str(Path(compiler).resolve()),
        str(told.st_size),
        str(told.st_mtime_ns),
        *FLAGS,
        platform.machine(),
    ]
    return hashlib.sha256("\0".join([*about, _processor(), *_sources().values()]).encode()).hexdigest()[:32]


def _processor() -> str:
    """Return what `-march=native` looks at: the processor's model and abilities."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor()
    named = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    return "\n".join(line for line in lines if line.startswith(named))


def _sources() -> dict[str, str]:
    here = resources.files("drillyard.organisms.engine.kernel")
    return {name: (here / name).read_text(encoding="utf-8") for name in _FILES}


def _build(compiler: str, built: Path, failed: Path) -> None:
    """Compile into the folder of `built`, and rename what came out; or write down what the compiler said."""
    with tempfile.TemporaryDirectory(dir=built.parent, prefix="build-") as folder:
        for name, text in _sources().items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        words = [compiler, *FLAGS, "-o", "kernel.so", _FILES[0], "-lm"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
        made = Path(folder) / "kernel.so"
        if done.returncode == 0 and _loads(made):
            os.replace(made, built)
            return
        failed.write_text(f"{' '.join(words)}\n{done.stderr}", encoding="utf-8")
    _log.warning("the engine runs on numpy, which is slower: %s could not build its kernel, see %s", compiler, failed)


def _loads(library: Path) -> bool:
    try:
        made = ctypes.CDLL(str(library))
        return bool(made.drillyard_lanes()) and mirrors(made)
    except (OSError, AttributeError):
        return False
