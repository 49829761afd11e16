"""What people have saved of the hosted Evals API, sorted: evals, their runs, the output items of the runs.

Any nesting will do: one eval, a list, pages (`{"object": "list", "data": [...]}`), JSON lines, a folder of such files.
Objects are known by their `object` field, or by the fields that only they have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drillyard.bench.lines import read_text
from drillyard.errors import bad_input

__all__ = ["HostedEval", "as_list", "as_object", "looks_hosted", "read_export"]

_DEEPEST = 12


@dataclass(kw_only=True)
class HostedEval:
    """One hosted eval with everything of it that was saved; `name` is its id, else its name."""

    name: str
    definition: dict[str, Any]
    runs: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)

    def prompts_of(self, item: dict[str, Any]) -> tuple[Any, ...]:
        """Return what an output item was asked: by its run's `input_messages`, by the messages stored with it."""
        run: dict[str, Any] = next((run for run in self.runs if run.get("id") == item.get("run_id")), {})
        asked = (as_object(run.get("data_source")).get("input_messages"), as_object(item.get("sample")).get("input"))
        return tuple(prompt for prompt in asked if prompt)


def as_object(value: Any) -> dict[str, Any]:
    """Return a JSON object, or an empty one for anything else: exports are other people's files."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a JSON list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def read_export(path: Path) -> list[HostedEval]:
    """Return every eval in a file or a folder.

    Raises:
        BadInput: nothing can be read there, or it holds no eval.
    """
    files = sorted(p for p in path.rglob("*.json*") if p.is_file()) if path.is_dir() else [path]
    found = [thing for file in files for thing in _things(_documents(file), 0)]
    evals = {one.name: one for one in _evals(thing for kind, thing in found if not kind)}
    if not found:
        raise bad_input(f"no eval in {str(path)!r}", "JSON with testing_criteria, as the hosted Evals API gives it")
    _give_out(evals, [(kind, thing) for kind, thing in found if kind])
    return list(evals.values())


def _give_out(evals: dict[str, HostedEval], found: list[tuple[str, dict[str, Any]]]) -> None:
    """Give runs and output items to their evals, each once; those whose eval was not saved stand in one of its name."""
    only = next(iter(evals)) if len(evals) == 1 else ""
    of_run = {str(thing.get("id")): thing.get("eval_id") for kind, thing in found if kind == "run"}
    seen: set[str] = set()
    for kind, thing in found:
        whole = json.dumps(thing, sort_keys=True) if thing.get("id") else ""
        if whole and whole in seen:
            continue  # a page that was saved twice
        seen.add(whole)
        name = str(thing.get("eval_id") or of_run.get(str(thing.get("run_id"))) or only or "unknown")
        owner = evals.setdefault(name, HostedEval(name=name, definition={"testing_criteria": []}))
        (owner.runs if kind == "run" else owner.items).append(thing)


def _evals(definitions: Iterable[dict[str, Any]]) -> Iterator[HostedEval]:
    """Yield evals; what people kept of their own requests has no id and perhaps no name, so it gets a number."""
    seen: set[str] = set()
    for number, definition in enumerate(definitions, start=1):
        name = str(definition.get("id") or definition.get("name") or "eval")
        if name in seen and not definition.get("id"):
            name = f"{name}-{number}"
        seen.add(name)
        yield HostedEval(name=name, definition=definition)


def looks_hosted(path: Path) -> bool:
    """Say whether a file speaks of testing criteria."""
    return '"testing_criteria"' in read_text(path)


def _documents(path: Path) -> Any:
    """Return a file's JSON document, or the list of its lines when it is JSON lines."""
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        try:
            return [json.loads(line) for line in text.split("\n") if line.strip()]
        except (ValueError, RecursionError):
            raise bad_input(f"broken JSON in {path.name} ({error})", "JSON or JSON lines") from None


def _things(data: Any, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ("", eval), ("run", run) and ("item", output item), outer ones first."""
    if depth > _DEEPEST:
        return
    if isinstance(data, list):
        for part in data:
            yield from _things(part, depth + 1)
        return
    if not isinstance(data, dict):
        return
    kind = _kind(data)
    if kind is not None:
        yield kind, data
    if kind != "item":  # what people ask and answer is not searched
        for name, part in data.items():
            if name not in ("data_source", "data_source_config", "testing_criteria", "metadata"):
                yield from _things(part, depth + 1)


def _kind(data: dict[str, Any]) -> str | None:
    if isinstance(data.get("testing_criteria"), list):
        return ""
    if data.get("object") == "eval.run.output_item" or "datasource_item" in data:
        return "item"
    if data.get("object") == "eval.run" or isinstance(data.get("data_source"), dict):
        return "run"
    return None
