"""report.html of `drillyard oversee run`: verdict, accuracy of every arm with its interval, table, limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drillyard.oversight.games.bisection import BisectionReport
from drillyard.oversight.games.pixels import PixelReport
from drillyard.oversight.protocols.report import OverseeReport
from drillyard.records import Estimate
from drillyard.records.charts import LinearAxis, Mark, mark, path
from drillyard.records.pages import fill

__all__ = ["PIXEL_ROWS", "Shown", "render_bisection", "render_pixels", "render_report"]

_AXIS = LinearAxis(low=0.0, high=1.0, left=240, right=580)
_ROW, _TOP = 26, 14

PIXEL_ROWS = (
    ("judge on random pixels, ten digits", "ten_way"),
    ("debate, precommitted, honest first", "honest_first"),
    ("debate, precommitted, liar first", "liar_first"),
    ("two digits, random pixels", "pairs_random"),
    ("two digits, debate", "pairs_debate"),
    ("two digits, adviser for the truth", "adviser_honest"),
    ("two digits, adviser for the lie", "adviser_lying"),
    ("selection, one adviser", "selection_adviser"),
    ("selection, debate", "selection_debate"),
    ("selection, random masks (control)", "selection_masks"),
    ("two digits, another image's pixels (control)", "shuffled"),
    ("two digits, both sides collude (control)", "colluding"),
)
"""Rows of a pixel debate: words and the field of the report."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A row of a page: its name, the estimate that is drawn, further cells of the table, where its mark stands."""

    name: str
    value: Estimate
    cells: tuple[str, ...]
    mark: Mark
    y: float


def render_report(report: OverseeReport, command: str = "") -> bytes:
    """Return the page of a comparison of protocols."""
    rows = [
        (
            one.name,
            one.accuracy,
            (
                f"{one.balanced:.2f}",
                _share(one.assigned_true),
                _share(one.assigned_false),
                _share(one.selection),
                _share(one.amplified),
                f"{one.brier:.2f}",
                f"{one.calibration:.2f}",
                f"{one.judge_tokens:,.0f}",
                f"{one.tokens:,.0f}",
                str(one.unknown),
            ),
        )
        for one in report.arms
    ]
    heads = ("balanced", "side true", "side false", "selection", "wrong followed", "Brier", "calibration",
             "judge tokens", "tokens", "unknown")  # fmt: skip
    tests = [
        f"{t.protocol} beside {t.control}: only the first right {t.ahead}, only the second {t.behind}, "
        f"p = {t.p_value:.3g}, by Holm {t.adjusted:.3g}"
        for t in report.comparisons
    ]
    whose = report.spec.target or f"the world {report.spec.world}"
    about = f"{report.spec.cases} cases of {whose}, judge {report.spec.judge}"
    return _fill(
        "Protocols", report.verdict, report.holds, rows, heads, tests, report.limits, about, command, report.named
    )


def render_pixels(report: PixelReport, command: str = "") -> bytes:
    """Return the page of a pixel debate."""
    rows = [(words, getattr(report, name), ()) for words, name in PIXEL_ROWS]
    tests = [
        f"selection: only debate right {report.ahead}, only random masks {report.behind}, p = {report.p_value:.3g}"
    ]
    limits = ("The judge never learns that its pixels were chosen by somebody: that is why advisers fool it.",)
    about = f"{report.spec.images} images, {report.spec.pixels} pixels a game, seed {report.spec.seed}"
    verdict = f"{report.verdict[0].upper()}{report.verdict[1:]}"
    return _fill("Pixel debate", verdict, report.ahead > report.behind, rows, (), tests, limits, about, command)


def render_bisection(report: BisectionReport, command: str = "") -> bytes:
    """Return the page of a bisection game."""
    rows = [
        (
            f"{one.size} steps, find {one.find:g}",
            one.played,
            (f"{one.debate:.3f}", f"{one.spot:.3f}", "debate" if one.ahead else "spot check"),
        )
        for one in report.rows
    ]
    heads = ("by formula", "spot check", "ahead")
    limits = (
        "Claims of people do not come apart into checkable steps like this.",
        "Where both copies collude the fault is never checked: balanced accuracy is 0.5 at any size.",
    )
    about = f"judge's error {report.spec.error:g}, {report.spec.games} games a side, seed {report.spec.seed}"
    return _fill("Bisection game", report.verdict, report.holds, rows, heads, [], limits, about, command)


def _fill(
    title: str,
    verdict: str,
    holds: bool,
    rows: Sequence[tuple[str, Estimate, tuple[str, ...]]],
    heads: Sequence[str],
    notes: Sequence[str],
    limits: Sequence[str],
    about: str,
    command: str,
    named: Sequence[str] = (),
) -> bytes:
    shown = [
        Shown(name=name, value=value, cells=cells, mark=mark(_AXIS, value), y=_TOP + _ROW * place)  # type: ignore[arg-type]
        for place, (name, value, cells) in enumerate(rows)
    ]
    foot = _TOP + _ROW * len(shown)
    ticks = [(_AXIS.at(one), f"{one:g}") for one in _AXIS.ticks()]
    half = path([(_AXIS.at(0.5), 0.0), (_AXIS.at(0.5), foot)])
    return fill(
        "oversight", "report.html.j2", title=title, verdict=verdict, holds=holds, rows=shown, heads=heads,
        notes=notes, named=named, limits=limits, about=about, command=command, foot=foot, ticks=ticks, half=half,
    ).encode()  # fmt: skip


def _share(value: Estimate) -> str:
    return f"{value.value:.2f} ({value.low:.2f} to {value.high:.2f})" if value.n else "–"
