"""Choice questions by what was chosen first: a key that is disputed, a misconception, an option that nobody needs."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field
from scipy import special

from drillyard.psychometrics.analysis import Proposal
from drillyard.psychometrics.experiment import detectable, pairs_needed
from drillyard.records import Record
from drillyard.stats.binomial import clopper_pearson
from drillyard.stats.comparison import mcnemar
from drillyard.stats.multiple import holm

__all__ = ["Choices", "propose_for_choices"]

FEWEST, UNUSED, COMMON, LEVEL = 20, 0.05, 0.2, 0.05
"""Answers below which nothing is said; share below which an option is unused, and from which a wrong one is common."""


class Choices(Record):
    """How often each option of a question was chosen first; `right` is the place of the key.

    With `rest` the last option holds all other answers, such as any other number: it is nobody's belief.
    """

    question: str
    options: tuple[str, ...] = Field(min_length=2)
    right: int = Field(ge=0)
    counts: tuple[int, ...]
    rest: bool = False


def propose_for_choices(asked: Sequence[Choices]) -> tuple[Proposal, ...]:
    """Propose what to do about questions whose answers are not chance; all wrong findings together 1 in 20 (Holm)."""
    told = [one for one in asked if sum(one.counts) >= FEWEST]
    disputed = holm([_disputed(one) for one in told])
    drawn = holm([_draws(one) for one in told])
    found = []
    for one, key, draw in zip(told, disputed, drawn, strict=True):
        if key <= LEVEL / 2:
            found.append(
                _proposal(one, "the key is wrong, or two options are right", "read question and key again", 0.4)
            )
        elif draw <= LEVEL / 2 and one.counts[_favourite(one)] / sum(one.counts) >= COMMON:
            belief = one.options[_favourite(one)]
            edit = "a worked example that shows why that is wrong, before the question, for half of the learners"
            found.append(_proposal(one, f"people share a misconception: {belief!r}", edit, 0.25))
    return tuple(found)


def _favourite(one: Choices) -> int:
    """Return the wrong option that was chosen most; other answers are no option."""
    known = len(one.counts) - one.rest
    return max((i for i in range(known) if i != one.right), key=lambda i: one.counts[i])


def _disputed(one: Choices) -> float:
    """Return the p-value of "the favourite wrong option is not chosen more often than the key", over all wrong ones."""
    wrong, key = one.counts[_favourite(one)], one.counts[one.right]
    return min(mcnemar(wrong, key) / 2 * (len(one.counts) - 1), 1.0) if wrong > key else 1.0


def _draws(one: Choices) -> float:
    """Return the p-value of "whoever is wrong picks any wrong option", by how often the favourite one is picked.

    All other answers count as one option, although there are more of them: so a belief is found too rarely, never too
    often.
    """
    wrong, options = sum(one.counts) - one.counts[one.right], len(one.counts) - 1
    if options < 2 or not wrong:
        return 1.0
    most = one.counts[_favourite(one)]
    return min(float(special.bdtrc(most - 1, wrong, 1 / options)) * options if most else 1.0, 1.0)


def _proposal(one: Choices, hypothesis: str, edit: str, most: float) -> Proposal:
    n = sum(one.counts)
    share, favourite = clopper_pearson(one.counts[one.right], n), _favourite(one)
    picked = clopper_pearson(one.counts[favourite], n)
    known = one.counts[: len(one.counts) - one.rest]
    unused = [one.options[i] for i, k in enumerate(known) if clopper_pearson(k, n).high < UNUSED]
    spare = f"; hardly anybody chooses {', '.join(map(repr, unused))}" if unused else ""
    expected = round(min(most, max(0.95 - share.value, 0.05)), 2)
    return Proposal(
        target=one.question,
        evidence=f"{100 * share.value:.0f} % are right ({100 * share.low:.0f} to {100 * share.high:.0f} %), "
        f"{100 * picked.value:.0f} % choose {one.options[favourite]!r} "
        f"({100 * picked.low:.0f} to {100 * picked.high:.0f} %){spare}, n = {n}",
        hypothesis=hypothesis,
        edit=edit,
        measure="share",
        expected=expected,
        detectable=detectable(share.value, n // 2),
        n=n,
        learners_needed=2 * pairs_needed(share.value, expected),
    )
