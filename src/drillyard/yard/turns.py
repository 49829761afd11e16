"""Taking turns: a waiting line in which everybody has one place at a time, however much they want."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

__all__ = ["Turns"]

_Item = TypeVar("_Item")


class Turns(Generic[_Item]):
    """Round robin over names: whoever has had a turn stands behind all others who wait. Not safe for threads."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[_Item]] = OrderedDict()

    def __iter__(self) -> Iterator[_Item]:
        """Yield what waits, in the order in which it will have its turn if nothing is added."""
        for place in range(max((len(line) for line in self._lines.values()), default=0)):
            yield from (line[place] for line in self._lines.values() if place < len(line))

    def add(self, name: str, item: _Item) -> None:
        """Let something wait, behind what waits under the same name."""
        self._lines.setdefault(name, deque()).append(item)

    def take(self) -> _Item | None:
        """Return what has its turn now, or `None` when nothing waits."""
        if not self._lines:
            return None
        name, line = next(iter(self._lines.items()))
        item = line.popleft()
        self._lines.move_to_end(name)
        self._tidy(name)
        return item

    def remove(self, name: str, item: _Item) -> None:
        """Give up waiting; of no effect on what does not wait."""
        if item in self._lines.get(name, ()):
            self._lines[name].remove(item)
            self._tidy(name)

    def _tidy(self, name: str) -> None:
        if not self._lines[name]:
            del self._lines[name]
