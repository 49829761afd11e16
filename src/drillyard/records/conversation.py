"""What is said: messages, conversations, replies and transcripts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.records.base import Record

__all__ = ["Conversation", "Message", "Reply", "Transcript"]


class Message(Record):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Conversation(Record):
    """What a target is given to answer: earlier messages, the last one from the user.

    `template` names the prompt template of the target's world (`v1`, `v2` …); the empty string means none.
    The target, not the caller, turns the template into a system message.
    """

    messages: tuple[Message, ...]
    template: str = ""

    @classmethod
    def ask(cls, text: str, template: str = "") -> Conversation:
        """Return a conversation of one user message."""
        return cls(messages=(Message(role="user", content=text),), template=template)

    @property
    def last_user(self) -> str:
        """The content of the newest user message, or the empty string."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")


class Reply(Record):
    """What a target answered.

    `seed` is the sampling seed (`None` for greedy decoding); `tokens` counts generated tokens without padding,
    `prompt_tokens` those of the prompt as the model got it, 0 where the target does not say; `finish` is `stop` (the
    model ended its turn), `length` (cut) or `error` (nothing usable came back); `why` says what a server gave in its
    place (content_filter, tool_calls, reasoning …), or what kind of reply it is (refusal). `reasoning` is what a model
    thought before it spoke, where the server sends that apart: no user reads it, so no judge rules on it.
    """

    text: str
    seed: int | None = None
    tokens: int = 0
    prompt_tokens: int = 0
    finish: Literal["stop", "length", "error"] = "stop"
    why: str = ""
    reasoning: str = Field(default="", exclude_if=lambda text: not text)

    @property
    def answered(self) -> bool:
        """Whether somebody answered, if only by silence: asked again, it would be paid for twice.

        A request that was refused (`why` begins with "refused: ") was not answered, and may be another day.
        """
        return self.finish != "error" or bool(self.why and not self.why.startswith("refused: "))


class Transcript(Record):
    """A stored conversation with its reply and the reference of the target that gave it."""

    conversation: Conversation
    reply: Reply
    target: str
