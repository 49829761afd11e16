"""The forecast as files: JSON and one self-contained page, and its verdict in a sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from drillyard.audits.forecast import Forecast
from drillyard.records import Estimate
from drillyard.records.charts import WIDTH, LogAxis, ends, mark, span
from drillyard.records.files import write_atomically, write_record
from drillyard.records.pages import fill

__all__ = ["forecast_page", "forecast_verdict", "write_forecast"]

_LEFT, _BOTTOM, _TOP = 70, 260, 20  # of the plot of a tail, in SVG units


def write_forecast(found: Forecast, folder: Path, command: str) -> list[Path]:
    """Write forecast.html, then forecast.json; `command` is printed at the foot of the page."""
    page, data = folder / "forecast.html", folder / "forecast.json"
    write_atomically(page, forecast_page(found, command).encode())
    write_record(data, found)
    return [page, data]


def forecast_verdict(found: Forecast) -> str:
    """Say in one sentence what to expect of the largest volume, or that there is not evidence enough."""
    last = found.points[-1]
    what, failures = f"{found.behaviour} in {last.volume:,} queries", f"{_ends(last.expected)} failures"
    if found.refused:
        seen = f"what was seen means {failures}; the worst query cannot be told, about {found.more:,} more may help"
        return f"Not enough evidence for a forecast of {what}: {seen}."
    return f"Forecast of {what}: {failures}; the worst query fails with a chance of {_ends(last.worst or found.rate)}."


def forecast_page(found: Forecast, command: str) -> str:
    """Return the page: verdict, plot (of the tail, or of expected failures where there is none), table, method."""
    axis = span([point.expected for point in found.points])
    bounds = [(f"failures in {point.volume:,} queries", mark(axis, point.expected)) for point in found.points]
    return fill(
        "audits",
        "forecast.html.j2",
        found=found,
        verdict=forecast_verdict(found),
        axis=axis,
        bounds=bounds,
        tail=None if found.refused else _tail(found),
        command=command,
    )


@dataclass(frozen=True, kw_only=True)
class _Tail:
    """The plot of a tail: `dots` are what was seen, `forecasts` points with both ends (x, low, value, high)."""

    across: LogAxis
    up: LogAxis
    dots: list[tuple[float, float]]
    forecasts: list[tuple[float, float, float, float]]


def _tail(found: Forecast) -> _Tail:
    """Place the largest of n queries over n; the i-th largest that was seen stands for n / i queries."""
    worst = [(point.volume, point.worst) for point in found.points if point.worst is not None]
    seen = [Estimate(value=p, low=p, high=p, n=1, method="seen") for p in found.seen]
    up = span([*seen, *(one for _, one in worst)], left=_BOTTOM, right=_TOP)
    least = 10.0 ** math.floor(math.log10(found.queries / max(1, len(found.seen))))
    across = LogAxis(low=least, high=1.5 * found.points[-1].volume, left=_LEFT, right=WIDTH)
    return _Tail(
        across=across,
        up=up,
        dots=[(across.at(found.queries / (i + 1)), up.at(p)) for i, p in enumerate(found.seen)],
        forecasts=[(across.at(n), up.at(one.low), up.at(one.value), up.at(one.high)) for n, one in worst],
    )


def _ends(one: Estimate) -> str:
    value, interval = ends(one)
    return f"{value} ({interval})" if interval else value
