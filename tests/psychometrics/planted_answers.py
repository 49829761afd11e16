"""Answers of people whose abilities are known to items whose parameters are known."""

from __future__ import annotations

import numpy as np

from drillyard.psychometrics.bank import Bank

__all__ = ["LSAT6", "answers"]

_PATTERNS = (
    "00000 3, 00001 6, 00010 2, 00011 11, 00100 1, 00101 1, 00110 3, 00111 4, 01000 1, 01001 8, 01011 16, 01101 3, "
    "01110 2, 01111 15, 10000 10, 10001 29, 10010 14, 10011 81, 10100 3, 10101 28, 10110 15, 10111 80, 11000 16, "
    "11001 56, 11010 21, 11011 173, 11100 11, 11101 61, 11110 28, 11111 298"
)
LSAT6 = [[int(sign) for sign in p.split()[0]] for p in _PATTERNS.split(", ") for _ in range(int(p.split()[1]))]
"""The five items of LSAT section 6, 1000 people (Bock and Lieberman 1970)."""


def answers(bank: Bank, people: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the score of each person on each item."""
    lucky, chances, columns = rng.random((len(people), len(bank.items))), bank.chances(people), []
    for item in range(len(bank.items)):
        here = chances[:, bank.item_of == item]
        edges = np.cumsum(np.column_stack([1 - here.sum(axis=1), here]), axis=1)
        columns.append((lucky[:, [item]] > edges[:, :-1]).sum(axis=1))
    return np.column_stack(columns).astype(float)
