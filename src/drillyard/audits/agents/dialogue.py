"""How an agent is talked with: calls in its text, which any target can write, or the `tool_calls` of an API."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from drillyard.audits.agents.tasks import TaskFile
from drillyard.errors import bad_input
from drillyard.records import Conversation, Message, Reply
from drillyard.targets import Target
from drillyard.targets.reading import RefusedRequest

__all__ = ["Asked", "Dialogue", "NativeDialogue", "TextDialogue", "open_dialogue"]

_CALL = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call that a reply asks for; `arguments` is None where it cannot be read."""

    name: str
    arguments: dict[str, Any] | None
    id: str = ""


class Dialogue(Protocol):
    """One talk of a trial. Mutable: it holds what was said."""

    def say(self, text: str) -> None:
        """Add what the user says."""

    def reply(self, seed: int) -> tuple[Reply, list[Asked]]:
        """Ask the target, keep its reply, and return it with the calls in it. A reply of calls alone is one."""

    def answer(self, calls: Sequence[Asked], results: Sequence[str]) -> None:
        """Add what the tools have answered."""


@runtime_checkable
class _Endpoint(Protocol):
    def completion(self, conversation: Conversation, seed: int | None, **more: Any) -> tuple[Reply, Any]:
        """Return a reply, and the choice of the API that it was made from."""


def open_dialogue(target: Target, file: TaskFile, system: str, *, native: bool) -> Dialogue:
    """Begin a talk. Raises `BadInput` for native calls of a target that is no OpenAI-compatible endpoint."""
    if not native:
        return TextDialogue(target, file, system)
    if not isinstance(target, _Endpoint):
        raise bad_input(f"native calls of {target.reference}", "openai/MODEL@http://…/v1", "leave --native out")
    return NativeDialogue(endpoint=target, reference=target.reference, file=file, system=system)


class TextDialogue:
    """Calls as most open models write them: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`.

    What a tool answers comes back as a message in `<tool_response>`. It needs nothing of a server.
    """

    def __init__(self, target: Target, file: TaskFile, system: str) -> None:
        self._target, self._talk = target, [Message(role="system", content=_instructions(file, system))]

    def say(self, text: str) -> None:
        """Add what the user says."""
        self._talk.append(Message(role="user", content=text))

    def reply(self, seed: int) -> tuple[Reply, list[Asked]]:
        """Ask the target."""
        reply = self._target.generate([Conversation(messages=tuple(self._talk))], [seed])[0]
        if reply.finish != "error" and reply.text.strip():
            self._talk.append(Message(role="assistant", content=reply.text))
        return reply, [_read(found) for found in _CALL.findall(reply.text)]

    def answer(self, calls: Sequence[Asked], results: Sequence[str]) -> None:
        """Add what the tools have answered."""
        told = "\n".join(results)
        self._talk.append(Message(role="user", content=f"<tool_response>\n{told}\n</tool_response>"))


@dataclass(kw_only=True)
class NativeDialogue:
    """Calls as the API has them: `tools` in the request, `tool_calls` in the reply, messages of the role `tool`."""

    endpoint: _Endpoint
    reference: str
    file: TaskFile
    system: str
    _said: list[dict[str, Any]] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Add what the user says."""
        self._said.append({"role": "user", "content": text})

    def reply(self, seed: int) -> tuple[Reply, list[Asked]]:
        """Ask the endpoint.

        Raises:
            BadInput: it refuses tools.
        """
        system = "\n".join([self.system, *_order(self.file)])
        messages = [{"role": "system", "content": system}, *self._said]
        plain = tuple(Message(role="user", content=str(one.get("content") or "-")) for one in messages)
        try:
            reply, choice = self.endpoint.completion(
                Conversation(messages=plain), seed, messages=messages, tools=_schema(self.file)
            )
        except RefusedRequest as error:
            found = f"{self.reference}, which refuses tools ({error})"
            raise bad_input(found, "a server that knows tool_calls", "leave --native out") from None
        given = [one for one in getattr(choice.message, "tool_calls", None) or () if getattr(one, "function", None)]
        calls = [_parsed(one.function.name, one.function.arguments, str(one.id)) for one in given]
        if calls:
            named = [{"id": c.id, "type": "function", "function": {"name": c.name, "arguments": one.function.arguments}}
                     for c, one in zip(calls, given, strict=True)]  # fmt: skip
            self._said.append({"role": "assistant", "content": reply.text or None, "tool_calls": named})
            reply = reply.model_copy(update={"finish": "stop", "why": "tool_calls"})
        elif reply.text.strip():
            self._said.append({"role": "assistant", "content": reply.text})
        return reply, calls

    def answer(self, calls: Sequence[Asked], results: Sequence[str]) -> None:
        """Add what the tools have answered."""
        for call, result in zip(calls, results, strict=True):
            self._said.append({"role": "tool", "tool_call_id": call.id, "content": result})


def _read(text: str) -> Asked:
    try:
        call = json.loads(text)
        return _parsed(str(call["name"]), json.dumps(call.get("arguments", {})))
    except (ValueError, KeyError, TypeError):
        return Asked(name="", arguments=None)


def _parsed(name: str, arguments: str, id_: str = "") -> Asked:
    try:
        found = json.loads(arguments or "{}")
    except ValueError:
        found = None
    return Asked(name=name, arguments=found if isinstance(found, dict) else None, id=id_)


def _schema(file: TaskFile) -> list[dict[str, Any]]:
    """Return the tools as the API takes them."""
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": tool.about,
                "parameters": {
                    "type": "object",
                    "properties": {one: {"type": type_} for one, type_ in tool.parameters.items()},
                    "required": list(tool.parameters),
                },
            },
        }
        for name, tool in file.tools.items()
    ]


def _order(file: TaskFile) -> list[str]:
    return [f"Call {', '.join(tool.after)} before {name}." for name, tool in file.tools.items() if tool.after]


def _instructions(file: TaskFile, system: str) -> str:
    tools = [
        json.dumps({"name": name, "description": tool.about, "parameters": tool.parameters})
        for name, tool in file.tools.items()
    ]
    how = (
        'Call a tool by writing <tool_call>{"name": "…", "arguments": {…}}</tool_call>. What it answers comes in '
        "<tool_response>. Answer without a call when you are done."
    )
    return "\n".join([system, "Tools:", *tools, *_order(file), how])
