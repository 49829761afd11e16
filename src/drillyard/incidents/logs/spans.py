"""Spans of OpenTelemetry and OpenInference as views: OTLP's lists, events of all versions, indexed attributes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from drillyard.incidents.logs.turn import messages_of, parsed

__all__ = ["flat", "openinference_views", "otel_views"]

Object = Mapping[str, Any]
_LISTED = re.compile(
    r"llm\.(input|output)_messages\.(\d+)\.message\.(role|content|contents\.\d+\.message_content\.text)$"
)
_OLD_INPUT = re.compile(r"gen_ai\.(system|user|assistant|tool)\.message")


def flat(attributes: Any) -> dict[str, Any]:
    """Return attributes as a flat mapping, OTLP's {key, value: {stringValue}} included."""
    if isinstance(attributes, list):
        return {str(one.get("key")): _value(one.get("value")) for one in attributes if isinstance(one, Mapping)}
    return dict(attributes) if isinstance(attributes, Mapping) else {}


def _value(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    kind, inner = next(iter(value.items()), ("", None))
    if kind == "arrayValue":
        return [_value(one) for one in (inner or {}).get("values", [])]
    return flat((inner or {}).get("values")) if kind == "kvlistValue" else inner


def otel_views(one: Object) -> Iterator[Object]:
    """Yield the calls of a span or of an OTLP document: content on the span, on its events, or as older events."""
    for span in _spans(one):
        names = flat(span.get("attributes")) or dict(span)
        events = [
            {**flat(event.get("attributes")), **flat(event.get("body")), "name": str(event.get("name"))}
            for event in span.get("events") or []
        ]
        for event in events:
            if event["name"] == "gen_ai.client.inference.operation.details":
                names = {**event, **names}
        asked, told = names.get("gen_ai.input.messages"), parsed(names.get("gen_ai.output.messages"))
        if not asked and not names.get("gen_ai.system_instructions"):
            asked, told = _before_1_37([*events, {**names, "name": ""}])
        if not asked and not told:
            continue
        scored = [event for event in (names, *events) if "gen_ai.evaluation.score.value" in event]
        yield _shared(span, names) | {
            "messages": asked,
            "response": told,
            "tools": [tool] if (tool := names.get("gen_ai.tool.name")) else [],
            "scores": {
                str(event.get("gen_ai.evaluation.name", "evaluation")): event["gen_ai.evaluation.score.value"]
                for event in scored
            },
        }


def openinference_views(span: Object) -> Iterator[Object]:
    """Yield the call of an OpenInference span; its messages are indexed attributes. Other kinds of span hold none."""
    names = flat(span.get("attributes")) or dict(span)
    if str(names.get("openinference.span.kind", "LLM")).upper() != "LLM":
        return
    listed: dict[str, dict[int, dict[str, Any]]] = {"input": defaultdict(dict), "output": defaultdict(dict)}
    for name, value in names.items():
        if found := _LISTED.match(name):
            listed[found[1]][int(found[2])]["role" if found[3] == "role" else "content"] = value
    asked, told = ([message for _, message in sorted(many.items())] for many in listed.values())
    yield _shared(span, names) | {
        "messages": asked or names.get("input.value"), "response": told or parsed(names.get("output.value")),
    }  # fmt: skip


def _spans(one: Object) -> Iterator[Object]:
    """Yield the spans of an OTLP document (`resourceSpans`), each with its resource's attributes; else the object."""
    if not isinstance(one.get("resourceSpans"), list):
        yield one
        return
    for resource in one["resourceSpans"]:
        shared = flat((resource.get("resource") or {}).get("attributes"))
        for scope in resource.get("scopeSpans") or []:
            for span in scope.get("spans") or []:
                yield {**span, "attributes": {**shared, **flat(span.get("attributes"))}}


def _shared(span: Object, names: Object) -> dict[str, Any]:
    return {**flat(span.get("context")), **span, **flat(parsed(names.get("metadata"))), **names}


def _before_1_37(events: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Read the forms before 1.37: one event a message, or `gen_ai.content.prompt`, or indexed attributes."""
    asked: list[Any] = []
    told: list[Any] = []
    for event in events:
        prompt, reply = (event.get(f"gen_ai.content.{n}") or event.get(f"gen_ai.{n}") for n in ("prompt", "completion"))
        if role := _OLD_INPUT.fullmatch(event["name"]):
            asked.append({"role": role[1], "content": event.get("content") or prompt})
        elif event["name"] == "gen_ai.choice":
            told = [{"role": "assistant", "content": event.get("message") or event.get("content")}]
        else:
            asked = asked or messages_of(prompt)
            told = told or [{"content": text} for _, text in messages_of(reply)[-1:]]
    return asked, told
