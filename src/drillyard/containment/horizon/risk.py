"""Risk over years from draws of all assumptions: mean, interval, the argument's own flaw, and what survival tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.games.checks import check_count
from drillyard.containment.horizon.assumptions import RANGES, Assumptions, default_assumptions, ends_of
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.model import walk
from drillyard.containment.horizon.sampling import build_scenarios, draw_independent, ids_of
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.records import Estimate, Record
from drillyard.records.progress import Progress, silent

__all__ = [
    "CHUNK",
    "DOES_NOT_SHOW",
    "REPORTED",
    "Drawn",
    "RiskReport",
    "YearRisk",
    "add_flaws",
    "case_risk",
    "chunks_of",
    "draw_chunk",
    "draw_first",
    "ends_risk",
    "risk",
]

REPORTED = (1, 5, 10, 30, 100)
CHUNK = 8192
"""Draws computed at once, to bound the memory: chosen, not measured."""

DOES_NOT_SHOW = (
    "This does not show that the assumptions are complete or their ranges right (they are ours, unverified), nor what "
    "an attacker does who tries more than once a year; no deterrence is credited."
)

Array = NDArray[np.float32]


class YearRisk(Record):
    """Risk up to a year: over draws with the argument's flaw, without it, and at the mean hazard of each year.

    `at_mean_hazard` is `1 - prod(1 - E h_t)`, which is too high when hazards are unknown: survivors are the safe ones.
    """

    year: int
    risk: Estimate
    without_flaw: float
    at_mean_hazard: float


class RiskReport(Record):
    """Risk over years. `curve[t]` is the mean risk without flaw after t + 1 years.

    `over` is the share of draws whose risk over all years is above `limit`: a mean within it hides them. `hazard` is
    the mean hazard of each year as seen today, `surviving` the same given that nothing has happened yet.
    """

    layers: tuple[str, ...]
    years: int
    draws: int
    seed: int
    at: tuple[YearRisk, ...]
    curve: tuple[float, ...]
    curve_low: tuple[float, ...]
    curve_high: tuple[float, ...]
    hazard: tuple[float, ...]
    surviving: tuple[float, ...]
    floor: float
    central: float
    worst: float
    limit: float
    over: float
    ranges: str = RANGES
    does_not_show: str = DOES_NOT_SHOW

    @property
    def final(self) -> YearRisk:
        """Return the risk over the whole horizon."""
        return self.at[-1]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What a chunk of draws comes to: `alive` by reported year and draw, sums over the draws by year, flaws by draw."""

    alive: Array
    hazard: NDArray[np.float64]
    carried: NDArray[np.float64]
    survivors: NDArray[np.float64]
    flaw: Array
    flaw_risk: Array


def risk(
    layers: Sequence[Layer],
    assumptions: Assumptions | None = None,
    *,
    years: int = 30,
    limit: float = 0.05,
    draws: int = 20_000,
    seed: int = 1,
    setting: HorizonSetting | None = None,
    drawn: Sequence[Drawn] = (),
    told: Progress = silent,
) -> RiskReport:
    """Return the risk of great harm over so many years behind these layers, over draws of all assumptions.

    Args:
        layers: what stands between the system and harm; none is a legal answer.
        assumptions: ours when absent.
        years: the horizon; risks are told at 1, 5, 10, 30, 100 years and at its end.
        limit: the risk over all years that draws are counted against.
        draws: of the assumptions; equal seeds give equal draws, so that differences between layers are exact.
        seed: decides the draws, the same for any number of processors.
        setting: what is fixed.
        drawn: these very draws, computed elsewhere (`spread.py`); in threads of this process when there are none.
        told: called with (done, total, words).
    """
    check_count("years", years)
    check_count("draws", draws, 10)
    assumptions, setting = assumptions or default_assumptions(), setting or HorizonSetting()
    parts = list(drawn)
    if not parts:
        chunks = chunks_of(draws, seed)
        with ThreadPoolExecutor(2) as pool:
            for one in pool.map(lambda chunk: draw_chunk(chunk, assumptions, layers, setting, years), chunks):
                parts.append(one)
                told("drawing", len(parts), len(chunks))
    return _report(parts, _marks(years), layers, assumptions, setting, years, limit, seed)


def draw_first(assumptions: Assumptions, draws: int, seed: int) -> dict[str, Array]:
    """Return the draws that `risk` starts with, up to 8,192 of them: for what must rest on the same numbers."""
    size, own = chunks_of(draws, seed)[0]
    return draw_independent(assumptions, size, np.random.default_rng(own))


def chunks_of(draws: int, seed: int) -> list[tuple[int, np.random.SeedSequence]]:
    """Return the sizes of the chunks that draws are computed in, each with the seed of its own."""
    sizes = [min(CHUNK, draws - start) for start in range(0, draws, CHUNK)]
    return list(zip(sizes, np.random.SeedSequence(seed).spawn(len(sizes)), strict=True))


def _marks(years: int) -> list[int]:
    return sorted({year for year in REPORTED if year <= years} | {years})


