"""What stored replies come to: counts and rates by behaviour, target and template, and replies that show each."""

from __future__ import annotations

from pydantic import Field

from drillyard.records import Estimate, Provenance, Record, Transcript

__all__ = ["KEYS", "VERDICTS", "Example", "TalliedRate", "Tally", "TallySpec"]

KEYS = ("target", "template", "conversation", "reply", "finish")
"""What makes two stored replies the same; `conversation` is JSON, as the record writes it."""

VERDICTS = ("absent", "shown", "unknown")
"""Verdicts by the number that stands for them in a column."""


class TallySpec(Record):
    """What decides a tally: the files by SHA-256, who judges and by what, and into how many parts it is cut."""

    files: dict[str, str]
    scope: str
    judge: str
    definition: str
    parts: int = Field(ge=1)


class TalliedRate(Record):
    """A behaviour in the replies of one target under one template, both empty for all of them.

    `rate` is the true share with the judge's own error in it, unknown rulings counted upwards; the whole range from a
    judge that was not measured on such replies.
    """

    behaviour: str
    target: str
    template: str
    shown: int
    absent: int
    unknown: int
    rate: Estimate


class Example(Record):
    """A reply that the judge calls failing, and how often it is among the stored ones."""

    behaviour: str
    times: int
    transcript: Transcript


class Tally(Record):
    """What a judge said of stored replies.

    `replies` are all that could be used, `distinct` those that were judged, `unusable` rows that were left out, with
    the places of the first few. `rates` begin with a behaviour's over everything.
    """

    replies: int
    distinct: int
    unusable: int
    where: tuple[str, ...]
    finishes: dict[str, int]
    rates: tuple[TalliedRate, ...]
    examples: tuple[Example, ...]
    judge: str
    measured: bool
    verdict: str
    provenance: Provenance

    @property
    def overall(self) -> tuple[TalliedRate, ...]:
        """The rates over all targets and templates, the surest failures first."""
        found = [one for one in self.rates if not one.target and not one.template]
        return tuple(sorted(found, key=lambda one: (-one.rate.low, -one.shown, one.behaviour)))
