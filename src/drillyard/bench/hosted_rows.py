"""Rows of a hosted eval: what was asked, answered and judged; each becomes a case or is named as lost.

A row is one of a run's data (`file_content`), an output item, or one of a list `items` beside the definition.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drillyard.bench.hosted_export import HostedEval, as_list, as_object
from drillyard.bench.lines import Problems
from drillyard.bench.prompts import as_conversation
from drillyard.bench.wording import render_messages
from drillyard.errors import BadInput, bad_input
from drillyard.records import BenchAsk, BenchCase, Conversation, Reply
from drillyard.targets.wire_openai import clean, text_of

__all__ = ["HostedRow", "RowCount", "count_rows", "read_rows"]


@dataclass(kw_only=True)
class HostedRow:
    """One row of an export.

    `where` names it, `source` is what it stands in, `run` the run of an output item (None: of no run). `prompts` are
    what was asked, the best first; `sample` what was answered, None where the row is only a question. `case` is what
    became of it (None: lost), `reply` the stored one (None: a question).
    """

    where: str
    source: str
    run: str | None = None
    item: Any
    prompts: tuple[Any, ...] = ()
    sample: Any = None
    results: tuple[Any, ...] = ()
    case: BenchCase | None = None
    reply: Reply | None = None


@dataclass(frozen=True, kw_only=True)
class RowCount:
    """What became of the rows of an export: the four add up to all of them."""

    questions: int = 0
    with_text: int = 0
    without_text: int = 0
    lost: int = 0

    def __str__(self) -> str:
        parts = [f"{self.with_text} kept with text", f"{self.without_text} kept without text or ended in an error"]
        parts += [f"{self.questions} kept as questions"] if self.questions else []
        total = self.questions + self.with_text + self.without_text + self.lost
        return f"{total} rows in the export = {' + '.join(parts)} + {self.lost} lost"

    def __add__(self, other: RowCount) -> RowCount:
        return RowCount(**{name: value + getattr(other, name) for name, value in self.__dict__.items()})


def count_rows(rows: Sequence[HostedRow]) -> RowCount:
    """Count what became of rows."""
    fates = Counter(
        "lost"
        if row.case is None
        else "questions"
        if row.reply is None
        else "without_text"
        if row.reply.finish == "error"
        else "with_text"
        for row in rows
    )
    return RowCount(**fates)


def read_rows(hosted: HostedEval, problems: Problems) -> tuple[list[HostedRow], list[BenchCase]]:
    """Return every row of an eval, and the cases that they become.

    A row that stands in several sources is one case; one that stands twice in one source is two. Rows that are lost are
    noted in `problems` by what names them.
    """
    cases: dict[tuple[str, int], BenchCase] = {}
    rows, seen = list(_rows(hosted, problems)), Counter[tuple[str, str]]()
    for number, row in enumerate(rows, start=1):
        try:
            case, row.reply = _case(number, row), _reply(row)
        except BadInput as problem:
            problems.add(row.where, problem)
            continue
        key = json.dumps([case.values, [ask.conversation.to_data() for ask in case.asks]], sort_keys=True)
        row.case = cases.setdefault((key, seen[row.source, key]), case)
        seen[row.source, key] += 1
    return rows, list(cases.values())


def _rows(hosted: HostedEval, problems: Problems) -> Iterator[HostedRow]:
    """Yield every row that was saved; runs of which rows were not are noted."""
    number = 0

    def where(thing: Mapping[str, Any]) -> str:
        nonlocal number
        number += 1
        return f"{hosted.name} row {number}" + (f" ({thing['id']})" if thing.get("id") else "")

    answered = Counter(str(item.get("run_id") or "run") for item in hosted.items)
    for place, run in enumerate(hosted.runs):
        data = as_object(run.get("data_source"))
        content, prompt = as_object(data.get("source")), data.get("input_messages")
        _tell_unsaved(hosted, run, answered[str(run.get("id") or "run")], problems)
        for row in as_list(content.get("content")) if content.get("type") == "file_content" else ():
            one = as_object(row)
            asked = {"prompts": (prompt,)} if prompt is not None else {"sample": one.get("sample")}
            yield HostedRow(where=where({}), source=f"data {place}", item=one.get("item"), **asked)
    for item in hosted.items:
        name, sample = str(item.get("run_id") or "run"), as_object(item.get("sample"))
        yield HostedRow(
            where=where(item),
            source=f"run {name}",
            run=name,
            item=item.get("datasource_item"),
            prompts=hosted.prompts_of(item),
            sample=sample or {"error": item.get("error")},
            results=tuple(as_list(item.get("results"))),
        )
    prompt = hosted.definition.get("input_messages")
    for row in as_list(hosted.definition.get("items")):
        one = as_object(row)
        asked = {"prompts": (prompt,)} if prompt is not None else {"sample": one.get("sample")}
        yield HostedRow(where=where({}), source="items", item=one.get("item", row), **asked)


def _tell_unsaved(hosted: HostedEval, run: Mapping[str, Any], saved: int, problems: Problems) -> None:
    """Note rows that the service had and the export has not."""
    source = as_object(run.get("data_source"))
    kind, where = as_object(source.get("source")).get("type"), f"{hosted.name} run {run.get('id')}"
    total = as_object(run.get("result_counts")).get("total")
    if isinstance(total, int) and total > saved:
        problems.add(where, f"{total - saved} of its {total} output items were not saved: save all pages of them")
    elif kind != "file_content" and not saved:
        problems.add(where, f"its rows lie elsewhere ({kind or source.get('type')}): save its output items")


def _case(number: int, row: HostedRow) -> BenchCase:
    """Return the case of a row. Raises `BadInput`: its item is no object, or it has neither a prompt nor a reply."""
    item = {} if row.item is None and row.run is not None else row.item
    if not isinstance(item, dict):
        raise bad_input(f"a row with the item {str(item)[:60]!r}", "an object")
    # In pages of output items the row itself is nested once more.
    item = item["item"] if set(item) <= {"item", "sample"} and isinstance(item.get("item"), dict) else item
    values = dict(_flat(item))
    if row.prompts:
        return BenchCase(
            id=str(number), asks=(BenchAsk(conversation=_asked(row.prompts, item, values)),), values=values
        )
    if row.sample is None:
        raise bad_input("a row without messages to ask and without a stored reply", "one of both")
    values.pop("completion", None)  # the reply's name: a field of the row is not to be taken for it
    reply = _stored(as_object(row.sample))
    if reply.finish != "error":
        values["completion"] = reply.text
    return BenchCase(id=str(number), asks=(), values=values)


def _asked(prompts: Sequence[Any], item: Mapping[str, Any], values: Mapping[str, str]) -> Conversation:
    """Return the first prompt that can be asked. Raises `BadInput` with what is wrong with the first."""
    first: BadInput | None = None
    for prompt in prompts:
        try:
            return _prompt(prompt, item, values)
        except BadInput as problem:
            first = first or problem
    assert first is not None
    raise first


def _prompt(prompt: Any, item: Mapping[str, Any], values: Mapping[str, str]) -> Conversation:
    """Return the conversation of `input_messages`: a template, a reference to a field of the row, or messages."""
    named = {f"item.{name}": value for name, value in values.items()}
    if isinstance(prompt, dict) and prompt.get("type") == "item_reference":
        field: Any = item
        for part in str(prompt.get("item_reference")).removeprefix("item.").split("."):
            field = field.get(part) if isinstance(field, dict) else None
        return as_conversation(field)
    template = prompt.get("template") if isinstance(prompt, dict) else prompt
    conversation = as_conversation(template)
    return conversation.model_copy(update={"messages": render_messages(conversation.messages, named)})


def _reply(row: HostedRow) -> Reply | None:
    """Return the reply that was stored with a row; None where the row is a question."""
    return None if row.sample is None else _stored(as_object(row.sample))


def _stored(sample: Mapping[str, Any]) -> Reply:
    """Return a stored reply: `output_text`, or output messages whose content is a text or parts.

    One without text, or that ended in an error, has `finish` error and says why.
    """
    said, kinds = [], []
    for message in map(as_object, as_list(sample.get("output"))):
        if message.get("role", "assistant") == "assistant":
            text, others = text_of(message.get("content"))
            kinds += others + [str(kind) for kind in [message.get("type")] if kind not in (None, "message")]
            said.append(text or text_of(message.get("refusal"))[0])
    kept = sample.get("output_text")
    text = kept if isinstance(kept, str) and kept.strip() else "".join(said)
    ended = str(sample.get("finish_reason") or "")
    if why := _error(sample.get("error")) or ("" if text.strip() else _silence(ended, kinds)):
        return Reply(text=clean(text), finish="error", why=clean(why))
    return Reply(text=clean(text), finish="length" if ended in ("length", "content_filter") else "stop")


def _error(error: Any) -> str:
    """Return what went wrong in the service's words; empty where nothing did."""
    words = [error.get("code"), error.get("message")] if isinstance(error, dict) else [error]
    told = " ".join(": ".join(str(word) for word in words if word).split())[:200]
    return f"error: {told}" if told else ""


def _silence(ended: str, kinds: Sequence[str]) -> str:
    """Say why there is no text."""
    return f"parts: {', '.join(kinds)}" if kinds else "empty" if ended in ("", "stop") else ended


def _flat(item: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every field by its dotted name; objects and lists also as JSON."""
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
