"""The canonical row of a log, one per reply of the assistant, and the prompt that stood before it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import Literal

from pydantic import Field

from drillyard.records import Conversation, Message, Record

__all__ = ["Row", "Segment", "Template", "segment_hash"]

SegmentKind = Literal["sentence", "bullet", "heading", "example", "text"]


def segment_hash(text: str) -> str:
    """Return the hash by which a segment is known everywhere: of its words, whatever the space around them."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:12]


class Segment(Record):
    """One piece of a prompt: a sentence, bullet, heading or worked example.

    `text` is verbatim, variable parts as `{name}`; `tail` is the space behind it, so that texts and tails in their
    order are the prompt, to the byte; `part` counts the system messages of a prompt that has several.
    """

    text: str
    kind: SegmentKind
    hash: str
    tail: str = ""
    part: int = 0


class Template(Record):
    """A prompt with its variable parts taken out. Rows name it by `hash`.

    `template_id` and `template_version` are what the logs call it, or `inferred-…` where they name none. One id and
    version may have several templates, when a prompt has optional parts. `vars` are the names of the variable parts.
    """

    hash: str
    template_id: str
    template_version: str = ""
    inferred: bool = False
    segments: tuple[Segment, ...] = ()
    vars: tuple[str, ...] = ()
    rows: int = 0

    def systems(self, values: dict[str, str] | None = None, leave: Collection[str] | None = None) -> tuple[str, ...]:
        """Return the system messages, as the model got them.

        Args:
            values: what variable parts hold, by name (`Row.vars`); those without a value stay `{name}`.
            leave: hashes of the segments that stay; all of them where None.
        """
        kept = [one for one in self.segments if leave is None or one.hash in leave]
        parts: dict[int, str] = {}
        for one in kept:
            parts[one.part] = parts.get(one.part, "") + one.text + one.tail
        return tuple(text for part in sorted(parts) if (text := _filled(parts[part], values or {}).strip()))

    def has(self, hashes: Iterable[str]) -> bool:
        """Say whether all these segments are in it."""
        return {*hashes} <= {one.hash for one in self.segments}


class Row(Record):
    """One reply of the assistant, with all that the logs say about it.

    `ts` is in seconds since 1970, UTC; None where the log has no time. `user` and `session` are keyed hashes. `prompt`
    is the hash of the row's `Template`, the empty string where the log holds no instructions; `vars` fill it.
    `history` are the turns between the instructions and `user_text`. `scores` are numbers that a machine gave,
    `feedback` those that users gave (thumbs, rating, clicked, purchased), by name. `label_bad` says how far the
    reply is held to show the behaviour, 0 to 1; None where nobody said. `source_ref` is `file:line`.
    """

    ts: float | None = None
    trace_id: str = ""
    session: str = ""
    user: str = ""
    cohort: str = ""
    model: str = ""
    release: str = ""
    template_id: str = ""
    template_version: str = ""
    prompt: str = ""
    vars: dict[str, str] = {}
    user_text: str = ""
    response_text: str = ""
    history: tuple[Message, ...] = ()
    tools: tuple[str, ...] = ()
    scores: dict[str, float] = {}
    feedback: dict[str, float] = {}
    cost: float | None = None
    latency: float | None = None
    label_bad: float | None = Field(default=None, ge=0, le=1)
    source_ref: str = ""

    @property
    def bad(self) -> bool:
        """Whether it is held bad: a label of one half or more."""
        return self.label_bad is not None and self.label_bad >= 0.5

    def conversation(self, systems: Iterable[str]) -> Conversation:
        """Return what was asked, behind these system messages: of the row's own template, or of others."""
        told = [Message(role="system", content=text) for text in systems]
        return Conversation(messages=(*told, *self.history, Message(role="user", content=self.user_text)))


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
