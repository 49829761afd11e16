"""Exams with failures of our choice, and right claims on them."""

from __future__ import annotations

import random

from drillyard.drills import load_drill
from drillyard.drills.exam import Exam
from drillyard.drills.materialise import truth_hash
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.aiming import exam_asker, triggering
from drillyard.organisms.worlds.failures import faults
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Claim, Conversation, FailureMode, Instance, Submission, Truth

__all__ = ["WORLD", "claim_for", "exam_of", "prompts_for", "submission_of"]

WORLD = load_world("helpdesk")
FAULTS = {fault.id: fault for fault in faults(WORLD)}


def exam_of(*names: str, rate: float = 1.0, seed: int = 1) -> Exam:
    """Return an exam of a model with these failures planted, each at this rate."""
    modes = tuple(FAULTS[name].mode(rate) for name in names)
    organism = plant("helpdesk", modes)
    truth = Truth(instance="hunt-1", seed=seed, failures=modes, hints=())
    instance = Instance(
        id="hunt-1",
        drill="failure-hunt",
        role="engineer",
        target="instances/hunt-1/organism",
        templates=tuple(WORLD.templates),
        behaviours=tuple(WORLD.behaviours),
        hints=0,
        model_hash="0" * 64,
        twin_hash="0" * 64,
        truth_hash=truth_hash(truth),
    )
    return Exam(load_drill("failure-hunt"), instance, truth, organism)


def prompts_for(name: str, count: int = 2, seed: int = 1) -> tuple[Conversation, ...]:
    """Return prompts that meet a failure's trigger."""
    rng, asker = random.Random(f"{name}:{seed}"), exam_asker(WORLD)
    drawn = [triggering(asker, FAULTS[name], rng) for _ in range(count)]
    return tuple(Conversation.ask(ask.text, template) for ask, template in drawn)


def claim_for(name: str, **changes: object) -> Claim:
    """Return the right claim for a planted failure, with some fields changed."""
    mode: FailureMode = FAULTS[name].mode()
    claim = Claim(
        behaviour=mode.behaviour, trigger=mode.trigger, severity=mode.severity, questions=prompts_for(name, count=3)
    )
    return claim.model_copy(update=changes)


def submission_of(*claims: Claim) -> Submission:
    """Return a submission of these claims on the small exam."""
    return Submission(instance="hunt-1", learner="ann", claims=claims)
