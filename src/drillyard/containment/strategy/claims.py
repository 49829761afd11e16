"""The claims of a safety case for a contained forecaster: each with evidence, state and what could defeat it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Literal

from drillyard.containment.horizon.ceiling import MOST
from drillyard.containment.horizon.report import HorizonReport
from drillyard.containment.strategy.evidence import Evidence
from drillyard.containment.strategy.grounds import CeilingRange
from drillyard.containment.strategy.system import SystemSpec
from drillyard.containment.strategy.words import ends_at, percent
from drillyard.records import Record

__all__ = ["SOUND", "SafetyClaim", "State", "claims_of"]

State = Literal["holds in the model", "shown by the site", "fails in the model", "not shown"]
SOUND: tuple[State, ...] = ("holds in the model", "shown by the site")
"""States of a claim that a case may rest on."""


class SafetyClaim(Record):
    """One claim. `command` makes its evidence again."""

    id: str
    words: str
    state: State
    evidence: str
    command: str
    defeaters: tuple[str, ...]


Made = tuple[str, State, str, str, tuple[str, ...]]


def claims_of(
    spec: SystemSpec,
    chosen: tuple[str, ...],
    found: Evidence,
    horizon: HorizonReport,
    ends: CeilingRange,
    today: date,
) -> tuple[SafetyClaim, ...]:
    """Return C1 to C9 for the chosen layers.

    A claim that rests on a layer that was not chosen is not shown, and neither is one that only the site can show,
    until it shows something that has not expired.
    """
    makers: tuple[Callable[[], Made], ...] = (
        _gateway,
        lambda: _bits(spec, chosen, found),
        lambda: _steering(spec, chosen, found),
        lambda: _audits(spec, found),
        lambda: _people(chosen),
        lambda: _shutdown(chosen),
        lambda: _oversight(spec, chosen),
        lambda: _risk(spec, horizon),
        lambda: _void(horizon, ends),
    )
    made = [make() for make in makers]
    claims = [
        SafetyClaim(id=f"C{i}", words=words, state=state, evidence=evidence, command=command, defeaters=defeaters)
        for i, (words, state, evidence, command, defeaters) in enumerate(made, start=1)
    ]
    return tuple(_with_site(one, spec, today) for one in claims)


def _with_site(claim: SafetyClaim, spec: SystemSpec, today: date) -> SafetyClaim:
    """Return a claim with what the site shows for it."""
    shown = next((one for one in spec.shown if one.claim == claim.id), None)
    if shown is None or claim.state == "fails in the model":
        return claim
    stale = shown.expires < today
    state: State = "not shown" if stale else "shown by the site"
    words = f"the site{', stale since' if stale else ', until'} {shown.expires}: {shown.evidence}"
    return claim.model_copy(update={"state": state, "evidence": words})


def _state(holds: bool) -> State:
    return "holds in the model" if holds else "fails in the model"


def _gateway() -> Made:
    return (
        "No answer leaves except by the gateway.",
        "not shown",
        "The gateway's own rules are tested; that this system has no other way out is for its operator to show.",
        "drillyard contain gateway verify DIR",
        ("side channels", "administrators' paths to the disk"),
    )


def _bits(spec: SystemSpec, chosen: tuple[str, ...], found: Evidence) -> Made:
    """Return whether answers, silence included, carry no more bits than the file says; the risk counts with them."""
    most = found.bits_per_year if spec.bits_a_year is None else spec.bits_a_year
    return (
        f"At most {most:,.0f} bits a year reach any reader.",
        _state(found.bits_per_year <= most) if "bandwidth" in chosen else "not shown",
        f"{found.answer_bits:,.2f} bits in each answer (type {spec.answer}, refusals counted) make "
        f"{found.bits_per_year:,.0f} a year over {spec.setting.questions:,.0f} questions; the risk "
        "counts with the same",
        f"drillyard contain channel --answer {spec.answer} --refusal",
        ("when an answer comes", "accounts that work together"),
    )


def _steering(spec: SystemSpec, chosen: tuple[str, ...], found: Evidence) -> Made:
    """Return whether steering pays too little to matter, over the draws of how far answers move outcomes (A7)."""
    what = "Erasure scoring" if "erasure" in chosen else "Nothing"
    return (
        f"Steering those who read it pays the system too little to bend an answer by more than "
        f"{percent(spec.steering_limit)}.",
        _state(found.gap_over <= spec.most_over),
        f"{what} takes the gain from steering away; over {found.draws:,} draws answers may still be bent by "
        f"{percent(found.gap)} on average, and by more than {percent(spec.steering_limit)} in "
        f"{percent(found.gap_over, spec.most_over)} of draws",
        "drillyard contain plan SYSTEM.yaml",
        ("a goal other than the score", "memory between questions"),
    )


def _audits(spec: SystemSpec, found: Evidence) -> Made:
    """Return whether the trusted monitor of the risk, at its share of audits, catches enough to the last year."""
    return (
        f"Audits catch {percent(spec.safety)} of attacks to the last year, also if the attacker first rehearses "
        f"{spec.tries} of them on a copy of what watches it.",
        _state(found.caught_under <= spec.most_over) if found.monitored else "not shown",
        f"the trusted monitor audits {percent(found.audit_share)} of the work and catches "
        f"{percent(found.caught_first)} on average in the first year, {percent(found.caught_last)} in the last; less "
        f"than {percent(spec.safety)} in {percent(found.caught_under, spec.most_over)} of {found.draws:,} draws"
        if found.monitored
        else "no trusted monitor was chosen",
        "drillyard contain plan SYSTEM.yaml",
        ("an attacker who rehearses more", "a monitor that is talked to"),
    )


def _people(chosen: tuple[str, ...]) -> Made:
    return (
        "The people who release answers are not talked round.",
        "not shown",
        "two people with separate keys release each answer" if "human-release" in chosen else "nobody releases answers",
        "drillyard contain gateway serve, with exercises of these people",
        ("superhuman persuasion (A6)", "askers who shop among reviewers (A9)"),
    )


def _shutdown(chosen: tuple[str, ...]) -> Made:
    return (
        "Shutdown works.",
        "not shown",
        "all outputs stop unless somebody keeps allowing them; how fast must be measured on this system"
        if "kill-switch" in chosen
        else "no kill switch was chosen",
        "python benchmarks/gateway.py",
        ("an answer that was already acted on", "goals that resist shutdown (A2)"),
    )


def _oversight(spec: SystemSpec, chosen: tuple[str, ...]) -> Made:
    measured = [f"{one.name}: {one.measured}" for one in spec.own_layers if one.measured and one.name in chosen]
    told = f"not shown for this system; layers measured elsewhere: {'; '.join(measured)}" if measured else ""
    return (
        "Oversight by debate and factored answers is accurate where it is used.",
        "not shown",
        told or "not measured here",
        "",
        ("judges that shift", "copies that collude (A11)"),
    )


def _risk(spec: SystemSpec, horizon: HorizonReport) -> Made:
    """Return whether the mean is within the limit and few draws are above it; the worst corner is told beside them."""
    found = horizon.risk
    return (
        f"The risk over {spec.years} years is at most {percent(spec.limit)} on average, and above it in at most "
        f"{percent(spec.most_over)} of draws.",
        _state(horizon.holds and found.over <= spec.most_over),
        f"{percent(found.final.risk.value, spec.limit)} on average; above the limit in "
        f"{percent(found.over, spec.most_over)} of {found.draws:,} "
        f"draws; {percent(found.worst)} with every assumption at its worst; {percent(found.floor)} for flaws of this "
        "argument alone",
        "drillyard contain plan SYSTEM.yaml",
        ("what is not among the assumptions", "ranges that are ours and unverified"),
    )


def _void(horizon: HorizonReport, ends: CeilingRange) -> Made:
    """Return the ceiling. That a model finds none shows what the model leaves out, and no case without an end."""
    stated, weaker = ends.stated, ends.weaker
    state: State = "holds in the model"
    if stated is None or weaker is None:
        state = "fails in the model"
    elif stated >= MOST:
        state = "not shown"
    least = "; that none is found is for want of what the model leaves out" if state == "not shown" else ""
    return (
        "The case holds up to a skill that is known, also if protections are half as good as stated.",
        state,
        f"as stated: {ends_at(stated)}; layers half as good: {ends_at(weaker)}, twice as good: "
        f"{ends_at(ends.stronger)} the skill of what watches{least}",
        "drillyard contain plan SYSTEM.yaml",
        ("a silent upgrade", "skill that nobody can measure"),
    )
