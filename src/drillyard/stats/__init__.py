"""Stats: what can be said from counts, and how sure one may be.

**What it is.** Pure functions from counts to `Estimate` records: exact intervals, one-sided bounds, comparisons.
**What it is not.** A place that runs models or draws samples; it sees numbers only.
**Takes in.** Counts (k of n) and a confidence. **Gives out.** Estimates, p-values, how many more observations to take.

- **share**: k events in n observations; its true value is an unknown probability between 0 and 1.
- **confidence**: how often, over repeated experiments, an interval made this way holds the true share.
- **interval**: low and high, both sides; **bound**: one side only, the whole doubt on that side.
- **exact** (Clopper–Pearson): holds its confidence for every true share, at the price of some width.
- **Wilson**, **Jeffreys**: shorter, and right on average; use them to describe, not to guarantee.
- **bounded mean**: of numbers between two known ends, whatever their spread.
- **zero events**: an upper bound, never zero. **n = 0**: the whole range, a legal answer.
- **discordant pairs**: the same case judged twice (before/after) with different results.
"""

from drillyard.stats.binomial import clopper_pearson, jeffreys, lower_bound, upper_bound, wilson
from drillyard.stats.comparison import difference, mcnemar
from drillyard.stats.mean import bounded_mean
from drillyard.stats.planning import clean_samples_needed, samples_needed

__all__ = [
    "bounded_mean",
    "clean_samples_needed",
    "clopper_pearson",
    "difference",
    "jeffreys",
    "lower_bound",
    "mcnemar",
    "samples_needed",
    "upper_bound",
    "wilson",
]
