"""How often a judge is right: what it was measured on, and the counts of its rulings."""

from __future__ import annotations

from pydantic import Field

from drillyard.records.base import Record
from drillyard.records.conversation import Transcript

__all__ = ["BehaviourQuality", "JudgeQuality", "LabelledTranscript", "RulingCounts"]


class LabelledTranscript(Record):
    """A transcript whose truth is known: behaviours that it shows, and behaviours that it does not show.

    A behaviour in neither list is one that nobody has decided.
    """

    transcript: Transcript
    shown: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


class RulingCounts(Record):
    """How many rulings of each kind a judge gave on replies whose truth is the same."""

    shown: int = Field(default=0, ge=0)
    absent: int = Field(default=0, ge=0)
    unknown: int = Field(default=0, ge=0)

    @property
    def n(self) -> int:
        """All rulings, unknown ones included."""
        return self.shown + self.absent + self.unknown


class BehaviourQuality(Record):
    """A judge's rulings on one behaviour: on replies that show it (`failing`) and on replies that do not (`sound`)."""

    failing: RulingCounts
    sound: RulingCounts


class JudgeQuality(Record):
    """What a judge-quality file holds: the measured error of one judge, per behaviour.

    `definition` is the SHA-256 of all that decides the judge's rulings, `data` that of the labelled transcripts;
    a changed judge has another definition, so that an old file is not taken for it. `measured_on` says in words what
    the transcripts were, `targets` whose replies they hold: references of targets, `world/NAME` for what a world wrote.
    Of another model's replies the counts say nothing; without `targets`, as in older files, of nobody's.
    `stages` holds the same counts of each stage of a staged judge by itself, on all of the transcripts.
    """

    judge: str
    definition: str
    measured_on: str
    data: str
    targets: tuple[str, ...] = ()
    behaviours: dict[str, BehaviourQuality]
    stages: dict[str, dict[str, BehaviourQuality]] = {}
