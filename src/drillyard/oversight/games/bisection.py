"""The bisection game: a claim about a sum of N steps, an opponent that points at the half that is wrong, one check.

A claim "these N steps add up to S" that is false must be wrong somewhere. Each round the opponent chooses the half that
it disputes; after log2 N rounds the judge checks one step, and errs with chance `error`. Where one side knows the
fault, log2 N + 1 words do what N checks would. Of a false claim the opponent finds the faulty half each round with
chance `find`, and otherwise points at one of the two at random: the obfuscated-argument problem in one number.

Formulas are our own derivation, checked by playing the game. Does not show: that claims of people come apart like this.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from drillyard.errors import bad_input
from drillyard.records import Estimate, Record
from drillyard.stats import wilson

__all__ = [
    "BisectionReport",
    "BisectionRow",
    "BisectionSpec",
    "Dispute",
    "debate_accuracy",
    "judge_bisection",
    "majority",
    "make_dispute",
    "play",
    "referee",
    "simulate",
    "spot_check",
]


class BisectionSpec(Record):
    """A grid: sizes (powers of two), chances to find the faulty half, the judge's error, games per cell."""

    sizes: tuple[int, ...] = (4, 16, 64, 256, 1024)
    finds: tuple[float, ...] = (0.0, 0.5, 0.8, 0.9, 1.0)
    error: float = 0.05
    games: int = 2000
    seed: int = 1


class BisectionRow(Record):
    """One cell: balanced accuracy by formula and by play, that of as many random checks, and with both sides colluding.

    `ahead` is whether debate is above the spot check by formula.
    """

    size: int
    find: float
    debate: float
    played: Estimate
    spot: float
    collusion: float
    ahead: bool


class BisectionReport(Record):
    """A grid of cells; `largest_gap` is the most by which play and formula differ."""

    spec: BisectionSpec
    rows: tuple[BisectionRow, ...]
    largest_gap: float
    verdict: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """A refereed game: the steps, what was claimed of each, the halves that were disputed (0 left, 1 right)."""

    steps: tuple[int, ...]
    claimed: tuple[int, ...]
    path: tuple[int, ...]

    @property
    def leaf(self) -> int:
        """The step that is checked in the end."""
        low, high = 0, len(self.steps)
        for half in self.path:
            middle = (low + high) // 2
            low, high = (low, middle) if half == 0 else (middle, high)
        return low


def debate_accuracy(size: int, find: float, error: float) -> tuple[float, float, float]:
    """Return the judge's accuracy on true and on false claims, and their mean.

    q = ((1 + find) / 2) ** log2 N is the chance that the step that is checked is the faulty one.

    Raises:
        BadInput: a size that is no power of two, or a chance outside 0 … 1.
    """
    reached = ((1 + find) / 2) ** _rounds(size, find, error)
    true, false = 1 - error, reached * (1 - error) + (1 - reached) * error
    return true, false, (true + false) / 2


def spot_check(size: int, error: float, checks: int = 0) -> float:
    """Return the balanced accuracy of as many random checks as a debate takes words, at the best rejection threshold.

    `checks` random steps (log2 N + 1 unless given) are checked, and the claim is rejected when at least t seem wrong;
    t is the one that does best, of those that are known before a claim is seen.
    """
    count = min(checks or _rounds(size, 1, error) + 1, size)
    among = count / size
    best = 0.5
    for least in range(count + 2):
        pass_true = float(binom.cdf(least - 1, count, error))
        others = [float(binom.sf(least - 1 - k, count - 1, error)) for k in (0, 1)]
        hit = (1 - error) * others[1] + error * others[0]
        reject_false = among * hit + (1 - among) * (1 - pass_true)
        best = max(best, (pass_true + reject_false) / 2)
    return best


def make_dispute(size: int, false: bool, find: float, rng: random.Random) -> Dispute:
    """Draw steps and a claim, and let the opponent dispute halves: it recomputes them, as far as it finds the fault."""
    steps = tuple(rng.randint(1, 99) for _ in range(size))
    claimed = list(steps)
    if false:
        claimed[rng.randrange(size)] += rng.choice((-1, 1)) * rng.randint(1, 9)
    low, high, path = 0, size, []
    while high - low > 1:
        middle = (low + high) // 2
        wrong = [sum(steps[a:b]) != sum(claimed[a:b]) for a, b in ((low, middle), (middle, high))]
        sees = any(wrong) and rng.random() < find
        half = wrong.index(True) if sees else rng.randrange(2)
        path.append(half)
        low, high = (low, middle) if half == 0 else (middle, high)
    return Dispute(steps=steps, claimed=tuple(claimed), path=tuple(path))


