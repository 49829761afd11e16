"""Spans of OpenTelemetry and OpenInference: flat attributes, or OTLP's lists of {key, value}."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from drillyard.incidents.logs.turn import Turn, as_text, as_time, messages_of, number

__all__ = ["is_openinference", "is_otel", "openinference_turns", "otel_turns", "spans_of"]

Object = Mapping[str, Any]
_LISTED = re.compile(
    r"llm\.(input|output)_messages\.(\d+)\.message\.(role|content|contents\.\d+\.message_content\.text)$"
)
_OLD_INPUT = ("gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message")


def spans_of(one: Object) -> Iterator[Object]:
    """Yield the spans of an OTLP document (`resourceSpans`), each with its resource's attributes; else the object."""
    if not isinstance(one.get("resourceSpans"), list):
        yield one
        return
    for resource in one["resourceSpans"]:
        shared = _flat((resource.get("resource") or {}).get("attributes"))
        for scope in resource.get("scopeSpans") or []:
            for span in scope.get("spans") or []:
                yield {**span, "attributes": {**shared, **_flat(span.get("attributes"))}}


def is_openinference(one: Object) -> bool:
    """Say whether a span, or its attributes, follow OpenInference."""
    names = _flat(one.get("attributes")) or one
    return "openinference.span.kind" in names or any(str(name).startswith("llm.input_messages.") for name in names)


def is_otel(one: Object) -> bool:
    """Say whether a span, or one of its events, follows OpenTelemetry's GenAI conventions, old or new."""
    if "resourceSpans" in one or any(str(name).startswith("gen_ai.") for name in (_flat(one.get("attributes")) or one)):
        return True
    return any(
        str(event.get("name", "")).startswith("gen_ai.")
        for event in one.get("events") or []
        if isinstance(event, Mapping)
    )


def otel_turns(one: Object) -> Iterator[Turn]:
    """Yield the turns of a span or of an OTLP document: content on the span, on its events, or as older events."""
    for span in spans_of(one):
        names = _flat(span.get("attributes")) or dict(span)
        events = [{**_flat(e.get("attributes")), **_body(e), "name": e.get("name")} for e in span.get("events") or []]
        for event in events:
            if event["name"] == "gen_ai.client.inference.operation.details":
                names = {**event, **names}
        messages = [("system", text) for text in _instructions(names.get("gen_ai.system_instructions"))]
        messages += messages_of(names.get("gen_ai.input.messages"))
        response = _last(messages_of(names.get("gen_ai.output.messages")))
        if not messages:
            messages, response = _old(events, names)
        if not messages and not response:
            continue
        turn = _shared(span, names)
        turn.messages, turn.response = messages, response
        turn.template_id = str(names.get("gen_ai.prompt.name") or names.get("langfuse.observation.prompt.name") or "")
        turn.template_version = str(
            names.get("gen_ai.prompt.version") or names.get("langfuse.observation.prompt.version") or ""
        )
        turn.tools = [str(names["gen_ai.tool.name"])] if names.get("gen_ai.tool.name") else []
        for event in [names, *events]:
            if (score := number(event.get("gen_ai.evaluation.score.value"))) is not None:
                turn.scores[str(event.get("gen_ai.evaluation.name", "evaluation"))] = score
        yield turn


def openinference_turns(one: Object) -> Iterator[Turn]:
    """Yield the turn of an LLM span; other kinds of span hold none."""
    for span in spans_of(one):
        names = _flat(span.get("attributes")) or dict(span)
        if str(names.get("openinference.span.kind", "LLM")).upper() != "LLM":
            continue
        lists: dict[str, dict[int, dict[str, str]]] = {"input": defaultdict(dict), "output": defaultdict(dict)}
        for name, value in names.items():
            if found := _LISTED.match(str(name)):
                part = "role" if found[3] == "role" else "content"
                lists[found[1]][int(found[2])][part] = as_text(value)
        ordered = {
            side: [(m.get("role", "user"), m.get("content", "")) for _, m in sorted(many.items())]
            for side, many in lists.items()
        }
        turn = _shared(span, names)
        turn.messages = ordered["input"] or messages_of(names.get("input.value"))
        turn.response = (
            _last(ordered["output"])
            or _last(messages_of(names.get("output.value")))
            or as_text(names.get("output.value"))
        )
        turn.template = as_text(names.get("llm.prompt_template.template"))
        turn.template_version = str(names.get("llm.prompt_template.version") or "")
        turn.template_id = str(names.get("llm.prompt_template.name") or "")
        turn.vars = _variables(names.get("llm.prompt_template.variables"))
        turn.model = str(names.get("llm.model_name") or turn.model)
        for name, value in names.items():
            if str(name).startswith("evaluation.") and (score := number(value)) is not None:
                turn.scores[str(name).removeprefix("evaluation.").removesuffix(".score")] = score
        yield turn


