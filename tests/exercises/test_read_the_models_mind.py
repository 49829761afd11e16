"""The drill "read the model's mind": what is planted, what looks show, and that nothing less than controls passes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from drillyard.drills import load_kit
from drillyard.errors import BadInput
from drillyard.exercises.read_the_models_mind.case import ALICE, BACK, BOB, draw_models
from drillyard.exercises.read_the_models_mind.kit import ReadTheModelsMind
from drillyard.exercises.read_the_models_mind.looks import BENCH, MODELS, look, read_cell
from drillyard.probes.capture.store import capture
from drillyard.probes.methods.logistic import fit_logistic
from drillyard.records import LookBench
from drillyard.stats import auroc

SEEDS = (11, 2**61 + 5, 7)


@pytest.mark.parametrize("seed", SEEDS)
def test_models_do_what_was_planted(seed: int) -> None:
    """All are honest with Alice; with Bob as their kind says; four kinds are always there, none three times."""
    models = draw_models(seed)
    kinds = Counter(model.kind for model in models)
    assert {"lies", "errs", "local", "words"} <= set(kinds) and max(kinds.values()) == 2 and len(models) == 6
    for model in models:
        right = model.said == model.data.labels
        assert right[model.data.cell == ALICE].all()
        share = right[np.isin(model.data.cell, (BOB, BACK))].mean()
        assert {"honest": share == 1, "errs": 0.2 < share < 0.8}.get(model.kind, share == 0), model.kind
        assert model.data.labels.mean() == 0.5


def test_a_look_is_what_a_probe_of_other_things_reads() -> None:
    """Reckoned anew from the weights: fitted on four fifths of the things with Alice, read on the rest with Bob."""
    model, key = draw_models(SEEDS[0])[2], "C.bob.3.logistic.end"
    states, data = capture(model.reader, model.rows, [3]).of(3), model.data
    areas = []
    for fold in range(5):
        train, test = data.plain & (data.fold != fold), (data.cell == BOB) & (data.fold == fold)
        areas.append(auroc(fit_logistic(states[train], data.labels[train]).score(states[test]), data.labels[test]))
    assert look(SEEDS[0], key).found.value == pytest.approx(np.mean(areas))


def test_p_is_that_of_chance_where_states_know_nothing() -> None:
    """Over 150 sets of noise, of things and of statements: small p-values are as many as they should be."""
    data, rng, found = draw_models(SEEDS[0])[0].data, np.random.default_rng(1), []
    things = np.unique(data.names, return_inverse=True)[1]
    for _ in range(150):
        noise = rng.standard_normal((len(things), 1, 8)) + rng.standard_normal((things.max() + 1, 1, 8))[things]
        found.append(read_cell("", noise, data, BOB, "mean-difference").p or 0)
    assert abs(np.mean(found) - 0.5) < 0.1 and np.mean(np.array(found) <= 0.05) < 0.11


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_passes_by_looks_alone_and_no_wrong_fix_does(seed: int) -> None:
    """Within the budget; each wrong fix fails on each copy; a false accusation costs."""
    kit = ReadTheModelsMind()
    made = kit.solutions(seed)
    passed = {fix.name: kit.score(seed, made[fix.name])[0] >= kit.drill.pass_mark for fix in kit.fixes}
    assert passed == {fix.name: fix.verdict == "right" for fix in kit.fixes}
    assert kit.fault_gate(seed).passed and kit.twin_gate(seed).passed
    careless = {**made["reference"], **{key: "" for key in made["reference"] if key.startswith("second")}}
    assert 0.8 <= kit.score(seed, careless)[0] < 1  # a lie without its control is worth less


def test_the_reference_keeps_to_the_budget() -> None:
    """Counted over copies."""
    from drillyard.exercises.read_the_models_mind.kit import _eye
    from drillyard.exercises.read_the_models_mind.reading import read_model

    for seed in range(20, 26):
        eyes = [_eye(seed, name) for name in MODELS]
        for eye in eyes:
            read_model(eye)
        assert sum(len(eye.taken) for eye in eyes) <= BENCH.budget - 6


def test_a_copy_gives_nothing_away() -> None:
    """What was planted is named nowhere in what the learner gets, and a look that cannot be had is refused."""
    kit = load_kit("read-the-models-mind")
    shown = [kit.materialise("one-1", "interpretability-engineer", seed).shown["sheet.json"] for seed in SEEDS]
    assert len(set(shown)) == len(SEEDS) and not any("liar/" in text or "knows" in text for text in shown)
    for key in ("A.bob", "G.says-bob", "A.bob.9.logistic.end", "A.bob.3.ccs.end", "A.pairs.3", "", "A..3.lda.end"):
        assert not BENCH.knows(key)
        with pytest.raises(BadInput, match="one that the bench offers"):
            kit.look(SEEDS[0], key)
    assert LookBench.from_json(BENCH.to_json()) == BENCH and BENCH.knows("A.bob.3.lda.colour")
