"""Targets without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.records import Conversation, Message, Reply
from drillyard.targets.null import EchoTarget, ScriptedTarget, open_scripted

ask = Conversation.ask


def test_echo_repeats_the_newest_user_message() -> None:
    """Not an older one, and not the assistant's; the seed is kept for the record."""
    messages = [("user", "first"), ("assistant", "yes"), ("user", "second"), ("assistant", "no")]
    talk = Conversation(messages=tuple(Message(role=role, content=text) for role, text in messages))
    assert EchoTarget().generate([talk, ask("x")], [3, None]) == [Reply(text="second", seed=3), Reply(text="x")]
    assert list(EchoTarget().stream(talk, 3)) == ["second"]


def test_a_script_answers_what_it_knows() -> None:
    """The seed picks among alternatives, greedy takes the first, an unknown message is an error reply."""
    target = ScriptedTarget({"hi": ["hello", "hey", "good day"]})
    replies = target.generate([ask("hi")] * 5 + [ask("bye")], [None, 0, 1, 2, 3, 7])
    assert [reply.text for reply in replies] == ["hello", "hello", "hey", "good day", "hello", ""]
    assert [reply.finish for reply in replies] == ["stop"] * 5 + ["error"]
    assert [reply.seed for reply in replies] == [None, 0, 1, 2, 3, 7]


def test_streaming_an_unknown_message_says_so() -> None:
    """A person who talks to a script learns why it is silent."""
    with pytest.raises(BadInput, match="no reply to 'bye' in scripted/, expected a message of the script"):
        list(ScriptedTarget({"hi": ["hello"]}).stream(ask("bye"), 1))


@given(st.text())
def test_streamed_words_are_the_reply(text: str) -> None:
    """Spaces, repeated words and empty replies survive being cut into words."""
    assert "".join(ScriptedTarget({"hi": [text]}).stream(ask("hi"), None)) == text


def test_a_number_of_seeds_that_does_not_fit_is_an_error() -> None:
    """Silently dropping conversations would shift every later count."""
    for target in (EchoTarget(), ScriptedTarget({"hi": ["hello"]})):
        with pytest.raises(ValueError, match="shorter"):
            target.generate([ask("hi"), ask("hi")], [1])


def test_a_script_file_is_read(tmp_path: Path) -> None:
    """Empty lines are skipped, equal messages are alternatives, any Unicode is kept."""
    pairs = [("hi", "hello"), ("Grüße", "Größe 🙂"), ("hi", "hey")]
    lines = [json.dumps({"user": user, "reply": reply}, ensure_ascii=i == 1) for i, (user, reply) in enumerate(pairs)]
    path = tmp_path / "script.jsonl"
    path.write_text("\n\n".join(lines), encoding="utf-8")
    target = open_scripted(f"scripted/{path}")
    texts = [reply.text for reply in target.generate([ask("hi"), ask("hi"), ask("Grüße")], [0, 1, 1])]
    assert texts == ["hello", "hey", "Größe 🙂"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b'{"user": "a", "reply": "b"}\n{"user": "a"}',
            """script.jsonl line 2: found '{"user": "a"}', expected {"user": "…\"""",
        ),
        (b'{"user": "a", "reply": "b"}\n\nhello', "line 3: found 'hello'"),
        (b'{"user": "a", "reply": 3}', "line 1"),
        (b'{"user": "a", "reply": "b", "seed": 1}', "line 1"),
        (b"[" * 100_000, "line 1"),
        (b"[]", "line 1"),
        (b"\xff\xfe", "cannot be read"),
        (b"\n\n", "without a line"),
        (b"", "without a line"),
    ],
)
def test_a_broken_script_names_its_line(content: bytes, words: str, tmp_path: Path) -> None:
    """The first line that is not of the right form is named by its number."""
    path = tmp_path / "script.jsonl"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        open_scripted(f"scripted/{path}")
    assert words in str(caught.value) and len(str(caught.value)) < 400
