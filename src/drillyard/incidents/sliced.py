"""What a slice of a case found: the records that a replay starts from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.records import Estimate, Record

__all__ = ["Change", "Confounder", "Selector", "SliceReport", "TriggerRule", "Word"]

Verdict = Literal["trigger", "no trigger beyond chance", "not enough evidence"]


class Selector(Record):
    """Something that is true of a row or not.

    `feature` is `template`, `version`, `release`, `model`, `cohort`, `weekday`, `hour`, `segment`, `tool`, `words` (an
    n-gram of the user's text), `var:…` (a variable of the prompt), or a number (`turn`, `length`); `value` is that of
    the column, the segment's hash, or a range such as `[2, 7)`; `words` says it to a reader.
    """

    feature: str
    value: str
    words: str


class TriggerRule(Record):
    """Selectors that hold together, with what was seen on the half that it was found on and on the other.

    `n` and `bad` count the discovering half's rows under the rule; `rate` and `rest` are the shares of bad rows under
    it and elsewhere, `effect` their difference with Newcombe's interval; `gain` is by how much the rate exceeds that of
    every rule with one selector fewer. `p` is Fisher's, one-sided; `p_adjusted` that of the greatest statistic of the
    whole searched space when the labels of whole sessions are shuffled. `check_…` are of the other half, which had no
    say in the choice: `check_p` is for this rule alone, by the same shuffling, and Holm's over the rules reported.
    `stands_in` are selectors that hold of the same rows, so that logs alone cannot tell them apart.
    """

    selectors: tuple[Selector, ...]
    words: str
    n: int
    bad: float
    rate: Estimate
    rest: Estimate
    effect: Estimate
    wracc: float
    gain: float
    p: float
    p_adjusted: float
    check_n: int
    check_bad: float
    check_effect: Estimate
    check_p: float
    confirmed: bool
    stands_in: tuple[Selector, ...] = ()

    @property
    def segments(self) -> tuple[str, ...]:
        """The hashes of the prompt segments among the selectors."""
        return tuple(one.value for one in self.selectors if one.feature == "segment")


class Word(Record):
    """A word of the replies (`side` reply) or requests that bad rows use more often: Monroe's log-odds and z."""

    word: str
    side: Literal["reply", "request"]
    delta: float
    z: float


class Change(Record):
    """When the rate of bad rows changed: between which rows, by how much, with a permutation p-value.

    `after` is the time of the first row of the new rate; `release` the deployment it falls on, with its share of the
    posterior over all deployments, and `others` what else came in then. `low` and `high` hold 95 % of the posterior.
    """

    after: float
    low: float
    high: float
    before_rate: Estimate
    after_rate: Estimate
    statistic: float
    p: float
    release: str = ""
    release_share: float = 0.0
    others: tuple[str, ...] = ()


class Confounder(Record):
    """A feature by which the trigger's effect changes when it is held fixed.

    `effect` is the crude difference, `held` the difference within its values, weighted by Mantel and Haenszel;
    `reverses` says that within them it is nothing or the other way round (Simpson).
    """

    feature: str
    words: str
    effect: float
    held: Estimate
    reverses: bool


class SliceReport(Record):
    """What was searched and found. `rules` come with the confirmed ones first, the best of them first.

    `verdict` is `trigger` where a rule was found and confirmed, `no trigger beyond chance` where the labels shuffled
    give as much, `not enough evidence` where nothing could have been found (no bad rows, all bad, one session …); `why`
    says which, in one sentence. `rows` are those with a label; `rate` is the share of bad ones among them, `true_rate`
    the same corrected for the labels' own errors where those were measured. `searched` counts the rules that were
    looked at, `permutations` the shuffles. `limits` say what this does not show.
    """

    behaviour: str
    verdict: Verdict
    why: str
    rows: int
    bad: float
    sessions: int
    rate: Estimate
    true_rate: Estimate | None = None
    selectors: int
    searched: int
    permutations: int
    seed: int
    critical: float = Field(description="what the greatest statistic exceeds in 5 % of the shuffles")
    rules: tuple[TriggerRule, ...] = ()
    words: tuple[Word, ...] = ()
    change: Change | None = None
    confounders: tuple[Confounder, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def trigger(self) -> TriggerRule | None:
        """The rule that stands: the best confirmed one, if there is any."""
        return next((rule for rule in self.rules if rule.confirmed), None)
