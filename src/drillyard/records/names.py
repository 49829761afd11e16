"""Names that people are known by: one spelling each, nothing unseen in them, and no two that look alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from drillyard.errors import bad_input
from drillyard.records.lookalikes import is_unseen, looks, mixed_scripts

__all__ = ["looks_like", "person_name", "require_unlike", "same_name", "visible_name"]

_MOST_MARKS = 4  # nonspacing marks on one letter; UTS #39, section 5.4
_OF_A_PERSON = frozenset(" .,'\u2019-\u00b7()")  # beside letters, their marks and digits
_HOW = "type it again in plain letters"


def visible_name(text: str, what: str = "name", most: int = 120) -> str:
    """Return a name of anything as it is stored: composed (NFC), one blank between words, with nothing unseen in it.

    Args:
        text: as it was typed; tabs and line ends count as blanks.
        what: is named, for the error.
        most: letters it may have.

    Raises:
        BadInput: nothing, too much, or a letter that displays nothing, turns the direction or is unassigned.
    """
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > most:
        raise bad_input(f"{len(name)} letters", f"a {what} of 1 to {most}")
    for place, letter in enumerate(name, 1):
        if is_unseen(letter):
            found = f"U+{ord(letter):04X} ({unicodedata.name(letter, 'no letter')}) at letter {place} of a {what}"
            raise bad_input(found, "letters that are seen", _HOW)
    return name


def person_name(text: str, most: int = 120) -> str:
    """Return a person's name as it is stored: NFKC, of letters, digits and few signs, in scripts that go together.

    Raises:
        BadInput: as `visible_name`; a sign that no name has; scripts that no language writes together, such as Latin
            and Cyrillic; marks piled up on a letter; no letter or digit at all.
    """
    name = visible_name(unicodedata.normalize("NFKC", text), "person's name", most)
    for letter in name:
        if unicodedata.category(letter)[0] not in "LMN" and letter not in _OF_A_PERSON:
            raise bad_input(f"{letter!r} (U+{ord(letter):04X}) in a person's name", "letters, digits and .,'-()", _HOW)
    if not any(letter.isalnum() for letter in name):
        raise bad_input(f"{name!r} as a person's name", "at least one letter or digit")
    if scripts := mixed_scripts(name):
        written = " and ".join(one.capitalize() for one in scripts)
        raise bad_input(f"{ascii(name)}, which mixes {written}", "a name in one script", _HOW)
    if _piled(name):
        raise bad_input(f"{ascii(name)}, with marks piled up on a letter", "each mark once, and at most four", _HOW)
    return name


def same_name(text: str, most: int = 120) -> str:
    """Return one spelling of a person's name for all its spellings, case among them. Raises `BadInput`."""
    return unicodedata.normalize("NFKC", person_name(text, most).casefold())


def looks_like(name: str, others: Iterable[str]) -> str:
    """Return the first of other names that looks like this one though it is not the same, or nothing."""
    mine = looks(name)
    return next((one for one in others if one != name and mine & looks(one)), "")


def require_unlike(name: str, others: Iterable[str]) -> str:
    """Return a name that looks like no other one. Raises `BadInput` with the one that it looks like."""
    if other := looks_like(name, others):
        raise bad_input(f"{ascii(name)}, which looks like {ascii(other)}", "names that nobody mistakes", "add a word")
    return name


def _piled(name: str) -> bool:
    runs = re.findall(r"M+", "".join("M" if _is_mark(one) else "-" for one in unicodedata.normalize("NFD", name)))
    apart = unicodedata.normalize("NFD", name)
    twice = any(one == two and _is_mark(one) for one, two in zip(apart, apart[1:], strict=False))
    return twice or any(len(run) > _MOST_MARKS for run in runs)


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) in ("Mn", "Me")
