"""Letters that are not seen, and letters that look like others: Unicode's tables, asked by name checks and patterns.

Confusables and scripts are those of the package `confusable-homoglyphs`, which ships Unicode's `confusables.txt` and
`Scripts.txt` (UTS #39) as data: pure Python, 145 kB, packaged by Debian, SUSE and Alpine. ICU's own spoof checker comes
to Python only with 16 to 65 MB of binaries.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from confusable_homoglyphs.categories import alias
from confusable_homoglyphs.confusables import confusables_data

__all__ = ["is_ignorable", "is_unseen", "looks", "mixed_scripts", "skeleton", "spellings", "without_ignorables"]

# Default_Ignorable_Code_Point of DerivedCoreProperties.txt; Unicode adds to the list inside these ranges alone.
_IGNORABLE = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
# Cc controls, Cf formats, Cn unassigned, Co private, Cs surrogates, Zl and Zp lines.
_UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
_BLANK = "\u2800"  # Braille of no dots: a symbol by its class, a blank to the eye
# Scripts that are written together (UTS #39, "highly restrictive"); COMMON and INHERITED go with all.
_TOGETHER = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
_ANY_SCRIPT = {"COMMON", "INHERITED", "Unknown"}
_LATIN = re.compile(r"(?:LATIN|INDICATOR)\b.*\bLETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .+)?$")
_LIKE_L = frozenset("1|l")


def is_ignorable(letter: str) -> bool:
    """Say whether a letter is one that displays nothing by default, such as U+200B, U+FE0F, U+034F or U+3164."""
    return any(low <= ord(letter) <= high for low, high in _IGNORABLE)


def is_unseen(letter: str) -> bool:
    """Say whether a letter is ignorable, a control, a line break, a blank in disguise, or no letter at all."""
    return is_ignorable(letter) or letter == _BLANK or unicodedata.category(letter) in _UNSEEN


def without_ignorables(text: str) -> str:
    """Return a text without letters that display nothing."""
    return text if text.isascii() else "".join(letter for letter in text if not is_ignorable(letter))


def mixed_scripts(text: str) -> tuple[str, ...]:
    """Return the scripts of a text where they are not written together in one language, such as Latin and Cyrillic."""
    found = {alias(letter) for letter in text} - _ANY_SCRIPT
    together = len(found) < 2 or any(found <= one for one in _TOGETHER)
    return () if together else tuple(sorted(found))


def skeleton(text: str) -> str:
    """Return what a text looks like: equal for two texts that the tables call confusable (UTS #39, section 4)."""
    shown = unicodedata.normalize("NFC", without_ignorables(text))
    for _ in range(3):  # whole letters, then what they are made of, then the letters of the table's sequences
        shown = unicodedata.normalize("NFD", "".join(_prototype(letter) for letter in shown))
    return shown


def looks(text: str) -> frozenset[str]:
    """Return the skeletons of a text in each way it may be written; two texts that share one look alike.

    As it stands and in lower case, case is dropped after the table too, because `0` is confusable with `O`, and `O` is
    another case of `o`. In capitals and with first capitals it is kept, or `ian` would look like `lan`. Those two ways
    find names of one script throughout: of Cyrillic `вов` and Latin `bob` only the capitals look alike.
    """
    dropped = {skeleton(one).casefold() for one in (text, text.casefold())}
    kept = {f"{way} {skeleton(one)}" for way, one in (("capitals", text.upper()), ("first", text.title()))}
    return frozenset(dropped | kept)


def spellings(text: str) -> tuple[str, ...]:
    """Return the readings of a text that patterns are matched against, the plain one first.

    All are NFKC, in lower case, without ignorable letters, one blank between words. The plain one keeps every script.
    The others take each letter for the ASCII one that it looks like, without its marks: as it stands, with `I`, `1` and
    `|` for l and `0` for o, and with what looks like l for i. Connectors such as `_` once part words, once are dropped.
    """
    seen = without_ignorables(unicodedata.normalize("NFKC", text))
    seen = without_ignorables(unicodedata.normalize("NFKC", seen))  # what an ignorable letter kept apart
    plain = seen.casefold()
    readings = [plain]
    if not text.isascii():  # NFKC takes some letters for what they mean, not for what they look like
        readings.append(_latin(without_ignorables(text).casefold()))
    if not seen.isascii():
        readings += [_latin(plain), _latin(seen, digits=True), _latin(plain, digits=True, like_l="i")]
    elif any(letter in "I10|" for letter in seen):
        readings += [_latin(seen, digits=True), _latin(plain, digits=True, like_l="i")]
    parted = [_blanks(_connectors(one, by)) for by in (" ", "") for one in readings]
    return tuple(dict.fromkeys(parted))


def _connectors(text: str, by: str) -> str:
    if text.isascii():
        return text.replace("_", by)
    return "".join(by if unicodedata.category(letter) == "Pc" else letter for letter in text)


def _blanks(text: str) -> str:
    return " ".join(text.split())


def _latin(text: str, digits: bool = False, like_l: str = "l") -> str:
    """Read a text as ASCII where its letters look like it; `digits` says whether 0, 1, I and | are letters too."""
    bare = (letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.category(letter).startswith("M"))
    return "".join(_ascii(letter, digits, like_l) for letter in bare).casefold()


@lru_cache(maxsize=4096)
def _ascii(letter: str, digits: bool, like_l: str) -> str:
    if letter.isascii():
        if not digits:
            return letter
        return like_l if letter in "1|" or (letter == "I" and like_l == "l") else {"0": "o"}.get(letter, letter)
    shown = _prototype(letter)
    if shown == "rn":
        return "m"
    if shown.isascii() and shown.strip():
        return like_l if shown in _LIKE_L else shown
    named = _LATIN.search(unicodedata.name(letter, ""))
    return named[1].lower() if named else letter


@lru_cache(maxsize=4096)
def _prototype(letter: str) -> str:
    """Return the text that a letter looks like: the one of its kind that the table maps all others to.

    The package keeps each row of the table in both directions; a letter with two or more neighbours is a prototype, and
    a sequence is one always, because the table's left side has single letters only.
    """
    near = _neighbours(letter)
    if len(near) != 1:
        return letter
    (other,) = near
    if len(other) > 1 or len(_neighbours(other)) > 1:
        return other
    return min(letter, other)


@lru_cache(maxsize=4096)
def _neighbours(text: str) -> tuple[str, ...]:
    # Rows of letters that run from right to left are wrapped in U+200E.
    rows = [*confusables_data.get(text, ()), *confusables_data.get(f"\u200e{text}\u200e", ())]
    return tuple(dict.fromkeys(row["c"].strip("\u200e") for row in rows))
