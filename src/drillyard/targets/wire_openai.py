"""Chat completions as servers really send them, read into replies: pure, and never surprised.

Servers leave out what the API promises: `usage` or its numbers, the text, whole deltas; some send texts in parts. What
is no reply says why, so that nobody takes silence for a clean answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drillyard.records import Reply
from drillyard.targets.spending import Usage

__all__ = ["choice_of", "clean", "piece_of", "reply_of", "text_of", "told_error", "usage_of"]


def clean(text: str) -> str:
    """Return a text in which halves of surrogate pairs are joined, or marked as unreadable where they stand alone."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def choice_of(given: Any) -> Any:
    """Return an answer's choice; None in a page of a web server, or in JSON of another form."""
    choices = getattr(given, "choices", None)
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if getattr(first, "message", None) is not None else None


def reply_of(given: Any, seed: int | None) -> Reply:
    """Return the reply of an answer that has a choice.

    A reply without text ended in `error`, and `why` says what came in its place: content_filter, tool_calls, reasoning
    (a model that was cut while it still thought), the kinds of parts that are no text, or empty. A refusal in the field
    of its own is the reply that a user would read; `why` then says so.
    """
    choice = choice_of(given)
    message, ended = choice.message, str(choice.finish_reason or "")
    text, others = text_of(message.content)
    why = ended if ended in ("content_filter", "tool_calls", "function_call") else ""
    refusal = getattr(message, "refusal", None)
    if not text.strip() and isinstance(refusal, str) and refusal.strip():
        text, why = refusal, "refusal"
    finish = "length" if ended in ("length", "content_filter") else "stop"
    if not text.strip():
        finish, why = "error", why or _silence(given, ended, others)
    thought = next((x for name in _THOUGHTS if isinstance(x := getattr(message, name, None), str) and x), "")
    if finish == "error" and ended == "length" and thought:
        why = "reasoning"
    told = {name: _count(given, field) for name, field in _COUNTS.items()}
    return Reply.from_data(
        {"text": clean(text), "seed": seed, "finish": finish, "why": why, "reasoning": clean(thought), **told}
    )


_THOUGHTS = ("reasoning_content", "reasoning")
"""Fields in which servers send what a model thought before it spoke."""

_COUNTS = {"tokens": "completion_tokens", "prompt_tokens": "prompt_tokens"}


def piece_of(chunk: Any) -> str:
    """Return the text of a streamed chunk; empty where it has none."""
    choices = getattr(chunk, "choices", None)
    delta = getattr(choices[0], "delta", None) if isinstance(choices, list) and choices else None
    text = text_of(getattr(delta, "content", None))[0]
    return clean(text or str(getattr(delta, "refusal", None) or ""))


def text_of(content: Any) -> tuple[str, list[str]]:
    """Return the text of a message's content (a text, parts, or none), and the kinds of its parts that are no text."""
    if isinstance(content, str):
        return content, []
    parts = content if isinstance(content, list) else []
    fields = [part if isinstance(part, dict) else getattr(part, "__dict__", {"text": part}) for part in parts]
    said = [one.get("text") or one.get("refusal") or one.get("content") for one in fields]
    return "".join(_strings(said)), [
        str(one.get("type", "part")) for one, text in zip(fields, said, strict=True) if not isinstance(text, str)
    ]


def told_error(given: Any) -> str:
    """Return the error that a server sends where a completion should be, with status 200; empty where it sends none."""
    error = getattr(given, "error", None)
    words = error.get("message") if isinstance(error, dict) else getattr(error, "message", error)
    return " ".join(clean(str(words or "")).split())[:200]


def usage_of(given: Any) -> Usage | None:
    """Return the tokens that an answer was paid for by; None where the server does not say, or says nonsense."""
    prompt, reply = (_count(given, field) for field in ("prompt_tokens", "completion_tokens"))
    details = getattr(getattr(given, "usage", None), "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None)
    cached = cached if isinstance(cached, int) and 0 < cached <= prompt else 0
    return Usage(prompt=prompt, reply=reply, cached=cached) if prompt else None


def _strings(values: Iterable[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _silence(given: Any, ended: str, others: list[str]) -> str:
    """Say why there is no text."""
    details = getattr(getattr(given, "usage", None), "completion_tokens_details", None)
    if ended == "length" and getattr(details, "reasoning_tokens", None):
        return "reasoning"
    return f"parts: {', '.join(others)}" if others else ended if ended == "length" else "empty"


def _count(given: Any, field: str) -> int:
    value = getattr(getattr(given, "usage", None), field, None)
    return value if isinstance(value, int) and value > 0 else 0
