"""A target behind a checker: what is asked, what is checked, and what happens when a check breaks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.alignment.around.screened import Answers, ScreenedTarget
from drillyard.alignment.around.verdict import HAND_OVER, OUTSIDE, PASS, REFUSE
from drillyard.errors import BadInput
from drillyard.records import Conversation, Message, Reply
from drillyard.targets.null import EchoTarget, ScriptedTarget

ANSWERS = Answers(
    by_verdict={REFUSE: "No.", OUTSIDE: "Not mine.", HAND_OVER: "Ask her."}, openings={"v1": "Dear you. "}
)


class Words:
    """A checker that goes by single words, and remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def requests(self, texts: Sequence[str]) -> list[str]:
        """Stop bad, moon; break on bug."""
        self.seen += texts
        if any("bug" in text for text in texts):
            raise RuntimeError("broken")
        return [REFUSE if "bad" in text else OUTSIDE if "moon" in text else PASS for text in texts]

    def replies(self, texts: Sequence[str]) -> list[str]:
        """Stop sell; say error on odd."""
        self.seen += texts
        return [HAND_OVER if "sell" in text else "error" if "odd" in text else PASS for text in texts]


class Asked(EchoTarget):
    """An echo that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Remember, and repeat."""
        self.asked += [one.last_user for one in conversations]
        return super().generate(conversations, seeds)


def test_each_verdict_has_its_answer_in_its_place() -> None:
    """In one batch: order and seeds stay, and the model is not asked what is stopped before it."""
    model = Asked()
    target = ScreenedTarget(model, Words(), ANSWERS)
    texts = ["hello", "bad", "sell me", "moon", "odd", "bye"]
    replies = target.generate([Conversation.ask(text, "v1") for text in texts], list(range(6)))
    assert [reply.text for reply in replies] == [
        "hello", "Dear you. No.", "Dear you. Ask her.", "Dear you. Not mine.", "", "bye",
    ]  # fmt: skip
    assert [reply.finish for reply in replies] == ["stop", "stop", "stop", "stop", "error", "stop"]
    assert [reply.seed for reply in replies] == list(range(6))
    assert model.asked == ["hello", "sell me", "odd", "bye"] and target.reference == "echo/+rails"


def test_a_check_that_breaks_stops_everything_it_was_asked() -> None:
    """Nothing unchecked gets out, and the model is not even asked; a stream says so in one line."""
    model = Asked()
    target = ScreenedTarget(model, Words(), ANSWERS)
    replies = target.generate([Conversation.ask("hello"), Conversation.ask("bug")], [1, 2])
    assert [(reply.text, reply.finish) for reply in replies] == [("", "error")] * 2 and model.asked == []
    for text in ("bug", "odd"):
        with pytest.raises(BadInput, match="found a check of the rails that broke"):
            list(target.stream(Conversation.ask(text), 1))


def test_what_is_checked_does_not_grow_with_the_talk() -> None:
    """After thirty turns as after one: the newest message and the reply to it, and nothing else."""
    counts = []
    for turns in (1, 10, 30):
        earlier = [Message(role=role, content="long ago") for _ in range(turns - 1) for role in ("user", "assistant")]
        talk = Conversation(messages=(*earlier, Message(role="user", content="hello")))
        checker = Words()
        ScreenedTarget(EchoTarget(), checker, ANSWERS).generate([talk], [1])
        counts.append(checker.seen)
    assert counts == [["hello", "hello"]] * 3


@given(st.lists(st.sampled_from(["hello", "bad", "sell me", "moon"]), max_size=6))
def test_a_stream_says_what_generate_says(texts: list[str]) -> None:
    """The whole reply in one piece, the same text, in any company."""
    target = ScreenedTarget(EchoTarget(), Words(), ANSWERS)
    talks = [Conversation.ask(text, "v1") for text in texts]
    whole = [reply.text for reply in target.generate(talks, [3] * len(talks))]
    assert [list(target.stream(talk, 3)) for talk in talks] == [[text] for text in whole]


def test_an_error_of_the_model_stays_an_error() -> None:
    """There is nothing to check in a reply that did not come."""
    checker = Words()
    replies = ScreenedTarget(ScriptedTarget({}), checker, ANSWERS).generate([Conversation.ask("hello")], [1])
    assert replies[0].finish == "error" and checker.seen == ["hello"]
