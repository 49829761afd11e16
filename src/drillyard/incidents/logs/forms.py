"""What each form of log looks like: the keys that tell it, and how one object becomes turns.

Sources: OpenTelemetry's GenAI conventions (messages as attributes from 1.37 on, events before), OpenInference's span
attributes, Langfuse's and LangSmith's exports, OpenAI's chat.completion, Inspect's sample files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from drillyard.errors import bad_input
from drillyard.incidents.labels import KNOWN
from drillyard.incidents.logs.otel import is_openinference, is_otel, openinference_turns, otel_turns
from drillyard.incidents.logs.turn import Turn, as_text, as_time, messages_of, number

__all__ = ["FORMS", "Form", "form_named", "form_of"]

Object = Mapping[str, Any]
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0}
"""Inspect's grades: correct, partially, incorrect."""
_FEEDBACK = ("thumbs", "thumb", "rating", "clicked", "purchased", "engagement", "feedback", "csat", "converted")


class Form(NamedTuple):
    """A form of log: its name, what tells it, and what makes turns of one of its objects."""

    name: str
    tells: Callable[[Object], bool]
    turns: Callable[[Object], Iterator[Turn]]


def _first(one: Object, *names: str) -> Any:
    return next((one[name] for name in names if one.get(name) not in (None, "")), None)


def _word(one: Object, *names: str) -> str:
    found = _first(one, *names)
    return "" if found is None else str(found)


def _mapping(value: Any) -> Object:
    return value if isinstance(value, Mapping) else {}


def _numbers(given: Any) -> dict[str, float]:
    """Return what is a number in a mapping, or in a list of {name or key, value or score}."""
    if isinstance(given, list):
        given = {
            str(_first(one, "name", "key")): _first(one, "value", "score") for one in given if isinstance(one, dict)
        }
    found = {}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        value = value.get("avg", value.get("value")) if isinstance(value, Mapping) else value
        if (told := number(value)) is not None:
            found[str(name)] = told
    return found


def _split_reply(messages: list[tuple[str, str]], response: str) -> tuple[list[tuple[str, str]], str]:
    """Take the last message as the reply where there is none beside the messages."""
    if not response and messages and messages[-1][0] == "assistant":
        return messages[:-1], messages[-1][1]
    return messages, response


def _langfuse(one: Object) -> Iterator[Turn]:
    shared = _numbers(one.get("scores") or [])
    observations = one.get("observations") or [one]
    for seen in observations:
        if not isinstance(seen, Mapping) or (seen is not one and str(seen.get("type", "")).upper() != "GENERATION"):
            continue
        scored = seen.get("scores") if seen is not one else []
        metadata = {**_mapping(one.get("metadata")), **_mapping(seen.get("metadata"))}
        yield Turn(
            messages=messages_of(seen.get("input")),
            response=_reply_text(seen.get("output")),
            ts=as_time(_first(seen, "startTime", "timestamp") or one.get("timestamp")),
            trace_id=_word(seen, "traceId") or _word(one, "id"),
            session=_word(one, "sessionId"),
            user=_word(one, "userId"),
            cohort=_word(metadata, "cohort", "segment", "plan"),
            model=_word(seen, "model", "providedModelName"),
            release=_word(one, "release") or _word(one, "version"),
            template_id=_word(seen, "promptName"),
            template_version=_word(seen, "promptVersion"),
            scores={**shared, **_numbers(scored or [])},
            cost=number(_first(seen, "calculatedTotalCost", "totalCost")),
            latency=number(seen.get("latency")),
            tools=[
                str(t["name"])
                for t in observations
                if isinstance(t, dict) and t.get("type") == "TOOL" and t.get("name")
            ],
        )


def _reply_text(value: Any) -> str:
    found = messages_of(value) if not isinstance(value, str) else []
    return found[-1][1] if found else as_text(value)


def _langsmith(one: Object) -> Iterator[Turn]:
    if str(one.get("run_type", "llm")) not in ("llm", "chat_model"):
        return
    inputs, outputs = one.get("inputs") or {}, one.get("outputs") or {}
    metadata = {**_mapping(_mapping(one.get("extra")).get("metadata")), **_mapping(one.get("metadata"))}
    generations = outputs.get("generations") if isinstance(outputs, Mapping) else None
    while isinstance(generations, list) and generations:
        generations = generations[0]
    answer = _first(generations or outputs, "message", "output", "content", "text", "choices", "messages")
    start, end = as_time(one.get("start_time")), as_time(one.get("end_time"))
    yield Turn(
        messages=messages_of(_first(inputs, "messages", "input", "prompt")),
        response=_reply_text([answer] if isinstance(answer, Mapping) else answer),
        ts=start,
        trace_id=_word(one, "trace_id", "run_id", "id"),
        session=_word(metadata, "session_id", "thread_id", "conversation_id") or _word(one, "trace_id"),
        user=_word(metadata, "user_id", "user"),
        cohort=_word(metadata, "cohort"),
        model=_word(metadata, "ls_model_name", "model"),
        release=_word(metadata, "revision_id", "release"),
        template_id=_word(metadata, "lc_hub_repo", "prompt_name"),
        template_version=_word(metadata, "lc_hub_commit_hash", "prompt_version"),
        feedback=_numbers(one.get("feedback_stats") or {}),
        cost=number(one.get("total_cost")),
        latency=end - start if start is not None and end is not None else None,
    )


