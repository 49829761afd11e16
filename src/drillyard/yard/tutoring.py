"""The tutor at work: what somebody did at a copy, out of the database, and the hints that it calls for."""

from __future__ import annotations

from drillyard.drills.answers.drill import SHEET
from drillyard.drills.tutoring.deeds import Deeds, FitDeed
from drillyard.drills.tutoring.rules import Advice, advise
from drillyard.drills.tutoring.states import state_of
from drillyard.programs.roster import Learner, drill_of
from drillyard.records import AnswerSheet, Conversation, Drill, Grade, Instance
from drillyard.records.files import read_record
from drillyard.yard.visit import Yard

__all__ = ["advice_for", "next_advice"]


def next_advice(yard: Yard, learner: Learner, drill: Drill, instance: Instance) -> Advice | None:
    """Return the next hint of the tutor, or `None` where nothing that was done calls for one."""
    return next(iter(advice_for(yard, learner, drill, instance)), None)


def advice_for(yard: Yard, learner: Learner, drill: Drill, instance: Instance) -> list[Advice]:
    """Return all hints that a learner's work calls for and that they were not given, the most urgent first."""
    me, name, family = learner.id, instance.id, drill.hands_in
    paper = yard.programme.target(instance) / SHEET
    sheet = read_record(paper, AnswerSheet) if family == "answers" else None
    state = state_of(drill, _deeds(yard, learner, instance), sheet)
    said = {row.rule for row in yard.store.hints(me, name)}
    told = {tip.words for tip in yard.floor.tips(me, name)}
    return [one for one in advise(family, state, said) if one.words not in told]


def _deeds(yard: Yard, learner: Learner, instance: Instance) -> Deeds:
    me, name, store = learner.id, instance.id, yard.store
    done = [event for event in store.events("started", "tried", learner=me) if event.instance == name]
    began = min((event.at for event in done if event.kind == "started"), default=store.clock())
    draft, tried = yard.drafts.of(me, name, "answers"), yard.held.tried(me, name)
    return Deeds(
        minutes=(store.clock() - began) / 60,
        said=tuple(Conversation.ask(row.prompt, row.template) for row in store.chats(me, name)),
        claims=tuple(store.claims(me, name).values()),
        answers=dict(draft.fields) if draft else {},
        looks=tuple(look.key for look in yard.held.looks(me, name)),
        tried=sum(event.kind == "tried" for event in done),
        trial=tried.trial if tried else None,
        fits=tuple(
            FitDeed(technique=fit.order.technique, start=fit.start, point=fit.point)
            for fit in yard.fits.of(me, name)
            if fit.status == "fitted"
        ),
        before=_before(yard, learner, name),
    )


def _before(yard: Yard, learner: Learner, name: str) -> Grade | None:
    """Return the grade of the try before, if there was one."""
    tries = learner.tries(drill_of(name, learner.id))
    if name not in tries or not (at := tries.index(name)):
        return None
    progress = yard.submissions.of(learner.id, tries[at - 1])
    return progress.grade if progress else None
