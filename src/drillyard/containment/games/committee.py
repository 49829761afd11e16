"""Release by k of n reviewers: the unilateralist's curse, and what a quorum mends."""

from __future__ import annotations

from scipy.special import ndtr
from scipy.stats import binom

from drillyard.containment.games.checks import check_count, check_positive
from drillyard.errors import bad_input

__all__ = ["approval_chance", "release_chance"]


def approval_chance(value: float, noise: float) -> float:
    """Return the chance that one reviewer, who sees the value with Gaussian noise, thinks it above zero."""
    return float(ndtr(value / check_positive("noise", noise)))


def release_chance(value: float, noise: float, reviewers: int, needed: int) -> float:
    """Return the chance that at least `needed` of `reviewers` approve, their errors being independent.

    `needed = 1` is the curse: anybody can release. Errors that people share (one persuasive answer read by all) make
    a quorum weaker than this says. Source: Bostrom, Douglas and Sandberg 2016.
    """
    check_count("reviewers", reviewers)
    if not 1 <= needed <= reviewers:
        raise bad_input(f"needed = {needed!r}", f"from 1 to {reviewers} reviewers", "give another quorum")
    return float(binom.sf(needed - 1, reviewers, approval_chance(value, noise)))
