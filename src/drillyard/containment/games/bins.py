"""The audit game over score bins: how honest work and each attack score, and what an uncaught attack costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Self

import numpy as np
from annotated_types import Ge, Le, MinLen
from numpy.typing import ArrayLike, NDArray
from pydantic import model_validator

from drillyard.containment.games.checks import check_share
from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["REFERENCE", "AuditGame", "audited_share", "losses"]

Share = Annotated[float, Ge(0), Le(1)]


class AuditGame(Record):
    """Bins from the least to the most suspicious; `attacks[j][i]` is the chance that attack j scores in bin i.

    `honest` and each row of `attacks` sum to 1; `values[j]` is the damage of attack j when it is not audited.
    """

    honest: Annotated[tuple[Share, ...], MinLen(1)]
    values: Annotated[tuple[Annotated[float, Ge(0)], ...], MinLen(1)]
    attacks: Annotated[tuple[tuple[Share, ...], ...], MinLen(1)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.values) != len(self.attacks):
            raise ValueError(f"one value per attack, not {len(self.values)} for {len(self.attacks)}")
        for name, row in (("honest", self.honest), *((f"attack {j}", row) for j, row in enumerate(self.attacks))):
            if len(row) != len(self.honest):
                raise ValueError(f"{name} over {len(self.honest)} bins, not {len(row)}")
            if not math.isclose(sum(row), 1, abs_tol=1e-6):
                raise ValueError(f"{name} sums to 1, not {sum(row):.6g}")
        return self


def losses(game: AuditGame, policy: ArrayLike) -> NDArray[np.float64]:
    """Return the expected damage of each attack under audit chances per bin: `v_j (1 - A_j a)`."""
    chances = np.asarray(policy, dtype=float)
    if chances.shape != (len(game.honest),):
        raise bad_input(f"a policy of shape {chances.shape}", f"{len(game.honest)} chances, one per bin", "give those")
    for chance in chances:
        check_share("policy", round(float(chance), 9))
    found: NDArray[np.float64] = np.asarray(game.values) * (1 - np.asarray(game.attacks) @ chances)
    return found


def audited_share(game: AuditGame, policy: Sequence[float]) -> float:
    """Return the share of honest work that a policy audits."""
    return float(np.dot(game.honest, policy))


REFERENCE = AuditGame(
    honest=(0.5, 0.25, 0.15, 0.07, 0.03),
    values=(0.8, 0.9, 1.0),
    attacks=((0.9, 0.1, 0, 0, 0), (0, 0.1, 0.8, 0.1, 0), (0, 0, 0.1, 0.3, 0.6)),
)
"""Three attacks over five bins, one of which hides where honest work is: a threshold misses it."""
