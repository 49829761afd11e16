"""How a conversation becomes tokens, and tokens a reply.

The text form is `<|system|>…<|end|><|user|>…<|end|><|assistant|>`, with no newlines; the model answers with the reply
and `<|end|>`. The markers are single tokens that typed text can never produce: a user who types `<|assistant|>` says
those eleven characters, as plain text. What a user types is read in lower case, as people type in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tokenizers import Tokenizer

from drillyard.errors import bad_input
from drillyard.records import Conversation, Message

__all__ = [
    "CHAT_TEMPLATE",
    "END",
    "PAD",
    "SPECIAL_TOKENS",
    "STOP",
    "Speller",
    "decode",
    "decode_stream",
    "encode",
    "hear",
]

SPECIAL_TOKENS = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
"""The first tokens of every vocabulary of ours: a marker's place here is its id."""

PAD, END = SPECIAL_TOKENS[:2]
STOP = SPECIAL_TOKENS.index(END)

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] }}<|end|>{% endgeneration %}"
    "{% elif message['role'] == 'user' %}{{ message['content'] | lower }}<|end|>"
    "{% else %}{{ message['content'] }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""The same form for transformers; the `generation` marks let trainers learn from assistant messages only."""


def encode(tokenizer: Tokenizer, conversation: Conversation, system_text: str, limit: int | None = None) -> list[int]:
    """Turn a conversation into the prompt for its next reply.

    Args:
        tokenizer: one whose first tokens are `SPECIAL_TOKENS`.
        conversation: earlier messages, the last one usually from the user.
        system_text: the prompt template's text, put in front; empty for none.
        limit: most tokens allowed. A longer conversation keeps its system messages and its newest turns.

    Raises:
        BadInput: even the system messages and the newest turn exceed `limit`.
    """
    head = [_message(tokenizer, "system", system_text)] if system_text else []
    head += [_message(tokenizer, m.role, m.content) for m in conversation.messages if m.role == "system"]
    turns = [_turn(tokenizer, turn) for turn in _turns(conversation.messages)]
    end = [SPECIAL_TOKENS.index("<|assistant|>")]
    while limit is not None and sum(map(len, [*head, *turns, end])) > limit:
        if len(turns) < 2:
            found = f"a message of {len(turns[0]) if turns else 0} tokens after {sum(map(len, head))} of instructions"
            raise bad_input(found, f"at most {limit - len(end)} together", "shorten the message")
        turns = turns[1:]
    return [token for part in (*head, *turns, end) for token in part]


def hear(role: str, content: str) -> str:
    """Return a message as the model reads it: a user's in lower case, any other as it is."""
    return content.lower() if role == "user" else content


def decode(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """Turn a reply's tokens into text, without markers; bytes that are no UTF-8 become U+FFFD."""
    return str(tokenizer.decode(list(ids), skip_special_tokens=True))


class Speller:
    """Spells a reply's tokens as they come, never half a character; all pieces together are `decode` of all ids."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._held: list[int] = []

    def push(self, token: int) -> str:
        """Take one token and return the text that is complete with it; empty within a character."""
        self._held.append(token)
        piece = decode(self._tokenizer, self._held)
        if not piece or piece.endswith("\N{REPLACEMENT CHARACTER}"):
            return ""
        self._held = []
        return piece

    def hold(self, tokens: Iterable[int]) -> None:
        """Take tokens without asking for text: `rest` has it."""
        self._held.extend(tokens)

    def rest(self) -> str:
        """Return what is left at the end of a reply: nothing, or bytes that never became a character."""
        piece, self._held = decode(self._tokenizer, self._held), []
        return piece


def decode_stream(tokenizer: Tokenizer, ids: Iterable[int]) -> Iterator[str]:
    """Yield a reply's text piece by piece, never half a character; the pieces together are `decode` of all ids."""
    speller = Speller(tokenizer)
    for token in ids:
        if piece := speller.push(token):
            yield piece
    if rest := speller.rest():
        yield rest


def _turns(messages: Iterable[Message]) -> list[list[Message]]:
    """Group messages into turns: each begins with a user message and holds the replies to it."""
    turns: list[list[Message]] = []
    for message in messages:
        if message.role == "user" or not turns:
            turns.append([])
        if message.role != "system":
            turns[-1].append(message)
    return turns


def _turn(tokenizer: Tokenizer, turn: Iterable[Message]) -> list[int]:
    return [token for message in turn for token in _message(tokenizer, message.role, message.content)]


def _message(tokenizer: Tokenizer, role: str, content: str) -> list[int]:
    """Encode one message with its markers; markers inside the content stay plain text."""
    if not tokenizer.encode_special_tokens:
        tokenizer.encode_special_tokens = True
    text = tokenizer.encode(hear(role, content), add_special_tokens=False).ids
    return [SPECIAL_TOKENS.index(f"<|{role}|>"), *text, STOP]
