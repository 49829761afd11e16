"""Opening a case: logs in, rows, templates, coverage and seal out, in one pass over the logs and little memory."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drillyard.errors import bad_input
from drillyard.incidents.case import COVERAGE, REJECTED, ROWS, SPEC, TEMPLATES, Case, IncidentSpec, LogCoverage, store
from drillyard.incidents.labels import Label, read_label
from drillyard.incidents.logs.forms import Form, form_named, form_of
from drillyard.incidents.logs.redact import Redactor
from drillyard.incidents.logs.turn import Turn
from drillyard.incidents.prompts.book import Prompt, PromptBook
from drillyard.incidents.row import Row
from drillyard.incidents.seal import SEAL, seal_case
from drillyard.records.files import as_lines, write_atomically
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder
from drillyard.registry import require

__all__ = ["ATTACHED", "open_incident"]

ATTACHED = "attached"
_PART_ROWS, _PART_BYTES = 50_000, 1 << 26
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
        self._form: Form | None = form_named(spec.format) if spec.format else None
        self._rows: dict[str, list[Any]] = {name: [] for name in Row.model_fields}
        self._bytes, self._parts, self.seen = 0, 0, 0
        self._known: set[int] = set()
        self._ids: set[int] = set()
        self._clock: dict[str, float] = {}
        self._why_not: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._forms: Counter[str] = Counter()
        self._usable, self._labelled, self._bad = 0, 0, 0
        self._sessions: set[str] = set()
        self._ends: list[float] = []

    def take(self, seen: Any) -> None:
        """Turn one object of a log into rows, or write down why not."""
        self.seen += 1
        if seen.data is None:
            self._reject(seen, seen.problem)
            return
        form = self._form if self._spec.format else form_of(seen.data, self._form)
        if form is None:
            self._reject(seen, "keys of no known form")
            return
        self._form = form
        try:
            turns = list(form.turns(seen.data))
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            self._reject(seen, f"{form.name}, but with values of other kinds ({type(error).__name__})")
            return
        if not turns:
            self._reject(seen, f"{form.name}: no call of a model")
        for turn in turns:
            if seen.note:
                self._notes[seen.note] += 1
            self._turn(seen, turn, form)

    def _turn(self, seen: Any, turn: Turn, form: Form) -> None:
        if not turn.response.strip():
            self._reject(seen, "no reply")
            return
        if not any(role == "user" for role, _ in turn.messages):
            self._reject(seen, "no message of a user")
            return
        if turn.trace_id or turn.ts is not None:
            key = hash((turn.trace_id, turn.ts, turn.session, turn.response, turn.messages[-1]))
            if key in self._known:
                self._reject(seen, "the same row again")
                return
            self._known.add(key)
        if turn.trace_id:
            self._notes["ids that came before with other content (kept)"] += (one := hash(turn.trace_id)) in self._ids
            self._ids.add(one)
        self._forms[form.name] += 1
        self._add(seen.place, turn)

    def _add(self, place: str, turn: Turn) -> None:
        hide, row = self._redactor, self._rows
        systems = tuple(hide.text(text) for role, text in turn.messages if role in ("system", "developer"))
        talk = [(role, hide.text(text)) for role, text in turn.messages if role in ("user", "assistant")]
        last = max(i for i, (role, _) in enumerate(talk) if role == "user")
        session = hide.person(turn.session or turn.trace_id)
        marked = bool(turn.template)
        prompt = Prompt(
            template_id=turn.template_id,
            template_version=turn.template_version,
            systems=(turn.template,) if marked else systems,
            marked=marked,
        )
        label = self._label(turn)
        if turn.ts is None:
            self._notes["rows without a time"] += 1
        else:
            self._notes["rows earlier than the one before them in their session"] += (
                self._clock.get(session, 0) > turn.ts
            )
            self._clock[session] = turn.ts
            self._ends = [min(turn.ts, *self._ends[:1]), max(turn.ts, *self._ends[1:])] if self._ends else [turn.ts] * 2
        values = {
            "ts": turn.ts, "trace_id": turn.trace_id, "session": session, "user": hide.person(turn.user),
            "cohort": turn.cohort, "model": turn.model, "release": turn.release, "template_id": turn.template_id,
            "template_version": turn.template_version, "prompt": str(self._book.number(prompt)),
            "vars": _json(hide.variables(turn.vars)), "user_text": talk[last][1],
            "response_text": hide.text(turn.response),
            "history": _json([{"record": "message", "version": 1, "role": r, "content": t} for r, t in talk[:last]]),
            "tools": turn.tools, "scores": _json(turn.scores), "feedback": _json(turn.feedback), "cost": turn.cost,
            "latency": turn.latency, "label_bad": label, "source_ref": place,
        }  # fmt: skip
        for name, value in values.items():
            row[name].append(value)
        self._usable += 1
        self._sessions.add(session)
        if label is not None:
            self._labelled, self._bad = self._labelled + 1, self._bad + (label >= 0.5)
        self._bytes += sum(len(row[name][-1]) for name in ("user_text", "response_text", "history"))
        if len(row["ts"]) >= _PART_ROWS or self._bytes >= _PART_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._rows["ts"]:
            store().write_part(self._out / ROWS / f"part-{self._parts:05d}.parquet", self._rows)
            self._rows = {name: [] for name in Row.model_fields}
            self._bytes, self._parts = 0, self._parts + 1

    def _reject(self, seen: Any, why: str) -> None:
        self._why_not[why] += 1
        raw = seen.raw or json.dumps(seen.data, default=str, ensure_ascii=True)
        line = {"place": seen.place, "why": why, "begin": self._redactor.text(raw[:500])}
        self._rejects.write(f"{json.dumps(line)}\n")

    def _give_up(self) -> None:
        """Leave the folder to the next log: a case without a row is none."""
        shutil.rmtree(self._out / ROWS)
        for name in (REJECTED, SPEC):
            (self._out / name).unlink(missing_ok=True)

    def finish(self) -> LogCoverage:
        """Write what is left and the templates, name them in the rows, and return the coverage."""
        self._flush()
        self._rejects.close()
        if not self._usable:
            most = "; ".join(f"{count} times {why}" for why, count in self._why_not.most_common(3)) or "an empty file"
            self._give_up()
            raise bad_input(f"no usable row ({most})", "replies of an assistant with what was asked", _FORMS_LIST)
        templates, told = self._book.settle()
        write_atomically(self._out / TEMPLATES, as_lines(templates))
        for path in sorted((self._out / ROWS).glob("part-*.parquet")):
            store().name_templates(path, told)
        notes = {**self._notes, **{f"{kind} redacted": n for kind, n in self._redactor.found.items()}}
        return LogCoverage(
            format=" and ".join(sorted(self._forms)),
            seen=self.seen,
            usable=self._usable,
            labelled=self._labelled,
            bad=self._bad,
            sessions=len(self._sessions),
            templates=len(templates),
            first=self._ends[0] if self._ends else None,
            last=self._ends[1] if self._ends else None,
            served=self._spec.served,
            why_not=dict(self._why_not.most_common()),
            notes={words: count for words, count in notes.items() if count},
        )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode() if value else ""


def _sha256(path: Path) -> str:
    if not path.is_file():
        raise bad_input(f"nothing at {str(path)!r}", "a file")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
