"""Opening a case: logs in, rows, templates, coverage and seal out, in one pass over the logs and little memory."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from drillyard.errors import bad_input
from drillyard.incidents.case import COVERAGE, REJECTED, ROWS, SPEC, TEMPLATES, Case, IncidentSpec, LogCoverage, store
from drillyard.incidents.logs.forms import form_named, form_of
from drillyard.incidents.logs.redact import Redactor
from drillyard.incidents.logs.turn import Label, Turn, read_label
from drillyard.incidents.prompts import Prompt, PromptBook
from drillyard.incidents.row import Row
from drillyard.incidents.seal import SEAL, seal_case
from drillyard.records.files import as_lines, write_atomically
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder
from drillyard.registry import require

if TYPE_CHECKING:
    from drillyard.incidents.logs.reading_polars import Seen

__all__ = ["ATTACHED", "open_incident"]

ATTACHED = "attached"
_PART_ROWS, _PART_BYTES, _BEGIN = 50_000, 1 << 26, 500
_FORMS_LIST = "see docs/reference/incidents.md, or name the columns prompt and response"


def open_incident(
    logs: Sequence[Path],
    out: Path,
    *,
    form: str = "",
    behaviour: str = "bad",
    label: str = "",
    served: int | None = None,
    attach: Sequence[Path] = (),
    progress: Progress = silent,
) -> Case:
    """Read logs into a case folder and seal it; one that was made by the same call before is returned as it is.

    Args:
        logs: files, or folders of them.
        out: the case's folder.
        form: the logs' form, where it should not be told from the keys.
        behaviour: what the bad rows show, in a word.
        label: what says that a row is bad, such as `flagged` or `thumbs<0.5`; see `labels`.
        served: replies served in all, where that is known: logs often miss some.
        attach: files to seal with the logs: the system's configuration, the state of a guard.
        progress: called now and then with the rows read.

    Raises:
        BadInput: a log that is broken as a whole, none of its rows usable, or a folder of another case.
        MissingExtra: polars is not installed.
    """
    require("polars", "incidents", "a case")
    from drillyard.incidents.logs import reading_polars as reading

    files = reading.log_files([*logs])
    for path in files:
        reading.check(path)
    spec = IncidentSpec(
        logs=tuple((path.name, _sha256(path)) for path in files),
        format=form and form_named(form).name,
        behaviour=behaviour,
        label=label,
        served=served,
        attachments=tuple((path.name, _sha256(path)) for path in attach),
    )
    with RunFolder(out, "case", spec=SPEC, leaves=(COVERAGE,)).held() as run:
        run.claim(spec)
        if not run.has(SEAL):
            reader = _Reader(out, spec, read_label(label, behaviour))
            for path in files:
                for seen in reading.objects(path):
                    reader.take(seen)
                    if reader.seen % 10_000 == 0:
                        progress(f"{reader.seen:,} rows read")
            run.write(COVERAGE, reader.finish())
            for path in attach:
                (out / ATTACHED).mkdir(exist_ok=True)
                shutil.copyfile(path, out / ATTACHED / path.name)
            seal_case(out)
    return Case(folder=out)


class _Reader:
    """Takes what was seen, writes rows in parts as they fill, and counts."""

    def __init__(self, out: Path, spec: IncidentSpec, label: Label) -> None:
        self._out, self._spec, self._label = out, spec, label
        shutil.rmtree(out / ROWS, ignore_errors=True)
        (out / ROWS).mkdir(parents=True)
        self._rejects = (out / REJECTED).open("w", encoding="utf-8")
        self._redactor, self._book = Redactor(out), PromptBook()
        self._form = form_named(spec.format) if spec.format else None
        self._rows: list[tuple[Any, ...]] = []
        self._bytes, self._parts, self.seen = 0, 0, 0
        self._known: set[int] = set()
        self._why_not: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._forms: Counter[str] = Counter()

    def take(self, seen: Seen) -> None:
        """Turn one object of a log into rows, or write down why not."""
        self.seen += 1
        if seen.data is None:
            return self._reject(seen, seen.problem)
        form = self._form or form_of(seen.data)
        if form is None:
            return self._reject(seen, "keys of no known form")
        try:
            turns = list(form.turns(seen.data))
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            return self._reject(seen, f"{form.name}, but with values of other kinds ({type(error).__name__})")
        if not turns:
            self._reject(seen, f"{form.name}: no call of a model")
        for turn in turns:
            if why := self._unusable(turn):
                self._reject(seen, why)
                continue
            self._forms[form.name] += 1
            if seen.note:
                self._notes[seen.note] += 1
            self._add(seen.place, turn)

    def _unusable(self, turn: Turn) -> str:
        """Say why a turn is no row; empty where it is one. Remembers it, to know the same row again."""
        if not turn.response or turn.response.isspace():
            return "no reply"
        if not any(role == "user" for role, _ in turn.messages):
            return "no message of a user"
        if turn.trace_id or turn.ts is not None:
            key = hash((turn.trace_id, turn.ts, turn.session, turn.response, turn.messages[-1]))
            if key in self._known:
                return "the same row again"
            self._known.add(key)
        return ""

    def _add(self, place: str, turn: Turn) -> None:
        hide = self._redactor
        systems = tuple(hide.text(text) for role, text in turn.messages if role == "system")
        talk = [(role, hide.text(text)) for role, text in turn.messages if role in ("user", "assistant")]
        last = max(i for i, (role, _) in enumerate(talk) if role == "user")
        history = [{"record": "message", "version": 1, "role": r, "content": t} for r, t in talk[:last]]
        marked = bool(turn.template)
        prompt = Prompt(turn.template_id, turn.template_version, (turn.template,) if marked else systems, marked)
        row = (
            turn.ts, turn.trace_id, hide.person(turn.session or turn.trace_id), hide.person(turn.user), turn.cohort,
            turn.model, turn.release, turn.template_id, turn.template_version, str(self._book.number(prompt)),
            _json(hide.variables(turn.vars)), talk[last][1], hide.text(turn.response), _json(history),
            turn.tools, _json(turn.scores), _json(turn.feedback), turn.cost, turn.latency, self._label(turn), place,
        )  # fmt: skip
        self._rows.append(row)
        self._bytes += len(row[11]) + len(row[12]) + len(row[13])
        if len(self._rows) >= _PART_ROWS or self._bytes >= _PART_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            columns = dict(zip(Row.model_fields, zip(*self._rows, strict=True), strict=True))
            store().write_part(self._out / ROWS / f"part-{self._parts:05d}.parquet", columns)
            self._rows, self._bytes, self._parts = [], 0, self._parts + 1

    def _reject(self, seen: Seen, why: str) -> None:
        self._why_not[why] += 1
        raw = seen.raw or json.dumps(seen.data, default=str).encode()
        begin = self._redactor.keyed(raw[:_BEGIN].decode("utf-8", "replace"))
        self._rejects.write(f"{json.dumps({'place': seen.place, 'why': why, 'begin': begin})}\n")

    def finish(self) -> LogCoverage:
        """Write what is left and the templates, name them in the rows, and return the coverage.

        Raises:
            BadInput: not a row; the folder is left to the next log, since a case without one is none.
        """
        self._flush()
        self._rejects.close()
        if not self._parts:
            shutil.rmtree(self._out / ROWS)
            for name in (REJECTED, SPEC):
                (self._out / name).unlink(missing_ok=True)
            most = "; ".join(f"{count} times {why}" for why, count in self._why_not.most_common(3)) or "an empty file"
            raise bad_input(f"no usable row ({most})", "replies of an assistant with what was asked", _FORMS_LIST)
        templates, told = self._book.settle()
        write_atomically(self._out / TEMPLATES, as_lines(templates))
        store().name_templates(self._out / ROWS, told)
        counts, notes = store().counted(self._out / ROWS)
        notes |= {**self._notes, **{f"{kind} redacted": n for kind, n in self._redactor.found.items()}}
        return LogCoverage(
            format=" and ".join(sorted(self._forms)),
            seen=self.seen,
            templates=len(templates),
            served=self._spec.served,
            why_not=dict(self._why_not.most_common()),
            notes={words: count for words, count in notes.items() if count},
            **counts,
        )


def _json(value: Any) -> str:
    return to_json(value).decode() if value else ""


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise bad_input(f"nothing at {str(path)!r}", "a file")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
