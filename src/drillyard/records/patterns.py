r"""Patterns that people write: regular expressions that take linear time, whatever text they meet.

The language is that of Rust's `regex` crate (docs.rs/regex), whose engine pydantic brings along: no look-around and no
back-references, which is what linear time costs; `\w`, `\d`, `\s`, `\b` and ignored case speak of all of Unicode, as in
Python; the end of a text is `\z`. Google's RE2 would do the same in linear time, but its `\b` knows ASCII alone:
`\büber\b` finds nothing there, and `\bnder\b` is found in "länder".

Does not cover: how much a linear pattern costs. Compiled it takes at most 10 MiB (the engine's own limit), and the
worst that we found within the limits below took 0.2 s on 1,000 characters; who takes patterns from strangers measures
them as well.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic_core import SchemaError, SchemaValidator, core_schema

from drillyard.errors import bad_input

__all__ = ["MAX_COUNT", "MAX_LENGTH", "Pattern", "pattern_of"]

MAX_LENGTH = 1000
"""Most characters of a pattern."""
MAX_COUNT = 1000
"""The most that the counts of a pattern may come to, multiplied: `(a{20}){50}` is the last that will do."""

_COUNTS = re.compile(r"(?<!\\[xuUpP])\{(\d+)(?:,(\d*))?\}")
_LANGUAGE = "a regular expression without look-around or back-references (docs.rs/regex says what there is)"


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A compiled pattern; made by `pattern_of`."""

    text: str
    ignore_case: bool = False
    _matches: Callable[[str], bool] = field(repr=False, compare=False)

    def found_in(self, text: str) -> bool:
        """Say whether the pattern is found anywhere in a text. Half a surrogate pair counts as a question mark."""
        whole = text if text.isascii() else text.encode("utf-8", "replace").decode()
        return self._matches(whole)


@functools.lru_cache(maxsize=512)
def pattern_of(text: str, *, ignore_case: bool = False) -> Pattern:
    """Compile a pattern. Raises `BadInput` for one that is none, too long, or too large with its counts unfolded."""
    if len(text) > MAX_LENGTH:
        raise bad_input(f"a pattern of {len(text):,} characters", f"at most {MAX_LENGTH:,}", "make several of it")
    if (most := math.prod(_most(*count) for count in _COUNTS.findall(text))) > MAX_COUNT:
        found = f"counts in {text!r:.80} that multiply to {most if most < 10**9 else 'more than 10**9'}"
        raise bad_input(found, f"at most {MAX_COUNT}", "write * or + for a count that may be any")
    flagged = f"(?i){text}" if ignore_case else text
    try:
        flagged.encode()  # half of a surrogate pair is no text
        made = SchemaValidator(core_schema.str_schema(pattern=flagged, regex_engine="rust-regex"))
    except (SchemaError, UnicodeEncodeError) as error:
        reason = re.sub(r"^\s*(error|SchemaError): ", "", str(error).strip().splitlines()[-1])
        raise bad_input(f"the pattern {text!r:.80} ({reason:.200})", _LANGUAGE) from None
    return Pattern(text=text, ignore_case=ignore_case, _matches=made.isinstance_python)


def _most(low: str, high: str) -> int:
    """Return how often a count repeats at most; one without an end is a loop, and costs what its beginning costs."""
    return max(1, int(high or low))
