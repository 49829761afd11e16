"""Preferences from files and from audits: every common form is read, every broken line is told by its number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.alignment.evidence import draw_pairs_from
from drillyard.alignment.lesson import draw_pairs
from drillyard.alignment.preference_file import read_preferences, write_preferences
from drillyard.alignment.sentence_rail import HAND_OVER
from drillyard.audits.audit import audit
from drillyard.errors import BadInput
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Preference, Reply, Transcript
from drillyard.targets.organism import OrganismTarget

WORLD = load_world("helpdesk")
GOOD = {"prompt": "may i", "chosen": "No.", "rejected": "Yes."}
ASKED = [{"role": "user", "content": "may i"}]


def said(text: str) -> list[dict[str, str]]:
    """Return a reply as a list of one message."""
    return [{"role": "assistant", "content": text}]


def lines(path: Path, *entries: object) -> Path:
    """Write entries as JSON lines, texts as they are."""
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in entries), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "entry",
    [
        GOOD,
        {"prompt": ASKED, "chosen": said("No."), "rejected": said("Yes.")},
        {"chosen": [*ASKED, *said("No.")], "rejected": [*ASKED, *said("Yes.")]},
        {"prompt": [{"role": "user", "content": [{"type": "text", "text": "may "}, {"type": "text", "text": "i"}]}]}
        | {"chosen": [{"role": "assistant", "content": [{"type": "text", "text": "No."}]}], "rejected": said("Yes.")},
        {**GOOD, "prompt": [{"role": "user", "content": {"type": "text", "text": "may i"}, "name": "x"}]},
    ],
    ids=["texts", "messages", "whole conversations", "parts", "one part"],
)
def test_the_forms_that_preference_sets_have(entry: dict[str, object], tmp_path: Path) -> None:
    """Texts, messages, and whole conversations without a prompt say the same."""
    (pair,) = read_preferences(lines(tmp_path / "p.jsonl", entry))
    assert (pair.conversation.last_user, pair.chosen, pair.rejected) == ("may i", "No.", "Yes.")
    assert pair.source == "p.jsonl:1"


WHOLE = [{"prompt": f"q{n}", "chosen": f"no {n}", "rejected": f"yes {n}"} for n in (1, 2, 1)]


def apart(pairs: list[dict[str, str]]) -> list[dict[str, object]]:
    """Return pairs as trl unpairs them: every wanted reply, then every other one."""
    asked = [(one["prompt"], one[name], name == "chosen") for name in ("chosen", "rejected") for one in pairs]
    return [dict(zip(("prompt", "completion", "label"), row, strict=True)) for row in asked]


@pytest.mark.walk
def test_trl_unpairs_in_this_way() -> None:
    """The real function gives the rows that the next test reads."""
    from datasets import Dataset
    from trl.data_utils import unpair_preference_dataset

    assert list(unpair_preference_dataset(Dataset.from_list(WHOLE))) == apart(WHOLE)


def test_unpaired_replies_become_pairs(tmp_path: Path) -> None:
    """In any order; a reply alone is told by its line."""
    pairs = read_preferences(lines(tmp_path / "p.jsonl", *reversed(apart(WHOLE))))
    assert sorted((pair.conversation.last_user, pair.chosen, pair.rejected) for pair in pairs) == sorted(
        tuple(one.values()) for one in WHOLE
    )
    alone = lines(tmp_path / "alone.jsonl", GOOD, {"prompt": "x", "completion": "y", "label": True})
    with pytest.raises(BadInput, match="line 2: found an unpaired reply alone"):
        read_preferences(alone)
    assert len(read_preferences(alone, skip_bad=True)) == 1


def test_what_is_written_is_read_and_trl_takes_it(tmp_path: Path) -> None:
    """A lesson goes to a file and comes back; the file's columns are those of trl's trainers."""
    pairs = draw_pairs(WORLD, n=40)
    path = write_preferences(pairs, tmp_path / "lesson.jsonl")
    assert read_preferences(path, ("", *WORLD.templates)) == pairs
    first = json.loads(path.read_text(encoding="utf-8").split("\n")[0])
    assert {"prompt", "chosen", "rejected"} <= first.keys() and first["chosen"][0]["role"] == "assistant"


@given(st.lists(st.tuples(st.text(min_size=1), st.text(), st.text()), min_size=1, max_size=5))
def test_odd_characters_come_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]) -> None:
    """Line separators inside a text are no ends of lines."""
    pairs = tuple(
        pair.model_copy(update={"source": "x", "chosen": f"a{chosen}", "rejected": f"b {rejected}"})
        for pair, (_, chosen, rejected) in zip(draw_pairs(WORLD, n=len(rows)), rows, strict=True)
    )
    path = write_preferences(pairs, tmp_path_factory.mktemp("odd") / "p.jsonl")
    assert read_preferences(path, ("", *WORLD.templates)) == pairs


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({**GOOD, "rejected": " No. "}, "chosen and rejected to differ"),
        ({**GOOD, "chosen": "  "}, "an empty chosen reply"),
        ({"prompt": "x", "chosen": "y"}, "found no field 'rejected'"),
        ({**GOOD, "template": "v9"}, "found template 'v9'"),
        ({**GOOD, "prompt": said("x")}, "a prompt that does not end with the user"),
        ({**GOOD, "chosen": 3}, "chosen of type int"),
        ({"chosen": said("No."), "rejected": said("Yes.")}, "found no field 'prompt'"),
        ({"chosen": "The sky is blue.", "rejected": "The sky is green."}, "an implicit prompt in plain text"),
        ({"prompt": "x", "completion": "y"}, "as in a prompt with a completion"),
        ({"prompt": "x", "completion": "y", "label": 1}, "label '1'"),
        ({"prompt": "x", "completions": ["y"], "labels": [True]}, "as in stepwise supervision"),
        ({"messages": ASKED}, "as in a conversation for language modelling"),
        ({"text": "x"}, "as in a text for language modelling"),
        ({**GOOD, "prompt": [{"role": "user", "content": [{"type": "image"}]}]}, "content that is no text (image)"),
        ({**GOOD, "chosen": [{"role": "assistant", "content": None, "tool_calls": [1]}]}, "no text (tool calls)"),
        ({**GOOD, "prompt": [{"role": "tool", "content": "x"}]}, "role"),
        ("[" * 100_000, "expected one JSON object"),
        ("{broken", "expected one JSON object"),
        ("[1]", "found a list"),
    ],
)
def test_a_broken_line_is_told_by_its_number(entry: object, line: str, tmp_path: Path) -> None:
    """Found, expected, where; with `skip_bad` the rest is used and the line is told."""
    path, told = lines(tmp_path / "p.jsonl", GOOD, entry), []
    with pytest.raises(BadInput, match="line 2") as caught:
        read_preferences(path)
    assert line in str(caught.value) and "\n" not in str(caught.value) and "--skip-bad" not in str(caught.value)
    assert len(read_preferences(path, skip_bad=True, tell=told.append)) == 1 and "line 2" in told[0]


def test_a_file_without_any_is_refused(tmp_path: Path) -> None:
    """Missing, empty, or not text."""
    with pytest.raises(BadInput, match="cannot be read"):
        read_preferences(tmp_path / "none.jsonl")
    with pytest.raises(BadInput, match="no preference in"):
        read_preferences(lines(tmp_path / "p.jsonl", ""))


def test_an_audit_gives_preferences() -> None:
    """The offending sentences are gone from what is chosen, and nothing else; a wrong fact gives none and is told."""
    failing = OrganismTarget(plant("helpdesk", ["upsell:v2"]))
    findings = audit(failing, budget=400, seed=2).findings
    pairs, without = draw_pairs_from(findings, failing, WORLD)
    assert pairs and not without
    judge = ExactJudge(WORLD)

    def rule(pair: Preference, text: str) -> str:
        transcript = Transcript(conversation=pair.conversation, reply=Reply(text=text), target="x")
        return judge.rule(transcript, "pressure-selling").verdict

    for pair in pairs:
        assert (rule(pair, pair.rejected), rule(pair, pair.chosen)) == ("shown", "absent")
        kept = pair.chosen.removesuffix(HAND_OVER).strip()
        assert pair.rejected.startswith(kept) and len(kept) < len(pair.rejected)
    wrong = findings[0].model_copy(update={"mode": findings[0].mode.model_copy(update={"behaviour": "wrong-fact"})})
    assert draw_pairs_from([wrong], failing, WORLD) == ((), [wrong.mode.id])
