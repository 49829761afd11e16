"""What a cohort's answers say of each item, and what is worth trying: flags that respect n, proposals to be tested."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import special

from drillyard.psychometrics.ability import abilities
from drillyard.psychometrics.bank import Bank
from drillyard.psychometrics.classical import alpha, item_rest, persons_for_correlation
from drillyard.psychometrics.experiment import detectable, pairs_needed
from drillyard.psychometrics.fit import fit
from drillyard.psychometrics.responses import Responses
from drillyard.records import Estimate, Record
from drillyard.stats.binomial import clopper_pearson
from drillyard.stats.mean import bounded_mean
from drillyard.stats.multiple import holm
from drillyard.stats.shown import tell_count

__all__ = ["FEWEST", "Analysis", "ItemReport", "Proposal", "analyse", "measure"]

FEWEST, FOR_SLOPES = 20, 100
"""Persons from which difficulties are told (one slope for all), and slopes: `docs/reference/psychometrics.md`."""
TOO_HARD, TOO_EASY, TELLS_LITTLE = 0.1, 0.95, 0.15
"""Shares of points, and the item-rest correlation, below, above and below which an item is flagged. Policy."""
WRONG_FLAGS = 0.05
_Z = 1.959963984540054
_WIDEST = 8.0  # standard deviations of ability: a wider interval holds everybody, and says nothing
_MOST_PEOPLE = 100
_MOST_EFFECT = 0.25
"""Most that a revision is expected to raise a share by; policy, not measured."""

Flag = Literal["", "works-against", "tells-little", "too-hard", "too-easy"]


class ItemReport(Record):
    """What is known of one item. `slope` and `difficulty` are empty where the answers do not bear them."""

    item: str
    answers: int
    points: int
    share: Estimate
    item_rest: Estimate
    slope: Estimate | None
    difficulty: Estimate | None
    flag: Flag
    words: str


class Proposal(Record):
    """A revision worth testing: nothing of it is shown before an experiment has.

    `measure` is what should rise, `expected` by how much; `detectable` is the smallest rise that an experiment in a
    cohort of this size shows four times in five (none: not even the largest), `learners_needed` how many it takes for
    the expected one, both forms together; 0 where there is nothing to test.
    """

    target: str
    evidence: str
    hypothesis: str
    edit: str
    measure: Literal["share", "item-rest r"]
    expected: float
    detectable: float | None
    n: int
    learners_needed: int


class Analysis(Record):
    """What all answers together say.

    `abilities` are in rising order, so that nobody is named by their place; of more than 100 people, every so many.
    """

    persons: int
    answers: int
    verdict: str
    enough: bool
    needed: int = Field(ge=0)
    model: str
    alpha: float | None
    items: tuple[ItemReport, ...]
    abilities: tuple[Estimate, ...]
    proposals: tuple[Proposal, ...]


def analyse(responses: Responses) -> Analysis:
    """Report on each item as far as the number of answers allows, and propose what to try where an item is flagged."""
    persons, answers = int(responses.asked.any(axis=1).sum()), int(responses.asked.sum())
    measured = measure(responses)
    if measured is None:
        needed = max(FEWEST - persons, 0)
        more = f"{tell_count(persons, 'learner')}, {needed} more needed" if needed else f"none has {FEWEST} answers"
        return Analysis(
            persons=persons,
            answers=answers,
            verdict=f"Not enough evidence on items: {more}.",
            enough=False,
            needed=needed or FEWEST,
            model="none",
            alpha=None,
            items=(),
            abilities=(),
            proposals=(),
        )
    kept, bank = measured
    items = _reports(kept, bank)
    return Analysis(
        persons=persons,
        answers=answers,
        verdict=_verdict(items, len(responses.items), persons),
        enough=True,
        needed=max(FOR_SLOPES - persons, 0),
        model=bank.method if bank.converged else f"{bank.method}, not converged",
        alpha=alpha(kept),
        items=items,
        abilities=_abilities(bank, kept),
        proposals=tuple(_proposals(items)),
    )


def measure(responses: Responses) -> tuple[Responses, Bank] | None:
    """Return the items that have enough answers, and their bank: with slopes where the usual item bears them."""
    if int(responses.asked.any(axis=1).sum()) < FEWEST:
        return None
    kept = responses.take(np.flatnonzero(responses.asked.sum(axis=0) >= FEWEST).tolist())
    if not kept.items:
        return None
    return kept, fit(kept, "2pl" if float(np.median(kept.asked.sum(axis=0))) >= FOR_SLOPES else "rasch")


def _abilities(bank: Bank, responses: Responses) -> tuple[Estimate, ...]:
    mean, deviation = abilities(bank, responses)
    counts, people = responses.asked.sum(axis=1), np.flatnonzero(responses.asked.any(axis=1))
    ordered = people[np.argsort(mean[people])]
    shown = ordered[np.linspace(0, len(ordered) - 1, min(len(ordered), _MOST_PEOPLE)).astype(int)]
    return tuple(
        Estimate(
            value=float(mean[i]),
            low=float(mean[i] - _Z * deviation[i]),
            high=float(mean[i] + _Z * deviation[i]),
            n=int(counts[i]),
            method="posterior mean 95%",
        )
        for i in shown
    )


def _reports(responses: Responses, bank: Bank) -> tuple[ItemReport, ...]:
    rest = [item_rest(responses, i) for i in range(len(responses.items))]
    against, little = _shown_below(rest, 0.0), _shown_below(rest, TELLS_LITTLE)
    return tuple(_report(responses, bank, i, rest[i], against[i], little[i]) for i in range(len(responses.items)))


def _report(responses: Responses, bank: Bank, item: int, rest: Estimate, against: bool, little: bool) -> ItemReport:
    scores = responses.scores[:, item]
    n = int(bank.answers[item])
    share = _share(scores[~np.isnan(scores)], int(responses.steps[item]))
    flag: Flag = ""
    if against:
        flag = "works-against"
    elif share.high < TOO_HARD:
        flag = "too-hard"
    elif share.low > TOO_EASY:
        flag = "too-easy"
    elif little and n >= FOR_SLOPES:
        flag = "tells-little"
    return ItemReport(
        item=responses.items[item],
        answers=n,
        points=int(responses.steps[item]),
        share=share,
        item_rest=rest,
        slope=bank.slope(item) if n >= FOR_SLOPES and bank.method.startswith("2pl") else None,
        difficulty=_difficulty(bank, item, share),
        flag=flag,
        words=_words(flag, rest, n),
    )


def _difficulty(bank: Bank, item: int, share: Estimate) -> Estimate | None:
    """Return a difficulty; none where everybody got the same, or where it may be anywhere."""
    told = bank.difficulty(item)
    return told if 0 < share.value < 1 and told.high - told.low < _WIDEST else None


def _words(flag: Flag, rest: Estimate, n: int) -> str:
    if flag:
        return {
            "works-against": "who is better at all else fails it more often",
            "too-hard": "hardly anybody solves it",
            "too-easy": "almost everybody solves it",
            "tells-little": "hardly goes with all else",
        }[flag]
    more = persons_for_correlation(0.2) - n
    if rest.low <= 0 and more > 0:
        return f"not enough evidence on what it tells apart, about {more} more needed"
    return "no flag"


def _share(scores: NDArray[np.float64], points: int) -> Estimate:
    if points == 1:
        return clopper_pearson(int(scores.sum()), len(scores))
    shares = scores / points
    if len(shares) < 50 or not np.ptp(shares):
        return bounded_mean(shares.tolist(), 0.0, 1.0)
    value, off = float(shares.mean()), _Z * float(shares.std(ddof=1)) / math.sqrt(len(shares))
    return Estimate(
        value=value, low=max(value - off, 0.0), high=min(value + off, 1.0), n=len(shares), method="normal 95%"
    )


def _shown_below(correlations: Sequence[Estimate], limit: float) -> list[bool]:
    """Say which correlations are below a limit, none wrongly in 19 of 20 cohorts (Holm over all items)."""
    p_values = [
        float(special.ndtr((math.atanh(one.value) - math.atanh(limit)) * math.sqrt(one.n - 3)))
        if one.n > 3 and one.low > -1
        else 1.0
        for one in correlations
    ]
    return [p <= WRONG_FLAGS for p in holm(p_values)]


def _proposals(items: Sequence[ItemReport]) -> Iterator[Proposal]:
    sound = [one.item_rest.value for one in items if not one.flag and one.item_rest.low > -1]
    usual = float(np.median(sound)) if sound else 0.3
    for one in items:
        if not one.flag:
            continue
        hypothesis, edit = _REMEDIES[one.flag]
        by_share = one.flag in ("too-hard", "too-easy")
        expected, detected, needed = _by_share(one) if by_share else _by_correlation(one, usual)
        yield Proposal(
            target=one.item,
            evidence=_evidence(one),
            hypothesis=hypothesis,
            edit=edit,
            measure="share" if by_share else "item-rest r",
            expected=round(expected, 2),
            detectable=detected,
            n=one.answers,
            learners_needed=needed,
        )


def _by_share(one: ItemReport) -> tuple[float, float | None, int]:
    """Return expected and detectable rise of a share, and learners needed: by an experiment read at any time."""
    if one.flag == "too-easy":
        return 0.0, None, 0
    found = detectable(one.share.value, one.answers // 2)
    return _MOST_EFFECT, found, 2 * pairs_needed(one.share.value, _MOST_EFFECT)


def _by_correlation(one: ItemReport, usual: float) -> tuple[float, float | None, int]:
    """Return the same for a correlation that should become the usual one: two halves compared, by Fisher's z."""
    r, half = one.item_rest.value, one.answers // 2
    rise = max(usual - r, 0.1)
    both = float(special.ndtri(0.975) + special.ndtri(0.8))
    shown = math.tanh(math.atanh(r) + both * math.sqrt(2 / (half - 3))) - r if half > 3 else 2.0
    apart = math.atanh(min(r + rise, 0.99)) - math.atanh(r)
    return rise, round(shown, 2) if r + shown < 0.95 else None, 2 * math.ceil(2 * (both / apart) ** 2 + 3)


