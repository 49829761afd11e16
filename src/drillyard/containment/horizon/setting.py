"""What is fixed in the hazard model: questions, bits, upgrades, the skill at the start and its ceiling."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Gt, Le

from drillyard.records import Record

__all__ = ["HorizonSetting"]

Share = Annotated[float, Ge(0), Le(1)]


class HorizonSetting(Record):
    """Numbers of the installation that are decided or measured, not assumed. Skills are logs of (skill / monitor's)."""

    questions: Annotated[float, Gt(0)] = 18_250.0
    """Questions a year."""
    answer_bits: Annotated[float, Gt(0)] = 4000.0
    """Bits of a free answer; the layers on bits shrink them."""
    covert_share: Share = 0.1
    """Share of the bits of an answer that can carry a covert payload."""
    convincing: Share = 1e-6
    """Chance, in a year and before persuasion (A6), that people are talked into a decisive act."""
    steering_harm: Share = 1e-3
    """Yearly chance of great harm when all readers are steered as far as the score pays."""
    readers: Share = 0.1
    """Share of those concerned who read the answers at the start."""
    start_skill: Annotated[float, Ge(-5), Le(20)] = 0.0
    reach: Annotated[float, Ge(0), Le(5)] = 0.5
    """How fast skill raises the odds that one act wins: odds times e^(reach skill)."""
    jump_size: Annotated[float, Ge(0), Le(20)] = 1.0
    upgrade_years: Annotated[int, Ge(1), Le(1000)] = 2
    """Years between model upgrades; skill moves only with them, and each resets the track record."""
    skill_ceiling: Annotated[float, Ge(-5), Le(20)] | None = None
    """No upgrade beyond this log skill; none when absent."""
    held_skill: Annotated[float, Ge(-5), Le(20)] | None = None
    """The log skill held for all years, in place of any growth."""
