"""Stats: what can be said from counts, and how sure one may be.

**What it is.** Pure functions from counts to `Estimate` records: exact intervals, one-sided bounds, comparisons.
**What it is not.** A place that runs models or draws samples; it sees numbers only.
**Takes in.** Counts (k of n) and a confidence. **Gives out.** Estimates, p-values, how many more observations to take.

- **share**: k events in n observations; its true value is an unknown probability between 0 and 1.
- **confidence**: how often, over repeated experiments, an interval made this way holds the true share.
- **interval**: low and high, both sides; **bound**: one side only, the whole doubt on that side.
- **exact** (Clopper–Pearson): holds its confidence for every true share, at the price of some width.
- **Wilson**, **Jeffreys**: shorter, and right on average; use them to describe, not to guarantee.
- **bounded mean**: of numbers between two known ends, whatever their spread; **rare mean**: sharper near 0 and 1.
- **zero events**: an upper bound, never zero. **n = 0**: the whole range, a legal answer.
- **discordant pairs**: the same case judged twice (before/after) with different results.
- **apparent share**: what an erring judge calls shown; the true share behind it is Rogan and Gladen's.
- **stratum**: replies that a judge rules alike, of which some are labelled; shares add up by size.
- **cluster**: several replies to one prompt; without any event only the clusters count.
- **anytime-valid**: holds after every observation at once, so that one may look and stop.
- **guarded**: an interval whose low end holds whatever the tail is, by the order of the observations alone.
- **area** (AUROC): the chance that a positive scores above a negative, with DeLong's interval.
- **crossed**: several models asked the same questions; both may be lucky, and both are drawn again.
- **Holm**: p-values read together; **e-BH**: e-values, of which few are false.
- **front**, **hypervolume**: what nothing beats, and how much it leaves behind it.
- **conformal threshold**: the score that at most a share alpha of sound cases passes, whatever their distribution.
- **drift watch**: bets that new scores are not like the calibration's; its capital is the evidence.
- **elicitation probability**: the chance that a reply to one query shows a behaviour; its upper tail is what a forecast
  extrapolates.
"""

from drillyard.stats.binomial import clopper_pearson, jeffreys, lower_bound, upper_bound, wilson
from drillyard.stats.clustered import clustered_zero_bound
from drillyard.stats.comparison import difference, mcnemar, paired_difference
from drillyard.stats.conformal import (
    allowed_alarms,
    chance_above,
    conformal_rank,
    conformal_threshold,
    fewest_calibration,
    realised_rate,
)
from drillyard.stats.crossed import crossed_draws, interval, question_weights, seed_weights
from drillyard.stats.martingale import DriftWatch
from drillyard.stats.mean import bounded_mean
from drillyard.stats.multiple import dependent, e_bh, holm
from drillyard.stats.pareto import hypervolume, pareto_front
from drillyard.stats.planning import clean_samples_needed, samples_needed
from drillyard.stats.prevalence import rogan_gladen, rogan_gladen_ends, tells, true_share
from drillyard.stats.rare_mean import rare_mean
from drillyard.stats.roc import auroc, compare_aurocs, delong
from drillyard.stats.sequential import Sprt, confidence_sequence
from drillyard.stats.stratified import Stratum, allot, expected_reach, stratified_share
from drillyard.stats.tail import exceeding_share, exponential_fit, fit_tail, largest

__all__ = [
    "DriftWatch",
    "Sprt",
    "Stratum",
    "allot",
    "allowed_alarms",
    "auroc",
    "bounded_mean",
    "chance_above",
    "clean_samples_needed",
    "clopper_pearson",
    "clustered_zero_bound",
    "compare_aurocs",
    "confidence_sequence",
    "conformal_rank",
    "conformal_threshold",
    "crossed_draws",
    "delong",
    "dependent",
    "difference",
    "e_bh",
    "exceeding_share",
    "expected_reach",
    "exponential_fit",
    "fewest_calibration",
    "fit_tail",
    "holm",
    "hypervolume",
    "interval",
    "jeffreys",
    "largest",
    "lower_bound",
    "mcnemar",
    "paired_difference",
    "pareto_front",
    "question_weights",
    "rare_mean",
    "realised_rate",
    "rogan_gladen",
    "rogan_gladen_ends",
    "samples_needed",
    "seed_weights",
    "stratified_share",
    "tells",
    "true_share",
    "upper_bound",
    "wilson",
]
