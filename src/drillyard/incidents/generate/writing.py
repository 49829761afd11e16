"""The same turns in each form of log, as `data/log-forms.yaml` shows one object of it."""

from __future__ import annotations

import csv
import functools
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from drillyard.records.files import make_folder, write_atomically

__all__ = ["WRITERS", "write_logs"]

_Turn = Mapping[str, Any]
WRITERS = (
    "plain", "csv", "parquet", "otel", "otel-old", "openinference", "langfuse", "langsmith", "openai", "inspect",
)  # fmt: skip
"""The forms that are written."""
_TYPES = {int: "intValue", float: "doubleValue", str: "stringValue"}


def write_logs(turns: Sequence[_Turn], form: str, folder: Path) -> Path:
    """Write turns as logs of a form; return the file."""
    make_folder(folder)
    shown = _shown()[form]
    path: Path = folder / shown["file"]
    write = {".csv": _csv, ".parquet": _parquet, ".eval": _archive}.get(path.suffix, _lines)
    write_atomically(path, write(_filled(shown["object"], _values(one)) for one in turns))
    return path


def _filled(shown: Any, values: Mapping[str, Any]) -> Any:
    """Return an object with `$name` replaced by the value of that name, and `json` and `otlp` written as they are."""
    if isinstance(shown, str):
        return values[shown[1:]] if shown.startswith("$") else shown
    if isinstance(shown, list):
        return [_filled(one, values) for one in shown]
    if not isinstance(shown, dict):
        return shown
    made = {name: _filled(one, values) for name, one in shown.items()}
    if made.keys() == {"json"}:
        return json.dumps(made["json"])
    if made.keys() == {"otlp"}:
        return [{"key": name, "value": {_TYPES[type(value)]: value}} for name, value in made["otlp"].items()]
    return made


@functools.cache
def _shown() -> dict[str, Any]:
    text = (resources.files("drillyard.incidents") / "data" / "log-forms.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def _values(one: _Turn) -> dict[str, Any]:
    """Return what objects may ask for: a turn, what it has, and the same as other tools write it."""
    start, latency = int(one["ts"] * 1e9), int(one["latency"] * 1e9)
    moments = {"start": one["ts"], "end": one["ts"] + one["latency"]}
    return {
        **one, **{name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in moments.items()},
        **{f"{name}_text": str(one[name]) for name in ("label_bad", "engagement", "purchased")},
        "turn": one, "start_ns": str(start), "end_ns": str(start + latency), "created": int(one["ts"]),
        "template_number": int(one["template_version"]),
    }  # fmt: skip


def _lines(rows: Iterator[Any]) -> bytes:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def _csv(rows: Iterator[Any]) -> bytes:
    text, first = io.StringIO(), next(rows)
    writer = csv.DictWriter(text, [*first])
    writer.writeheader()
    writer.writerows({**one, "tools": " ".join(one["tools"])} for one in (first, *rows))
    return text.getvalue().encode()


def _parquet(rows: Iterator[Any]) -> bytes:
    from drillyard.incidents.case import store

    made: bytes = store().parquet_bytes([*rows])
    return made


def _archive(samples: Iterator[Any]) -> bytes:
    """An archive as Inspect writes it: a header, and a file a sample."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, sample in enumerate(samples):
            archive.writestr(f"samples/{number:06d}_epoch_1.json", json.dumps(sample))
        header = {"version": 2, "eval": {"task": "helpdesk", "model": sample["output"]["model"]}}
        archive.writestr("header.json", json.dumps(header))
    return data.getvalue()
