"""Every drill folder has the same form: data, a page, one right fix and plausible wrong ones that are explained."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from drillyard.drills import load_kit
from drillyard.drills.exam import Exam
from drillyard.drills.fixes import read_fixes
from drillyard.errors import BadInput
from drillyard.records import Submission
from drillyard.registry import cards

DRILLS = {name: card for name, card in cards("drills").items() if card.target.startswith("drillyard.")}
REFERENCE_CHEATS = {
    "best-blind",
    "all-variants",
    "all-at-once",
    "empty",
    "always-refuse",
    "one-for-all",
    "hard-coded",
    "spray",
    "asks-the-grader",
    "near-miss",
}
each_drill = pytest.mark.parametrize("name", DRILLS)


def folder_of(name: str) -> Traversable:
    """Return a drill's folder."""
    return resources.files(DRILLS[name].target.rpartition(".")[0])


@each_drill
def test_a_drill_folder_has_its_parts(name: str) -> None:
    """Data, plant code, a page with the same headings everywhere, and fixes."""
    folder = folder_of(name)
    assert folder.name == name.replace("-", "_")
    kit = load_kit(name)
    assert kit.drill.id == name
    page = kit.bundle["README.md"]
    assert page == (folder / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", page, flags=re.MULTILINE)
    needed = ["What the learner gets", "What is planted", "How it is graded", "Fixes", "Limits"]
    assert [one for one in headings if one in needed] == needed


@each_drill
def test_fixes_are_explained(name: str) -> None:
    """One right fix, at least two wrong ones; each says what it does, why it tempts, what comes of it, in sentences."""
    fixes = load_kit(name).fixes
    assert [fix.verdict for fix in fixes].count("right") == 1
    assert [fix.verdict for fix in fixes].count("wrong") >= 2
    assert fixes[0].verdict == "right"
    files = {file.name for file in (folder_of(name) / "fixes").iterdir()}
    assert files == {f"{fix.name}.yaml" for fix in fixes}
    for fix in fixes:
        for words in (fix.does, fix.tempting, fix.outcome):
            assert len(words.split()) >= 4 and words.strip().endswith("."), f"{name}/{fix.name}: {words!r}"


def test_the_task_names_no_answer() -> None:
    """What every learner reads tells no variant. Only the hunt plants by seed; the others' answers are no failures."""
    kit = load_kit("failure-hunt")
    for seed in range(50):
        for mode in kit.materialise("any-1", "any", seed).truth.failures:
            assert mode.id not in kit.drill.task and mode.title not in kit.drill.task


def test_the_cheats_of_the_book_are_among_them() -> None:
    """The failure hunt is tried with every cheat that applies to claims as data."""
    assert {fix.name for fix in load_kit("failure-hunt").fixes} > REFERENCE_CHEATS


def test_every_fix_hands_something_in(exam: Exam, handed_in: Mapping[str, Submission]) -> None:
    """What is described and what is implemented are the same fixes; each could come from a learner."""
    fixes = load_kit(exam.drill.id).fixes
    assert set(handed_in) == {fix.name for fix in fixes}
    for name, submission in handed_in.items():
        assert submission.instance == exam.instance.id
        assert len(submission.claims) <= exam.drill.max_claims
        assert all(len(claim.questions) <= exam.drill.max_questions for claim in submission.claims)
        assert bool(submission.claims) is (name != "empty")


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    """A fix without its reason is refused."""
    (tmp_path / "fixes").mkdir()
    (tmp_path / "fixes" / "x.yaml").write_text("name: x\nverdict: wrong\ndoes: Nothing.\ntempting: Easy.\n")
    with pytest.raises(BadInput, match="x.yaml: fix: field 'outcome': found nothing"):
        read_fixes(tmp_path)
