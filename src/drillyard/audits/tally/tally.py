"""From files of stored replies to counts, rates and a page; a killed run goes on with the parts that are missing."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from drillyard.audits.tally.report import KEYS, VERDICTS, Example, TalliedRate, Tally, TallySpec
from drillyard.errors import BadInput, bad_input
from drillyard.judges.measured import MeasuredJudge, hash_judge
from drillyard.judges.reference import open_judge
from drillyard.judges.rulings import rule_all
from drillyard.judges.validity import explain_foreign
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Conversation, Provenance, Record, Reply, Transcript
from drillyard.records.pages import fill
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import SPEC, RunFolder
from drillyard.registry import require
from drillyard.scopes.loading import load_scope
from drillyard.stats.shown import percent
from drillyard.tasks.placement import Placement
from drillyard.tasks.run import run_tasks
from drillyard.tasks.task import Task

__all__ = ["PARTS", "NamedJudge", "tally"]

PARTS = 32
"""Ten million different replies of 300 bytes make parts of 100 MB (`benchmarks/tally.py`)."""

_BATCH = 4096
_EXAMPLES = _NAMED = 3
_HANGS_SECONDS = 24 * 3600.0
"""A part of a million replies takes the exact judge two minutes; a judge that asks a server may take hours."""
_RUN = "tally.json"


def _columns() -> ModuleType:
    """Return the module that holds rows as columns. Raises `MissingExtra` where polars is not installed."""
    require("polars", "incidents", "a tally of stored replies")
    from drillyard.audits.tally import columns_polars

    return columns_polars


@dataclass(frozen=True, kw_only=True)
class NamedJudge:
    """A scope and a judge by their names, which reach another process; see `open_judge`."""

    scope: str
    judge: str
    quality: Path | None = None
    rubric: str = ""

    def open(self) -> tuple[Scope, MeasuredJudge]:
        """Return both, opened once per process. Raises `BadInput` as `load_scope` and `open_judge`."""
        return _open(self)


@functools.lru_cache(maxsize=4)
def _open(named: NamedJudge) -> tuple[Scope, MeasuredJudge]:
    scope = load_scope(named.scope)
    return scope, open_judge(named.judge, scope, named.quality, named.rubric)


class _ReadRows(Record):
    """What reading the files came to."""

    rows: int
    unusable: int
    where: tuple[str, ...]


def tally(
    files: Sequence[Path],
    named: NamedJudge,
    out: Path,
    *,
    parts: int = PARTS,
    workers: int = 1,
    provenance: Provenance,
    progress: Progress = silent,
) -> Tally:
    """Judge stored replies and sum up what was said of them; write `tally.json` and `tally.html` into a folder.

    Replies that are the same (target, template, conversation, text) are judged once. Memory holds one part of them.

    Args:
        files: JSONL of transcripts, or of an audit's judged replies.
        named: the scope whose behaviours are judged, and the judge; its rulings on replies of a target that it was not
            measured on are leads.
        out: the folder of the run; the same command goes on with it.
        parts: into how many parts the replies are cut.
        workers: processes that judge, each with a part at a time.
        provenance: for the report.
        progress: told of each file and part.

    Raises:
        BadInput: a file that cannot be read, no usable row, another run's folder, or no such scope or judge.
        MissingExtra: polars is not installed.
        TasksFailed: parts that could not be judged.
    """
    scope, judge = named.open()
    codes = tuple(scope.behaviours)
    with RunFolder(out, "tally").held() as run:
        spec, store = _spec(files, scope, judge, parts), out / "store"
        run.claim(spec)
        if (known := run.read(_RUN, Tally)) is not None:
            return known
        try:
            read = run.once("read.json", _ReadRows, lambda: _read(files, store, parts, progress))
        except BadInput:
            (out / SPEC).unlink()  # nothing was judged: the folder is free for the right files
            raise
        judged = [store / f"judged-{part:04d}.parquet" for part in range(parts)]
        tasks = [
            Task(name=path.stem, call=_judge_part, args=(store.absolute(), part, path.absolute(), named), files=(path,))
            for part, path in enumerate(judged)
        ]
        done = run_tasks(tasks, out, Placement(workers=workers), spec=spec, seconds=_HANGS_SECONDS)
        for at, _ in enumerate(done, 1):
            progress("judging", at, parts)
        progress("summing up", parts, parts)
        found = _sum(judged, read, scope, judge, codes, provenance)
        page = fill("audits", "tally.html.j2", report=found, title=scope.name, percent=percent)
        run.write("tally.html", page.encode())
        run.write(_RUN, found)
        return found


def _spec(files: Sequence[Path], scope: Scope, judge: MeasuredJudge, parts: int) -> TallySpec:
    hashes = {}
    for file in files:
        try:
            with file.open("rb") as data:
                hashes[str(file)] = hashlib.file_digest(data, "sha256").hexdigest()
        except OSError as error:
            raise bad_input(f"{str(file)!r} that cannot be read ({error.strerror})", "a JSONL file") from None
    if len(set(hashes.values())) < len(files):
        raise bad_input("a file that is given twice", "each file once")
    return TallySpec(files=hashes, scope=scope.name, judge=judge.name, definition=hash_judge(judge), parts=parts)


def _read(files: Sequence[Path], store: Path, parts: int, progress: Progress) -> _ReadRows:
    shutil.rmtree(store, ignore_errors=True)  # of a run that was killed while it read
    store.mkdir(parents=True)
    rows, unusable, where = _columns().read_files(files, store, parts, progress)
    return _ReadRows(rows=rows, unusable=unusable, where=where)


def _judge_part(store: Path, part: int, path: Path, named: NamedJudge) -> None:
    scope, judge = named.open()
    codes = tuple(scope.behaviours)
    replies = _columns().distinct(store, part)
    verdicts: dict[str, list[int]] = {code: [] for code in codes}
    for batch in replies.iter_slices(_BATCH):
        transcripts = [_transcript(row) for row in batch.iter_rows(named=True)]
        for rulings in rule_all(judge, transcripts, codes):
            for code in codes:
                verdicts[code].append(VERDICTS.index(rulings[code].verdict))
    _columns().write_judged(path, replies, verdicts)


def _sum(
    judged: Sequence[Path],
    read: _ReadRows,
    scope: Scope,
    judge: MeasuredJudge,
    codes: Sequence[str],
    provenance: Provenance,
) -> Tally:
    targets = _columns().count_by(judged, "target")
    unmeasured = [name for name in targets if judge.on(name, scope.name).quality is not judge.quality]
    overall = judge.on(unmeasured[0], scope.name) if unmeasured else judge
    rates = [*_rates(judged, codes, judge, overall, scope)]
    shown = [one.behaviour for one in rates if not one.target and not one.template and one.shown]
    return Tally(
        replies=read.rows,
        distinct=_columns().count_rows(judged),
        unusable=read.unusable,
        where=read.where,
        finishes=_columns().count_by(judged, "finish"),
        rates=tuple(rates),
        examples=tuple(one for code in shown for one in _examples(judged, code)),
        judge=judge.name,
        measured=not unmeasured and all(judge.rates(code)[0].n for code in shown),
        verdict=_verdict(read.rows, shown, unmeasured, judge, scope),
        provenance=provenance,
    )


def _rates(
    judged: Sequence[Path], codes: Sequence[str], judge: MeasuredJudge, overall: MeasuredJudge, scope: Scope
) -> Iterator[TalliedRate]:
    rows = [*_columns().sum_parts(judged, codes)]
    everything = {code: Counter[str]() for code in codes}
    for _, _, code, counts in rows:
        everything[code].update(dict(zip(VERDICTS, counts, strict=True)))
    for code in codes:
        yield _rate(overall, "", "", code, tuple(everything[code][verdict] for verdict in VERDICTS))
    for target, template, code, counts in rows:
        yield _rate(judge.on(target, scope.name), target, template, code, counts)


def _rate(judge: MeasuredJudge, target: str, template: str, code: str, counts: Sequence[int]) -> TalliedRate:
    absent, shown, unknown = counts
    return TalliedRate(
        behaviour=code,
        target=target,
        template=template,
        shown=shown,
        absent=absent,
        unknown=unknown,
        rate=judge.true_share(code, shown, unknown, sum(counts)),
    )


def _examples(judged: Sequence[Path], code: str) -> list[Example]:
    found = _columns().examples(judged, code, _EXAMPLES)
    return [Example(behaviour=code, times=row["n"], transcript=_transcript(row)) for row in found]


def _transcript(row: Mapping[str, Any]) -> Transcript:
    target, template, conversation, text, finish = (row[key] for key in KEYS)
    talk = Conversation.from_data({"messages": json.loads(conversation)["messages"], "template": template})
    return Transcript(conversation=talk, reply=Reply.from_data({"text": text, "finish": finish}), target=target)


def _verdict(rows: int, shown: Sequence[str], unmeasured: Sequence[str], judge: MeasuredJudge, scope: Scope) -> str:
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    things = f"{', '.join(shown[:_NAMED])}{more}" if shown else "no failure"
    if unmeasured:
        why = explain_foreign(judge.on(unmeasured[0], scope.name).quality, unmeasured[0] or "a target without a name")
        return f"Unknown: {why}. It sees {things} in {rows:,} replies."
    return f"The judge sees {things} in {rows:,} replies."
