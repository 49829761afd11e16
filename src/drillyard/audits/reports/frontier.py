"""The frontier of coverage as lines in SVG units: cells tried and hit over queries."""

from __future__ import annotations

from dataclasses import dataclass

from drillyard.audits.coverage import Coverage
from drillyard.records.charts import LinearAxis

__all__ = ["Frontier", "frontier"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 520.0, 24.0, 220.0
_APART = 14.0  # between two labels, so that they do not lie on each other


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """Two step lines as SVG paths, the places of their labels, and the ticks of both axes."""

    tried: str
    hit: str
    end: float
    tried_label: float
    hit_label: float
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP
    bottom: float = _BOTTOM


def frontier(coverage: Coverage) -> Frontier | None:
    """Place a coverage on linear axes from zero to all queries and all cells; None when nothing was asked."""
    last = coverage.points[-1]
    if not last.queries:
        return None
    across = LinearAxis(low=0, high=last.queries, left=_LEFT, right=_RIGHT)
    up = LinearAxis(low=0, high=max(1, coverage.cells), left=_BOTTOM, right=_TOP)
    tried, hit = (up.at(getattr(last, name)) for name in ("tried", "hit"))
    apart = max(0.0, _APART - (hit - tried)) / 2
    return Frontier(
        tried=_path(coverage, "tried", across, up),
        hit=_path(coverage, "hit", across, up),
        end=across.right,
        tried_label=tried - apart,
        hit_label=hit + apart,
        across=[(across.at(n), f"{n:,}") for n in _steps(last.queries)],
        up=[(up.at(n), f"{n:,}") for n in _steps(coverage.cells)],
    )


def _path(coverage: Coverage, name: str, across: LinearAxis, up: LinearAxis) -> str:
    steps = [f"H{across.at(p.queries):.1f} V{up.at(getattr(p, name)):.1f}" for p in coverage.points]
    return f"M{_LEFT:.1f} {_BOTTOM:.1f} {' '.join(steps)}"


def _steps(whole: int) -> list[int]:
    """Return zero, round numbers between, and the end itself."""
    size = next(unit * 10**power for power in range(12) for unit in (1, 2, 5) if whole <= 5 * unit * 10**power)
    return [*(n for n in range(0, whole, size) if whole - n > size / 2), whole]
