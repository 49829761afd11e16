"""Hosted Evals in: an eval with its runs and output items becomes a benchmark, and a list of what did not come over."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from drillyard.audits.bench.hosted_export import HostedEval, as_list, as_object
from drillyard.audits.bench.hosted_graders import read_grader
from drillyard.audits.bench.lines import Problems
from drillyard.audits.bench.prompts import as_conversation
from drillyard.audits.bench.wording import quoted, render_messages
from drillyard.errors import bad_input
from drillyard.records import Ask, BenchCase, Benchmark, Criterion

__all__ = ["case_key", "hosted_case", "import_hosted", "stored_reply"]

_SAMPLE = "sample."


def import_hosted(hosted: HostedEval, problems: Problems) -> Benchmark:
    """Return a hosted eval as a benchmark; what is lost is added to `problems`.

    Cases come from the rows of its runs (`file_content`), from output items, and from a list `items` beside the
    definition; equal rows once. What is asked is the run's `input_messages`; rows without any keep the stored reply.

    Raises:
        BadInput: no grader or no case comes over.
    """
    criteria = [
        criterion
        for grader in hosted.definition["testing_criteria"]
        if (criterion := problems.attempt(hosted.name, functools.partial(read_grader, grader)))
    ]
    if not criteria:
        raise bad_input(f"no grader of {hosted.name!r} that can be used", "one that is not refused", _first(problems))
    cases: dict[str, BenchCase] = {}
    for number, (row, prompt, stored) in enumerate(_rows(hosted, problems), start=1):
        where = f"{hosted.name} row {number}"
        case = problems.attempt(where, functools.partial(hosted_case, number, row, prompt, stored, criteria))
        if case:
            cases.setdefault(case_key(case), case)
    if not cases:
        expected = "runs with file_content, output items, or a list 'items', saved with the eval"
        raise bad_input(f"no case of {hosted.name!r}", expected, _first(problems))
    title = str(hosted.definition.get("name") or "")
    return Benchmark(
        id=re.sub(r"[^\w.-]+", "-", hosted.name),
        title=title,
        origin="hosted-evals",
        criteria=tuple(_apart(criteria)),
        notes=tuple(problems.told),
        cases=tuple(cases.values()),
    )


def _apart(criteria: Sequence[Criterion]) -> Iterator[Criterion]:
    """Give a grader whose name came before a number behind it: verdicts are kept by name."""
    seen: set[str] = set()
    for criterion in criteria:
        name, number = criterion.name, 1
        while name in seen:
            number += 1
            name = f"{criterion.name} {number}"
        seen.add(name)
        yield criterion.model_copy(update={"name": name})


def _first(problems: Problems) -> str:
    return problems.told[0] if problems.told else ""


def case_key(case: BenchCase) -> str:
    """Return what makes a case the same as another: its values and what is asked."""
    return json.dumps([case.values, [ask.conversation.to_data() for ask in case.asks]], sort_keys=True)


def _rows(hosted: HostedEval, problems: Problems) -> Iterator[tuple[Any, Any, Any]]:
    """Yield item, prompt (None: the reply is stored in the row) and stored sample of every row that was saved."""
    for run in hosted.runs:
        source = as_object(run.get("data_source"))
        content, prompt = as_object(source.get("source")), source.get("input_messages")
        if content.get("type") == "file_content":
            for row in map(as_object, as_list(content.get("content"))):
                yield row.get("item"), prompt, row.get("sample")
        elif not hosted.items:
            kind, where = content.get("type") or source.get("type"), f"{hosted.name} run {run.get('id')}"
            problems.add(where, f"its rows lie elsewhere ({kind}): save its output items")
    for item in hosted.items:
        yield item.get("datasource_item"), hosted.prompt_of(item), item.get("sample")
    for row in map(as_object, as_list(hosted.definition.get("items"))):
        yield row.get("item", row), hosted.definition.get("input_messages"), row.get("sample")


def hosted_case(number: int, item: Any, prompt: Any, stored: Any, criteria: Sequence[Criterion]) -> BenchCase:
    """Return the case of one row.

    Args:
        number: its id.
        item: the row's fields, which graders and prompts quote as `{{item.x}}`.
        prompt: `input_messages` or plain messages; None for rows that bring their reply.
        stored: the sample that was saved with the row.
        criteria: what will quote it.

    Raises:
        BadInput: a field that is quoted is not there, or there is nothing to ask and no reply.
    """
    if not isinstance(item, dict):
        raise bad_input(f"a row with the item {str(item)[:60]!r}", "an object")
    # In pages of output items the row itself is nested once more.
    item = item["item"] if set(item) <= {"item", "sample"} and isinstance(item.get("item"), dict) else item
    values = dict(_flat(item))
    wanted = {name for criterion in criteria for name in quoted(criterion.to_json())}
    missing = sorted(name for name in wanted if name.startswith("item.") and name[5:] not in values)
    if missing:
        raise bad_input(f"a row without {', '.join(missing)}", "what the graders quote")
    if foreign := sorted(name for name in wanted if name.startswith(_SAMPLE) and name != "sample.output_text"):
        raise bad_input(f"graders that quote {', '.join(foreign)}", "sample.output_text: text is what is kept")
    asks = () if prompt is None else (Ask(conversation=_prompt(prompt, item, values)),)
    if not asks:
        values["completion"] = stored_reply(stored)
    return BenchCase(id=str(number), asks=asks, values=values)


def _prompt(prompt: Any, item: Mapping[str, Any], values: Mapping[str, str]) -> Any:
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


def stored_reply(sample: Any) -> str:
    """Return the reply that a row brings, as `output_text` or as a list of output messages. Raises `BadInput`."""
    sample = as_object(sample)
    if isinstance(sample.get("output_text"), str):
        return str(sample["output_text"])
    texts = [message.get("content") for message in as_list(sample.get("output")) if isinstance(message, dict)]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise bad_input("a row without messages to ask and without a stored reply", "one of both")
    return "".join(map(str, texts))


def _flat(item: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every field by its dotted name; objects and lists also as JSON."""
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
