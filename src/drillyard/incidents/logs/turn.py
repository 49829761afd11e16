"""A turn: one reply of the assistant as a log tells it, before it is redacted and stored as a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Turn", "as_text", "as_time", "messages_of", "number"]


@dataclass(slots=True, kw_only=True)
class Turn:
    """One reply with what stood before it. `messages` are (role, text); the texts are as the log has them.

    `template` is the prompt with `{variables}` where the log holds it, else empty.
    """

    messages: list[tuple[str, str]] = field(default_factory=list)
    response: str = ""
    ts: float | None = None
    trace_id: str = ""
    session: str = ""
    user: str = ""
    cohort: str = ""
    model: str = ""
    release: str = ""
    template_id: str = ""
    template_version: str = ""
    template: str = ""
    vars: dict[str, str] = field(default_factory=dict)
    tools: list[str] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    feedback: dict[str, float] = field(default_factory=dict)
    cost: float | None = None
    latency: float | None = None
    label: float | None = None


def as_text(content: Any) -> str:
    """Return the text of a message's content: a string, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, (as_text(part) for part in content)))
    if isinstance(content, Mapping):
        return as_text(content.get("text") or content.get("content") or "")
    return "" if content is None else str(content)


def messages_of(value: Any) -> list[tuple[str, str]]:
    """Return (role, text) of a list of messages in any of the usual forms, or of JSON that holds one."""
    if isinstance(value, int | float):
        return [("user", str(value))]
    if isinstance(value, str):
        if not value.lstrip().startswith(("[", "{")):
            return [("user", value)] if value else []
        try:
            value = json.loads(value)
        except ValueError:
            return [("user", value)]
    if isinstance(value, Mapping):
        value = value.get("messages") if isinstance(value.get("messages"), list) else [value]
    found = []
    for one in value if isinstance(value, list) else []:
        if isinstance(one, list):  # LangChain nests batches
            found += messages_of(one)
            continue
        if not isinstance(one, Mapping):
            continue
        one = one.get("message") or one.get("kwargs") or one.get("data") or one
        if isinstance(one, Mapping):
            role = str(one.get("role") or one.get("type") or "user").lower()
            parts = one["parts"] if "parts" in one else one.get("content")
            found.append((_ROLES.get(role, role), as_text(parts)))
    return found


_ROLES = {"human": "user", "ai": "assistant", "developer": "system", "systemmessage": "system", "model": "assistant"}


def number(value: Any) -> float | None:
    """Return a finite number; True and "up" are 1, False and "down" 0; None for anything else."""
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _WORDS:
            return _WORDS[word]
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if abs(found) < 1e300 else None


_WORDS = {
    "true": 1.0, "yes": 1.0, "up": 1.0, "thumbs_up": 1.0, "positive": 1.0, "bad": 1.0, "shown": 1.0, "fail": 1.0,
    "false": 0.0, "no": 0.0, "down": 0.0, "thumbs_down": 0.0, "negative": 0.0, "good": 0.0, "absent": 0.0, "pass": 0.0,
}  # fmt: skip


def as_time(value: Any) -> float | None:
    """Return seconds since 1970, UTC, of a number (s, ms, µs or ns) or of a date; None where it is neither."""
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        try:
            return datetime.fromisoformat(value.strip().replace("Z", "+00:00")).timestamp()
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.timestamp()
    found = number(value)
    if found is None or found <= 0:
        return None
    while found > 1e11:  # the year 5138 in seconds
        found /= 1000
    return found
