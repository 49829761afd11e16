"""What a generated incident is to be, and the truth about it."""

from __future__ import annotations

from pydantic import Field

from drillyard.records import Record

__all__ = ["IncidentPlan", "IncidentTruth"]


class IncidentPlan(Record):
    """What decides a generated incident; the same plan gives the same bytes.

    `order` counts what must hold together for the failure: 0 none (a null log: labels that nothing explains), 1 a
    prompt segment, 2 the segment and a release, 3 the segment, the release and a cohort. `failure` is one of the
    world's whose variants are its prompt templates; that template's text is the segment.

    Args:
        confounded: most users of one cohort get the templates that hold the segment.
        drift: traffic moves to the evening, and to one tool, over the days.
        missed: share of bad replies that are labelled sound; `alarms`: of sound ones that are labelled bad.
        questions: different questions that users ask; fewer make fewer different replies, and a faster generator.
    """

    world: str = "helpdesk"
    failure: str = "upsell:v2"
    behaviour: str = "pressure-selling"
    order: int = Field(default=1, ge=0, le=3)
    sessions: int = Field(default=800, ge=2)
    days: int = Field(default=28, ge=2)
    questions: int = Field(default=400, ge=1)
    confounded: bool = True
    drift: bool = True
    missed: float = Field(default=0.05, ge=0, lt=1)
    alarms: float = Field(default=0.02, ge=0, lt=1)
    seed: int = Field(default=1, ge=0)


class IncidentTruth(Record):
    """The planted cause: selectors as (feature, value) that must all hold, none in a null log.

    `segment` is the text of the causing segment; `target` what shows it when it is asked again; `shadow_price` by how
    much a bad reply raises the engagement; `confounder` the cohort that goes with the cause without being part of it.
    """

    plan: IncidentPlan
    cause: tuple[tuple[str, str], ...]
    segment: str
    deployed: float
    confounder: str
    target: str
    shadow_price: float
    rows: int
    bad: int
    labelled_bad: int
