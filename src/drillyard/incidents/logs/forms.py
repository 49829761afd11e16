"""What each form of log looks like: the keys that tell it, and the views that it is laid out in.

Sources: OpenTelemetry's GenAI conventions (messages as attributes from 1.37 on, events before), OpenInference's span
attributes, Langfuse's and LangSmith's exports, OpenAI's chat.completion, Inspect's sample files.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from drillyard.errors import bad_input
from drillyard.incidents.logs.spans import flat, openinference_views, otel_views
from drillyard.incidents.logs.turn import NAMES, Turn, as_text, first, messages_of, numbers, turn_of

__all__ = ["FORMS", "Form", "form_named", "form_of"]

Object = Mapping[str, Any]
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0}
"""Inspect's grades: correct, partially, incorrect."""


class Form(NamedTuple):
    """A form of log: its name, the sets of names any of which tells it (`x.` begins one), and its objects' views."""

    name: str
    told_by: tuple[tuple[str, ...], ...]
    views: Callable[[Object], Iterator[Object]]

    def turns(self, one: Object) -> Iterator[Turn]:
        """Yield the turns of one of its objects."""
        return map(turn_of, self.views(one))


def _mapping(value: Any) -> Object:
    return value if isinstance(value, Mapping) else {}


def _layered(*layers: Object) -> dict[str, Any]:
    """Return layers as one mapping; a later one wins where it says something."""
    return {name: value for one in layers for name, value in one.items() if value not in (None, "")}


def _plain(one: Object) -> Iterator[Object]:
    yield one


def _langfuse(trace: Object) -> Iterator[Object]:
    shared = {name: trace.get(name) for name in ("id", "sessionId", "userId")}
    shared["release"] = trace.get("release") or trace.get("version")
    seen = [one for one in trace.get("observations") or [{**trace, "type": "GENERATION"}] if isinstance(one, Mapping)]
    tools = [one["name"] for one in seen if one.get("type") == "TOOL" and one.get("name")]
    for one in seen:
        if str(one.get("type", "")).upper() == "GENERATION":
            metadata = (_mapping(holder.get("metadata")) for holder in (trace, one))
            scores = numbers(trace.get("scores")) | numbers(one.get("scores"))
            own = {"messages": one.get("input"), "response": one.get("output"), "tools": tools, "scores": scores}
            yield {**_layered(*metadata, {"timestamp": trace.get("timestamp")}, one, shared), **own}


def _langsmith(run: Object) -> Iterator[Object]:
    if str(run.get("run_type", "llm")) not in ("llm", "chat_model"):
        return
    inputs, outputs = run.get("inputs") or {}, run.get("outputs") or {}
    generations = outputs.get("generations") if isinstance(outputs, Mapping) else None
    while isinstance(generations, list) and generations:
        generations = generations[0]
    metadata = _layered(_mapping(_mapping(run.get("extra")).get("metadata")), _mapping(run.get("metadata")))
    shared = {name: run.get(name) for name in ("start_time", "end_time", "trace_id", "run_id", "id", "total_cost")}
    yield {
        **_layered({"session": run.get("trace_id")} if first(metadata, *NAMES["session"]) is None else {}, metadata),
        **shared,
        "messages": first(inputs, "messages", "input", "prompt"),
        "response": first(generations or outputs, "message", "output", "content", "text", "choices", "messages"),
        "feedback": run.get("feedback_stats"),
    }


def _stored_completion(one: Object) -> Iterator[Object]:
    message = (one.get("choices") or [{}])[0].get("message") or {}
    calls = [call["function"]["name"] for call in message.get("tool_calls") or [] if call.get("function")]
    asked = first(one, *NAMES["messages"]) or _mapping(one.get("request")).get("messages")
    own = {"messages": asked, "response": as_text(message.get("content")), "tools": calls}
    yield {**_layered(_mapping(one.get("metadata")), one), **own}


def _inspect(sample: Object) -> Iterator[Object]:
    """One sample of an Inspect log; the reader puts the header's `eval` beside it."""
    header, output, events = _mapping(sample.get("eval")), _mapping(sample.get("output")), sample.get("events") or []
    messages = messages_of(sample.get("messages") or sample.get("input"))
    if messages and messages[-1][0] != "assistant":
        told = output.get("completion") or next((text for _, text in messages_of(output.get("choices"))), "")
        messages.append(("assistant", told))
    scores = {name: _mapping(score).get("value") for name, score in _mapping(sample.get("scores")).items()}
    used = {str(one["function"]) for one in events if one.get("event") == "tool" and one.get("function")}
    yield {
        "messages": messages, "tools": sorted(used), "session": f"{first(sample, 'id')}:{first(sample, 'epoch')}",
        "ts": next((one["timestamp"] for one in events if one.get("timestamp")), None) or header.get("created"),
        "trace_id": first(sample, "uuid", "id"), "model": output.get("model") or header.get("model"),
        "task": header.get("task"), "task_version": header.get("task_version"),
        "cohort": _mapping(sample.get("metadata")).get("cohort"),
        "scores": {name: _GRADES.get(str(value), value) for name, value in scores.items()},
    }  # fmt: skip


FORMS: tuple[Form, ...] = (
    Form("openinference", (("openinference.span.kind",), ("llm.input_messages.",)), openinference_views),
    Form("otel", (("resourceSpans",), ("gen_ai.",)), otel_views),
    Form("openai", (("chat.completion",),), _stored_completion),
    Form("langsmith", (("run_type",),), _langsmith),
    Form("langfuse", (("observations",), ("promptName",), ("traceId", "type")), _langfuse),
    Form("inspect", (("epoch", "messages"), ("epoch", "output")), _inspect),
    Form("plain", (("messages",), *((a, b) for a in NAMES["messages"] for b in NAMES["response"])), _plain),
)
"""In the order in which they are tried: the more particular names first."""


def form_of(one: Object) -> Form | None:
    """Return the form of an object by its names, its attributes' and events', and its `object`; None for none."""
    names = [*one, str(one.get("object", ""))]
    if one.get("attributes") or one.get("events"):
        names += flat(one.get("attributes"))
        names += [str(event.get("name", "")) for event in one.get("events") or [] if isinstance(event, Mapping)]
    return _told(tuple(names))


@functools.lru_cache(4096)
def _told(names: tuple[str, ...]) -> Form | None:
    def there(mark: str) -> bool:
        return any(name.startswith(mark) for name in names) if mark.endswith(".") else mark in names

    return next((form for form in FORMS if any(all(map(there, marks)) for marks in form.told_by)), None)


def form_named(name: str) -> Form:
    """Return a form by its name. Raises `BadInput`."""
    known = {form.name: form for form in FORMS}
    if name not in known:
        raise bad_input(f"form {name!r}", f"one of: {', '.join(known)}")
    return known[name]
