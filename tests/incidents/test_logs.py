"""Every form of log becomes the same rows, and what is wrong with a log has one clear outcome and loses nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from incidents.traffic import turns

from drillyard.errors import BadInput
from drillyard.incidents.case import Case, LogCoverage
from drillyard.incidents.generate.writing import WRITERS, write_logs
from drillyard.incidents.logs.redact import Redactor
from drillyard.incidents.logs.turn import Turn, read_label
from drillyard.incidents.opening import open_incident

FEW = turns(sessions=20)[0]


def opened(tmp_path: Path, lines: list[Any], name: str = "turns.jsonl", **options: Any) -> Case:
    """Open a log of these lines, each a string, bytes or an object."""
    folder = tmp_path / "logs"
    folder.mkdir(exist_ok=True)
    raw = [
        one if isinstance(one, bytes) else (one if isinstance(one, str) else json.dumps(one)).encode() for one in lines
    ]
    (folder / name).write_bytes(b"\n".join(raw) + b"\n")
    return open_incident([folder], tmp_path / "case", **options)


def coverage(case: Case) -> LogCoverage:
    """Return the coverage of a case, whose rows must add up: what was seen is usable or told why not."""
    found = case.coverage
    lost = (case.folder / "rejected.jsonl").read_text().splitlines()
    assert found.seen == found.usable + sum(found.why_not.values())
    assert len(lost) == sum(found.why_not.values())
    return found


@pytest.mark.parametrize("form", WRITERS)
def test_every_form_becomes_the_same_rows(tmp_path: Path, form: str) -> None:
    """What a tool writes down of a turn is what a row holds of it."""
    write_logs(FEW, form, tmp_path / "logs")
    case = open_incident([tmp_path / "logs"], tmp_path / "case")
    rows = list(case.rows())
    assert coverage(case).usable == len(FEW) and case.coverage.format == form.removesuffix("-old").replace(
        "csv", "plain"
    ).replace("parquet", "plain")
    assert [row.user_text for row in rows] == [one["prompt"] for one in FEW]
    assert [row.response_text for row in rows] == [one["response"] for one in FEW]
    assert [row.label_bad for row in rows] == [one["label_bad"] for one in FEW]
    assert [case.template(row).systems(row.vars) for row in rows] == [(one["system"],) for one in FEW]
    assert [row.cohort for row in rows] == [one["cohort"] for one in FEW]
    if form != "inspect":  # an evaluation has tasks, no sessions and releases
        assert len({row.session for row in rows}) == len({one["session"] for one in FEW})
        assert [row.release for row in rows] == [one["release"] for one in FEW]
        assert all(row.feedback.get("engagement", row.scores.get("engagement")) is not None for row in rows)
    if form not in ("inspect", "otel-old"):
        assert [row.template_id for row in rows] == [one["template_id"] for one in FEW]


def test_forms_say_the_same_in_other_ways(tmp_path: Path) -> None:
    """Messages in attributes, in events and their bodies, in nested batches, with the reply among the choices."""
    asked, told = {"role": "user", "content": "How heavy is it?"}, {"role": "assistant", "content": "5 kg."}
    parts = [[{**one, "parts": [{"type": "text", "content": one["content"]}]}] for one in (asked, told)]
    new = {f"gen_ai.{side}.messages": json.dumps(one) for side, one in zip(("input", "output"), parts, strict=True)}
    batches = [[{"lc": 1, "kwargs": {"type": "human", "content": asked["content"]}}]]
    generations = [[{"text": told["content"], "message": {"kwargs": {"type": "ai", "content": told["content"]}}}]]
    lines: list[Any] = [
        {"traceId": "1", "attributes": [{"key": key, "value": {"stringValue": one}} for key, one in new.items()]},
        {"traceId": "2", "events": [{"name": "gen_ai.client.inference.operation.details", "attributes": new}]},
        {"traceId": "3", "attributes": {}, "events": [
            {"name": "gen_ai.user.message", "body": asked}, {"name": "gen_ai.choice", "body": {"message": told}}]},
        {"traceId": "4", "attributes": {
            "gen_ai.prompt": asked["content"], "gen_ai.completion": json.dumps([told])}},
        {"traceId": "5", "attributes": {"openinference.span.kind": "LLM", "output.value": told["content"],
                                        "input.value": json.dumps({"messages": [asked]})}},
        {"run_id": "6", "run_type": "llm", "inputs": {"messages": batches}, "outputs": {"generations": generations}},
        {"traceId": "7", "type": "GENERATION", "promptName": "p", "input": [asked], "output": told},
        {"id": 8, "epoch": 1, "input": asked["content"], "output": {"choices": [{"message": {"content": "5 kg."}}]}},
        {"id": "9", "object": "chat.completion", "choices": [{"message": told}], "request": {"messages": [asked]}},
        {"id": "10", "messages": [asked, told]},
    ]  # fmt: skip
    case = opened(tmp_path, lines)
    assert [(row.user_text, row.response_text) for row in case.rows()] == [(asked["content"], told["content"])] * 10
    assert coverage(case).format == "inspect and langfuse and langsmith and openai and openinference and otel and plain"


def test_half_a_parquet_file_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    """A copy that broke off says so; there is nothing half read to take for the whole."""
    path = write_logs(FEW, "parquet", tmp_path / "logs")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadInput, match="no whole Parquet file .* copy it again; nothing was changed"):
        open_incident([tmp_path / "logs"], tmp_path / "case")
    assert not (tmp_path / "case").exists()


def test_files_of_several_forms_make_one_case(tmp_path: Path) -> None:
    """Teams move from one tool to another in the midst of an incident."""
    for form in ("langfuse", "otel", "parquet"):
        write_logs(FEW[:5] if form == "otel" else FEW[5:9] if form == "langfuse" else FEW[9:], form, tmp_path / "logs")
    case = open_incident([tmp_path / "logs"], tmp_path / "case")
    assert coverage(case).format == "langfuse and otel and plain"
    assert case.coverage.usable == len(FEW)


def test_what_is_no_row_is_told_by_place_and_reason(tmp_path: Path) -> None:
    """Broken JSON, other objects, calls without reply or request: each counted, none dropped in silence."""
    lines: list[Any] = [*FEW[:3], '{"prompt": "a', "[1, 2]", {"colour": "red"}, {"prompt": "a", "response": ""}]
    lines += [{"messages": [{"role": "assistant", "content": "b"}]}, {"prompt": 3.5, "response": "x", "tools": 7}]
    found = coverage(opened(tmp_path, lines))
    assert found.usable == 4  # a number for a prompt is a text
    assert found.why_not == {
        "broken JSON": 1, "no JSON object": 1, "keys of no known form": 1, "no reply": 1, "no message of a user": 1,
    }  # fmt: skip


def test_the_same_row_twice_counts_once_and_an_id_used_twice_is_kept(tmp_path: Path) -> None:
    """An exporter that tries again doubles rows; an id that is not one loses none."""
    other = {**FEW[0], "prompt": "something else", "response": "another reply"}
    found = coverage(opened(tmp_path, [FEW[0], FEW[1], FEW[0], other]))
    assert found.usable == 3 and found.why_not == {"the same row again": 1}
    assert found.notes == {"ids that came before with other content (kept)": 1}


def test_a_clock_that_goes_backwards_is_noted(tmp_path: Path) -> None:
    """The rows stay; who reads the case knows that its times are not to be trusted to the second."""
    rows = [{**FEW[0], "id": str(n), "ts": 1_762_000_000 - 60 * n} for n in range(3)]
    found = coverage(opened(tmp_path, rows))
    assert found.usable == 3 and found.notes == {"rows earlier than the one before them in their session": 2}


def test_bytes_that_are_no_utf8_do_not_cost_the_row(tmp_path: Path) -> None:
    """They become U+FFFD, and are counted."""
    broken = json.dumps(FEW[1]).encode().replace(b"euros", b"\xa4uros")
    found = coverage(opened(tmp_path, [FEW[0], broken]))
    assert found.usable == 2 and found.notes == {"bytes that are no UTF-8 were read as U+FFFD": 1}


def test_a_message_of_forty_megabytes_is_kept_whole(tmp_path: Path) -> None:
    """Somebody pastes a disk image; the case still opens."""
    case = opened(tmp_path, [FEW[0], {**FEW[1], "prompt": "x" * 40_000_000}])
    assert coverage(case).usable == 2
    assert case.frame().select(pl.col("user_text").str.len_bytes().max()).collect().item() == 40_000_000


def test_logs_without_a_usable_row_are_refused(tmp_path: Path) -> None:
    """The line says what was found instead, and the folder takes the log that was meant."""
    with pytest.raises(BadInput, match="no usable row .2 times keys of no known form."):
        opened(tmp_path, [{"a": 1}, {"b": 2}])
    assert coverage(opened(tmp_path, FEW)).usable == len(FEW)


def test_another_case_in_the_folder_is_not_written_over(tmp_path: Path) -> None:
    """The seal of one incident is not lost to the logs of the next."""
    opened(tmp_path, [*FEW[:5]])
    with pytest.raises(BadInput, match="another case in"):
        opened(tmp_path, [*FEW[5:9]])


def test_personal_data_is_replaced_by_keyed_hashes(tmp_path: Path) -> None:
    """The same person stays the same; the key lies beside the case, for its owner alone."""
    said = {**FEW[0], "prompt": "mail me at ada.quill@example.org or call +49 30 1234567", "user": "ada", "id": "1"}
    case = opened(tmp_path, [said, {**said, "id": "2", "response": "ada.quill@example.org, card 4111 1111 1111 1111"}])
    first, second = case.rows()
    everything = b"".join(path.read_bytes() for path in case.folder.rglob("*") if path.is_file())
    assert b"ada.quill" not in everything and "1234567" not in first.user_text and "4111" not in second.response_text
    address = first.user_text.split()[3]
    assert address.startswith("[email:") and second.response_text.startswith(address)
    assert first.user == second.user != "ada"
    key = tmp_path / "case.key"
    assert key.stat().st_mode & 0o777 == 0o600 and key.read_bytes().strip() not in everything


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("email", "ada.quill+shop@mail.example.org"), ("phone", "+49 30 1234567"), ("phone", "(030) 1234567"),
        ("phone", "(555) 123-4567"), ("phone", "555-123-4567"), ("phone", "020 7946 0958"), ("phone", "07911123456"),
        ("phone", "01 23 45 67 89"), ("card", "4111 1111 1111 1111"), ("iban", "DE89 3704 0044 0532 0130 00"),
        ("ip", "192.168.100.12"),
    ],
)  # fmt: skip
def test_what_has_the_form_of_personal_data_is_found_in_free_text(tmp_path: Path, kind: str, said: str) -> None:
    """As people write it, in the midst of a sentence; prices, dates, versions and order numbers stay."""
    hide = Redactor(tmp_path / "case")
    assert hide.text(f"Write to {said}, please") == f"Write to [{kind}:{hide.person(said)[:8]}], please"
    plain = "Order 123456 of 2026-11-29 at 12:30 cost 1,249.99 euros and weighs 1200 g (version 3.5.1)."
    assert hide.text(plain) == plain


def test_a_row_that_is_no_row_keeps_no_person(tmp_path: Path) -> None:
    """What is left of it in rejected.jsonl names users and sessions by their hashes, even where its JSON is broken."""
    lines = [FEW[0], {**FEW[1], "user": "ada", "response": ""}, '{"session_id": "quill", "text": "0151 1234567", "x']
    lost = (opened(tmp_path, lines).folder / "rejected.jsonl").read_text()
    assert len(lost.splitlines()) == 2 and not any(word in lost for word in ('"ada', "quill", "1234567"))


@pytest.mark.parametrize(
    ("label", "turn", "bad"),
    [
        ("", Turn(label=1.0), 1.0),
        ("", Turn(scores={"sold": 0.7}), 0.7),
        ("", Turn(), None),
        ("thumbs<0.5", Turn(feedback={"thumbs": 0.0}), 1.0),
        ("thumbs<0.5", Turn(feedback={"thumbs": 1.0}), 0.0),
        ("score:pressure >= 0.8", Turn(scores={"pressure": 0.8}), 1.0),
        ("pressure", Turn(scores={"pressure": 3.0}), 1.0),
    ],
)
def test_labels_say_how_bad_a_turn_is(label: str, turn: Turn, bad: float | None) -> None:
    """By themselves, by a name, or by a number and a limit."""
    assert read_label(label, "sold")(turn) == bad


def test_a_label_that_says_nothing_is_refused() -> None:
    """The line shows the form."""
    with pytest.raises(BadInput, match="such as: --label 'thumbs<0.5'"):
        read_label("<3", "bad")
