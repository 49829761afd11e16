"""report.html: one self-contained page without scripts, the verdict first."""

from __future__ import annotations

from drillyard.audits.reports.frontier import frontier
from drillyard.audits.reports.outlook import outlook
from drillyard.audits.reports.view import View
from drillyard.records.charts import mark, span
from drillyard.records.pages import fill

__all__ = ["render"]

_SHAPES = {"passed": "●", "failed": "▲", "unknown": "▨"}


def render(view: View) -> bytes:
    """Return the page. Everything that people or models wrote is escaped; nothing is loaded from elsewhere."""
    rates = [estimate for one in view.shown for estimate in (one.rate, one.control) if estimate]
    axis = span(rates)
    drawn = [(one, mark(axis, one.rate), mark(axis, one.control) if one.control else None) for one in view.shown]
    page = fill(
        "audits",
        "report.html.j2",
        view=view,
        shape=_SHAPES[view.state],
        axis=axis,
        drawn=drawn,
        twin=any(one.control for one in view.shown),
        outlook=outlook(view),
        frontier=frontier(view.report.coverage) if view.report.coverage else None,
        last=view.report.coverage.points[-1] if view.report.coverage else None,
    )
    return page.encode()
