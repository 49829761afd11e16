"""Quantities of replies and facts made comparable: units of one dimension, such as 24 months and 2 years."""

from __future__ import annotations

from drillyard.records.facts import Quantity
from drillyard.scopes.quantities import CURRENCIES, is_count, read_quantity

__all__ = ["MONEY", "in_base", "unit_of"]

MONEY = frozenset(CURRENCIES.values())
"""Codes of currencies."""

_BASE = {
    **{"second": ("time", 1.0), "minute": ("time", 60.0), "hour": ("time", 3600.0), "day": ("time", 86_400.0)},
    **{"week": ("time", 604_800.0), "month": ("time", 2_629_800.0), "year": ("time", 31_557_600.0)},
    **{"business day": ("time", 86_400.0), "mg": ("weight", 1e-6), "g": ("weight", 0.001), "kg": ("weight", 1.0)},
    **{"lb": ("weight", 0.4536), "oz": ("weight", 0.02835), "mm": ("length", 0.001), "cm": ("length", 0.01)},
    **{"m": ("length", 1.0), "km": ("length", 1000.0), "mile": ("length", 1609.3), "inch": ("length", 0.0254)},
    **{"ml": ("volume", 0.001), "l": ("volume", 1.0)},
    **{"MB": ("bytes", 1e6), "GB": ("bytes", 1e9), "TB": ("bytes", 1e12)},
}


def in_base(quantity: Quantity) -> tuple[str, float]:
    """Return a unit's dimension and the number in the dimension's base unit; a unit of no dimension is its own."""
    dimension, factor = _BASE.get(quantity.unit, (quantity.unit, 1.0))
    return dimension, quantity.number * factor


def unit_of(word: str) -> str:
    """Return the canonical unit that a word names, the empty string for any other word."""
    read = read_quantity(f"2 {word}")
    return read.unit if read and not is_count(read) else ""
