"""The acceptance test of erasure: where nobody read the answer, the outcome must not depend on it.

P(o | h, erased, p) = P(o | h, erased, p') for every outcome o, history h and pair of reports (Armstrong 2019).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["DOES_NOT_SHOW", "Invariance", "invariance", "planted_episodes"]

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

DOES_NOT_SHOW = (
    "This does not show that no answer leaked: a high p-value says only that these episodes do not betray a leak of "
    "the size that they could have shown."
)


class Invariance(Record):
    """Chi-square over histories, with its p-value by the limit law and by permutation within histories."""

    episodes: int
    histories: int
    statistic: float
    degrees: int
    p_chi_square: float
    p_permutation: float
    permutations: int
    does_not_show: str = DOES_NOT_SHOW


def invariance(
    reports: Sequence[Hashable],
    outcomes: Sequence[Hashable],
    histories: Sequence[Hashable] | None = None,
    permutations: int = 999,
    seed: int = 1,
) -> Invariance:
    """Test erased episodes: within equal histories, is the outcome independent of the report?

    Reports are compared as they are; put continuous ones into a few bins first. The permutation p-value is exact for
    any table ((1 + as extreme) / (1 + permutations)); the chi-square one wants five expected per cell.

    Raises:
        BadInput: no episodes, or lists of different lengths.
    """
    if not len(reports) or len(reports) != len(outcomes) or (histories is not None and len(histories) != len(reports)):
        raise bad_input(f"{len(reports)} reports and {len(outcomes)} outcomes", "equally many, one or more")
    said, came = _codes(reports), _codes(outcomes)
    past = np.zeros(len(said), dtype=np.int64) if histories is None else _codes(histories)
    strata = [np.flatnonzero(past == k) for k in range(int(past.max()) + 1)]
    seen, degrees = _chi_square(said, came, strata)
    rng, extreme = np.random.default_rng(seed), 0
    for _ in range(permutations):
        shuffled = came.copy()
        for rows in strata:
            shuffled[rows] = rng.permutation(came[rows])
        extreme += _chi_square(said, shuffled, strata)[0] >= seen - 1e-9
    return Invariance(
        episodes=len(said),
        histories=len(strata),
        statistic=seen,
        degrees=degrees,
        p_chi_square=float(special.chdtrc(degrees, seen)) if degrees else 1.0,
        p_permutation=(1 + extreme) / (1 + permutations),
        permutations=permutations,
    )


def planted_episodes(
    a: float, b: float, unread: float, leaked: float, episodes: int, seed: int = 1
) -> tuple[list[float], list[int]]:
    """Return reports (0.1, 0.5 or 0.9) and outcomes of erased episodes of which a share leaks: for power checks."""
    rng = np.random.default_rng(seed)
    report = rng.choice([0.1, 0.5, 0.9], episodes)
    truth = np.where(rng.random(episodes) < leaked, a + b * report, unread)
    return report.tolist(), (rng.random(episodes) < truth).astype(int).tolist()


def _codes(values: Sequence[Hashable]) -> Codes:
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int64)


def _chi_square(said: Codes, came: Codes, strata: Sequence[NDArray[np.intp]]) -> tuple[float, int]:
    """Return Pearson's statistic and its degrees of freedom, summed over strata; empty rows and columns count not."""
    width, total, degrees = int(came.max()) + 1, 0.0, 0
    size = (int(said.max()) + 1) * width
    for rows in strata:
        cells = np.bincount(said[rows] * width + came[rows], minlength=size).reshape(-1, width).astype(float)
        by_row, by_column = cells.sum(1), cells.sum(0)
        expected = np.outer(by_row, by_column) / len(rows)
        filled = expected > 0
        total += float(((cells - expected)[filled] ** 2 / expected[filled]).sum())
        degrees += max(int((by_row > 0).sum()) - 1, 0) * max(int((by_column > 0).sum()) - 1, 0)
    return total, degrees
