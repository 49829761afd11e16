"""Reading `ANSWER: B` as the multiple choice of Inspect reads it, in linear time.

Behaviour: inspect_ai 0.3.285, `solver/_multiple_choice.py` and `scorer/_choice.py`; the patterns are ours, and
`tests/bench/test_letters.py` compares the two. An answer counts on a line of its own (the last such line), else
wherever it stands last. `$B$`, `**B**` and `(B)` are read as `B`. What is left has to be the right letters and nothing
else: one letter, or several parted by commas, blanks, "and" or nothing.
"""

from __future__ import annotations

import re

from drillyard.errors import bad_input

__all__ = ["is_letter", "is_letters", "option", "right_options"]

_LIST = r"[A-Za-z\d](?:[A-Za-z\d ,]*[A-Za-z\d,])?"
_WRAPPED = tuple(re.compile(rf"{sign}\s*+({_LIST})\s*+{sign}") for sign in (r"\$", r"\*\*"))
_IN_PARENTHESES = re.compile(r"(?i)(^|[:,])(\s*+)\(([A-Za-z\d])\)(?=[^\S\n]*+(?:[,.\n]|\Z))")

_BLANK = r"[^\S ]*+ "
"""White space with a blank in it: an answer that is there and says nothing."""

_ALONE = re.compile(rf"(?im)^ANSWER\s*+:(?:\s*+([A-Za-z\d,][A-Za-z\d ,]*+)[^\S\n]*+(?:$|\.)|{_BLANK}[^\S\n]*+(?:$|\.))")
_ANYWHERE = re.compile(rf"(?i)ANSWER\s*+:(?:\s*+([A-Za-z\d,][A-Za-z\d ,]*)(?!\w)|{_BLANK}(?!\w))")


def option(number: int) -> str:
    """Return what the choice of this number (from 0) is called: A to Z, then 1, 2 and so on."""
    return chr(ord("A") + number) if number < 26 else str(number - 25)


def right_options(target: object, choices: int) -> tuple[str, ...]:
    """Return the options that a sample's target names, such as `B`, `A,C` or `AC`.

    Raises:
        BadInput: it names none, one twice, or one that there is not.
    """
    texts = [str(one) for one in target] if isinstance(target, list) else [str(target)]
    tokens = [token for text in texts for token in text.replace(",", " ").split()]
    named = [one.upper() for token in tokens for one in ([token] if token.isnumeric() else token)]
    known = [option(number) for number in range(choices)]
    if not named or len(set(named)) < len(named) or any(one not in known for one in named):
        raise bad_input(f"the target {target!r} beside {choices} choices", f"one or more of {known[0]} to {known[-1]}")
    return tuple(sorted(named, key=known.index))


def is_letter(said: str, answer: str) -> bool:
    """Say whether a reply names this option alone."""
    return [token for token in _answer(said).split(",") if token] == [answer.strip().upper()]


def is_letters(said: str, answer: str) -> bool:
    """Say whether a reply names these options (parted by commas) and no other; in any order."""
    right, named = set(answer.split(",")), _answer(said).replace(" AND ", ",").replace(" ", "")
    return {token for token in named.split(",") if token} == right or set(named) == right


def _answer(said: str) -> str:
    """Return what the last answer of a reply says, in capitals; empty where there is none."""
    for wrapped in _WRAPPED:
        said = wrapped.sub(r"\1", said)
    said = _IN_PARENTHESES.sub(r"\1\2\3", said)
    found = _ALONE.findall(said) or _ANYWHERE.findall(said)
    return str(found[-1]).strip().upper() if found else ""
