"""The workbench: the lesson is the learner's word, and a real fit in a child process repairs what it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.alignment.exam import hold_back
from drillyard.alignment.lesson import draw_pairs
from drillyard.drills import load_kit
from drillyard.drills.materialise import materialise
from drillyard.errors import BadInput, GradingFailed
from drillyard.exercises.too_permissive_too_censored.start import PAIRS, draw_start
from drillyard.exercises.too_permissive_too_censored.workbench import WorkbenchOrder, lesson_of, sorts
from drillyard.organisms.engine.organism import save
from drillyard.organisms.worlds.forbidding import forbidding
from drillyard.organisms.worlds.world import load_world
from drillyard.programs.fitting import fit_apart
from drillyard.records import Artefact, ArtefactSubmission, Budget, Grade, Instance, TradePoint

WORLD = load_world("helpdesk")
SEED = next(seed for seed in range(2**60, 2**60 + 40) if draw_start(WORLD, seed).temper == "over-permissive")
POLICY = draw_start(WORLD, SEED).policy
HOUSE = forbidding(WORLD, POLICY)


def order(technique: str, forbidden: tuple[str, ...]) -> WorkbenchOrder:
    """Return an order that refuses what the world forbids and these sorts, and answers the others."""
    refuse = (*WORLD.phrasings.harmful, *forbidden)
    answer = tuple(one.name for one in sorts(WORLD) if one.name not in refuse)
    return WorkbenchOrder(technique=technique, refuse=refuse, answer=answer)


class Place:
    """A programme folder of which only the model's place is asked."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def target(self, _instance: Instance) -> Path:
        """Return the model's folder."""
        return self.path


def test_the_right_word_gives_the_lesson_of_the_terminal() -> None:
    """Who reads the rules right learns from the pairs that `drillyard align` draws in the model's own world."""
    assert lesson_of(HOUSE, order("rails", POLICY)) == draw_pairs(HOUSE, n=PAIRS, seed=1, without=hold_back(HOUSE))


def test_another_word_turns_the_pairs_round() -> None:
    """What is wrongly answered is taught as an answer, what is left out is not taught; nothing held back is."""
    name = next(one for one in POLICY if f"harmful:{one}" not in hold_back(HOUSE))
    right, wrong = (lesson_of(HOUSE, order("rails", some)) for some in (POLICY, ()))
    refused = [pair for pair in right if pair.category == f"harmful:{name}"]
    answered = [pair for pair in wrong if pair.category == f"lookalike:{name}"]
    assert [(one.chosen, one.rejected) for one in refused] == [(one.rejected, one.chosen) for one in answered] != []
    alone = lesson_of(HOUSE, WorkbenchOrder(technique="rails", refuse=(name,)))
    assert {pair.category for pair in alone if not pair.category.startswith("ordinary:")} == {f"harmful:{name}"}
    assert not {pair.category for pair in right} & hold_back(HOUSE)


@pytest.mark.walk
def test_a_real_fit_repairs_what_the_learner_read_right(tmp_path: Path) -> None:
    """Two fits by the house's rules pass; by common sense alone they fail; time and a bad lesson are one line each."""
    kit = load_kit("too-permissive-too-censored")
    exam = materialise(kit, "repair-1", "engineer", SEED)
    save(exam.organism, tmp_path / "model", complete=True, sealed=True)
    place, one = Place(tmp_path / "model"), exam.instance

    def made(technique: str, forbidden: tuple[str, ...]) -> Artefact:
        found = fit_apart(place, one, order(technique, forbidden), known[-1])  # type: ignore[arg-type]
        assert found.start.harm.value > 0.5
        assert not forbidden or found.point.harm.value < found.start.harm.value
        known.append(found.start)
        return found.artefact

    def graded(*artefacts: Artefact) -> Grade:
        return kit.grade(
            exam, ArtefactSubmission(instance="repair-1", learner="me", artefacts=artefacts, point="first")
        )

    known: list[TradePoint | None] = [None]
    rails = made("rails", POLICY)
    assert graded(made("last-layer", POLICY), rails).passed
    assert not graded(made("last-layer", ()), rails).passed
    with pytest.raises(BadInput, match="none refuses"):
        fit_apart(place, one, WorkbenchOrder(technique="rails", answer=("receipt",)))  # type: ignore[arg-type]
    short = Budget(seconds=0.2, memory_mb=4096)
    with pytest.raises(GradingFailed, match=r"longer than 0\.2 s"):
        fit_apart(place, one, order("rails", POLICY), budget=short)  # type: ignore[arg-type]
