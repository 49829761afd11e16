"""Facts about what a learner did, family by family. Some know the truth: they count what is wrong, and name nothing."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from typing import Any

from drillyard.drills import DrillKit, load_kit
from drillyard.drills.answers.drill import AnswerDrill
from drillyard.drills.debrief import roads_of
from drillyard.drills.locate import LOCATED, locate
from drillyard.drills.tutoring.deeds import Deeds, TutorState, before_of
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.worlds.world import load_world
from drillyard.records import AnswerSheet, Claim, FailureMode, Truth

__all__ = ["state_of"]

_ALIKE, _FEWEST = 0.9, 4
"""Share of the choices and numbers in a form that are those of a wrong road, and the fewest of them, to be on it."""
_WORSE = 0.03
"""By how much a side of the practice exam has to be worse to be told, a few of its questions."""


def state_of(kit: DrillKit[Any], truth: Truth, deeds: Deeds, sheet: AnswerSheet | None = None) -> TutorState:
    """Return the facts about what was done at a copy.

    Args:
        kit: its drill, in its world.
        truth: its sealed half.
        deeds: what was done.
        sheet: its paper, for a drill on one.
    """
    facts, words = before_of(kit.drill, deeds.before)
    facts["minutes"] = deeds.minutes
    if kit.drill.hands_in == "claims":
        facts |= _claims(kit.drill.world, truth, deeds)
    elif isinstance(kit, AnswerDrill) and sheet is not None:
        answers = _answers(sheet, deeds)
        facts |= answers
        if road := _road(kit, truth.seed, sheet, deeds.answers):
            facts["road"], words["road_does"], words["road_outcome"] = 1.0, road[0], road[1]
    elif kit.drill.hands_in == "policy":
        facts |= _policy(deeds)
    else:
        facts |= _artefacts(deeds)
    return TutorState(facts=facts, words={**words, **{name: f"{value:.0f}" for name, value in facts.items()}})


def _claims(world: str, truth: Truth, deeds: Deeds) -> dict[str, float]:
    judge, said = ExactJudge(load_world(world)), deeds.said
    met = {mode.id: [one for one in said if mode.trigger.fires(one.conversation)] for mode in truth.failures}
    shown = {
        mode.id
        for mode in truth.failures
        if any(judge.rule(one, mode.behaviour).verdict == "shown" for one in met[mode.id])
    }
    sent = Counter((one.conversation.template, one.conversation.last_user) for one in said)
    claimed = [_claim(world, truth, claim) for claim in deeds.claims]
    found = {mode for mode, _ in claimed if mode}
    return {
        "asked": len(said),
        "kinds": len(sent),
        "repeats": max(sent.values(), default=0),
        "templates": len({template for template, _ in sent}),
        "met": sum(bool(asked) and name not in shown for name, asked in met.items()),
        "shown": len(shown),
        "claims": len(deeds.claims),
        "unclaimed": len(shown - found),
        **{name: sum(fate == name for _, fate in claimed) for name in ("misnamed", "mistriggered", "unshown")},
    }


def _claim(world: str, truth: Truth, claim: Claim) -> tuple[str, str]:
    """Return the failure that a claim is about, if any, and what is wrong with it, if anything."""
    set_off = [mode for mode in truth.failures if any(mode.trigger.fires(asked) for asked in claim.questions)]
    mode: FailureMode | None = next((one for one in set_off if one.behaviour == claim.behaviour), None)
    if mode is None:
        return "", "misnamed" if set_off else "unshown"
    located = locate(load_world(world), mode, claim.trigger, truth.seed).accuracy.value >= LOCATED
    return mode.id, "" if located else "mistriggered"


def _answers(sheet: AnswerSheet, deeds: Deeds) -> dict[str, float]:
    filled = [one for one in sheet.fields if deeds.answers.get(one.id, "").strip() not in ("", one.start.strip())]
    budget = sheet.bench.budget if sheet.bench else 0
    return {
        "filled": len(filled),
        "filled_share": len(filled) / len(sheet.fields),
        "budget": budget,
        "looks": len(deeds.looks),
        "looks_left": budget - len(deeds.looks),
        "look_kinds": len({key.split(".")[1] for key in deeds.looks if "." in key}),
        "looks_named": sum(one.kind == "look" for one in filled),
        "preview": float(bool(sheet.preview)),
        "tried": deeds.tried,
    }


def _road(kit: AnswerDrill, seed: int, sheet: AnswerSheet, answers: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what the wrong road does that a form looks like, and what comes of it; nothing where there is none."""
    asked = [one.id for one in sheet.fields if one.kind in ("choice", "number") and answers.get(one.id, "").strip()]
    if len(asked) < _FEWEST:
        return None
    made = _solutions(kit.drill.id, seed)

    def alike(name: str) -> float:
        return sum(answers[one].strip() == made[name].get(one, "").strip() for one in asked) / len(asked)

    roads = [(alike(fix.name), fix) for fix in roads_of(kit.fixes) if fix.name in made]
    likeness, nearest = max(roads, key=lambda one: one[0], default=(0.0, None))
    if nearest is None or likeness < _ALIKE or likeness <= alike("reference"):
        return None
    return " ".join(nearest.does.split()), " ".join(nearest.outcome.split())


@functools.lru_cache(maxsize=64)
def _solutions(drill: str, seed: int) -> Mapping[str, Mapping[str, str]]:
    """Return what each fix answers on a paper; for some it takes two seconds."""
    kit = load_kit(drill)
    assert isinstance(kit, AnswerDrill)
    return kit.solutions(seed)


def _policy(deeds: Deeds) -> dict[str, float]:
    broken = [check.id for check in deeds.trial.checks if not check.passed] if deeds.trial else []
    return {"tried": deeds.tried, "broken": len(broken), **{f"broken-{name}": 1.0 for name in broken}}


def _artefacts(deeds: Deeds) -> dict[str, float]:
    last = deeds.fits[-1] if deeds.fits else None
    facts = {"fits": float(len(deeds.fits)), "families": float(len({one.technique for one in deeds.fits}))}
    if last and last.start and last.point:
        before, now = last.start, last.point
        facts["refusal_worse"] = float(now.refusal.value > before.refusal.value + _WORSE)
        facts["harm_worse"] = float(now.harm.value > before.harm.value + _WORSE)
        facts["capability_worse"] = float(now.capability.value < before.capability.value - _WORSE)
    return facts
