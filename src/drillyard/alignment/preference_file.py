"""Preferences from a file of your own: JSON lines as trl and most preference sets have them.

`{"prompt": …, "chosen": …, "rejected": …}`, each a text or a list of messages; `chosen` and `rejected` may hold the
whole conversation instead, without a `prompt`. `category`, `template`, `licence` and `source` may stand beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from drillyard.errors import BadInput, bad_input
from drillyard.records import Conversation, Message, Preference
from drillyard.records.base import first_problem

__all__ = ["read_preferences", "write_preferences"]

_MORE = ("category", "licence", "source")


def read_preferences(
    path: Path,
    templates: Sequence[str] = ("",),
    *,
    skip_bad: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Preference, ...]:
    """Return the preferences of a file, in order.

    Args:
        path: JSON lines in UTF-8.
        templates: prompt templates that a line may name.
        skip_bad: leave broken lines out; each is told with its number.
        tell: called with each line that is left out.

    Raises:
        BadInput: the file cannot be read, holds no preference, or, without `skip_bad`, has a broken line: no JSON, a
            missing field, an empty reply, replies that are equal, an unknown template.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        expected = "a UTF-8 file of preferences, JSON lines"
        raise bad_input(f"{str(path)!r} that cannot be read ({error})", expected) from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_preference(line, f"{path.name}:{number}", templates))
        except BadInput as error:
            if not skip_bad:
                raise BadInput(f"{path} line {number}: {error}; --skip-bad leaves such lines out") from None
            tell(f"left out: {path} line {number}: {error}")
    if not found:
        raise bad_input(f"no preference in {path}", "at least one line with prompt, chosen and rejected")
    return tuple(found)


def write_preferences(pairs: Sequence[Preference], path: Path) -> Path:
    """Write preferences as JSON lines that trl's trainers and `read_preferences` take."""
    lines = []
    for pair in pairs:
        asked = [{"role": message.role, "content": message.content} for message in pair.conversation.messages]
        replies = {name: [{"role": "assistant", "content": getattr(pair, name)}] for name in ("chosen", "rejected")}
        more = {name: getattr(pair, name) for name in _MORE} | {"template": pair.conversation.template}
        lines.append(json.dumps({"prompt": asked, **replies, **more}, ensure_ascii=False))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _preference(line: str, source: str, templates: Sequence[str]) -> Preference:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise bad_input(f"{line[:40]!r} ({error})", "one JSON object") from None
    if not isinstance(data, dict):
        raise bad_input(f"a {type(data).__name__}", "a JSON object with prompt, chosen and rejected")
    if missing := [name for name in ("chosen", "rejected") if name not in data]:
        raise bad_input(f"no field {missing[0]!r}", "prompt, chosen and rejected")
    template = str(data.get("template", ""))
    if template not in templates:
        raise bad_input(f"template {template!r}", f"one of: {', '.join(templates)}")
    asked, chosen, rejected = _parts(data)
    more = {name: str(data[name]) for name in _MORE if data.get(name)}
    try:
        conversation = Conversation(messages=asked, template=template)
        return Preference(**{"source": source, **more}, conversation=conversation, chosen=chosen, rejected=rejected)
    except ValidationError as error:
        raise BadInput(first_problem(error, "preference")) from None


def _parts(data: dict[str, Any]) -> tuple[tuple[Message, ...], str, str]:
    """Return what is asked, and the two replies."""
    chosen, rejected = (_messages(data[name], "assistant", name) for name in ("chosen", "rejected"))
    if "prompt" in data:
        asked = _messages(data["prompt"], "user", "prompt")
    else:
        asked = chosen[:-1]
        if not asked or rejected[:-1] != asked:
            raise bad_input("no field 'prompt'", "one, or the same conversation before chosen and rejected")
        chosen, rejected = chosen[-1:], rejected[-1:]
    if not asked or asked[-1].role != "user":
        raise bad_input("a prompt that does not end with the user", "one whose last message is the user's")
    for name, said in (("chosen", chosen), ("rejected", rejected)):
        if len(said) != 1 or said[0].role != "assistant":
            raise bad_input(f"{name} with {len(said)} messages", "one message of the assistant")
    return asked, chosen[0].content, rejected[0].content


def _messages(value: object, role: str, name: str) -> tuple[Message, ...]:
    if isinstance(value, str):
        value = [{"role": role, "content": value}]
    try:
        return tuple(Message.from_data(one) for one in value)  # type: ignore[attr-defined]  # what is no list is told
    except TypeError:
        raise bad_input(f"{name} of type {type(value).__name__}", "a text or a list of messages") from None
