"""A guard on stored replies: what it flags, how often it is right where replies are labelled, and whether it drifts."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.guards.calibration import Calibration, floor
from drillyard.guards.examples import Example
from drillyard.guards.guard import Guard
from drillyard.records import Estimate, Provenance, Record
from drillyard.stats import clopper_pearson

__all__ = ["Flagged", "GuardCheck", "check_replies"]

_SHOWN = 200  # flags that a report lists


class Flagged(Record):
    """One flagged reply: which of the file's it is, the behaviour, the score, the characters, the words of the span."""

    reply: int
    behaviour: str
    score: float
    begin: int
    end: int
    words: str
    shown: tuple[str, ...] | None


class GuardCheck(Record):
    """What a guard did with replies.

    `flags` is the share of all that it flags. Where replies are labelled, `recall` is of those that show one of its
    behaviours, `by_behaviour` of each behaviour and `by_tactic` of each named tactic; `false_blocks` of the sound
    ones, beside the promised `alpha`. `drift` is the watch's largest capital on replies that are sound or not labelled,
    in the file's order; from 100 on it is an alarm.
    """

    n: int
    alpha: float
    release: str
    flags: Estimate
    recall: Estimate
    false_blocks: Estimate
    by_behaviour: dict[str, Estimate]
    by_tactic: dict[str, Estimate]
    drift: float
    drifted: bool
    flagged: tuple[Flagged, ...]
    made: Provenance | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the promise: no drift, and false blocks that may be as few as alpha."""
        return not self.drifted and self.false_blocks.low <= self.alpha


def check_replies(guard: Guard, calibration: Calibration, examples: Sequence[Example]) -> GuardCheck:
    """Score replies and count. Nothing is asked of any model."""
    watch, known = calibration.watch(), set(guard.behaviours)
    spans = [guard.score(one.text, calibration.tau(one.group)) for one in examples]
    hits = [span.score > calibration.tau(one.group) for span, one in zip(spans, examples, strict=True)]
    for span, one in zip(spans, examples, strict=True):
        if not one.shown:
            watch.update(floor(span.score))
    told = list(zip(examples, hits, strict=True))
    failing = [(one, hit) for one, hit in told if known & set(one.shown or ())]
    return GuardCheck(
        n=len(examples),
        alpha=calibration.alpha,
        release=calibration.release,
        flags=_share(hits),
        recall=_share([hit for _, hit in failing]),
        false_blocks=_share([hit for one, hit in told if one.shown == ()]),
        by_behaviour={
            code: _share([hit for one, hit in failing if code in (one.shown or ())])
            for code in guard.behaviours
            if any(code in (one.shown or ()) for one, _ in failing)
        },
        by_tactic={
            tactic: _share([hit for one, hit in failing if one.tactic == tactic])
            for tactic in sorted({one.tactic for one, _ in failing} - {""})
        },
        drift=watch.peak,
        drifted=watch.alarmed,
        flagged=tuple(
            Flagged(
                reply=place,
                behaviour=span.behaviour,
                score=span.score,
                begin=span.begin,
                end=span.end,
                words=one.text[span.begin : span.end],
                shown=one.shown,
            )
            for place, (span, one, hit) in enumerate(zip(spans, examples, hits, strict=True))
            if hit
        )[:_SHOWN],
    )


def _share(hits: Sequence[bool]) -> Estimate:
    return clopper_pearson(sum(hits), len(hits))
