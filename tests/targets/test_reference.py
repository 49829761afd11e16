"""Model references: what opens, and one clear line for what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.errors import BadInput
from drillyard.records import Conversation
from drillyard.registry import cards
from drillyard.targets import open_target


def test_a_reference_opens_its_target(tmp_path: Path) -> None:
    """Each target keeps the reference that it was opened with, so that stored transcripts name it."""
    (tmp_path / "a.jsonl").write_text('{"user": "hi", "reply": "hello"}\n')
    for reference, text in [("echo/", "hi"), (f"scripted/{tmp_path}/a.jsonl", "hello")]:
        target = open_target(reference)
        assert target.reference == reference
        assert [reply.text for reply in target.generate([Conversation.ask("hi")], [None])] == [text]


def test_our_schemes_are_registered() -> None:
    """The schemes of this release are there, and none that does not exist yet."""
    ours = [card.name for card in cards("targets").values() if card.target.startswith("drillyard.")]
    assert sorted(ours) == ["aligned", "echo", "hf", "inspect", "liar", "openai", "organism", "prompted", "scripted"]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (
            "helpdesk",
            "target 'helpdesk', expected a scheme, a slash and a name: .*organism/….* mean 'organism/helpdesk'",
        ),
        ("", "target '', expected a scheme, a slash and a name"),
        ("organsim/helpdesk", "found 'organsim', expected one of the targets: .*organism.*; did you mean 'organism'"),
        ("nowhere/gpt2", "found 'nowhere', expected one of the targets: "),
        ("/tmp/model", "expected a scheme, .*; did you mean 'organism//tmp/model'"),
        ("./model", "expected a scheme, .*; did you mean 'organism/./model'"),
        ("organism/helpdeks", "helpdeks"),
        ("organism/./nowhere", "nowhere"),
        ("scripted/nowhere.jsonl", "'nowhere.jsonl' that cannot be read .*No such file.*, expected a UTF-8 file"),
        ("scripted/", "cannot be read"),
    ],
)
def test_a_wrong_reference_is_one_line(reference: str, words: str) -> None:
    """What was found, what was expected, what to type next."""
    with pytest.raises(BadInput, match=words) as caught:
        open_target(reference)
    assert "\n" not in str(caught.value)
