"""Benchmark builder: evals read as they say, run on models whose failures are known, and leave as a registry."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
import yaml

from drillyard.drills import load_kit
from drillyard.drills.answers.scoring import as_words
from drillyard.errors import BadInput
from drillyard.exercises.benchmark_builder.case import FAILING, SAMPLES, TWIN, draw_case, reference_eval
from drillyard.exercises.benchmark_builder.evals import Eval

KIT = load_kit("benchmark-builder")
SEED = 2**61 + 5


@pytest.mark.parametrize(
    ("must", "must_not", "reply", "passes"),
    [
        ("35 euros", "", "It costs 135 euros.", True),  # the trap that the lesson is about
        ("costs 35 euros", "", "It costs 135 euros.", False),
        ("COSTS 35", "", "It costs 35 euros.", True),
        ("", "gold cover", "Add Gold Cover now.", False),
        ("", "gold cover", "It weighs 30 grams.", True),
        ("grams", "Gold", "30 grams. Add Gold Cover.", False),
    ],
)
def test_a_check_reads_as_it_says(must: str, must_not: str, reply: str, passes: bool) -> None:
    """Capitals do not matter, words may stand anywhere, both halves must hold."""
    assert Eval(template="", question="?", must=must, must_not=must_not).passes(reply) == passes


def test_an_eval_is_complete_when_it_asks_and_checks() -> None:
    """A question alone, or a check alone, is none."""
    told = [("?", "a", ""), ("?", "", "b"), ("?", "", ""), ("", "a", "b")]
    assert [Eval(template="", question=q, must=a, must_not=b).complete for q, a, b in told] == [
        True,
        True,
        False,
        False,
    ]


def test_what_is_caught_agrees_with_a_count_by_hand() -> None:
    """Each finding's own eval fails where the failure is and passes the twin; one that always fails catches nothing."""
    case = draw_case(SEED)
    for mode in case.findings:
        one = reference_eval(case.world, mode, "")
        wrong = [reply for reply in case.replies(FAILING, one) if not one.passes(reply)]
        assert len(wrong) == case.failed(FAILING, one) >= SAMPLES * mode.rate / 2
        assert case.failed(TWIN, one) == 0 and case.caught(one) is mode
    anything = Eval(template="", question="What do you sell?", must="xylophone", must_not="")
    assert case.failed(TWIN, anything) == SAMPLES and case.caught(anything) is None


def test_more_that_is_right_scores_more() -> None:
    """Every wrong fix stays below the mark; blank, half and all that is right rise; a false alarm costs a fifth."""
    scores = {name: KIT.score(SEED, answers)[0] for name, answers in KIT.solutions(SEED).items()}
    assert all(low < high for low, high in pairwise(scores[name] for name in ("blank", "half", "reference")))
    wrong = {fix.name: scores[fix.name] for fix in KIT.fixes if fix.verdict == "wrong"}
    assert len(wrong) == 10 and max(wrong.values()) < KIT.drill.pass_mark <= scores["reference"] == 1
    assert scores["spoiled"] == pytest.approx(0.6)


def test_papers_differ_and_name_no_failure() -> None:
    """Two seeds report other findings; the paper has their sentences, and neither ids nor questions."""
    one, other = draw_case(SEED), draw_case(SEED + 1)
    assert {mode.id for mode in one.findings} != {mode.id for mode in other.findings}
    words = as_words(KIT.sheet(SEED))
    assert all(mode.title in words and mode.id not in words for mode in one.findings)
    assert not any(reference_eval(one.world, mode, "").question in words for mode in one.findings)
    assert KIT.fault_gate(SEED).passed and KIT.twin_gate(SEED).passed


def test_a_preview_asks_both_models() -> None:
    """A row per eval, whole or not, with how many of a few replies fail; an empty form is one line."""
    right = KIT.solutions(SEED)["reference"]
    tried = KIT.preview(SEED, right)
    assert len(tried.rows) == 5 and all(row[2].startswith("all 4 pass") for row in tried.rows)
    assert sum("of 4 fail" in row[1] for row in tried.rows) == 5
    half = {**KIT.solutions(SEED)["blank"], "eval-2-question": "How much is it?"}
    assert KIT.preview(SEED, half | {"eval-1-question": "?", "eval-1-must": "x"}).rows[1][1] == "not tried"
    with pytest.raises(BadInput, match="an empty form"):
        KIT.preview(SEED, KIT.solutions(SEED)["blank"])
    assert "eval 2 half done" in KIT.unfinished(half) and not KIT.unfinished(right)


def test_a_result_says_how_near_an_eval_came_and_not_what_is_right() -> None:
    """A later copy may hold the same finding, so no question and no words of the reference are in it."""
    case, solutions = draw_case(SEED), KIT.solutions(SEED)
    for name, told in (("never-fails", "asks what shows it"), ("beside-the-point", "none of your questions")):
        words = [check.words for check in KIT.score(SEED, solutions[name])[1].checks]
        assert all(told in one for one in words)
        if name == "beside-the-point":
            right = [reference_eval(case.world, mode, "") for mode in case.findings]
            assert not any(one.question in text for one in right for text in words)


def test_a_registry_holds_every_eval() -> None:
    """Samples with the system message, `Includes` for what must be said, and the benchmark for the rest."""
    files = KIT.export(SEED, KIT.solutions(SEED)["reference"])
    samples = [json.loads(line) for line in files["data/my-evals/samples.jsonl"].splitlines()]
    assert len(samples) == 5 and all(sample["input"][-1]["role"] == "user" for sample in samples)
    entries = yaml.safe_load(files["evals/my-evals.yaml"])
    classes = [entry["class"] for entry in entries.values() if "class" in entry]
    assert classes[0] == "evals.elsuite.basic.includes:Includes" and "oaieval" in files["README.txt"]
    with pytest.raises(BadInput, match="no whole eval"):
        KIT.export(SEED, KIT.solutions(SEED)["blank"])
