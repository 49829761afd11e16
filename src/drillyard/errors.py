"""The exceptions that Drillyard raises on purpose.

    DrillyardError            something the user can put right: one line, exit code 2
    ├── BadInput              a file, option or value is wrong (found, expected, what to type next)
    ├── MissingExtra          a feature needs an optional extra that is not installed
    └── GradingFailed         a submission could not be run, or a technique fitted, to the end (time, memory, crash)

Anything else that escapes is our bug: it shows a traceback with `--debug` and one line without.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date, time

__all__ = ["BadInput", "DrillyardError", "GradingFailed", "MissingExtra", "bad_input", "did_you_mean", "tell"]


class DrillyardError(Exception):
    """Something the user can put right; printed as one line, exit code 2."""


class BadInput(DrillyardError):
    """A file, option or value is wrong. Raised at the edge, before any expensive work."""


class MissingExtra(DrillyardError):
    """A feature needs an optional extra. Raised when the feature is asked for, never at import."""

    def __init__(self, extra: str, feature: str) -> None:
        super().__init__(f"{feature} needs the extra {extra!r}: pip install 'drillyard[{extra}]'")
        self.extra = extra


class GradingFailed(DrillyardError):
    """The process that grades, checks or fits ran out of time or memory, or died; a submission is kept."""


def bad_input(found: object, expected: str, type_next: str = "") -> BadInput:
    """Build the three-part message: what was found, what was expected, what to type next."""
    tail = f"; {type_next}" if type_next else ""
    return BadInput(f"found {found}, expected {expected}{tail}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the question after the nearest of the known words, empty where none is near."""
    near = difflib.get_close_matches(word, [one for one in known if one], n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def tell(value: object, most: int = 80) -> str:
    """Return a value from somebody's file as a message shows it: as it was typed there, not as Python would."""
    text = "nothing" if value is None else _typed(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _typed(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, date | time):  # YAML makes dates of 2026-11-29
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value)} bytes of binary data"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_typed(name)}: {_typed(one)}' for name, one in value.items())}}}"
    if isinstance(value, list | tuple | set):
        return f"[{', '.join(map(_typed, value))}]"
    return repr(value)
