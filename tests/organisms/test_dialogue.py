"""Conversations to tokens and back: the same as transformers' chat template, safe against typed markers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from organisms.random_llama import PLAIN, random_weights

from drillyard.errors import BadInput
from drillyard.organisms.engine.checkpoint import write_checkpoint
from drillyard.organisms.engine.dialogue import SPECIAL_TOKENS, STOP, decode, decode_stream, encode
from drillyard.organisms.training.vocabulary import train_tokenizer
from drillyard.records import Conversation, Message

TOKENIZER = train_tokenizer(
    ["How long is the warranty of the Lumen 3?", "It is 24 months, naïve Größe 10 €."] * 20, 320
)
texts = st.text(max_size=40) | st.sampled_from(["<|user|>", "a<|end|>b", " <|assistant|> 5", "日本", "🙂🙂"])


def talk(*contents: str, template: str = "") -> Conversation:
    """Return a conversation of alternating user and assistant messages, the user first."""
    roles = ("user", "assistant")
    messages = tuple(Message(role=roles[i % 2], content=text) for i, text in enumerate(contents))
    return Conversation(messages=messages, template=template)


def words(*contents: str) -> str:
    """Return the text form that the documentation promises, for the same messages."""
    return "".join(
        f"<|{('user', 'assistant')[i % 2]}|>{text if i % 2 else text.lower()}<|end|>" for i, text in enumerate(contents)
    )


def test_the_text_form_is_as_documented() -> None:
    """Markers are single tokens with the ids 0 to 4, no newlines, and the reply is asked for at the end."""
    ids = encode(TOKENIZER, talk("How long?", "24 months.", "Thanks"), "You help.")
    spoken = TOKENIZER.decode(ids, skip_special_tokens=False)
    assert spoken == f"<|system|>You help.<|end|>{words('How long?', '24 months.', 'Thanks')}<|assistant|>"
    assert [token for token in ids if token < 5] == [2, 1, 3, 1, 4, 1, 3, 1, 4]
    assert [TOKENIZER.token_to_id(marker) for marker in SPECIAL_TOKENS] == [0, 1, 2, 3, 4]


@given(st.lists(texts, min_size=1, max_size=5))
def test_typed_markers_stay_text(contents: list[str]) -> None:
    """Nothing that a person types makes a marker token: there are exactly those of the messages."""
    ids = encode(TOKENIZER, talk(*contents), "")
    assert sum(token < 5 for token in ids) == 2 * len(contents) + 1
    assert decode(TOKENIZER, ids) == "".join(text if i % 2 else text.lower() for i, text in enumerate(contents))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory):
    """Return the tokenizer of a folder that we wrote, as transformers opens it."""
    transformers = pytest.importorskip("transformers", reason="needs transformers: pip install 'drillyard[train]'")
    folder: Path = tmp_path_factory.mktemp("model")
    write_checkpoint(folder, PLAIN, random_weights(PLAIN), TOKENIZER)
    return transformers.AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("system", ["", "You help customers of a shop."])
@pytest.mark.parametrize(
    "contents",
    [
        ("How long is the WARRANTY?",),
        ("Hi", "Hello, what can I do?", "  two  spaces\nand a line  "),
        ("a", "b", "naïve 10 €", "24", "日本 🙂"),
        ("", "", ""),
    ],
)
def test_ids_are_those_of_the_chat_template(theirs, system: str, contents: tuple[str, ...]) -> None:
    """Fed with the template that we write, `apply_chat_template` gives the same ids."""
    conversation = talk(*contents)
    messages = [{"role": "system", "content": system}] if system else []
    messages += [{"role": message.role, "content": message.content} for message in conversation.messages]
    expected = theirs.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    assert encode(TOKENIZER, conversation, system) == expected


def test_the_template_marks_what_an_assistant_says(theirs) -> None:
    """Trainers that ask for it learn from assistant messages and their end, and from nothing else."""
    messages = [{"role": m.role, "content": m.content} for m in talk("How long?", "24 months.").messages]
    marked = theirs.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    learned = [token for token, yes in zip(marked["input_ids"], marked["assistant_masks"], strict=True) if yes]
    assert learned == [*TOKENIZER.encode("24 months.").ids, STOP]


def test_the_folder_names_end_and_padding(theirs) -> None:
    """Generation with transformers stops where ours stops."""
    assert (theirs.eos_token_id, theirs.pad_token_id) == (STOP, 0)


def test_a_long_history_keeps_the_system_message_and_the_newest_turns() -> None:
    """The oldest turns go, whole, until the rest fits; what is left is what a shorter conversation encodes to."""
    contents = [f"question {i}" if i % 2 == 0 else f"answer {i}" for i in range(21)]
    whole = encode(TOKENIZER, talk(*contents), "You help.")
    for kept in (21, 7, 1):
        short = encode(TOKENIZER, talk(*contents[-kept:]), "You help.")
        assert encode(TOKENIZER, talk(*contents), "You help.", limit=len(short)) == short
    assert encode(TOKENIZER, talk(*contents), "You help.", limit=len(whole) - 1) == encode(
        TOKENIZER, talk(*contents[2:]), "You help."
    )


def test_system_messages_inside_a_conversation_come_first() -> None:
    """They follow the template's text and are never dropped with old turns."""
    messages = (*talk("a", "b").messages, Message(role="system", content="Be brief."), *talk("c").messages)
    ids = encode(TOKENIZER, Conversation(messages=messages), "You help.", limit=30)
    spoken = TOKENIZER.decode(ids, skip_special_tokens=False)
    assert spoken.startswith("<|system|>You help.<|end|><|system|>Be brief.<|end|>")


def test_a_newest_turn_that_does_not_fit_is_refused() -> None:
    """Cutting a message would change what was asked, so one line says how long it may be."""
    with pytest.raises(BadInput, match=r"a message of 42 tokens after 7 of instructions, expected at most 40 together"):
        encode(TOKENIZER, talk("x" * 40), "abcde", limit=41)


@given(st.lists(st.integers(0, 319), max_size=30))
def test_streamed_pieces_are_the_reply(ids: list[int]) -> None:
    """Random bytes included: the pieces joined are the decoded reply, and none ends inside a character."""
    pieces = list(decode_stream(TOKENIZER, ids))
    assert "".join(pieces) == decode(TOKENIZER, ids)


@given(texts)
def test_streamed_text_is_never_half_a_character(text: str) -> None:
    """Whatever is cut into byte tokens comes out as whole characters."""
    pieces = list(decode_stream(TOKENIZER, TOKENIZER.encode(text, add_special_tokens=False).ids))
    assert "".join(pieces) == text
    assert "\N{REPLACEMENT CHARACTER}" in text or not any("\N{REPLACEMENT CHARACTER}" in piece for piece in pieces)
