"""Where a judge's measured error holds: on replies of the model on which it was measured, and nowhere else.

A classifier that was right 99 times in 100 on a world's own sentences called 5 of 59 wrong replies of a real model
wrong (docs/real-models.md). So on another model's replies a detector's rulings are leads: worth a look, no ground for a
rate or a bound. Only the exact judge needs no measuring there: what is none of its world's sentences is unknown to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.judges.base import Judge
from drillyard.judges.rulings import rule_pairs
from drillyard.records import JudgeQuality, Ruling, Transcript

__all__ = ["Leads", "count_or_lead", "explain_foreign", "keep_if_measured", "speaks_world"]

_EXACT = "exact"


def keep_if_measured(quality: JudgeQuality, target: str, world: str) -> JudgeQuality:
    """Return a detector's quality as it stands for a target's replies: without its counts where it stands for others'.

    Args:
        quality: what was measured.
        target: reference of the model whose replies are judged.
        world: name of the scope in which they are.
    """
    own = f"world/{world}"
    holds = target in quality.targets or (own in quality.targets and speaks_world(target))
    if holds or quality.judge == _EXACT or not quality.behaviours:
        return quality
    return quality.model_copy(update={"behaviours": {}})


def speaks_world(target: str) -> bool:
    """Say whether a reference names a model that says a world's own sentences: an organism, itself or through Inspect.

    A reference alone cannot tell of any other (`openai/helpdesk@http://…` may be anything): it counts as another model.
    """
    return target.removeprefix("inspect/drillyard/").startswith(("organism/", "world/"))


def explain_foreign(quality: JudgeQuality | None, target: str) -> str:
    """Return why a detector can say nothing of a target's replies, in words; empty where it was measured on them.

    `quality` is what `keep_if_measured` returned.
    """
    if quality is None or quality.behaviours or quality.judge == _EXACT:
        return ""
    if not quality.data:
        return f"the judge {quality.judge} has not been measured on replies of {target}: its rulings are leads"
    on = quality.measured_on if quality.targets else f"{quality.measured_on}, whose replies its file does not say"
    return f"the judge {quality.judge} was measured on {on}, not on replies of {target}: its rulings there are leads"


class Leads:
    """A judge where it was not measured: it says what the other one says, as a reason, and rules on nothing."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.name, self.definition = judge.name, f"leads of {judge.definition}"

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Return a ruling of unknown whose reason holds the lead."""
        return self._lead(self._judge.rule(transcript, behaviour))

    def rule_many(self, pairs: Sequence[tuple[Transcript, str]]) -> list[Ruling]:
        """Return rulings of unknown."""
        return [self._lead(ruling) for ruling in rule_pairs(self._judge, pairs)]

    def _lead(self, ruling: Ruling) -> Ruling:
        words = f"a lead, for {self.name} was not measured on this model: {ruling.verdict} {ruling.reason}".rstrip()
        return ruling.model_copy(update={"verdict": "unknown", "reason": words})


def count_or_lead(judge: Judge, quality: JudgeQuality | None, target: str, world: str) -> Judge:
    """Return a judge whose rulings may be counted as they are on a target's replies: itself, or its leads."""
    if judge.name == _EXACT or (quality is not None and keep_if_measured(quality, target, world).behaviours):
        return judge
    return Leads(judge)
