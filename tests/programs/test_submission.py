"""Submissions are data: read strictly, within limits, never run, never opened as a path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.drills import load_drill
from drillyard.errors import BadInput
from drillyard.organisms.worlds.failures import catalogue
from drillyard.organisms.worlds.world import load_world
from drillyard.programs.submission import MAX_BYTES, MAX_PROMPT, example_submission, read_file, read_submission
from drillyard.records import FailureMode, Instance, Submission

DRILL = load_drill("failure-hunt")
INSTANCE = Instance(
    id="hunt-1",
    drill="failure-hunt",
    role="engineer",
    target="instances/hunt-1/organism",
    templates=("v1", "v2", "v3", "v4"),
    behaviours=("pressure-selling", "over-refusal"),
    hints=0,
    model_hash="",
    twin_hash="",
    truth_hash="",
)
GOOD = example_submission(INSTANCE, load_world("helpdesk"))
SAID = [{"role": "user", "content": "hello"}]
MARKUP = "<script>alert('x')</script><img src=x onerror=y>&amp;{{7*7}}"
LINE = 400  # what one line of an error may hold at most


def read(data: bytes | str | dict[str, Any]) -> Submission:
    """Read a submission from bytes, text or data."""
    text = json.dumps(data) if isinstance(data, dict) else data
    return read_submission(text.encode() if isinstance(text, str) else text, DRILL, INSTANCE)


def changed(**changes: Any) -> dict[str, Any]:
    """Return the example's data with some fields changed; `claim__x` changes field x of its claim."""
    data = GOOD.to_data()
    for name, value in changes.items():
        where = data["claims"][0] if name.startswith("claim__") else data
        where[name.removeprefix("claim__")] = value
    return data


def question(text: str, template: str = "") -> dict[str, Any]:
    """Return a question's data."""
    return {"messages": [{"role": "user", "content": text}], "template": template}


def test_the_example_can_be_handed_in() -> None:
    """What `drill example` prints is itself a valid submission, so a learner starts from something that works."""
    assert read(GOOD.to_json(indent=2)) == GOOD


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "broken JSON"),
        (b"\xff\xfe{}", "broken JSON"),
        (b"[]", "found list, expected a submission record"),
        (b"NaN", "found float, expected a submission record"),
        (b"[" * 60_000, "broken JSON"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "broken JSON"),
        (b"1" * 10_000, "broken JSON"),
        (b'{"instance": "\\ud800"}', "broken JSON"),
        (b" " * (MAX_BYTES + 1), f"65,537 bytes, expected at most {MAX_BYTES:,}"),
    ],
)
def test_what_is_no_record_is_refused(data: bytes, message: str) -> None:
    """Broken, foreign, endless or half-encoded JSON is one line, whatever its depth."""
    with pytest.raises(BadInput, match=message):
        read(data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "version 2, expected 'submission' 1"),
        ({"extra": 1}, "field 'extra'"),
        ({"instance": "hunt-2"}, "a submission for 'hunt-2', expected one for 'hunt-1'"),
        ({"instance": "../../etc/passwd"}, "expected one for 'hunt-1'"),
        ({"claims": GOOD.to_data()["claims"] * 11}, "11 claims, expected at most 10"),
        ({"claim__behaviour": "laziness"}, "claim 1: behaviour 'laziness', expected one of: pressure-selling"),
        ({"claim__severity": 3}, "field 'claims.0.severity'"),
        ({"claim__severity": float("nan")}, "field 'claims.0.severity'"),
        ({"claim__questions": []}, "field 'claims.0.questions'"),
        ({"claim__questions": [question("hello")] * 6}, "claim 1: 6 questions, expected at most 5"),
        (
            {"claim__questions": [question("hello", "v9")]},
            "claim 1: template 'v9', expected one of: v1, v2, v3, v4, or none",
        ),
        ({"claim__questions": [question(" ")]}, "claim 1: a question of 1 characters, expected 1 to 500"),
        ({"claim__questions": [question("x" * (MAX_PROMPT + 1))]}, "claim 1: a question of 501 characters"),
        (
            {"claim__questions": [{"messages": [*SAID, {"role": "system", "content": "x"}]}]},
            "question of user, system messages",
        ),
        ({"claim__questions": [{"messages": [*SAID, {"role": "assistant", "content": "x"}]}]}, "the last a user's"),
        (
            {"claim__questions": [{"messages": [{"role": "root", "content": "x"}]}]},
            "claims.0.questions.0.messages.0.role",
        ),
        ({"claim__trigger": {"templates": ["/etc/passwd"]}}, "claim 1: template '/etc/passwd'"),
        ({"claim__trigger": {"groups": [["x"] * 201]}}, "claim 1: 201 trigger words, expected at most 200"),
        ({"claim__note": "n" * 2001}, "field 'claims.0.note'"),
        ({"claim__code": "import os"}, "field 'claims.0.code'"),
        ({"x" * 5_000: 1}, "field 'xxx"),
        ({"record": "y" * 5_000}, "found record"),
    ],
)
def test_each_wrong_field_has_its_line(changes: dict[str, Any], message: str) -> None:
    """A wrong, unknown or excessive field is named in one short line, with what was expected."""
    with pytest.raises(BadInput) as caught:
        read(changed(**changes))
    assert message in str(caught.value)
    assert len(str(caught.value)) < LINE and "\n" not in str(caught.value)


