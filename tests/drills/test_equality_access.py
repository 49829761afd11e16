"""G10 and G12: copies as hard as the usual one by two one-sided tests; words and forms that people can read."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from drillyard import registry
from drillyard.drills import load_kit
from drillyard.drills.access import GRADES, accessible, form_faults, grades_of
from drillyard.drills.equality import MARGIN, equally_hard
from drillyard.records import AnswerField, AnswerSheet, PaperTable

USUAL = {f"fix-{number}": value for number, value in enumerate(np.linspace(0, 1, 10).tolist())}
PLAIN = "We read each reply and ask what it does to the one who gets it. " * 8
HEAVY = (
    "Notwithstanding considerable organisational heterogeneity, comprehensive documentation requirements necessitate "
    "interdisciplinary consideration of probabilistic interdependencies between governance instrumentation, "
    "accountability structures and longitudinal performance characterisation across jurisdictional environments. "
) * 3
FIELD = AnswerField(id="a", label="Which pile?", kind="choice", choices=(("x", "Now"), ("y", "Later")))


def scored(apart: float, spread: float, rng: np.random.Generator) -> dict[str, float]:
    """Return scores that lie apart from the usual ones by so much on average."""
    return {name: value + apart + spread * float(rng.standard_normal()) for name, value in USUAL.items()}


def test_the_interval_is_that_of_a_peer() -> None:
    """The gate passes exactly where both one-sided paired t-tests of scipy reject at 5 %."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        found = scored(float(rng.uniform(-0.3, 0.3)), 0.1, rng)
        apart = np.array([found[name] - USUAL[name] for name in USUAL])
        low = stats.ttest_1samp(apart, -MARGIN, alternative="greater").pvalue
        high = stats.ttest_1samp(apart, MARGIN, alternative="less").pvalue
        assert equally_hard(found, USUAL).passed == (max(low, high) < 0.05)


def test_harder_copies_hardly_pass_and_equal_ones_do() -> None:
    """At a true difference of the margin at most 5 % pass; with none, nearly all of them."""
    rng = np.random.default_rng(2)
    for apart, low, high in ((MARGIN, 0.03, 0.07), (-MARGIN, 0.03, 0.07), (0.0, 0.95, 1.0), (2 * MARGIN, 0.0, 0.001)):
        share = np.mean([equally_hard(scored(apart, 0.1, rng), USUAL).passed for _ in range(2000)])
        assert low <= share <= high, (apart, share)


def test_scattered_scores_are_no_proof_and_nothing_measured_is_said() -> None:
    """A mean of 0 over solvers that differ wildly is not equal; a drill without a pool is not judged."""
    scattered = {name: value + (0.6 if number % 2 else -0.6) for number, (name, value) in enumerate(USUAL.items())}
    gate = equally_hard(scattered, USUAL)
    assert not gate.passed and abs(gate.estimates["apart"].value) < 1e-9
    assert "not judged" in equally_hard(scattered, {}).detail and equally_hard(scattered, {}).passed
    assert equally_hard(USUAL, USUAL).passed


def test_shipped_drills_say_what_the_usual_copy_scores() -> None:
    """All but the one whose wrong fixes are not graded to the end; the right ones pass on it, the wrong ones do not."""
    for name in registry.cards("drills"):
        kit = load_kit(name)
        if name in ("too-permissive-too-censored", "plugin-hunt"):
            continue
        for usual, mark in ((kit.drill.usual, kit.drill.pass_mark),):
            assert {fix.name for fix in kit.fixes} == set(usual), name
            for fix in kit.fixes:
                assert (usual[fix.name] >= mark) == (fix.verdict == "right"), (name, fix.name)


def test_the_reading_level_is_the_published_index() -> None:
    """By hand: 6 words of 3.5 letters in 1 sentence, ten times; code and figures are not counted."""
    text = "The old cat sat down here. " * 10
    letters, words = len("Theoldcatsatdownhere"), 6
    assert grades_of([text]) == pytest.approx(4.71 * letters / words + 0.5 * words - 21.43)
    assert grades_of([text + "`drillyard_align --technique`"]) == pytest.approx(grades_of([text]))
    assert grades_of(["Too few words."]) is None
    plain, heavy = grades_of([PLAIN]), grades_of([HEAVY])
    assert plain is not None and heavy is not None and plain < 8 < GRADES < heavy


def test_what_cannot_be_read_or_heard_does_not_pass() -> None:
    """Heavy words; two fields of one name, choices that sound alike, a table without heads."""
    sheet = AnswerSheet(title="Paper", parts=(PaperTable(title="Rule", words=PLAIN),), fields=(FIELD,))
    assert accessible([PLAIN], sheet).passed and accessible([PLAIN], None).passed
    assert not accessible([HEAVY], None).passed
    spoilt = {
        "in one group": {"fields": (FIELD, FIELD.model_copy(update={"id": "b"}))},
        "without a label": {"fields": (FIELD.model_copy(update={"label": " "}),)},
        "sound alike": {"fields": (FIELD.model_copy(update={"choices": (("x", "Now"), ("y", "Now "))}),)},
        "head for each column": {"parts": (PaperTable(title="T", words="", heads=("a",), rows=(("1", "2"),)),)},
        "without a title": {"parts": (PaperTable(title="", words="", heads=("a",), rows=(("1",),)),)},
    }
    for says, change in spoilt.items():
        assert any(says in told for told in form_faults(sheet.model_copy(update=change))), says
        assert not accessible([PLAIN], sheet.model_copy(update=change)).passed
