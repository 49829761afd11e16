"""The outcomes of all arms as one table: per technique and strength a matrix of seeds × questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.alignment.exam import CAPABILITY, FORMAT, HARMFUL, PHRASING, REFUSAL
from drillyard.errors import bad_input
from drillyard.records import ArmResult

__all__ = ["LOST", "START", "ArmSheet", "Key", "Part", "figure_of", "sheet_of", "words_of"]

START = "identity"
"""The technique whose arm is the model as it was."""

LOST = {CAPABILITY: "capability-lost", FORMAT: "format-lost"}
"""Metrics of which more is better, and what the share is called that the start had and the arm has not."""

Key = tuple[str, float]
"""A technique and its strength."""

Part = tuple[str, str]
"""A metric and a split."""


@dataclass(frozen=True, kw_only=True)
class ArmSheet:
    """All outcomes: 1 is true, 0 false, NaN unknown; the rows of a matrix are the arms in the order of their seeds.

    `sizes` counts the questions of each part.
    """

    arms: Mapping[Key, tuple[ArmResult, ...]]
    outcomes: Mapping[Key, Mapping[Part, NDArray[np.float64]]]
    sizes: Mapping[Part, int]

    @property
    def start(self) -> Key:
        """The key of the model as it was."""
        return next(key for key in self.arms if key[0] == START)

    @property
    def techniques(self) -> tuple[str, ...]:
        """Every technique once, in the order of the arms."""
        return tuple(dict.fromkeys(technique for technique, _ in self.arms))

    def seeds(self, key: Key) -> tuple[int, ...]:
        """Return the training seeds of a technique at a strength."""
        return tuple(arm.seed for arm in self.arms[key])


def sheet_of(arms: Sequence[ArmResult]) -> ArmSheet:
    """Lay arms out side by side.

    Raises:
        BadInput: no arms, none of the start, several settings of the start, the same arm twice, or arms that sat
            different exams. Of the questions only their number can be compared: arms do not hold their words.
    """
    if not arms:
        raise bad_input("no arms", "results of at least one technique and of the start")
    grouped: dict[Key, list[ArmResult]] = {}
    for arm in arms:
        grouped.setdefault((arm.technique, arm.strength), []).append(arm)
    sizes = _sizes(arms[0])
    for arm in arms:
        if (other := _sizes(arm)) != sizes:
            raise bad_input(
                f"arms of different exams: {words_of(_key(arms[0]))} with {_exam(sizes)}, "
                f"{words_of(_key(arm))} seed {arm.seed} with {_exam(other)}",
                "the same questions for every arm",
                "run the arms again with one exam",
            )
    _check_start(grouped)
    for key, some in grouped.items():
        some.sort(key=lambda arm: arm.seed)
        if len({arm.seed for arm in some}) < len(some):
            raise bad_input(f"two arms of {words_of(key)} with one seed", "each seed once")
    outcomes = {key: {part: _matrix(some, part) for part in sizes} for key, some in grouped.items()}
    return ArmSheet(arms={key: tuple(some) for key, some in grouped.items()}, outcomes=outcomes, sizes=sizes)


def figure_of(part: Part) -> str:
    """Return what weights and limits call a part, such as `over-refusal` or `capability-lost@category`."""
    metric, split = part
    return LOST.get(metric, metric) + ("" if split == PHRASING else f"@{split}")


def words_of(key: Key) -> str:
    """Return a technique and its strength in words; a strength of 0 is that of a technique without a dial."""
    return f"{key[0]} at {key[1]:g}" if key[1] else key[0]


def _key(arm: ArmResult) -> Key:
    return arm.technique, arm.strength


def _sizes(arm: ArmResult) -> dict[Part, int]:
    sizes = {(one.metric, one.split): len(one.outcomes) for one in arm.measures}
    if len(sizes) < len(arm.measures):
        raise bad_input(f"a metric twice in {words_of(_key(arm))} seed {arm.seed}", "each metric and split once")
    if empty := [part for part, n in sizes.items() if not n]:
        raise bad_input(f"no outcome of {figure_of(empty[0])} in {words_of(_key(arm))}", "at least one question")
    for metric in (HARMFUL, REFUSAL):
        if (metric, PHRASING) not in sizes:
            raise bad_input(f"no {metric} in {words_of(_key(arm))}", "both sides measured: the exam of draw_exam")
    return sizes


def _exam(sizes: Mapping[Part, int]) -> str:
    return ", ".join(f"{n} {figure_of(part)}" for part, n in sorted(sizes.items()))


def _check_start(grouped: Mapping[Key, Sequence[ArmResult]]) -> None:
    starts = [key for key in grouped if key[0] == START]
    if not starts:
        raise bad_input("no arm of the start", f"one of technique {START!r}", f"add --technique {START}")
    if len(starts) > 1:
        raise bad_input(f"the start at {len(starts)} strengths", "one: it has no dial")


def _matrix(arms: Sequence[ArmResult], part: Part) -> NDArray[np.float64]:
    rows = [next(one.outcomes for one in arm.measures if (one.metric, one.split) == part) for arm in arms]
    return np.array([[np.nan if x is None else float(x) for x in row] for row in rows], dtype=np.float64)
