"""Server-sent events out of bytes, whatever pieces they come in: a cut inside a character does not matter."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["MOST_BYTES", "EventReader", "TooLarge", "event"]

MOST_BYTES = 16_000_000
"""Bytes of one reply that are let through; a longer one is ended, so that no model can fill this machine's memory."""


class TooLarge(Exception):
    """A reply is longer than is let through."""


class EventReader:
    """Cuts bytes into the data of events. Comments and other fields are left out, as clients do."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._rest, self._data, self._left = b"", [b""][:0], most

    @property
    def waiting(self) -> int:
        """Bytes of a line that has not ended."""
        return len(self._rest)

    def read(self, piece: bytes) -> Iterator[bytes]:
        """Yield the data of every event that this piece completes. Raises `TooLarge`."""
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge
        if self._rest and b"\n" not in piece and b"\r" not in piece:
            self._rest += piece
            return
        text = self._rest + piece
        if b"\r" in text:
            # A lone carriage return at the end may be half of a line's end.
            whole = text[:-1] if text.endswith(b"\r") else text
            text = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n") + text[len(whole) :]
        *lines, self._rest = text.split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                data, self._data = b"\n".join(self._data), []
                yield data


def event(data: bytes) -> bytes:
    """Return data as one event; each of its lines is a line of the event."""
    return b"data: " + data.replace(b"\n", b"\ndata: ") + b"\n\n"
