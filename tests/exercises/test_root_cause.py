"""The drill "root cause": what is planted, what looks tell apart, and that a fix is run."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from drillyard.cli.app import app
from drillyard.drills import load_kit
from drillyard.errors import BadInput
from drillyard.exercises.root_cause.case import draw_case
from drillyard.exercises.root_cause.served import BENCH, HIGH, KINDS, NEW, Kind, expects, separates
from drillyard.exercises.root_cause.solving import run_fix, solve
from drillyard.planning.brief import load_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.looks import take_look

KIT = load_kit("root-cause")
SEED = 120
"""A prompt is the cause: S7, and S6 is suspected."""
ALL = {SEED: "prompt", 121: "model", 122: "tool", 119: "user", 144: "judge", 145: "judge"}


def every_look() -> Iterator[str]:
    """Yield each look of the bench."""
    for kind in BENCH.kinds:
        axes = [axis for axis in BENCH.axes if axis.id in kind.axes]
        for model in kind.models:
            for value in [one for one, _ in axes[0].choices] if axes else [""]:
                yield BENCH.key(model, kind.id, {axes[0].id: value} if axes else {})


def test_each_explanation_can_be_refuted_and_what_is_served_refutes_none_of_those_that_press() -> None:
    """By the table of what each lets expect: for any cause and rival some look comes out otherwise."""
    for cause in KINDS:
        for guilty in NEW if cause == "prompt" else ("",):
            for rival in set(KINDS) - {cause}:
                assert any(separates(key, cause, guilty, rival) for key in every_look())
    press: tuple[Kind, ...] = ("prompt", "model", "tool", "user")
    assert not any(separates("r3.served", one, "S6", other) for one in press for other in press)
    assert [expects("prompt", "S7", f"r3.version.{n}") for n in (1, 2)] == [False, False]
    assert [expects("prompt", "S6", f"r3.version.{n}") for n in (1, 2)] == [False, True]
    assert expects("model", "", "r3.neutral") and not expects("model", "", "r2.served")


def _right(seed: int) -> dict[str, str]:
    return solve(draw_case(seed), lambda key: KIT.look(seed, key))


@pytest.mark.walk
def test_the_reference_needs_eight_looks_at_most() -> None:
    """All of it is found within the budget; what lacks evidence, or the fix, does not pass."""
    taken: set[str] = set()
    right = solve(draw_case(SEED), lambda key: taken.add(key) or KIT.look(SEED, key))
    assert len(taken) <= 8 < BENCH.budget
    blind = {name: "" if name.startswith("by-") else said for name, said in right.items()}
    scores = [KIT.score(SEED, one)[0] for one in (right, blind, {**right, "first": "wait"})]
    assert scores[0] > 0.999 and max(scores[1:]) < KIT.drill.pass_mark


def test_a_fix_is_run() -> None:
    """What presses is gone without the guilty instruction alone; words against it do not help; lost ones are named."""
    case, right = draw_case(SEED), _right(SEED)
    served = "\n".join(one.text for one in case.served.context.instructions)
    before, after = run_fix(case, "", served), run_fix(case, "prompt-back", right["prompt"])
    assert before.pressing > 10 and not before.holds
    assert after.pressing == 0 and after.sound > 0.9 and after.holds
    assert not run_fix(case, "model-back", f"{served}\nNever press anybody.").holds
    assert run_fix(case, "prompt-back", right["prompt"].partition("\n")[2]).lost == ("S1",)
    assert not replace(after, served=False).holds


def test_the_bundle_gives_no_truth_away_and_the_log_is_one() -> None:
    """Neither seed nor what was planted is named; a line a reply; flags are as many as the paper says."""
    exam = KIT.materialise("one-1", "incident-engineer", SEED)
    for text in exam.shown.values():
        assert not re.search(r"planted|guilty|twin|upsell|truly|organism", text)
    rows = list(csv.DictReader(io.StringIO(exam.shown["log.csv"])))
    assert [row["id"] for row in rows[:2]] == ["t-0001", "t-0002"]  # names that no seed is in
    flagged = sum(int(row["label_bad"]) for row in rows)
    assert (
        f"has {len(rows)} replies" in exam.shown["sheet.json"] and f"flagged {flagged} as" in exam.shown["sheet.json"]
    )
    assert next(field for field in exam.sheet.fields if field.id == "prompt").start in "\n".join(
        one.text for one in draw_case(SEED).served.context.instructions
    )


def test_looks_are_taken_at_a_terminal_within_the_budget(tmp_path: Path) -> None:
    """Kept in the programme, the same one for nothing, none beyond the budget; a wrong name is told."""
    folder, exam = ProgramFolder(tmp_path), KIT.materialise("one-1", "incident-engineer", SEED)
    folder.write_brief(load_brief(Path(__file__).parents[2] / "examples" / "specialists" / "brief.yaml"))
    KIT.save(exam, folder.target(exam.instance))
    folder.write_truth(exam.truth)
    folder.write_instance(exam.instance)
    assert "log.csv" in {path.name for path in folder.target(exam.instance).iterdir()}
    made = CliRunner().invoke(app, ["drill", "look", str(tmp_path), "one-1", "r3.served", "--json"])
    assert json.loads(made.stdout)["found"]["value"] > HIGH and made.exit_code == 0
    assert take_look(folder, "one-1", "r3.served")[1] == BENCH.budget - 1
    with pytest.raises(BadInput, match="one that the bench offers"):
        take_look(folder, "one-1", "log.served")
    for key in [key for key in every_look() if key != "r3.served"][: BENCH.budget - 1]:
        take_look(folder, "one-1", key)
    with pytest.raises(BadInput, match="at most 12"):
        take_look(folder, "one-1", "r3.without.S7")
    assert "left out" not in CliRunner().invoke(app, ["drill", "look", str(tmp_path), "one-1"]).stdout


@pytest.mark.walk
@pytest.mark.parametrize("seed", ALL)
def test_every_cause_is_found_and_mended(seed: int) -> None:
    """Prompt, model, search, notes, a new guide, reviewers who always erred; and no cheat passes."""
    case = draw_case(seed)
    assert case.kind == ALL[seed] and KIT.fault_gate(seed).passed and KIT.twin_gate(seed).passed
    for key in every_look():
        assert (KIT.look(seed, key).found.value > HIGH) == expects(case.kind, case.guilty, key), key
    scores = {name: KIT.score(seed, made)[0] for name, made in KIT.solutions(seed).items()}
    assert scores["reference"] > 0.999 > scores["spoiled"] and scores["blank"] < scores["half"] < scores["reference"]
    assert {fix.name: scores[fix.name] >= KIT.drill.pass_mark for fix in KIT.fixes} == {
        fix.name: fix.verdict == "right" for fix in KIT.fixes
    }
