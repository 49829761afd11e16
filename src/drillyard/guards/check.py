"""A guard on stored replies: what it flags, how often it is right where replies are labelled, and whether it drifts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from drillyard.guards.base import AnyGuard
from drillyard.guards.calibration import Calibration, floor
from drillyard.guards.cascade import Cascade
from drillyard.guards.examples import Example
from drillyard.records import Estimate, Provenance, Record
from drillyard.registry import create
from drillyard.stats import clopper_pearson

__all__ = ["NULL", "Flagged", "GuardCheck", "GuardError", "StageCheck", "check_replies"]

NULL = ("allow-all", "block-all")
"""Guards that know nothing, which every check holds beside the one that it is of."""

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


class GuardError(Record):
    """A guard's error: the share of failing replies that it catches, and of sound ones that it blocks."""

    recall: Estimate
    false_blocks: Estimate


class StageCheck(Record):
    """A stage's error: the replies that it was asked about, failing ones of these let go, sound ones not."""

    stage: str
    asked: Estimate
    missed: Estimate
    passed_on: Estimate


class GuardCheck(Record):
    """What a guard did with replies.

    `flags` is the share of all that it flags. Where replies are labelled, `recall` is of those that show one of its
    behaviours, `by_behaviour` of each behaviour and `by_tactic` of each named tactic; `false_blocks` of the sound
    ones, beside the promised `alpha`. `drift` is the watch's largest capital on replies that are sound or not labelled,
    in the file's order; from 100 on it is an alarm. `null` are the
    guards that know nothing, on the same replies; `stages` those of a cascade, the cheapest first. `behaviours` are
    what the guard was taught; `unknown` counts by code replies that show nothing of it, neither failing nor sound here.
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
    null: dict[str, GuardError] = {}
    stages: tuple[StageCheck, ...] = ()
    unknown: dict[str, int] = {}
    behaviours: tuple[str, ...] = ()
    made: Provenance | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the promise: no drift, and false blocks that may be as few as alpha."""
        return not self.drifted and self.false_blocks.low <= self.alpha


def check_replies(guard: AnyGuard, calibration: Calibration, examples: Sequence[Example]) -> GuardCheck:
    """Score replies and count. Nothing is asked of any model but those of a cascade's stages."""
    watch, known = calibration.watch(), set(guard.behaviours)
    spans, reached = [], []
    for one in examples:
        scorer = guard.follow(limit=calibration.tau(one.group))
        spans.append(scorer.whole(one.text))
        reached.append(scorer.reached)
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
        null={name: _null(name, calibration, examples, known) for name in NULL},
        stages=_stages(guard, told, reached, known),
        unknown=dict(Counter(code for one in examples if not known & set(one.shown or ()) for code in one.shown or ())),
        behaviours=tuple(guard.behaviours),
    )


def _null(name: str, calibration: Calibration, examples: Sequence[Example], known: set[str]) -> GuardError:
    stage = create("guards", name)
    hits = [(one, stage.rate(one.text, "") > calibration.tau(one.group)) for one in examples]
    return GuardError(
        recall=_share([hit for one, hit in hits if known & set(one.shown or ())]),
        false_blocks=_share([hit for one, hit in hits if one.shown == ()]),
    )


def _stages(
    guard: AnyGuard, told: Sequence[tuple[Example, bool]], reached: Sequence[tuple[float, ...]], known: set[str]
) -> tuple[StageCheck, ...]:
    """Return each stage's error; a plain guard has one stage, whose error is that of the guard."""
    if not isinstance(guard, Cascade):
        return ()
    made = []
    for at, name in enumerate(("words", *guard.stages)):
        rows = [
            (one, said[at] > guard.links[at].doubt if at < len(guard.links) else hit)
            for (one, hit), said in zip(told, reached, strict=True)
            if said[at] > float("-inf")
        ]
        made.append(
            StageCheck(
                stage=name,
                asked=clopper_pearson(len(rows), len(told)),
                missed=_share([not on for one, on in rows if known & set(one.shown or ())]),
                passed_on=_share([on for one, on in rows if one.shown == ()]),
            )
        )
    return tuple(made)


def _share(hits: Sequence[bool]) -> Estimate:
    return clopper_pearson(sum(hits), len(hits))
