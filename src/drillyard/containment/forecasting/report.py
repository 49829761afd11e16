"""One question or a portfolio, put to an oracle that wants its score: what it says, and by how much that is wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.forecasting.influence import Influence, linear
from drillyard.containment.forecasting.response import best_reports, fixed_points, gap_bound, honest_reports
from drillyard.containment.forecasting.rules import EDGE, ScoringRule
from drillyard.errors import bad_input
from drillyard.records import Estimate, Record

__all__ = ["DOES_NOT_SHOW", "Answer", "Portfolio", "answer_of", "portfolio_of", "random_questions"]

Array = NDArray[np.float64]

DOES_NOT_SHOW = (
    "This does not show what a real model wants or how your readers react: it takes a score-maximising oracle and the "
    "influence that you state, one question at a time."
)


class Answer(Record):
    """What the oracle reports on one question.

    `gap` is |f(report) − report|; `bound` its limit for reports inside 0 … 1; `regret` what an honest oracle loses in
    score; `honest` the fixed point that scores best, None where no report makes itself true.
    """

    rule: str
    influence: str
    report: float
    outcome: float
    gap: float
    bound: float | None
    inside: bool
    fixed_points: tuple[float, ...]
    honest: float | None
    regret: float | None
    does_not_show: str = DOES_NOT_SHOW


class Portfolio(Record):
    """Gaps over many questions: mean with its interval, 95th percentile, largest, and the share above 0.05."""

    rule: str
    questions: int
    gap: Estimate
    gap_95: float
    gap_most: float
    share_over_5_percent: float
    does_not_show: str = DOES_NOT_SHOW


def answer_of(rule: ScoringRule, moved: Influence) -> Answer:
    """Return the best response to one question, with every fixed point."""
    roots = fixed_points(moved)
    best = float(best_reports(rule, moved)[0])
    outcome = float(moved([best])[0, 0])
    bound = float(gap_bound(rule, moved)[0])
    honest = float(honest_reports(moved, rule)[0]) if roots else None
    regret = None
    if honest is not None:
        p = np.clip(np.array([[best, honest]]), EDGE, 1 - EDGE)
        score = rule.expected(p, moved(p))[0]
        regret = max(0.0, float(score[0] - score[1]))
    return Answer(
        rule=rule.name,
        influence=moved.name,
        report=best,
        outcome=outcome,
        gap=abs(outcome - best),
        bound=bound if np.isfinite(bound) else None,
        inside=2 * EDGE < best < 1 - 2 * EDGE,
        fixed_points=roots,
        honest=honest,
        regret=regret,
    )


def portfolio_of(rule: ScoringRule, moved: Influence) -> Portfolio:
    """Return the gaps of all questions of an influence; the interval is normal and speaks of questions drawn alike."""
    report = best_reports(rule, moved)
    gaps = np.abs(moved(report[:, None])[:, 0] - report)
    mean, n = float(gaps.mean()), len(gaps)
    half = 1.959964 * float(gaps.std(ddof=1)) / n**0.5 if n > 1 else 1.0
    return Portfolio(
        rule=rule.name,
        questions=n,
        gap=Estimate(value=mean, low=max(0.0, mean - half), high=min(1.0, mean + half), n=n, method="normal 95%"),
        gap_95=float(np.quantile(gaps, 0.95)),
        gap_most=float(gaps.max()),
        share_over_5_percent=float((gaps > 0.05).mean()),
    )


def random_questions(questions: int, strongest: float = 0.8, seed: int = 1) -> Influence:
    """Return linear questions: slope b uniform in 0 … strongest, level a uniform in 0 … 1 − b.

    `unread` is a + b/2, what happens when readers take even odds for granted.

    Raises:
        BadInput: fewer than one question, or a slope outside 0 … 1.
    """
    if questions < 1 or not 0 <= strongest < 1:
        raise bad_input(f"{questions} questions of slopes up to {strongest:g}", "one or more, slopes of 0 to below 1")
    rng = np.random.default_rng(seed)
    b = rng.uniform(0, strongest, questions)
    return linear(rng.uniform(0, 1, questions) * (1 - b), b)
