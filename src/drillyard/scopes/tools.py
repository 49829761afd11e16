"""Schemas of tools, as the APIs of OpenAI and Anthropic and MCP have them: the actions of a system."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from drillyard.errors import bad_input
from drillyard.records import Action, Span
from drillyard.records.strict_json import parse_json
from drillyard.scopes.grammar import condition_of, modality, sentences

__all__ = ["read_tools"]


def read_tools(name: str, text: str, sha256: str) -> list[Action]:
    """Return the actions of a JSON file.

    Raises:
        BadInput: broken JSON, or none of the three forms.
    """
    try:
        data = parse_json(text)
    except ValueError as error:
        raise bad_input(f"broken JSON ({error})", "a list of tools") from None
    listed = data.get("tools", data.get("functions", [data])) if isinstance(data, dict) else data
    if not isinstance(listed, list) or not listed:
        raise bad_input(f"{type(data).__name__} without tools", "a list of tools, each with a name and parameters")
    return [_action(name, text, sha256, one) for one in listed]


def _action(document: str, text: str, sha256: str, data: object) -> Action:
    tool = data.get("function", data) if isinstance(data, dict) else {}
    if not isinstance(tool, dict) or not isinstance(tool.get("name"), str):
        found = json.dumps(data)[:60]
        raise bad_input(f"the tool {found}", "a name and parameters, as OpenAI, Anthropic or MCP write them")
    schema: Any = next((tool[key] for key in ("parameters", "input_schema", "inputSchema") if key in tool), {})
    properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
    said = tool.get("description") or ""
    line = _line(text, tool["name"])
    return Action(
        name=tool["name"],
        description=said,
        parameters={key: _type(value) for key, value in properties.items()},
        required=tuple(str(one) for one in schema.get("required", ())),
        choices={key: tuple(map(str, value["enum"])) for key, value in properties.items() if _has_choice(value)},
        preconditions=tuple(_preconditions(said)),
        span=Span(document=document, sha256=sha256, line=line, last_line=line, text=said or tool["name"]),
    )


def _preconditions(description: str) -> Iterator[str]:
    for sentence in sentences(description):
        if condition_of(sentence) or modality(sentence) in ("must", "must-not"):
            yield sentence


def _type(schema: object) -> str:
    return str(schema.get("type", "any")) if isinstance(schema, Mapping) else "any"


def _has_choice(schema: Any) -> bool:
    return isinstance(schema, Mapping) and isinstance(schema.get("enum"), list)


def _line(text: str, name: str) -> int:
    at = text.find(f'"{name}"')
    return text[: max(at, 0)].count("\n") + 1
