"""The folder of a run: claimed by what the run is, resumed after a kill, finished with its last file.

    with RunFolder(out, "forecast").held() as run:
        run.claim(spec)                                    # another spec's folder is refused
        measured = run.once("measured.json", Measured, measure)
        return run.once("forecast.json", Forecast, lambda: forecast(measured))

The files are the truth: whatever was killed, what is there is whole, and the same command goes on from it. A result is
a function of the spec alone, so running twice gives the same bytes, and whoever finds a file need not make it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from drillyard.errors import BadInput, bad_input
from drillyard.records.base import Record
from drillyard.records.files import read_record, write_atomically, write_record
from drillyard.records.journal import Journal
from drillyard.records.locks import held

__all__ = ["SPEC", "RunFolder"]

SPEC = "spec.json"
_R = TypeVar("_R", bound=Record)


class RunFolder:
    """Typed access to the folder of a run. Making one does no work; a worker may have its own of a folder that is held.

    Args:
        path: of the folder, which is made when something is written.
        what: the run in a word, such as `forecast`, for messages.
        spec: name of the file that says what is run.
        mode: of every file that is written.
        hint: what to do when the folder is that of another run.
        leaves: names of what the run makes and goes on from; where they lie without a spec, nobody knows of which run.
    """

    def __init__(
        self,
        path: Path,
        what: str,
        *,
        spec: str = SPEC,
        mode: int = 0o644,
        hint: str = "choose another -o DIR",
        leaves: Iterable[str] = (),
    ) -> None:
        self.path, self.what = path, what
        self._spec, self._mode, self._hint, self._leaves = spec, mode, hint, tuple(leaves)

    @contextmanager
    def held(self) -> Iterator[Self]:
        """Keep the folder to this process while the block runs. Raises `BadInput` when another one holds it."""
        with held(self.path):
            yield self

    def require(self, spec: _R, same: Callable[[_R], _R] = lambda spec: spec) -> None:
        """Raise `BadInput` when the folder is that of another run, or of an unknown one; nothing is written.

        `same` takes out of a spec what may differ between two that are of one run.
        """
        try:
            old = self.read(self._spec, type(spec))
        except BadInput as error:
            raise BadInput(f"{error}; {self._hint}") from None
        if old is None:
            for name in filter(lambda name: (self.path / name).exists(), self._leaves):
                raise bad_input(f"{name} without {self._spec} in {self.path}", f"both of a {self.what}", self._hint)
        elif same(old) != same(spec):
            was, now = _difference(same(old), same(spec))
            raise bad_input(f"another {self.what} in {self.path} ({was})", f"the same ({now})", self._hint)

    def claim(self, spec: _R, same: Callable[[_R], _R] = lambda spec: spec) -> None:
        """Make the folder that of a run, or go on with it; see `require`."""
        self.require(spec, same)
        self.write(self._spec, spec)

    def has(self, name: str) -> bool:
        """Say whether a file is there; it is whole then."""
        return (self.path / name).is_file()

    def read(self, name: str, kind: type[_R]) -> _R | None:
        """Return a record that is there. Raises `BadInput`, with the file's name, for a broken one."""
        return read_record(self.path / name, kind) if self.has(name) else None

    def write(self, name: str, content: Record | bytes) -> None:
        """Write a file, atomically. Raises `BadInput` where nothing can be written."""
        if isinstance(content, Record):
            write_record(self.path / name, content, self._mode)
        else:
            write_atomically(self.path / name, content, self._mode)

    def once(self, name: str, kind: type[_R], make: Callable[[], _R]) -> _R:
        """Return a record that is there, else make and write it: the part of a run that is not done twice."""
        if (found := self.read(name, kind)) is not None:
            return found
        self.write(name, made := make())
        return made

    def journal(self, name: str, kind: type[_R], *, durable: bool = False) -> Journal[_R]:
        """Return the journal of that name, of records of one kind."""
        return Journal(self.path / name, kind.from_data, durable=durable)


def _difference(old: Record, new: Record) -> tuple[str, str]:
    """Return the first field that differs, the innermost of nested ones, in words, as it is in each."""
    one: Any = old.to_data()
    other: Any = new.to_data()
    path: list[str] = []
    while isinstance(one, dict) and isinstance(other, dict):
        name = next((name for name in other if one.get(name) != other[name]), "version")
        path.append(name)
        one, other = one.get(name), other.get(name)
    return f"{'.'.join(path)}: {one!r:.60}", f"{'.'.join(path)}: {other!r:.60}"
