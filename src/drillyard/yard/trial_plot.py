"""What a policy let through, drawn: a row for each adversary, its bits and its progress beside their limits."""

from __future__ import annotations

from markupsafe import Markup

from drillyard.records import AdversaryRun, OracleTrial
from drillyard.stats.shown import percent

__all__ = ["trial_plot"]

_LEFT, _WIDE, _GAP, _ROW, _TOP = 96, 190, 64, 24, 34


def trial_plot(trial: OracleTrial) -> Markup:
    """Return two columns of bars as inline SVG: bits a year on the left, the share moved on the right."""
    limits = trial.limits
    most_bits = 1.25 * max(limits.leaked_bits, trial.leaked_bits, 1.0)
    most_moved = max(0.25, min(1.25, 1.25 * trial.progress))
    rows = Markup("").join(_row(one, place, most_bits, most_moved) for place, one in enumerate(trial.adversaries))
    low = _TOP + _ROW * len(trial.adversaries)
    marks = Markup("").join(
        _limit(x, low, words)
        for x, words in (
            (_LEFT + _WIDE * limits.leaked_bits / most_bits, f"limit {limits.leaked_bits:.0f} bits"),
            (_right() + _WIDE * limits.progress / most_moved, f"limit {percent(limits.progress)} moved"),
        )
    )
    words = "; ".join(
        f"{one.id}: {one.leaked_bits:.0f} bits, {percent(max(0.0, one.progress))} moved" for one in trial.adversaries
    )
    return Markup(
        '<svg class="intervals" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{words}">'
        "{rows}{marks}</svg>"
    ).format(w=_right() + _WIDE + 50, h=low + 8, words=words, rows=rows, marks=marks)


def _right() -> int:
    return _LEFT + _WIDE + _GAP


def _row(run: AdversaryRun, place: int, most_bits: float, most_moved: float) -> Markup:
    y, moved = _TOP + _ROW * place, max(0.0, run.progress)
    bits, share = _WIDE * run.leaked_bits / most_bits, min(_WIDE, _WIDE * moved / most_moved)
    return Markup(
        '<text x="{name}" y="{text}" text-anchor="end">{id}</text>'
        '<rect class="won" x="{l}" y="{y}" width="{bits}" height="14"/>'
        '<text class="tick" x="{lx}" y="{text}">{n}</text>'
        '<rect class="won" x="{r}" y="{y}" width="{share}" height="14"/>'
        '<text class="tick" x="{rx}" y="{text}">{moved}</text>'
    ).format(
        name=_LEFT - 8,
        text=y + 12,
        id=run.id,
        l=_LEFT,
        y=y,
        bits=round(bits, 1),
        lx=_LEFT + _WIDE + 8,
        n=round(run.leaked_bits),
        r=_right(),
        share=round(share, 1),
        rx=_right() + _WIDE + 8,
        moved=percent(moved),
    )


def _limit(x: float, low: int, words: str) -> Markup:
    return Markup(
        '<path class="whisker" d="M{x} {t}V{b}"/>'
        '<text class="tick" x="{x}" y="{up}" text-anchor="middle">{words}</text>'
    ).format(x=round(x, 1), t=_TOP - 8, b=low, up=_TOP - 14, words=words)
