"""Numbers with their units in plain English: money, time, percent, measures, counted things; ranges and bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from drillyard.records import Quantity

__all__ = ["CURRENCIES", "Found", "find_quantities", "is_count", "read_quantity"]

Bound = Literal["exact", "at most", "at least", "more than", "less than", "about"]

CURRENCIES = {
    "$": "USD", "usd": "USD", "dollar": "USD", "us$": "USD", "€": "EUR", "eur": "EUR", "euro": "EUR",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "chf": "CHF", "franc": "CHF", "¥": "JPY", "jpy": "JPY", "yen": "JPY",
    "czk": "CZK", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "inr": "INR", "₹": "INR", "crown": "crown",
}  # fmt: skip
"""What people write for a currency, and its code; a dollar is one of the United States unless said otherwise."""

_MEASURES = {
    "%": "percent", "percent": "percent", "per cent": "percent",
    "second": "second", "sec": "second", "minute": "minute", "min": "minute", "hour": "hour", "hr": "hour", "h": "hour",
    "business day": "business day", "working day": "business day", "banking day": "business day",
    "calendar day": "day", "day": "day", "week": "week", "month": "month", "year": "year", "yr": "year",
    "mg": "mg", "g": "g", "gram": "g", "kg": "kg", "kilogram": "kg", "kilo": "kg", "lb": "lb", "oz": "oz",
    "mm": "mm", "cm": "cm", "centimetre": "cm", "centimeter": "cm", "m": "m", "metre": "m", "meter": "m",
    "km": "km", "kilometre": "km", "kilometer": "km", "mile": "mile", "inch": "inch",
    "ml": "ml", "l": "l", "litre": "l", "liter": "l", "w": "W", "watt": "W", "v": "V", "volt": "V", "wh": "Wh",
    "mah": "mAh", "lm": "lm", "lumen": "lm", "°c": "°C", "gb": "GB", "mb": "MB", "tb": "TB", "o'clock": "o'clock",
}  # fmt: skip

UNITS = frozenset([*CURRENCIES.values(), *_MEASURES.values()])

_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TENS = dict(
    zip(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], range(20, 100, 10), strict=True)
)
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_WORDS: dict[str, float] = {  # the longest first, as a pattern takes the first that fits
    **{
        f"{ten}{by}{one}": tens + n
        for ten, tens in _TENS.items()
        for by in "- "
        for n, one in enumerate(_ONES, start=1)
    },
    **{f"{word} hundred": 100.0 * n for n, word in enumerate(_ONES, start=1)},
    **{"a hundred": 100.0, "hundred": 100.0, **_TENS},
    **{word: float(n) for n, word in enumerate(_TEENS, start=10)},
    **{word: float(n) for n, word in enumerate(["zero", *_ONES])},
}
_TIMES = {"once": 1.0, "twice": 2.0}

_DIGITS = r"\d{1,3}(?:[,’' ]\d{3})+(?:\.\d+)?(?!\d)|\d+(?:[.,]\d+)?"
_SIGN = "|".join(re.escape(sign) for sign in ("US$", "$", "€", "£", "¥", "₹"))
_CODE = "USD|EUR|GBP|CHF|JPY|CZK|SEK|NOK|DKK|PLN|INR"
_NUMBER = re.compile(
    rf"(?<![\w.#/@’'])(?:(?P<before>(?:{_SIGN}|(?:{_CODE})\s))\s?)?"
    rf"(?P<low>{_DIGITS}|\b(?:{'|'.join(_WORDS)})\b)"
    rf"(?:\s?(?:–|-|—|to|and(?=\s\S+\sinclusive))\s?(?:{_SIGN})?(?P<high>{_DIGITS}|(?:{'|'.join(_WORDS)})\b))?"
    rf"(?![\d_])(?!\.\d)",
    re.IGNORECASE,
)
_ONCE = re.compile(r"\b(once|twice)\b(?=\s+(?:per|in|a|an|every|each)\b|\s*[.;,)]|\s*$)|\bsingle\b", re.IGNORECASE)
_UNIT = re.compile(
    rf"[\s-]?(?P<unit>{'|'.join(sorted(map(re.escape, [*_MEASURES, *CURRENCIES]), key=len, reverse=True))})"
    r"(?P<plural>s|es)?(?![\w])",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"[\s-]((?:[a-z][\w’'-]*)(?:\s[a-z][\w’'-]*){0,3})", re.IGNORECASE)
_END_WORDS = """
a an the of in on at by to for from with within per and or but if when unless until once after before is are
was were be been has have had will would can may must should not no than that which who as about under over
each every any all more less fewer only during through via between into onto its their your our his her this
these those it they you we either it's there where so then also different other
"""
_END = frozenset(_END_WORDS.split())

_BOUNDS: tuple[tuple[Bound, str], ...] = (
    ("at least", r"at least|no less than|not less than|a? ?minimum(?: of)?|min\.?|at or above|"
     r"meets? or exceeds?|met or exceeded|no earlier than|not before|from|starting at|starts at"),
    ("at most", r"at most|up to|no more than|not more than|a? ?maximum(?: of)?|max\.?|(?:not|n't|never) exceed|"
     r"at or below|no later than|within|no longer than|not longer than|inside"),
    ("more than", r"more than|over|exceed(?:s|ed|ing)?|above|greater than|longer than|beyond|older than|after"),
    ("less than", r"less than|under|below|fewer than|shorter than|younger than|before|short of"),
    ("about", r"about|around|approximately|approx\.?|roughly|some|typically(?: within)?|usually(?: within)?|~|circa"),
)  # fmt: skip
_BEFORE = [
    (bound, re.compile(rf"(?:^|[\s(:])(?:{words})\s?(?:(?:the|a|an|only)\s)?(?:[A-Za-z]+\s)??$", re.IGNORECASE))
    for bound, words in _BOUNDS
]
_NEGATED = re.compile(r"(?:not|n't|never|cannot|no)\s+(?:be\s+)?(?:exceed\w*|more than|over|above)\s*$", re.IGNORECASE)
_AFTER: tuple[tuple[Bound, re.Pattern[str]], ...] = (
    ("at least", re.compile(r"\s*(?:or|and)\s+(?:more|older|above|over|longer|higher|greater|up)\b", re.IGNORECASE)),
    ("at most", re.compile(r"\s*or\s+(?:less|fewer|below|under|younger|shorter|sooner|earlier)\b|\s+max\b", re.I)),
)
_HOUR = r"(?:[01]?\d|2[0-4])(?:(?::[0-5]\d)(?:\s?[ap]\.?m\b\.?)?|\s?[ap]\.?m\b)"
_CLOCK = re.compile(
    rf"(?<![\w:.])(?P<low>{_HOUR})(?:\s?(?:to|until|till|and|–|—|-)\s?(?P<high>{_HOUR}))?(?![\w:])", re.I
)
_NO_QUANTITY = re.compile(
    r"(?:\b(?:step|section|chapter|page|no\.|number|item|version|article|part|level|line|question|rule|form|"
    r"jan\w*|feb\w*|march|april|may|june|july|aug\w*|sept\w*|oct\w*|nov\w*|dec\w*)\s*#?|v|\+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A quantity and the characters that it takes in a text, its bound not counted."""

    quantity: Quantity
    start: int
    end: int


