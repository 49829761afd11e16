"""The exceptions that Drillyard raises on purpose.

    DrillyardError            something the user can put right: one line, exit code 2
    ├── BadInput              a file, option or value is wrong (found, expected, what to type next)
    ├── MissingExtra          a feature needs an optional extra that is not installed
    └── GradingFailed         a submission could not be run, or a technique fitted, to the end (time, memory, crash)

Anything else that escapes is our bug: it shows a traceback with `--debug` and one line without.
"""

from __future__ import annotations

__all__ = ["BadInput", "DrillyardError", "GradingFailed", "MissingExtra", "bad_input"]


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
