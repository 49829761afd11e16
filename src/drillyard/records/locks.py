"""Locks that keep two processes apart, and end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.records.files import one_line

__all__ = ["LOCK", "held", "locked"]

LOCK = ".lock"
"""The lock of a run's folder, in it."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a folder, made if need be, to this process while the block runs: two that write one run mix their lines.

    The lock lies in the folder, so it also keeps out other users and, where the file system passes locks on (NFS does),
    other machines.

    Raises:
        BadInput: another process holds it, or nothing can be written there.
    """
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        with locked(folder / LOCK, wait=False):
            yield
    except BaseException:
        with suppress(OSError):  # of a block that was refused no empty folder is left
            for one in made:
                one.rmdir()
        raise


@contextmanager
def locked(file: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock file while the block runs; it is gone afterwards.

    Args:
        file: made if need be, with the folders on the way.
        wait: until whoever holds it lets go; without, be refused.

    Raises:
        BadInput: without `wait`, another process holds it; or nothing can be written there.
    """
    with one_line(file):
        descriptor = _taken(file, wait)
    try:
        with suppress(OSError):  # who holds it is only told: a full disk has no room for it
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)


def _taken(file: Path, wait: bool) -> int:
    """Return the open lock. Its last holder may have removed the file while we waited: then a new one is taken."""
    while True:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:  # its folder, empty, has just been taken away
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if _names(file, descriptor):
                os.ftruncate(descriptor, 0)
                return descriptor
        except BlockingIOError:
            who = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "?"
            os.close(descriptor)
            found = f"another drillyard (process {who}) at work in {str(file.parent)!r}"
            raise bad_input(found, "one at a time", "wait, or choose another -o") from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _names(file: Path, descriptor: int) -> bool:
    """Say whether the name still stands for the file that is open."""
    try:
        return os.path.samestat(os.stat(file), os.fstat(descriptor))
    except FileNotFoundError:
        return False
