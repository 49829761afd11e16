"""Amounts, shares and figures of a case as people read them: three digits, no powers of ten, a real minus."""

from __future__ import annotations

import numpy as np

from drillyard.stats.shown import percent

__all__ = ["in_sentence", "tell", "tell_figure", "tell_share"]


def in_sentence(title: str) -> str:
    """Return a title as it stands within a sentence: a name in capitals keeps them."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def tell(value: float) -> str:
    """Return money to three digits, with a real minus."""
    return f"{float(f'{value:.3g}'):,.0f}".replace("-", "−")


def tell_figure(value: float) -> str:
    """Return a figure of any unit to three digits and without a power of ten; next to nothing is called that."""
    if 0 < abs(value) < 1e-9:
        return "almost 0"
    if abs(value) >= 100:
        return tell(value)
    return np.format_float_positional(value, 3, unique=False, fractional=False, trim="-").replace("-", "−")


def tell_share(value: float) -> str:
    """Return a share of draws in per cent; what is almost all or none of them is not called all or none."""
    if value > 0.99:
        return "over 99 %"
    return "under 1 %" if value < 0.01 else percent(value)
