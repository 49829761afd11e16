"""The same turns in each form of log, as its own tools write it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drillyard.records.files import make_folder, write_atomically

__all__ = ["WRITERS", "write_logs"]

_Turn = Mapping[str, Any]


def write_logs(turns: Sequence[_Turn], form: str, folder: Path) -> Path:
    """Write turns as logs of a form; return the file."""
    make_folder(folder)
    name, write = WRITERS[form]
    path = folder / name
    write_atomically(path, write(turns))
    return path


def _lines(rows: Iterable[Any]) -> bytes:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def _messages(one: _Turn) -> list[dict[str, str]]:
    return [{"role": "system", "content": one["system"]}, {"role": "user", "content": one["prompt"]}]


def _iso(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).isoformat()


def _feedback(one: _Turn) -> dict[str, Any]:
    return {"engagement": one["engagement"], "purchased": one["purchased"]}


def _plain(turns: Sequence[_Turn]) -> bytes:
    return _lines(turns)


def _csv(turns: Sequence[_Turn]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, [*turns[0]])
    writer.writeheader()
    writer.writerows({**one, "tools": " ".join(one["tools"])} for one in turns)
    return text.getvalue().encode()


def _parquet(turns: Sequence[_Turn]) -> bytes:
    from drillyard.incidents.case import store

    made: bytes = store().parquet_bytes(turns)
    return made


def _parts(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "content": text}]


def _otel_shared(one: _Turn) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": one["model"], "session.id": one["session"],
        "user.id": one["user"], "user.cohort": one["cohort"], "service.version": one["release"],
        "label_bad": one["label_bad"], **{f"feedback.{name}": value for name, value in _feedback(one).items()},
    }  # fmt: skip


def _span(one: _Turn, attributes: Mapping[str, Any], events: Sequence[Any] = ()) -> dict[str, Any]:
    start = int(one["ts"] * 1e9)
    end = start + int(one["latency"] * 1e9)
    times = {"startTimeUnixNano": str(start), "endTimeUnixNano": str(end)}
    return {"traceId": one["id"], "name": "chat", **times, "attributes": dict(attributes), "events": [*events]}


def _otel(turns: Sequence[_Turn]) -> bytes:
    return _lines(
        _span(one, {
            **_otel_shared(one),
            "gen_ai.prompt.name": one["template_id"], "gen_ai.prompt.version": one["template_version"],
            "gen_ai.system_instructions": json.dumps(_parts(one["system"])),
            "gen_ai.input.messages": json.dumps([{"role": "user", "parts": _parts(one["prompt"])}]),
            "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": _parts(one["response"])}]),
        })
        for one in turns
    )  # fmt: skip


def _otel_old(turns: Sequence[_Turn]) -> bytes:
    """The events of versions up to 1.36, within OTLP documents of typed attributes."""

    def typed(values: Mapping[str, Any]) -> list[dict[str, Any]]:
        kinds = {int: "intValue", float: "doubleValue", str: "stringValue"}
        return [{"key": name, "value": {kinds[type(value)]: value}} for name, value in values.items()]

    def document(one: _Turn) -> dict[str, Any]:
        events = [
            {"name": f"gen_ai.{m['role']}.message", "attributes": typed({"content": m["content"]})}
            for m in _messages(one)
        ]
        events.append({"name": "gen_ai.choice", "attributes": typed({"message": one["response"]})})
        shared = _otel_shared(one)
        resource = {"attributes": typed({"service.version": shared.pop("service.version")})}
        span = {**_span(one, {}, events), "attributes": typed(shared)}
        return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}

    return _lines(document(one) for one in turns)


def _openinference(turns: Sequence[_Turn]) -> bytes:
    def attributes(one: _Turn) -> dict[str, Any]:
        listed = {
            f"llm.input_messages.{i}.message.{part}": message[part]
            for i, message in enumerate(_messages(one))
            for part in ("role", "content")
        }
        return {
            "openinference.span.kind": "LLM", **listed, "llm.model_name": one["model"],
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": one["response"],
            "llm.prompt_template.template": one["system"], "llm.prompt_template.name": one["template_id"],
            "llm.prompt_template.version": one["template_version"], "llm.prompt_template.variables": "{}",
            "session.id": one["session"], "user.id": one["user"],
            "metadata": json.dumps({
                "cohort": one["cohort"], "release": one["release"], "label_bad": one["label_bad"],
                **{f"feedback.{name}": value for name, value in _feedback(one).items()},
            }),
        }  # fmt: skip

    return _lines(_span(one, attributes(one)) for one in turns)


def _langfuse(turns: Sequence[_Turn]) -> bytes:
    def trace(one: _Turn) -> dict[str, Any]:
        generation = {
            "type": "GENERATION", "traceId": one["id"], "startTime": _iso(one["ts"]), "model": one["model"],
            "input": _messages(one), "output": {"role": "assistant", "content": one["response"]},
            "promptName": one["template_id"], "promptVersion": int(one["template_version"]), "latency": one["latency"],
        }  # fmt: skip
        scores = [{"name": name, "value": one[name]} for name in ("label_bad", "engagement", "purchased")]
        shared = {"sessionId": one["session"], "userId": one["user"], "release": one["release"]}
        metadata = {"cohort": one["cohort"]}
        return {"id": one["id"], **shared, "metadata": metadata, "observations": [generation], "scores": scores}

    return _lines(map(trace, turns))


def _langsmith(turns: Sequence[_Turn]) -> bytes:
    def run(one: _Turn) -> dict[str, Any]:
        metadata = {
            "session_id": one["session"], "user_id": one["user"], "cohort": one["cohort"], "release": one["release"],
            "ls_model_name": one["model"], "prompt_name": one["template_id"],
            "prompt_version": one["template_version"],
        }  # fmt: skip
        feedback = {name: {"n": 1, "avg": one[name]} for name in ("label_bad", "engagement", "purchased")}
        times = {"start_time": _iso(one["ts"]), "end_time": _iso(one["ts"] + one["latency"])}
        answer = {"choices": [{"message": {"role": "assistant", "content": one["response"]}}]}
        ids = {"run_id": one["id"], "trace_id": one["id"], "parent_run_id": None, "run_type": "llm"}
        rest = {"extra": {"metadata": metadata}, "feedback_stats": feedback}
        return {**ids, **times, "inputs": {"messages": _messages(one)}, "outputs": answer, **rest}

    return _lines(map(run, turns))


def _openai(turns: Sequence[_Turn]) -> bytes:
    def stored(one: _Turn) -> dict[str, Any]:
        names = ("session", "user", "cohort", "release", "template_id", "template_version")
        said = {name: str(one[name]) for name in (*names, "label_bad", "engagement", "purchased")}
        message = {"role": "assistant", "content": one["response"]}
        return {
            "id": one["id"], "object": "chat.completion", "created": int(one["ts"]), "model": one["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "metadata": said, "messages": _messages(one),
        }  # fmt: skip

    return _lines(map(stored, turns))


def _inspect(turns: Sequence[_Turn]) -> bytes:
    """An archive as Inspect writes it: a header, and a file a sample; releases and templates are no part of it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "header.json", json.dumps({"version": 2, "eval": {"task": "helpdesk", "model": turns[0]["model"]}})
        )
        for number, one in enumerate(turns):
            sample = {
                "id": one["id"], "epoch": 1,
                "messages": [*_messages(one), {"role": "assistant", "content": one["response"]}],
                "output": {"model": one["model"]}, "metadata": {"cohort": one["cohort"]},
                "scores": {"label_bad": {"value": one["label_bad"]}},
                "events": [{"event": "model", "timestamp": _iso(one["ts"])}],
            }  # fmt: skip
            archive.writestr(f"samples/{number:06d}_epoch_1.json", json.dumps(sample))
    return data.getvalue()


WRITERS: Mapping[str, tuple[str, Callable[[Sequence[_Turn]], bytes]]] = {
    "plain": ("turns.jsonl", _plain),
    "csv": ("turns.csv", _csv),
    "parquet": ("turns.parquet", _parquet),
    "otel": ("spans.jsonl", _otel),
    "otel-old": ("spans.jsonl", _otel_old),
    "openinference": ("spans.jsonl", _openinference),
    "langfuse": ("traces.jsonl", _langfuse),
    "langsmith": ("runs.jsonl", _langsmith),
    "openai": ("completions.jsonl", _openai),
    "inspect": ("log.eval", _inspect),
}
"""Form -> the file's name and what writes it."""