def _stored_completion(one: Object) -> Iterator[Turn]:
    metadata = one.get("metadata") or {}
    choices = one.get("choices") or [{}]
    message = choices[0].get("message") or {}
    asked = _first(one, "messages", "input_messages", "input") or (one.get("request") or {}).get("messages")
    yield Turn(
        messages=messages_of(asked),
        response=as_text(message.get("content")),
        ts=as_time(one.get("created")),
        trace_id=_word(one, "id"),
        session=_word(metadata, "session", "session_id", "conversation"),
        user=_word(metadata, "user", "user_id"),
        cohort=_word(metadata, "cohort"),
        model=_word(one, "model"),
        release=_word(metadata, "release", "deployment"),
        template_id=_word(metadata, "template", "template_id", "prompt_name"),
        template_version=_word(metadata, "template_version", "prompt_version"),
        tools=[str(call["function"]["name"]) for call in message.get("tool_calls") or [] if call.get("function")],
        feedback={name: value for name, value in _numbers(metadata).items() if name in _FEEDBACK},
        label=next((number(metadata[name]) for name in KNOWN if name in metadata), None),
        scores={n: v for n, v in _numbers(metadata).items() if n.startswith("score")},
    )


def _inspect(one: Object) -> Iterator[Turn]:
    """One sample of an Inspect log; the reader puts the header's `eval` beside it."""
    header = one.get("eval") or {}
    events, output = one.get("events") or [], one.get("output") or {}
    messages, response = _split_reply(messages_of(one.get("messages") or one.get("input")), "")
    completion = output.get("completion") or next(
        (as_text((c.get("message") or {}).get("content")) for c in output.get("choices") or []), ""
    )
    scores = {name: _mapping(score).get("value") for name, score in _mapping(one.get("scores")).items()}
    grades = {name: _GRADES.get(str(value), value) for name, value in scores.items()}
    yield Turn(
        messages=messages,
        response=response or completion,
        ts=as_time(next((e.get("timestamp") for e in events if e.get("timestamp")), None) or header.get("created")),
        trace_id=_word(one, "uuid", "id"),
        session=f"{_word(one, 'id')}:{_word(one, 'epoch')}",
        model=_word(output, "model") or _word(header, "model"),
        release=_word(header, "task_version"),
        template_id=_word(header, "task"),
        cohort=_word(one.get("metadata") or {}, "cohort"),
        tools=sorted({str(e.get("function")) for e in events if e.get("event") == "tool" and e.get("function")}),
        scores=_numbers(grades),
    )


def _plain(one: Object) -> Iterator[Turn]:
    messages = (
        messages_of(one["messages"])
        if one.get("messages")
        else messages_of(_first(one, "prompt", "user_text", "input", "question", "user_message"))
    )
    if system := _word(one, "system", "system_prompt", "instructions"):
        messages = [("system", system), *messages]
    messages, response = _split_reply(
        messages, as_text(_first(one, "response", "response_text", "completion", "output", "answer", "reply"))
    )
    tools = one.get("tools") or []
    yield Turn(
        messages=messages,
        response=response,
        ts=as_time(_first(one, "ts", "timestamp", "time", "created_at", "created", "date")),
        trace_id=_word(one, "trace_id", "id", "request_id"),
        session=_word(one, "session", "session_id", "conversation_id", "thread_id"),
        user=_word(one, "user", "user_id", "customer_id"),
        cohort=_word(one, "cohort", "user_group", "plan"),
        model=_word(one, "model", "model_id"),
        release=_word(one, "release", "deployment", "app_version"),
        template_id=_word(one, "template_id", "template", "prompt_name"),
        template_version=_word(one, "template_version", "prompt_version"),
        tools=[str(t) for t in tools] if isinstance(tools, list) else str(tools).split(),
        scores=_numbers(one.get("scores") or {})
        | _numbers({name[len("score_") :]: one[name] for name in one if name.startswith("score_")}),
        feedback=_numbers(one.get("feedback") if isinstance(one.get("feedback"), Mapping) else {})
        | {n: v for n in _FEEDBACK if (v := number(one.get(n))) is not None},
        cost=number(one.get("cost")),
        latency=number(one.get("latency")),
        label=next((number(one[name]) for name in KNOWN if one.get(name) is not None), None),
    )


def _is_plain(one: Object) -> bool:
    asks = any(name in one for name in ("messages", "prompt", "user_text", "input", "question", "user_message"))
    replies = any(
        name in one for name in ("messages", "response", "response_text", "completion", "output", "answer", "reply")
    )
    return asks and replies


FORMS: tuple[Form, ...] = (
    Form("openinference", is_openinference, openinference_turns),
    Form("otel", is_otel, otel_turns),
    Form("openai", lambda one: one.get("object") == "chat.completion", _stored_completion),
    Form("langsmith", lambda one: "run_type" in one, _langsmith),
    Form(
        "langfuse",
        lambda one: (
            isinstance(one.get("observations"), list) or "promptName" in one or ("traceId" in one and "type" in one)
        ),
        _langfuse,
    ),
    Form("inspect", lambda one: "epoch" in one and ("messages" in one or "output" in one), _inspect),
    Form("plain", _is_plain, _plain),
)
"""In the order in which they are tried: the more particular keys first."""


def form_of(one: Object, last: Form | None = None) -> Form | None:
    """Return the form of an object, trying that of the one before it first; None where no keys tell one."""
    if last is not None and last.name != "plain" and last.tells(one):
        return last
    return next((form for form in FORMS if form.tells(one)), None)


def form_named(name: str) -> Form:
    """Return a form by its name. Raises `BadInput`."""
    known = {form.name: form for form in FORMS}
    if name not in known:
        raise bad_input(f"form {name!r}", f"one of: {', '.join(known)}")
    return known[name]
