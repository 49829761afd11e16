"""Zero-sum matrix games by linear programming, each solved from both sides; and Dresher's inspection game."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog

from drillyard.containment.games.checks import check_count
from drillyard.errors import bad_input

__all__ = ["MatrixSolution", "inspection_value", "solve_matrix"]


@dataclass(frozen=True, kw_only=True)
class MatrixSolution:
    """Optimal mixes of the row player, who maximises, and of the column player; `gap` is their exploitability."""

    value: float
    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    gap: float


def solve_matrix(payoff: ArrayLike) -> MatrixSolution:
    """Solve a game given as payoffs to the row player, of shape (rows, columns).

    Each side has a programme of its own; the gap is what best responses gain against the two mixes together.
    Source: von Neumann 1928. Raises `BadInput` for what is no finite matrix.
    """
    table = np.asarray(payoff, dtype=float)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise bad_input(f"payoffs of shape {table.shape}", "a finite matrix", "give rows of equal length")
    rows, columns = _best_rows(table), _best_rows(-table.T)
    low, high = float((rows @ table).min()), float((table @ columns).max())
    return MatrixSolution(value=(low + high) / 2, rows=rows, columns=columns, gap=high - low)


def inspection_value(periods: int, inspections: int) -> float:
    """Return the inspector's value of Dresher's game: one violation at most, +1 caught, -1 not, 0 for none.

    Solved backwards, one 2 x 2 game a step: inspect or not, violate or wait. Source: Dresher 1962.
    """
    check_count("periods", periods, 0)
    check_count("inspections", inspections, 0)
    values = {(0, m): 0.0 for m in range(inspections + 1)}
    for n in range(1, periods + 1):
        values[n, 0] = -1.0
        for m in range(1, inspections + 1):
            game = [[1.0, values[n - 1, m - 1]], [-1.0, values[n - 1, m]]]
            values[n, m] = solve_matrix(game).value
    return values[periods, inspections]


def _best_rows(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mix of rows with the best guarantee."""
    many, columns = table.shape
    cost = np.append(np.zeros(many), -1.0)
    found = linprog(
        cost,
        A_ub=np.hstack([-table.T, np.ones((columns, 1))]),
        b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(many), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, 1)] * many + [(None, None)],
        method="highs",
    )
    assert found.x is not None, found.message  # any mix is feasible
    mix = np.clip(found.x[:-1], 0, None)
    best: NDArray[np.float64] = mix / mix.sum()
    return best
