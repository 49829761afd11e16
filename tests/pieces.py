"""Tasks for tests: each notes its start in a folder of its own, then does what its name says."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.records import Message
from drillyard.records.files import write_atomically
from drillyard.tasks.task import Task

__all__ = ["SPEC", "make_tasks", "results", "starts"]

SPEC = Message(role="user", content="what the tasks of the tests follow from")


def make_tasks(folder: Path, count: int, seconds: float = 0.0, **bad: int) -> list[Task]:
    """Return tasks that take so long each; `bad` names what one does instead, by its number."""
    kinds = {number: name for name, number in bad.items()}
    calls = {"crash": crash, "hang": hang, "eat": eat, "refuse": refuse, "err": err, "forget": forget}
    return [
        Task(
            name=f"task-{number}",
            call=calls.get(kinds.get(number, ""), write),
            args=(folder, number, seconds),
            files=(folder / "results" / f"{number}",),
        )
        for number in range(count)
    ]


def starts(folder: Path) -> list[int]:
    """Return the number of every task that began, as often as it did."""
    return sorted(int(file.name.partition("-")[0]) for file in (folder / "starts").glob("*"))


def results(folder: Path) -> dict[str, bytes]:
    """Return what every task has left."""
    return {file.name: file.read_bytes() for file in sorted((folder / "results").glob("[0-9]*"))}


def write(folder: Path, number: int, seconds: float) -> None:
    """Leave bytes that follow from the number."""
    _note(folder, number)
    time.sleep(seconds)
    write_atomically(folder / "results" / f"{number}", hashlib.sha256(f"{number}".encode()).digest() * 100)


def crash(folder: Path, number: int, seconds: float) -> None:
    """End the process."""
    _note(folder, number)
    os.kill(os.getpid(), 9)


def hang(folder: Path, number: int, seconds: float) -> None:
    """Wait for ever."""
    _note(folder, number)
    time.sleep(1e6)


def eat(folder: Path, number: int, seconds: float) -> None:
    """Take memory without end."""
    _note(folder, number)
    eaten = []
    while True:
        eaten.append(bytearray(16 << 20))


def refuse(folder: Path, number: int, seconds: float) -> None:
    """Find bad input."""
    raise bad_input("a cat", "a dog", "look again")


def err(folder: Path, number: int, seconds: float) -> None:
    """Make a mistake of ours."""
    _note(folder, number)
    raise ZeroDivisionError("by nought")


def forget(folder: Path, number: int, seconds: float) -> None:
    """Leave nothing."""
    _note(folder, number)


def _note(folder: Path, number: int) -> None:
    (folder / "starts").mkdir(parents=True, exist_ok=True)
    (folder / "starts" / f"{number}-{secrets.token_hex(4)}").touch()