def referee(dispute: Dispute, error: float, rng: random.Random) -> bool:
    """Say whether the claim stands: the judge recomputes the one step, and errs with chance `error`."""
    stands = dispute.steps[dispute.leaf] == dispute.claimed[dispute.leaf]
    return stands != (rng.random() < error)


def play(size: int, find: float, error: float, games: int, seed: int) -> tuple[Estimate, Estimate]:
    """Play so many games with true and as many with false claims; return the judge's accuracy on either."""
    _rounds(size, find, error)
    rng = random.Random(f"bisection:{size}:{find}:{error}:{seed}")
    right = [0, 0]
    for false in (False, True):
        for _ in range(games):
            right[false] += referee(make_dispute(size, false, find, rng), error, rng) != false
    return wilson(right[0], games), wilson(right[1], games)


def simulate(size: int, find: float, error: float, games: int, seed: int) -> Estimate:
    """Return the balanced accuracy over games that are drawn without their steps, which is faster by far."""
    rounds = _rounds(size, find, error)
    rng = np.random.default_rng(seed)
    reached = (rng.random((games, rounds)) < (1 + find) / 2).all(axis=1)
    wrong = rng.random((2, games)) < error
    true, false = int((~wrong[0]).sum()), int((reached ^ wrong[1]).sum())
    one, other = wilson(true, games), wilson(false, games)
    half = math.hypot(one.high - one.low, other.high - other.low) / 4
    value = (one.value + other.value) / 2
    return Estimate(
        value=value, low=max(0.0, value - half), high=min(1.0, value + half), n=2 * games, method="wilson 95%, halves"
    )


def judge_bisection(spec: BisectionSpec) -> BisectionReport:
    """Return every cell of a grid. Raises `BadInput` as `debate_accuracy`."""
    rows = tuple(_row(spec, size, find) for size in spec.sizes for find in spec.finds)
    off = max(abs(row.debate - row.played.value) for row in rows)
    ahead = sum(row.ahead for row in rows)
    needs = {size: min((r.find for r in rows if r.size == size and r.ahead), default=None) for size in spec.sizes}
    told = ", ".join(f"{size}: {'never' if find is None else f'{find:g}'}" for size, find in needs.items())
    words = f"Debate is ahead of the spot check in {ahead} of {len(rows)} cells (least find by size: {told})"
    return BisectionReport(spec=spec, rows=rows, largest_gap=off, verdict=words, holds=ahead > 0)


def majority(error: float, votes: int, correlation: float = 0.0) -> float:
    """Return how often a majority of an odd number of workers is right, each wrong with chance `error`.

    With chance `correlation` all of them say what the first one says: copies of one model are no independent votes.

    Raises:
        BadInput: an even number of votes.
    """
    if votes < 1 or votes % 2 == 0:
        raise bad_input(f"{votes} votes", "an odd number")
    alone = float(binom.cdf(votes // 2, votes, error))
    return correlation * (1 - error) + (1 - correlation) * alone


def _row(spec: BisectionSpec, size: int, find: float) -> BisectionRow:
    *_, debate = debate_accuracy(size, find, spec.error)
    spot = spot_check(size, spec.error)
    return BisectionRow(
        size=size,
        find=find,
        debate=debate,
        played=simulate(size, find, spec.error, spec.games, spec.seed),
        spot=spot,
        collusion=_collusion(spec.error),
        ahead=debate > spot,
    )


def _collusion(error: float) -> float:
    """Return the balanced accuracy when both copies collude: the fault is never checked, so q is 0."""
    return ((1 - error) + error) / 2


def _rounds(size: int, find: float, error: float) -> int:
    if size < 2 or size & (size - 1):
        raise bad_input(f"{size} steps", "a power of two from 2 up")
    if unlikely := [chance for chance in (find, error) if not 0 <= chance <= 1]:
        raise bad_input(f"a chance of {unlikely[0]}", "one from 0 to 1")
    return size.bit_length() - 1