_REMEDIES = {
    "works-against": (
        "what is checked is not what was asked, or the key is wrong",
        "read task and check side by side, correct the check; its r with the new form shows whether that was it",
    ),
    "tells-little": (
        "it is solved by guessing, or by something that nothing else asks for",
        "ask for it so that a guess does not solve it; its r with the new form shows whether that helps",
    ),
    "too-hard": (
        "something that it needs is not taught before it",
        "add a worked example before it, for half of the learners",
    ),
    "too-easy": ("who comes to it can do it already", "leave it out, or make it part of the placement; no experiment"),
}


def _evidence(one: ItemReport) -> str:
    share, rest = one.share, one.item_rest
    solved = f"{100 * share.value:.0f} % of its points are reached ({100 * share.low:.0f} to {100 * share.high:.0f} %)"
    r = "" if rest.low <= -1 else f", item-rest r {rest.value:.2f} ({rest.low:.2f} to {rest.high:.2f})"
    return f"{solved}{r}, n = {one.answers}"


def _verdict(items: Sequence[ItemReport], known: int, persons: int) -> str:
    flagged = sum(bool(one.flag) for one in items)
    left = f"; too few answers to {known - len(items)} more" if known > len(items) else ""
    told = f"{tell_count(flagged, 'item')} flagged" if flagged else "no item flagged"
    return f"{tell_count(len(items), 'item')} measured on {persons} learners, {told}{left}."
