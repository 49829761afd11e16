"""Heads of the ledger kept elsewhere, so that what is cut off its end is missed."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path

from drillyard.containment.gateway.chain import Anchor, anchor_text
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.store import LedgerStore
from drillyard.errors import bad_input
from drillyard.records.strict_json import parse_json

__all__ = ["AnchorFile", "Anchoring", "Keeper", "make_anchor", "read_anchors"]

Keeper = Callable[[Anchor], None]
"""Receives the ledger's head after a commit."""

_EVERY = 64
"""Records between two anchors, so at most 63 could be cut off unseen: chosen, not measured."""

_AT_ONCE = ("epoch", "released", "killed", "canary")


def make_anchor(sequence: int, digest: str, at: float, key: Key | None) -> Anchor:
    """Return an anchor, signed where there is a key."""
    signature = key.sign("anchor", anchor_text(sequence, digest, at)) if key else ""
    return Anchor(sequence=sequence, digest=digest, at=at, signature=signature)


class Anchoring:
    """Hands a store's head to a keeper now and then, and at once after what matters most; nothing without a keeper."""

    def __init__(self, store: LedgerStore, keeper: Keeper | None) -> None:
        self._store, self._keeper, self._last = store, keeper, 0

    def __call__(self, at: float, kind: str = "") -> None:
        """Anchor after a commit of a record of this kind."""
        if self._keeper is None:
            return
        head = self._store.seen().head
        if kind in _AT_ONCE or head.sequence - self._last >= _EVERY:
            self._last = head.sequence
            self._keeper(make_anchor(head.sequence, head.digest, at, self._store.key))


class AnchorFile:
    """Appends anchors to a file, one JSON object a line. It helps as far as it lies where the ledger's writers do not.

    Keep it on another machine, or copy it there: a file beside the ledger is cut by whoever cuts the ledger.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, anchor: Anchor) -> None:
        """Append one anchor and wait until it is on the disk."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(vars(anchor)) + "\n")
            file.flush()
            os.fsync(file.fileno())


def read_anchors(path: Path) -> list[Anchor]:
    """Read an anchor file; a last line that a crash cut short is left out. Raises `BadInput` for any other."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"{str(path)!r} that cannot be read ({error})", "an anchor file") from None
    anchors = []
    for number, line in enumerate(lines, 1):
        if number == len(lines) and not line.endswith("\n"):
            break
        try:
            data = parse_json(line)
            at = float(data["at"])
            if not math.isfinite(at):
                raise ValueError("no time")
            anchors.append(
                Anchor(
                    sequence=int(data["sequence"]),
                    digest=str(data["digest"]),
                    at=at,
                    signature=str(data["signature"]),
                )
            )
        except (ValueError, KeyError, TypeError, OverflowError):
            raise bad_input(f"line {number} of {path}", "an anchor: sequence, digest, at, signature") from None
    return anchors