def case_risk(
    values: Mapping[str, Array], layers: Sequence[Layer], setting: HorizonSetting, years: int, flaw: bool = True
) -> NDArray[np.float64]:
    """Return the risk over the years of each column of values, with the argument's flaw unless told."""
    alive = np.ones(1, np.float32)
    for year in walk(values, layers, setting, years):
        alive = year.alive
    claim = np.clip(1 - alive.astype(float), 0, 1)
    return add_flaws(claim, values["flaw"], values["flaw_risk"]) if flaw else claim


def ends_risk(
    layers: Sequence[Layer], assumptions: Assumptions, setting: HorizonSetting, years: int
) -> tuple[float, float]:
    """Return the risk with every assumption at its median, and in the worst corner of the ranges.

    All numbers but one have a hard end. Reviewers who err together are worse for a quorum, those who err apart are
    worse where askers shop among many; the corner takes whichever is worse.
    """
    values = build_scenarios(assumptions, [(), *[tuple(ids_of(assumptions))] * 2])
    one = next(each for each in assumptions.parameters() if each.name == "reviewer_correlation")
    values[one.name][2] = ends_of(one)[0]
    found = case_risk(values, layers, setting, years)
    return float(found[0]), float(max(found[1:]))


def add_flaws(claim: NDArray[np.float64], flaw: Array, flaw_risk: Array) -> NDArray[np.float64]:
    """Return claims with the flaw of the argument: `(1 - phi) p + phi max(p, r)`, never below phi r."""
    return np.asarray((1 - flaw) * claim + flaw * np.maximum(claim, flaw_risk), float)


def draw_chunk(
    chunk: tuple[int, np.random.SeedSequence],
    assumptions: Assumptions,
    layers: Sequence[Layer],
    setting: HorizonSetting,
    years: int,
) -> Drawn:
    """Draw the assumptions so many times, and go through the years for all draws at once."""
    values, marks = draw_independent(assumptions, chunk[0], np.random.default_rng(chunk[1])), _marks(years)
    kept, before = [], np.ones_like(values["theft"])
    hazard, carried, survivors = np.zeros(years), np.zeros(years), np.zeros(years)
    for year in walk(values, layers, setting, years):
        at = year.number - 1
        survivors[at] = before.sum(dtype=float)
        carried[at] = (before - year.alive).sum(dtype=float)
        hazard[at] = (1 - year.alive / np.maximum(before, np.float32(1e-30))).sum(dtype=float)
        before = year.alive
        if year.number in marks:
            kept.append(year.alive)
    alive = np.array(kept)
    return Drawn(
        alive=alive,
        hazard=hazard,
        carried=carried,
        survivors=survivors,
        flaw=values["flaw"],
        flaw_risk=values["flaw_risk"],
    )


def _report(
    parts: Sequence[Drawn],
    marks: Sequence[int],
    layers: Sequence[Layer],
    assumptions: Assumptions,
    setting: HorizonSetting,
    years: int,
    limit: float,
    seed: int,
) -> RiskReport:
    draws = sum(one.flaw.size for one in parts)
    hazard = np.clip(sum(one.hazard for one in parts) / draws, 0, 1)
    survivors = np.array(sum(one.survivors for one in parts))
    carried = np.array(sum(one.carried for one in parts))
    flaw, flaw_risk = (np.concatenate([getattr(one, name) for one in parts]) for name in ("flaw", "flaw_risk"))
    at, each = [], np.zeros(draws)
    for row, year in enumerate(marks):
        claim = np.clip(1 - np.concatenate([one.alive[row] for one in parts]).astype(float), 0, 1)
        mean_hazard = float(1 - np.prod(1 - hazard[:year]))
        each = add_flaws(claim, flaw, flaw_risk)
        at.append(
            YearRisk(year=year, risk=_estimate(each), without_flaw=float(claim.mean()), at_mean_hazard=mean_hazard)
        )
    central, worst = ends_risk(layers, assumptions, setting, years)
    lows, highs = ([getattr(one.risk, end) for one in at] for end in ("low", "high"))
    every = np.arange(1, years + 1)
    return RiskReport(
        layers=tuple(one.name for one in layers),
        years=years,
        draws=draws,
        seed=seed,
        at=tuple(at),
        curve=tuple(np.clip(np.cumsum(carried) / draws, 0, 1).tolist()),
        curve_low=tuple(np.interp(every, marks, lows).tolist()),
        curve_high=tuple(np.interp(every, marks, highs).tolist()),
        hazard=tuple(hazard.tolist()),
        surviving=tuple(np.clip(carried / np.maximum(survivors, 1e-30), 0, 1).tolist()),
        floor=float((flaw.astype(float) * flaw_risk).mean()),
        central=central,
        worst=worst,
        limit=limit,
        over=float((each > limit).mean()),
    )


def _estimate(values: NDArray[np.float64]) -> Estimate:
    low, high = np.quantile(values, [0.05, 0.95])
    mean = float(values.mean())
    method = "mean over draws of the assumptions; 5 % to 95 % of draws, widened to hold the mean"
    return Estimate(value=mean, low=min(float(low), mean), high=max(float(high), mean), n=values.size, method=method)
