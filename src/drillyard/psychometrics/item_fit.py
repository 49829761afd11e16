"""Does an item do what its parameters say? S-X²: solved and expected counts by total score.

Source: Orlando and Thissen 2000, with expected counts by Lord and Wingersky's recursion. For items of one step, from
persons who answered all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from drillyard.errors import bad_input
from drillyard.psychometrics.bank import WEIGHTS, Bank
from drillyard.psychometrics.responses import Responses

__all__ = ["item_fit", "score_distribution"]

Floats = NDArray[np.float64]
_LEAST = 5.0
"""Expected solved and unsolved below which neighbouring scores are taken together."""


def score_distribution(chances: Floats) -> Floats:
    """Return the chance of each total score from the chance of each item: nodes × items → nodes × scores."""
    made = np.ones((len(chances), 1))
    for item in chances.T[:, :, None]:
        made = np.pad(made * (1 - item), ((0, 0), (0, 1))) + np.pad(made * item, ((0, 0), (1, 0)))
    return made


def item_fit(bank: Bank, responses: Responses, item: int) -> float | None:
    """Return the p-value of S-X²; small: the item does not do what its parameters say. None where nothing can be said.

    Raises:
        BadInput: an item has more than one step.
    """
    if (bank.steps > 1).any():
        raise bad_input("items of more than one step", "items that are right or wrong")
    whole = responses.scores[responses.asked.all(axis=1)]
    if not len(whole):
        return None
    chances = bank.chances()
    rest = score_distribution(np.delete(chances, item, axis=1)) * WEIGHTS[:, None]
    right, wrong = chances[:, item] @ rest, (1 - chances[:, item]) @ rest
    total = np.r_[wrong, 0.0][1:-1] + np.r_[0.0, right][1:-1]
    share = np.r_[0.0, right][1:-1] / np.maximum(total, 1e-300)
    totals = whole.sum(axis=1).astype(int)
    scores = range(1, len(bank.items))
    counts = np.array([np.sum(totals == s) for s in scores], dtype=np.float64)
    solved = np.array([whole[totals == s, item].sum() for s in scores])
    cells = _merged(counts, solved, counts * share)
    free = 1 if bank.method.startswith("rasch") else 2
    if len(cells) <= free:
        return None
    statistic = sum((s - e) ** 2 / (e * (1 - e / n)) for n, s, e in cells)
    return float(special.chdtrc(len(cells) - free, statistic))


def _merged(counts: Floats, solved: Floats, expected: Floats) -> list[tuple[float, float, float]]:
    cells: list[tuple[float, float, float]] = []
    n = s = e = 0.0
    for more in zip(counts, solved, expected, strict=True):
        n, s, e = n + float(more[0]), s + float(more[1]), e + float(more[2])
        if min(e, n - e) >= _LEAST:
            cells.append((n, s, e))
            n = s = e = 0.0
    if n and cells:
        last = cells.pop()
        cells.append((last[0] + n, last[1] + s, last[2] + e))
    return cells