def find_quantities(text: str) -> list[Found]:
    """Return the quantities of a text in its order. Dates, steps, versions and parts of names are none."""
    clocks = list(_clocks(text))
    found = [one for match in _NUMBER.finditer(text) if (one := _read(text, match))]
    others = [one for one in found if not any(clock.start < one.end and one.start < clock.end for clock in clocks)]
    return sorted([*others, *clocks, *_times(text)], key=lambda one: one.start)


def read_quantity(text: str, unit: str = "") -> Quantity | None:
    """Return the one quantity that a text is, such as a cell of a table; `unit` holds where it has none itself."""
    found = find_quantities(text.strip())
    if len(found) != 1 or found[0].end - found[0].start < len(text.strip()) - len(unit) - 12:
        return None
    quantity = found[0].quantity
    return quantity.model_copy(update={"unit": _canonical(unit) or unit}) if unit and not quantity.unit else quantity


def is_count(quantity: Quantity) -> bool:
    """Say whether it counts things, which are then its unit, and measures nothing."""
    return quantity.unit not in UNITS


def _clocks(text: str) -> Iterator[Found]:
    """Yield times of day such as 17:30 or 9 am to 5 pm, in hours."""
    for match in _CLOCK.finditer(text):
        high = _hour(match["high"]) if match["high"] else None
        bound = "exact" if high is not None else _bound(text, match.start(), match.end())
        quantity = Quantity(number=_hour(match["low"]), high=high, unit="o'clock", bound=bound)
        yield Found(quantity=quantity, start=match.start(), end=match.end())


