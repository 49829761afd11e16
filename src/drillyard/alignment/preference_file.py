"""Preferences from a file of your own: JSON lines in the forms that trl and most preference sets have.

- paired: `{"prompt": …, "chosen": …, "rejected": …}`, each a text or a list of messages; `chosen` and `rejected` may
  hold the whole conversation instead, without a `prompt`
- unpaired: `{"prompt": …, "completion": …, "label": true}`; two replies to one prompt with different labels are a pair

Contents of messages may be lists of text parts. `category`, `template`, `licence` and `source` may stand beside them.
Other forms of trl hold no preference, and are named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from drillyard.errors import BadInput, bad_input
from drillyard.records import Conversation, Message, Preference
from drillyard.records.base import first_problem
from drillyard.records.files import split_lines
from drillyard.targets.wire_openai import text_of

__all__ = ["read_preferences", "write_preferences"]

_MORE = ("category", "licence", "source")
_OTHERS = {
    ("prompt", "completions", "labels"): "stepwise supervision (completions with a label each)",
    ("prompt", "completion"): "a prompt with a completion (no label says whether it is wanted)",
    ("messages",): "a conversation for language modelling",
    ("text",): "a text for language modelling",
    ("prompt",): "a prompt alone",
}
"""Forms of trl without a preference, by their fields; the first that fits is what a line is called."""


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
            missing field, an empty reply, replies that are equal, an unknown template, an unpaired reply alone.
    """
    try:
        lines = split_lines(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        expected = "a UTF-8 file of preferences, JSON lines"
        raise bad_input(f"{str(path)!r} that cannot be read ({error})", expected) from None
    found, waiting = [], dict[str, list[tuple[int, dict[str, Any]]]]()

    def take(number: int, make: Callable[[], Preference | None]) -> None:
        try:
            if pair := make():
                found.append(pair)
        except BadInput as error:
            told = f"{path} line {number}: {error}"
            if not skip_bad:
                raise BadInput(f"{told}; correct or remove that line") from None
            tell(f"left out: {told}")

    for number, line in enumerate(lines, 1):
        if line.strip():
            take(number, lambda line=line, number=number: _read(line, number, path.name, templates, waiting))  # type: ignore[misc]
    for number, _ in sorted(one for alone in waiting.values() for one in alone):
        take(number, _lonely)
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


def _read(
    line: str,
    number: int,
    name: str,
    templates: Sequence[str],
    waiting: dict[str, list[tuple[int, dict[str, Any]]]],
) -> Preference | None:
    """Return the preference of a line; None for an unpaired reply that waits for its counterpart."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise bad_input(f"{line[:40]!r} ({error})", "one JSON object") from None
    if not isinstance(data, dict):
        raise bad_input(f"a {type(data).__name__}", "a JSON object with prompt, chosen and rejected")
    source = f"{name}:{number}"
    if not {"prompt", "completion", "label"} <= data.keys():
        return _preference(data, source, templates)
    if not isinstance(data["label"], bool):
        raise bad_input(f"label {str(data['label'])[:40]!r}", "true or false")
    key = json.dumps([data["prompt"], data.get("template")], sort_keys=True)
    others = waiting.setdefault(key, [])
    if not others or others[0][1]["label"] == data["label"]:
        others.append((number, data))
        return None
    first, other = others.pop(0)
    replies = {True: (data, other)[other["label"]]["completion"], False: (other, data)[other["label"]]["completion"]}
    pair = {**other, "chosen": replies[True], "rejected": replies[False]}
    return _preference(pair, f"{name}:{first}+{number}", templates)


def _lonely() -> Preference:
    raise bad_input("an unpaired reply alone", "another to the same prompt, with the other label")


def _preference(data: dict[str, Any], source: str, templates: Sequence[str]) -> Preference:
    if missing := [name for name in ("chosen", "rejected") if name not in data]:
        form = next((words for fields, words in _OTHERS.items() if data.keys() >= set(fields)), "")
        what = f", as in {form}," if form and len(missing) == 2 else ""
        raise bad_input(
            f"no field {missing[0]!r}{what}", "prompt, chosen and rejected, or prompt, completion and label"
        )
    template = str(data.get("template") or "")
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
    if "prompt" not in data and isinstance(data["chosen"], str):
        found = "an implicit prompt in plain text (no field 'prompt')"
        raise bad_input(found, "a prompt of its own, or messages: a text does not say where the answer begins")
    chosen, rejected = (tuple(_messages(data[name], "assistant", name)) for name in ("chosen", "rejected"))
    if "prompt" in data:
        asked = tuple(_messages(data["prompt"], "user", "prompt"))
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


def _messages(value: object, role: str, name: str) -> Iterator[Message]:
    """Yield the messages of a text or a list. Raises `BadInput`, also for content that is no text."""
    if isinstance(value, str):
        value = [{"role": role, "content": value}]
    if not isinstance(value, list):
        raise bad_input(f"{name} of type {type(value).__name__}", "a text or a list of messages")
    for one in value:
        if not isinstance(one, dict) or not isinstance(one.get("role"), str):
            raise bad_input(f"{name} with the message {str(one)[:40]!r}", "an object with role and content")
        content = one.get("content")
        text, others = text_of([content] if isinstance(content, dict) else content)
        if others or not isinstance(content, str | list | dict):
            what = ", ".join(others) or ("tool calls" if one.get("tool_calls") else type(content).__name__)
            raise bad_input(f"{name} with content that is no text ({what})", "text, or a list of text parts")
        yield Message.from_data({"role": one["role"], "content": text})