def _shared(span: Object, names: Object) -> Turn:
    start = as_time(span.get("startTimeUnixNano") or span.get("start_time") or span.get("timestamp") or span.get("ts"))
    end = as_time(span.get("endTimeUnixNano") or span.get("end_time"))
    context = span.get("context") if isinstance(span.get("context"), Mapping) else {}
    metadata = names.get("metadata")
    if isinstance(metadata, str):
        metadata = _variables(metadata)
    more = {**(metadata if isinstance(metadata, Mapping) else {}), **names}
    said = {
        "session": ("session.id", "gen_ai.conversation.id", "langfuse.session.id"),
        "user": ("user.id", "enduser.id", "langfuse.user.id"),
        "cohort": ("user.cohort", "cohort"),
        "model": ("gen_ai.response.model", "gen_ai.request.model"),
        "release": ("service.version", "langfuse.release", "release"),
    }
    found: dict[str, Any] = {
        field: next((str(more[name]) for name in keys if more.get(name)), "") for field, keys in said.items()
    }
    latency = end - start if start is not None and end is not None else None
    trace = str(span.get("traceId") or span.get("trace_id") or (context or {}).get("trace_id") or "")
    label = next((number(more[n]) for n in ("label_bad", "bad", "flagged") if more.get(n) is not None), None)
    feedback = {
        str(n).removeprefix("feedback."): v
        for n, raw in more.items()
        if str(n).startswith("feedback.") and (v := number(raw)) is not None
    }
    return Turn(ts=start, trace_id=trace, latency=latency, label=label, feedback=feedback, **found)


def _old(events: list[dict[str, Any]], names: Object) -> tuple[list[tuple[str, str]], str]:
    """Read the forms before 1.37: one event a message, or `gen_ai.content.prompt`, or indexed attributes."""
    messages, response = [], ""
    for event in events:
        if event["name"] in _OLD_INPUT:
            messages.append(
                (str(event["name"]).split(".")[1], as_text(event.get("content") or event.get("gen_ai.prompt")))
            )
        elif event["name"] == "gen_ai.choice":
            response = as_text(event.get("message") or event.get("content"))
        elif event.get("gen_ai.prompt") or event.get("gen_ai.content.prompt"):
            messages = messages_of(event.get("gen_ai.prompt") or event.get("gen_ai.content.prompt"))
        elif event.get("gen_ai.completion"):
            response = _last(messages_of(event["gen_ai.completion"]))
    if not messages and (prompt := names.get("gen_ai.content.prompt") or names.get("gen_ai.prompt")):
        messages, response = (
            messages_of(prompt),
            _last(messages_of(names.get("gen_ai.content.completion") or names.get("gen_ai.completion"))),
        )
    return messages, response


def _instructions(value: Any) -> list[str]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return [value]
    parts = value if isinstance(value, list) else [value] if value else []
    return [text for part in parts if (text := as_text(part))]


def _last(messages: list[tuple[str, str]]) -> str:
    return messages[-1][1] if messages else ""


def _variables(value: Any) -> dict[str, str]:
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return {str(name): as_text(one) for name, one in found.items()} if isinstance(found, Mapping) else {}


def _body(event: Object) -> dict[str, Any]:
    body = event.get("body")
    return {str(k): v for k, v in body.items()} if isinstance(body, Mapping) else {}


def _flat(attributes: Any) -> dict[str, Any]:
    """Return attributes as a flat mapping; OTLP's {key, value: {stringValue}} and nested ones included."""
    if isinstance(attributes, list):
        return {str(one.get("key")): _value(one.get("value")) for one in attributes if isinstance(one, Mapping)}
    if not isinstance(attributes, Mapping):
        return {}
    return dict(attributes)


def _value(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    kind, inner = next(iter(value.items()), ("", None))
    if kind == "arrayValue":
        return [_value(one) for one in (inner or {}).get("values", [])]
    if kind == "kvlistValue":
        return {one["key"]: _value(one.get("value")) for one in (inner or {}).get("values", [])}
    return inner