def _hour(text: str) -> float:
    numbers = [int(part) for part in re.findall(r"\d+", text)]
    late = "p" in text.lower() and numbers[0] < 12
    return numbers[0] + (numbers[1] / 60 if len(numbers) > 1 else 0) + 12 * late


def _times(text: str) -> Iterator[Found]:
    """Yield `once`, `twice` and `a single …`."""
    for match in _ONCE.finditer(text):
        unit = "time"
        if match[0].lower() == "single":
            unit = _counted(text, match.end())[0]
        if unit:
            number = _TIMES.get(match[0].lower(), 1.0)
            bound = _bound(text, match.start(), match.end())
            yield Found(quantity=Quantity(number=number, unit=unit, bound=bound), start=match.start(), end=match.end())


def _read(text: str, match: re.Match[str]) -> Found | None:
    before = text[: match.start()]
    word = match["low"].lower() in _WORDS
    if _NO_QUANTITY.search(before) or (word and re.search(r"\b(?:the|this|that|no|any|which)\s$", before, re.I)):
        return None
    end, unit = match.end(), _canonical(match["before"] or "")
    if not unit and (named := _UNIT.match(text, end)):
        unit, end = _canonical(named["unit"]), named.end()
    elif not unit:
        unit, end = _counted(text, end)
    low, high = _value(match["low"]), _value(match["high"]) if match["high"] else None
    if not unit and (word or _is_year(match["low"])):
        return None
    quantity = Quantity(
        number=low,
        high=high if high is not None and high > low else None,
        unit=unit,
        bound=_bound(text, match.start(), end),
    )
    return Found(quantity=quantity, start=match.start(), end=end)


def _counted(text: str, end: int) -> tuple[str, int]:
    """Return the things that a number counts, in the singular, and where their name ends."""
    match = _COUNTED.match(text, end)
    if match is None:
        return "", end
    words: list[str] = []
    for word in match[1].split():
        if word.lower() in _END:
            break
        words.append(word.lower())
        if word.endswith("s") and not word.endswith("ss"):  # a plural ends the name
            break
    length = len(" ".join(words))
    return (" ".join([*words[:-1], _singular(words[-1])]), end + 1 + length) if words else ("", end)


def _bound(text: str, start: int, end: int) -> Bound:
    for bound, after in _AFTER:
        if after.match(text, end):
            return bound
    before = text[:start].rstrip("$€£ ") + " "
    if _NEGATED.search(before):
        return "at most"
    return next((bound for bound, pattern in _BEFORE if pattern.search(before)), "exact")


def _canonical(unit: str) -> str:
    name = unit.strip().lower()
    for known in (CURRENCIES, _MEASURES):
        for form in (name, name.removesuffix("s"), name.removesuffix("es")):
            if form in known:
                return known[form]
    return ""


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _value(text: str) -> float:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    plain = re.sub(r"[,’' ](?=\d{3}(?!\d))", "", text)
    return float(plain.replace(",", "."))


def _is_year(text: str) -> bool:
    return bool(re.fullmatch(r"(?:19|20)\d\d", text))
