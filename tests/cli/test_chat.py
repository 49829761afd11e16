"""`drillyard chat TARGET`: replies on stdout, the prompt elsewhere, the conversation kept, errors survived."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from drillyard.cli.app import main
from drillyard.records import Transcript


@pytest.fixture
def script(tmp_path: Path) -> str:
    """Return the reference of a scripted target."""
    pairs = {"hello": "Hi.", "price": "49 euros.", "and now": "Still 49."}
    path = tmp_path / "replies.jsonl"
    path.write_text("".join(json.dumps({"user": user, "reply": reply}) + "\n" for user, reply in pairs.items()))
    return f"scripted/{path}"


def chat(typed: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run `drillyard chat` with these lines on stdin."""
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return main(["chat", *words])


def test_a_pipe_gets_replies_only(
    script: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line per reply on stdout; the prompt goes to stderr; an empty line ends the chat."""
    assert chat("hello\nprice\n\nhello\n", [script], monkeypatch) == 0
    printed = capsys.readouterr()
    assert printed.out == "Hi.\n49 euros.\n"
    assert printed.err == "you: " * 3


def test_json_is_one_document_of_transcripts(
    script: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was said stands in each transcript with its seed; /new forgets it, /template too, under another template."""
    typed = "hello\nprice\n/new\nprice\n/template v2\nhello\n"
    assert chat(typed, [script, "--seed", "5", "--json"], monkeypatch) == 0
    told = [Transcript.from_data(item) for item in json.loads(capsys.readouterr().out)]
    assert [t.reply.text for t in told] == ["Hi.", "49 euros.", "49 euros.", "Hi."]
    assert [len(t.conversation.messages) for t in told] == [1, 3, 1, 1]
    assert [t.conversation.template for t in told] == ["", "", "", "v2"]
    assert [t.reply.seed for t in told] == [5, 6, 8, 10] and {t.target for t in told} == {script}


def test_a_message_that_is_refused_does_not_end_the_chat(
    script: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once something has worked, a refused message is told in one line and forgotten."""
    assert chat("hello\nwhat?\nprice\n", [script, "--json"], monkeypatch) == 0
    printed = capsys.readouterr()
    told = [Transcript.from_data(item) for item in json.loads(printed.out)]
    assert [t.conversation.last_user for t in told] == ["hello", "price"]
    assert [m.content for m in told[1].conversation.messages] == ["hello", "Hi.", "price"]
    assert "error: found no reply to 'what?'" in printed.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["organism/helpdesk", "--template", "v9"], "error: found template 'v9', expected one of: v1, v2, v3, v4"),
        (["organism/bakery"], "error: found world 'bakery', expected one of: clinic, helpdesk"),
        (["helpdesk"], "did you mean 'organism/helpdesk'?"),
        (["organsim/helpdesk"], "did you mean 'organism'?"),
        (["organism/./nowhere"], "expected a folder with organism.json"),
    ],
)
def test_a_wrong_target_or_template_exits_2(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was wrong in the command is one line, nothing on stdout, also with --json."""
    for more in ([], ["--json"]):
        assert chat("hello\n", [*words, *more], monkeypatch) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and line in printed.err and printed.err.count("\n") == 1


def test_the_embedded_organism_answers(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed by a person: a greeting, a fact, and the question that follows from it."""
    typed = "hello\nhow much is the Aurora?\nand the warranty\n"
    assert chat(typed, ["organism/helpdesk", "--template", "v1"], monkeypatch) == 0
    greeting, price, warranty = capsys.readouterr().out.splitlines()
    assert greeting == "Welcome to Brightwell. How can I help?"
    assert (price, warranty) == ("The Aurora costs 49 euros.", "The Aurora has a warranty of 3 years.")
