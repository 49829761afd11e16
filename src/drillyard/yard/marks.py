"""Marks: the four states as shapes with words, and estimates as points with their intervals, in inline SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from drillyard.records import Estimate, Trigger
from drillyard.stats.shown import percent

__all__ = [
    "STATES",
    "as_sentence",
    "as_tried",
    "choose_pause",
    "in_words",
    "intervals",
    "mark_code",
    "rate_words",
    "state",
]

# The shape of each state, in a box of 12 × 12.
STATES = {
    "found": '<circle cx="6" cy="6" r="5"/>',
    "missed": '<path d="M6 .8 11.6 11H.4z"/>',
    "alarm": '<path d="M6 .3 11.7 6 6 11.7.3 6z"/>',
    "unknown": '<path class="hatch" d="M1 5 5 1M1 8 8 1M1 11 11 1M4 11 11 4M7 11 11 7"/>',
}

_LEFT, _WIDTH, _ROW = 6, 280, 40
_SHOWN = 6
"""Words of a list that are shown."""


def state(name: str, words: str) -> Markup:
    """Return a state's shape with its word beside it."""
    shape = Markup(STATES[name])
    return Markup(
        '<span class="state {}"><svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">{}</svg>{}</span>'
    ).format(name, shape, words)


def mark_code(text: str) -> Markup:
    """Return a text in which words in backticks are code; everything else is escaped."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def as_sentence(text: str) -> str:
    """Return what somebody typed with a full stop, unless it ends like a sentence; nothing stays nothing."""
    text = text.strip()
    return f"{text}." if text and not re.search(r"[.!?…:;][”’\"')]*$", text) else text


def in_words(code: str) -> str:
    """Return a code such as `pressure-selling` as words."""
    return re.sub("[-_]+", " ", code).capitalize()


def as_tried(trigger: Trigger) -> str:
    """Return what of a trigger is executed, in words: the ticks and the lists, whatever its sentence says."""
    under = f"under {' or '.join(trigger.templates)}" if trigger.templates else "under any template"
    lists = [", ".join(group[:_SHOWN]) + (" …" if len(group) > _SHOWN else "") for group in trigger.groups]
    return f"a message with one of {'; and one of '.join(lists)}, {under}" if lists else f"any message, {under}"


def rate_words(rate: Estimate) -> str:
    """Return an estimate in words: value, interval, n; a bound when nothing was seen."""
    if rate.n == 0:
        return "not enough evidence"
    if rate.value == 0:
        return f"0 of {rate.n}, at most {percent(rate.high)}"
    return f"{percent(rate.value)}, {percent(rate.low)} to {percent(rate.high)}, n = {rate.n}"


def choose_pause(seconds: float | None) -> int:
    """Return how many seconds a page waits until it asks again, after it has waited so long: a tenth, from 1 to 15."""
    return max(1, min(15, round((seconds or 0) / 10)))


def intervals(rows: Sequence[tuple[str, Estimate]], hollow: int = -1) -> Markup:
    """Draw estimates below each other on one axis from 0 to 100 %, each labelled directly.

    The row `hollow` gets a hollow point, to tell a twin from its model without colour. A zero in n is an arrow down
    to nothing, no observation a hatched bar.
    """
    height = _ROW * len(rows) + 20
    parts = [_row(_ROW * place, label, rate, place == hollow) for place, (label, rate) in enumerate(rows)]
    words = "; ".join(f"{label}: {rate_words(rate)}" for label, rate in rows)
    return Markup(
        '<svg class="intervals" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{words}">'
        "{parts}{axis}</svg>"
    ).format(w=_WIDTH + 2 * _LEFT, h=height, words=words, parts=Markup("").join(parts), axis=_axis(height - 18))


def _x(share: float) -> float:
    return round(_LEFT + _WIDTH * share, 1)


def _row(top: int, label: str, rate: Estimate, hollow: bool) -> Markup:
    y, low, high = top + 28, _x(rate.low), _x(rate.high)
    if rate.n == 0:
        path = "".join(f"M{x} {y + 4}l8-8" for x in range(_LEFT, _LEFT + _WIDTH - 7, 8))
        drawn = Markup('<path class="hatched" d="{}"/>').format(path)
    elif rate.value == 0:
        drawn = Markup('<path class="whisker" d="M{high} {a}v10M{high} {y}H{low}m6-4-6 4 6 4"/>').format(
            high=high, low=low, y=y, a=y - 5
        )
    else:
        drawn = Markup(
            '<path class="whisker" d="M{low} {y}H{high}M{low} {a}v8M{high} {a}v8"/>'
            '<circle class="point{hollow}" cx="{x}" cy="{y}" r="4.5"/>'
        ).format(low=low, high=high, y=y, a=y - 4, x=_x(rate.value), hollow=" hollow" if hollow else "")
    return Markup('<text x="{}" y="{}">{}: {}</text>').format(_LEFT, top + 14, label, rate_words(rate)) + drawn


def _axis(y: int) -> Markup:
    ticks = Markup("").join(
        Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{}</text>').format(_x(at), y + 15, anchor, words)
        for at, anchor, words in ((0, "start", "0"), (0.5, "middle", "50 %"), (1, "end", "100 %"))
    )
    return Markup('<path class="axis" d="M{} {}H{}"/>').format(_LEFT, y, _LEFT + _WIDTH) + ticks
