"""align.html: one self-contained page without scripts: verdict, trade-off, tax, and how all that is known."""

from __future__ import annotations

from pathlib import Path

from drillyard.alignment.exam import HARMFUL, REFUSAL
from drillyard.alignment.weighing.comparison import Comparison
from drillyard.alignment.weighing.frontier import ALL, Point
from drillyard.alignment.weighing.plot_frontier import frontier_panels
from drillyard.alignment.weighing.plot_gold import gold_charts
from drillyard.alignment.weighing.plot_sweeps import curve_charts, sweep_charts
from drillyard.alignment.weighing.plot_tax import money_panels, unit_panels
from drillyard.alignment.weighing.report import AlignReport, technique_point
from drillyard.alignment.weighing.sheet import LOST, START, figure_of, words_of
from drillyard.records import Estimate
from drillyard.records.files import write_atomically
from drillyard.records.pages import fill

__all__ = [
    "amount",
    "interval_words",
    "percent",
    "points_words",
    "render",
    "share_words",
    "short",
    "start_had",
    "tell_share",
    "verdict",
    "write_page",
]


def render(report: AlignReport) -> bytes:
    """Return the page. Everything that people or models wrote is escaped; nothing is loaded from elsewhere."""
    others = [name for name in report.techniques if name != START]
    return fill(
        "alignment",
        "align.html.j2",
        report=report,
        others=others,
        verdict=verdict(report),
        panels=frontier_panels(report),
        sweeps=sweep_charts(report),
        curves=curve_charts(report.curves),
        golds=gold_charts(report.curves),
        units=unit_panels(report.ledgers),
        money=money_panels(report.ledgers),
        rows=[technique_point(report, name) for name in (START, *others)],
        areas={(one.technique, one.split): one.area for one in report.hypervolumes},
        against=_against_start(report),
        figures=_beside(report),
        had=start_had(report),
        percent=percent,
        share=share_words,
        interval=interval_words,
        points=points_words,
        amount=amount,
        short=short,
        words_of=words_of,
        ALL=ALL,
        START=START,
        HARMFUL=HARMFUL,
        REFUSAL=REFUSAL,
    ).encode()


def write_page(report: AlignReport, path: Path) -> None:
    """Write the page. Raises `BadInput` where nothing can be written."""
    write_atomically(path, render(report))


def verdict(report: AlignReport) -> str:
    """Say in one or two sentences what to run, or that nothing is good enough."""
    found = report.recommendation
    if not found.technique:
        return found.reason
    point = next(p for p in report.points if p.key == (found.technique, found.strength))
    named = {"harmful compliance": point.harm, "over-refusal": point.refusal}
    named |= {name: point.figures[name] for name in point.failures}
    figures = ", ".join(f"{tell_share(one)} {name}" for name, one in named.items())
    run = "Leave the model as it is" if found.technique == START else f"Run {words_of(point.key)}"
    held = ("", "; it holds the limit", "; it holds all limits")[min(2, len(report.limits))]
    caution = "" if report.limits else " No limit was set: it is the cheapest, which does not make it good enough."
    return f"{run}: {figures}{held}.{caution}"


def percent(value: float) -> str:
    """Return a share as people read it: 72 %, 3.4 %, 0.25 %; neither 0 nor 100 where it is only almost so."""
    scaled = 100 * value
    if 0 < abs(scaled) < 0.05:
        return "<0.1 %" if scaled > 0 else "−<0.1 %"
    if 99.95 <= scaled < 100:
        return ">99.9 %"
    text = f"{scaled:.1f}".removesuffix(".0")
    return f"{text} %".replace("-", "−")


def interval_words(one: Estimate) -> str:
    """Return the ends of a share's interval, such as 1.3 to 8.7 %."""
    return f"{percent(one.low).removesuffix(' %')} to {percent(one.high)}"


def tell_share(one: Estimate) -> str:
    """Return a share with its interval, or that it is unknown."""
    return "unknown" if one.unknown else f"{percent(one.value)} ({interval_words(one)})"


def share_words(one: Estimate) -> tuple[str, str]:
    """Return a share in two parts, value and interval; where none was seen, the bound; or that it is unknown."""
    if one.unknown:
        return "unknown", f"of {one.n} none can be told"
    return (f"at most {percent(one.high)}", f"0 of {one.n}") if one.high and not one.value else (
        percent(one.value), interval_words(one)
    )  # fmt: skip


def points_words(one: Estimate) -> tuple[str, str]:
    """Return a change of a share in percentage points, signed, and its interval; or that it is unknown."""
    if one.unknown:
        return "unknown", "too few can be told"
    value, low, high = (f"{100 * x:+.1f}".replace("-", "−") for x in (one.value, one.low, one.high))
    return value, f"{low} to {high}"


def amount(value: float) -> str:
    """Return a quantity of any size, with its sign: 1,234 · 12.3 · 0.0045 · 1.6e+12."""
    if value and not 1e-4 <= abs(value) < 1e9:
        text = f"{value:.2g}"
    elif abs(value) >= 99.5 or value == int(value):
        text = f"{value:,.0f}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−") if value < 0 else text


def short(value: float) -> str:
    """Return the end of an axis in few letters: 4.2 · 38k · 1.2M."""
    size, letter = next(((s, x) for s, x in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if abs(value) >= s), (1.0, ""))
    scaled = value / size
    return (f"{scaled:.0f}" if abs(scaled) >= 10 else f"{scaled:.2g}").replace("-", "−") + letter


def start_had(report: AlignReport) -> dict[str, str]:
    """Return what the start had of figures that count what is lost, in words: its share of right answers."""
    own = {(one.metric, one.split): one.rate for one in report.rates if one.technique == START}
    return {
        figure_of(part): tell_share(rate) if rate.unknown else percent(rate.value)
        for part, rate in own.items()
        if part[0] in LOST
    }


def _against_start(report: AlignReport) -> dict[tuple[str, str], Comparison]:
    """Return the comparisons with the start by technique and metric, in held-out words."""
    pairs = [one for one in report.comparisons if START in (one.first, one.second) and one.split == "phrasing"]
    return {(one.second if one.first == START else one.first, one.metric): one for one in pairs}


def _beside(report: AlignReport) -> list[str]:
    """Return the figures that stand beside the two sides: those of held-out sorts, other failures, format."""
    first: Point = report.points[0]
    return [name for name in first.figures if name not in (HARMFUL, REFUSAL, "capability-lost")]