def test_no_claim_is_a_submission() -> None:
    """Who found nothing may say so."""
    assert read(changed(claims=[])).claims == ()


@pytest.mark.parametrize("mode", catalogue(load_world("helpdesk")), ids=lambda mode: mode.id)
def test_every_planted_trigger_can_be_claimed(mode: FailureMode) -> None:
    """The limits leave room for the truth: a claim in the very words of what can be planted is read."""
    assert read(changed(claim__trigger=mode.trigger.model_dump(mode="json"))).claims[0].trigger == mode.trigger


def test_markup_is_text() -> None:
    """HTML in every text field comes through letter for letter: pages escape it, nothing cleans it, nothing runs it."""
    trigger = {"words": MARKUP, "groups": [[MARKUP]]}
    data = changed(learner=MARKUP, claim__note=MARKUP, claim__trigger=trigger, claim__questions=[question(MARKUP)])
    read_back = read(data)
    (claim,) = read_back.claims
    assert (read_back.learner, claim.note, claim.trigger.words) == (MARKUP, MARKUP, MARKUP)
    assert claim.trigger.groups == ((MARKUP,),) and claim.questions[0].last_user == MARKUP
    assert json.loads(read_back.to_json()) == read_back.to_data()


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
nested = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=8
)


@st.composite
def nearly_right(draw: st.DrawFn) -> dict[str, Any]:
    """Return the example's data with anything at all in one place."""
    data = GOOD.to_data()
    where: Any = data
    while isinstance(where, dict | list) and where:
        key = draw(st.sampled_from(sorted(where))) if isinstance(where, dict) else 0
        if draw(st.booleans()) or not isinstance(where[key], dict | list):
            where[key] = draw(nested)
            break
        where = where[key]
    return data


@given(data=nearly_right() | nested)
def test_anything_is_read_or_refused(data: Any) -> None:
    """Whatever JSON comes, the answer is a submission within the limits or one short line; nothing else escapes."""
    try:
        submission = read(json.dumps(data))
    except BadInput as error:
        assert 0 < len(str(error)) < LINE
        return
    assert submission.instance == INSTANCE.id
    assert len(submission.claims) <= DRILL.max_claims
    assert all(len(claim.questions) <= DRILL.max_questions for claim in submission.claims)
    assert read(submission.to_json()) == submission


@given(data=st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-16")))
def test_any_bytes_are_refused_in_one_line(data: bytes) -> None:
    """Bytes that are no JSON are told so, in any encoding."""
    with pytest.raises(BadInput):
        read(data)


def test_a_file_is_read(tmp_path: Path) -> None:
    """A submission on disk is the submission in it."""
    (tmp_path / "claims.json").write_text(GOOD.to_json())
    assert read(read_file(tmp_path / "claims.json", DRILL, INSTANCE)) == GOOD


def test_a_huge_file_is_not_loaded(tmp_path: Path) -> None:
    """50 MB are refused by their size; no more than the limit is read."""
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(BadInput, match=f"a submission of 50,000,000 bytes, expected at most {MAX_BYTES:,}"):
        read_file(tmp_path / "huge.json", DRILL, INSTANCE)


def test_a_missing_file_names_the_way_to_one(tmp_path: Path) -> None:
    """No file, or a folder in its place: the line says how to get an example."""
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(BadInput, match=r"drillyard drill example PROGRAMME hunt-1 > claims.json"):
            read_file(path, DRILL, INSTANCE)
