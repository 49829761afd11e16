"""Read quantities in free text: numbers in digits or words, ranges, units, currencies, and what they bound.

"within two working days" -> 2 business day, at most        "$1,299.50" -> 1299.5 USD, exact
"from 9 am to 5 pm"       -> 9 to 17 o'clock, exact         "2-year"    -> 2 year, exact
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from drillyard.records.facts import Quantity

__all__ = ["CURRENCIES", "Told", "in_base", "read_quantities", "unit_of"]

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_WORDS = {word: number for number, word in enumerate(f"{_ONES} eighteen nineteen".split())}
_TENTHS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * number for number, word in enumerate(_TENTHS.split(), start=2)}
_SPELT = {**_WORDS, **_TENS}
_HUNDREDS = {"hundred": 100, "thousand": 1000}

CURRENCIES = {
    "€": "EUR",
    "euro": "EUR",
    "eur": "EUR",
    "$": "USD",
    "dollar": "USD",
    "usd": "USD",
    "£": "GBP",
    "gbp": "GBP",
}
"""Signs and names of currencies, singular and in small letters, with their codes."""

_UNITS = {
    **{name: code for name, code in CURRENCIES.items() if name.isalpha()},
    **{"%": "percent", "percent": "percent", "per cent": "percent"},
    **dict.fromkeys(("business day", "working day", "weekday"), "business day"),
    **{name: name for name in ("second", "minute", "hour", "day", "week", "month", "year")},
    **dict.fromkeys(("kilogram", "kilogramme", "kilo", "kg"), "kg"),
    **dict.fromkeys(("gram", "g"), "g"),
    **dict.fromkeys(("pound", "lb"), "lb"),
    **dict.fromkeys(("ounce", "oz"), "oz"),
    **dict.fromkeys(("centimetre", "centimeter", "cm"), "cm"),
    **dict.fromkeys(("millimetre", "millimeter", "mm"), "mm"),
    **dict.fromkeys(("kilometre", "kilometer", "km"), "km"),
    **dict.fromkeys(("metre", "meter", "m"), "m"),
    **dict.fromkeys(("watt", "w"), "W"),
    **dict.fromkeys(("o'clock", "o’clock", "am", "a.m.", "pm", "p.m."), "o'clock"),
}
_BASE = {
    **{"second": ("time", 1), "minute": ("time", 60), "hour": ("time", 3600), "day": ("time", 86_400)},
    **{"week": ("time", 604_800), "month": ("time", 2_629_800), "year": ("time", 31_557_600)},
    **{"business day": ("time", 86_400), "g": ("weight", 0.001), "kg": ("weight", 1)},
    **{"lb": ("weight", 0.4536), "oz": ("weight", 0.02835)},
    **{"mm": ("length", 0.001), "cm": ("length", 0.01), "m": ("length", 1), "km": ("length", 1000)},
}

_spelt = "|".join(sorted(_SPELT, key=len, reverse=True))
_NUMBER = (
    rf"\d{{1,2}}:\d\d|\d{{1,3}}(?:[,  ]\d{{3}})+(?:\.\d+)?|\d+[.,]\d+|\d+|"
    rf"(?:(?:{_spelt})[- ]?)+(?:hundred|thousand)?|a hundred"
)
_signs = "".join(re.escape(sign) for sign in CURRENCIES if not sign.isalpha())
_names = "|".join(re.escape(name) for name in sorted(_UNITS, key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?<![\w.])(?P<sign>[{_signs}]|EUR |USD |GBP )?\s?(?P<low>{_NUMBER})(?!\d)"
    rf"(?:\s?(?P<half>am|pm|a\.m\.|p\.m\.)?\s?(?:-|–|to|or|and)\s?[{_signs}]?(?P<high>{_NUMBER}))?"
    rf"[\s-]?(?P<unit>(?:{_names})(?:s|es)?(?!\w)|%|[{_signs}])?",
    re.IGNORECASE,
)
_BOUNDS = (
    ("at most", re.compile(r"(?:within|up to|at most|not? more than|maximum of)\s+(?:the (?:first|next)\s+)?$", re.I)),
    ("at least", re.compile(r"(?:at least|not? less than|minimum of|start(?:ing|s)? (?:at|from))\s+$", re.I)),
    ("more than", re.compile(r"(?:more than|over|above|exceeding)\s+$", re.I)),
    ("less than", re.compile(r"(?:less than|under|below)\s+$", re.I)),
    ("about", re.compile(r"(?:about|around|approximately|roughly|nearly|almost|some)\s+$", re.I)),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Told:
    """A quantity and where in the text it stands."""

    quantity: Quantity
    start: int
    end: int


def read_quantities(text: str) -> list[Told]:
    """Return the quantities of a text in their order; the unit of a bare number is the empty string."""
    return list(_read(text))


def in_base(quantity: Quantity) -> tuple[str, float]:
    """Return a unit's dimension and the number in the dimension's base unit, so that 24 months are 2 years."""
    dimension, factor = _BASE.get(quantity.unit, (quantity.unit, 1.0))
    return dimension, quantity.number * factor


def _read(text: str) -> Iterator[Told]:
    for found in _QUANTITY.finditer(text):
        low, sign, unit = _number(found["low"]), found["sign"], found["unit"]
        if low is None:
            continue
        high, named = _number(found["high"]) if found["high"] else None, _unit(sign, unit)
        named = "o'clock" if ":" in found["low"] else named
        if not named and not found["low"][0].isdigit():
            continue  # "one of them", "two sorts"
        if named == "o'clock":
            low, high = _hours(low, found["half"], high, unit or "")
        elif high is not None and high <= low:
            high = None  # two statements, not a range: the second is not read
        before = text[: found.start()]
        bound = next((name for name, words in _BOUNDS if words.search(before)), "exact")
        made = Quantity.model_validate({"number": low, "high": high, "unit": named, "bound": bound})
        yield Told(quantity=made, start=found.start(), end=found.end())


def _unit(sign: str | None, unit: str | None) -> str:
    if sign and sign.strip():
        return CURRENCIES.get(sign.strip().casefold(), sign.strip().upper())
    return unit_of(unit or "")


def unit_of(word: str) -> str:
    """Return the canonical unit that a word names, the empty string for any other word."""
    name = word.casefold()
    for tried in (name, name.removesuffix("s"), name.removesuffix("es")):
        if tried in _UNITS or tried in CURRENCIES:
            return _UNITS.get(tried) or CURRENCIES[tried]
    return ""


def _number(text: str) -> float | None:
    plain = text.strip().casefold().rstrip("-")
    if ":" in plain:
        hour, _, minute = plain.partition(":")
        return int(hour) + int(minute) / 60
    if plain[0].isdigit():
        plain = re.sub(r"(?<=\d)[,  ](?=\d{3}(?!\d))", "", plain).replace(",", ".")
        return float(plain) if len(plain) < 16 else None
    total = 0
    for word in re.split(r"[-\s]+", plain.replace("a hundred", "one hundred")):
        total = total * _HUNDREDS[word] if word in _HUNDREDS else total + _SPELT.get(word, 0)
    return float(total)


def _hours(low: float, half: str | None, high: float | None, unit: str) -> tuple[float, float | None]:
    """Return hours of the day in 24 hours; where the end alone names a half of the day, the beginning comes before."""
    end = None if high is None else _clock(high, unit)
    start = _clock(low, half or unit)
    return (low if end is not None and not half and start >= end else start), end


def _clock(hour: float, half: str) -> float:
    return hour + 12 if half.casefold().startswith("p") and hour < 12 else hour
