"""Score loss against bits: what each canonicaliser costs an honest reader, and what it leaves to a hidden writer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from drillyard.containment.channels.answers import DOES_NOT_SHOW as _LIMITS
from drillyard.containment.channels.answers import AnswerType, answers_needed, bits_per_year
from drillyard.containment.channels.capacity import capacity, median_of, releasing, telling
from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["ChannelReport", "ReleaseSetting", "channel_report", "compare_settings"]


class ReleaseSetting(Record):
    """One canonicaliser: capacity in bits per answer, and the mean squared error that it adds to an honest answer."""

    name: str
    bits: float
    score_loss: float


class ChannelReport(Record):
    """What an answer type can carry.

    `bits` is per answer, `timing_bits` and `refusal_bits` are the parts of it that are no words, `answers` how many a
    payload of `payload` bits needs (None: no number suffices).
    """

    answer: AnswerType
    bits: float
    timing_bits: float
    refusal_bits: float
    bits_per_year: float
    payload: float
    answers: int | None
    settings: tuple[ReleaseSetting, ...]
    does_not_show: str = _LIMITS


def compare_settings(
    points: int = 101,
    grids: Sequence[int] = (2, 5, 11, 21, 51),
    dithers: Sequence[float] = (1, 2, 4),
    k: int = 3,
) -> tuple[ReleaseSetting, ...]:
    """Return rounding, dither and the median of k on a grid of reports, with bits and the Brier loss of each.

    Dither is in steps of the grid. Its bits are those of the best reports of all, on the grid or between its points. An
    honest answer is uniform over the grid. For the median the k − 1 other oracles answer with the dither next to it,
    around the middle of the grid: their spread is the room that a steered one has. Its loss is 0 by the model, for
    honest copies agree.

    Raises:
        BadInput: grids under two or over 401 points.
    """
    if not 2 <= points <= 401:
        raise bad_input(f"a grid of {points}", "2 to 401 points", "try 101")
    value = np.linspace(0, 1, points)
    rows = [ReleaseSetting(name=f"{points} points as they are", bits=float(np.log2(points)), score_loss=0.0)]
    for coarse in (grid for grid in grids if grid < points):
        channel = releasing(points, coarse)
        error = (channel * (np.linspace(0, 1, coarse)[None, :] - value[:, None]) ** 2).sum(1).mean()
        rows.append(ReleaseSetting(name=f"rounded to {coarse}", bits=float(np.log2(coarse)), score_loss=float(error)))
    for width in dithers:
        error = (releasing(points, points, width) * (value[None, :] - value[:, None]) ** 2).sum(1).mean()
        bits = _bits(telling(points, width))
        rows.append(ReleaseSetting(name=f"dither {width:g}", bits=bits, score_loss=float(error)))
    for width in dithers:
        channel = median_of(np.eye(points), releasing(points, points, width)[points // 2], k)
        rows.append(ReleaseSetting(name=f"median of {k}, others spread {width:g}", bits=_bits(channel), score_loss=0.0))
    return tuple(rows)


def channel_report(
    answer: AnswerType, per_day: float = 50, payload: float = 1_000_000, entropy: float = 0.0
) -> ChannelReport:
    """Return the bits of a type per answer and year, the payload's length in answers, and what narrows it."""
    wordless = answer.symbols + answer.refusal
    return ChannelReport(
        answer=answer,
        bits=answer.bits,
        timing_bits=float(np.log2(answer.slots)),
        refusal_bits=float(np.log2(wordless / answer.symbols)),
        bits_per_year=bits_per_year(answer.bits, per_day),
        payload=payload,
        answers=answers_needed(payload, answer.bits, entropy),
        settings=compare_settings(answer.symbols) if 2 < answer.symbols <= 401 else (),
    )


def _bits(channel: np.ndarray) -> float:
    return capacity(channel, tolerance=1e-4, rounds=2000)[0]
