"""Reading JSON that is signed, or that decides something, so that there is one way to read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

__all__ = ["parse_json"]


def parse_json(text: str | bytes) -> Any:
    """Return the content of one JSON document.

    Raises:
        ValueError: broken JSON; a key that stands twice in an object, of which one reader takes the first and another
            the last; nesting too deep for this process; half of a surrogate pair, which no file can hold; bytes that
            are not UTF-8. NaN and infinity are left to the record, which names the field.
    """
    try:
        words = text.decode() if isinstance(text, bytes) else text
        data = json.loads(words, object_pairs_hook=_once)
        words.encode()
        if "\\u" in words:
            json.dumps(data, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return data


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r:.80} stands twice in an object")
    return data
