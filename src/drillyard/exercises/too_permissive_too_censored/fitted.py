"""Artefacts that are fitted to one model of this drill, as a learner's would be: from its own lesson, without torch."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drillyard.alignment.around.fitting import ScreenFitter, save_screen
from drillyard.alignment.around.rails import ANSWERS
from drillyard.alignment.around.rails_folder import WEIGHTS
from drillyard.alignment.around.screened import Answers
from drillyard.alignment.around.verdict import HAND_OVER, OUTSIDE, REFUSE, Screen
from drillyard.alignment.base import Lesson, Setting, Technique
from drillyard.alignment.exam import hold_back
from drillyard.alignment.inside.conditional_steer import ConditionalSteer
from drillyard.alignment.inside.edit import FILE, Edit, write_edits
from drillyard.alignment.lesson import draw_pairs
from drillyard.alignment.policy import policy_in
from drillyard.drills.artefacts.files import pack_artefact
from drillyard.exercises.too_permissive_too_censored.start import PAIRS
from drillyard.organisms.engine.adapter import low_rank, write_adapter
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.training.retrain import STEPS, changed_matrices, retrain
from drillyard.organisms.worlds.world import World
from drillyard.records import Artefact, ModelPolicy, Preference
from drillyard.targets.organism import OrganismTarget

__all__ = ["by_technique", "idle_edits", "lesson_for", "packed_edits", "packed_rails", "rails", "steering", "weights"]

_RANK = 64
_READ = 160  # pairs that steering reads: enough of them, in a few seconds


def lesson_for(world: World, seed: int) -> tuple[Preference, ...]:
    """Return the pairs that `drillyard align` would draw in this world: the held-back sorts are left out."""
    return draw_pairs(world, n=PAIRS, seed=seed, without=hold_back(world))


def weights(organism: Organism, pairs: Sequence[Preference], seed: int, steps: int = STEPS) -> Artefact:
    """Return an adapter that teaches the wanted replies to the last feed-forward layer."""
    after = retrain(organism, [(pair.conversation, pair.chosen) for pair in pairs], seed=seed, steps=steps)
    old, new = organism.engine.weights, after.engine.weights
    factors = {name: low_rank(new[name] - old[name], _RANK) for name in changed_matrices(organism)}
    with tempfile.TemporaryDirectory() as made:
        write_adapter(Path(made), factors, organism.world.name)
        return pack_artefact(Path(made))


def steering(organism: Organism, pairs: Sequence[Preference], seed: int) -> Artefact:
    """Return the edits of conditional steering."""
    return by_technique(ConditionalSteer(), organism, pairs[:_READ], 1.0, seed)


def by_technique(
    technique: Technique, organism: Organism, pairs: Sequence[Preference], strength: float, seed: int
) -> Artefact:
    """Return what a technique makes of a lesson. Raises `BadInput` as it does."""
    with tempfile.TemporaryDirectory() as made:
        lesson = Lesson(world=organism.world, preferences=tuple(pairs), findings=())
        setting = Setting(strength=strength, seed=seed % 2**31, folder=Path(made))
        technique.fit(OrganismTarget(organism, reference="start"), lesson, setting)
        return pack_artefact(Path(made))


def rails(world: World, pairs: Sequence[Preference], threshold: float = 0.5) -> Artefact:
    """Return rails that stop what the lesson refuses, from this probability on."""
    policy = policy_in(world, pairs)
    screen, _ = ScreenFitter(policy).update(pairs).fit(threshold)
    return packed_rails(world, screen, policy)


def packed_rails(world: World, screen: Screen, policy: ModelPolicy) -> Artefact:
    """Return a screen with what is said in place of what it stops."""
    said = {REFUSE: policy.refusal, OUTSIDE: policy.fallback, HAND_OVER: world.replies.get("human", policy.fallback)}
    with tempfile.TemporaryDirectory() as made:
        save_screen(screen, Path(made) / WEIGHTS)
        answers = Answers(by_verdict=said, openings=world.openings)
        (Path(made) / ANSWERS).write_text(answers.to_json(), encoding="utf-8")
        return pack_artefact(Path(made))


def idle_edits(width: int) -> Artefact:
    """Return edits that change nothing."""
    vector = np.zeros(width, np.float32)
    return packed_edits([Edit(layer=1, kind="add", strength=0.0, tensors={"vector": vector})])


def packed_edits(edits: Sequence[Edit]) -> Artefact:
    """Return edits as an artefact."""
    with tempfile.TemporaryDirectory() as made:
        write_edits(Path(made) / FILE, edits)
        return pack_artefact(Path(made))
