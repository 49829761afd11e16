"""Run a benchmark: ask the target once, store what it says, judge what is stored. A killed run resumes.

The folder holds `bench.jsonl` (the cases), `run.json` (what is run), `replies.jsonl` (every reply, in order), with a
grader `grades-….jsonl` (its replies), and when all is done `verdicts.jsonl` and `report.json`.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.bench.asking import BenchQuestion, ask, stored_replies
from drillyard.bench.bench_file import bench_text, load_bench
from drillyard.bench.judging import judge_case, judge_samples, needs_grader, question_for
from drillyard.bench.lines import Problems, json_lines
from drillyard.bench.reporting import report
from drillyard.bench.similarity import similarity
from drillyard.bench.wording import join_replies, lookup, quoted_by
from drillyard.errors import bad_input
from drillyard.records import (
    BenchCase,
    Benchmark,
    BenchReply,
    BenchReport,
    BenchVerdict,
    Criterion,
    Record,
    Reply,
    Similarity,
)
from drillyard.records.files import as_lines, read_record
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder
from drillyard.targets import Target

__all__ = ["BATCH", "BenchRun", "BenchSpec", "judge_stored", "load_run", "run_bench", "store_run"]

_SEED, _RUN = 1, "run.json"
BATCH = 32
"""Replies that are asked for, and stored, at a time; a killed run loses at most so many."""


class BenchSpec(Record):
    """What a folder holds a run of: whom it asks, the hash of its weights where they can be seen, what, which seed."""

    target: str
    model: str = ""
    bench: str
    seed: int | None


@dataclass(frozen=True, kw_only=True)
class BenchRun:
    """A run that is done: what was asked, what came back, what it was judged."""

    bench: Benchmark
    replies: tuple[BenchReply, ...]
    verdicts: tuple[BenchVerdict, ...]
    report: BenchReport


def run_bench(
    bench: Benchmark,
    target: Target,
    folder: Path,
    *,
    grader: Target | None = None,
    seed: int | None = None,
    batch: int = BATCH,
    progress: Progress = silent,
) -> BenchRun:
    """Ask what has not been answered yet, judge everything, and write the report.

    Args:
        bench: the cases and criteria.
        target: who is asked.
        folder: of the run; the same run resumes there, another one is refused.
        grader: who grades, for criteria that ask a model; another grader on a folder judges the stored replies anew.
        seed: of sampled replies; None asks for the most probable one, as `oaieval` does, but for cases that are
            sampled in any case: those take 1.
        batch: replies between two writes.
        progress: told what is asked, and how many replies there are.

    Raises:
        BadInput: a criterion asks a model and there is no grader, or the folder holds another run.
        MissingExtra: a metric's library is not installed.
        DrillyardError: what the target says when it cannot be reached; what was stored stays.
    """
    _make_ready(bench, grader)
    # An organism that was planted anew in the same folder is another model.
    model = str(getattr(getattr(target, "organism", None), "model_hash", ""))
    with _folder(folder).held() as run:
        _claim(run, bench, target.reference, seed, model)
        asking = functools.partial(ask, batch=batch, progress=progress)
        replies = asking(_questions(bench, seed), target, folder / "replies.jsonl", word="asking")
        return _finish(bench, target.reference, replies, run, grader, asking)


def judge_stored(
    folder: Path, grader: Target | None = None, *, batch: int = BATCH, progress: Progress = silent
) -> BenchRun:
    """Judge the stored replies of a run anew, without its target. Raises `BadInput` when replies are missing."""
    bench, stored = load_bench(folder / "bench.jsonl"), stored_replies(folder / "replies.jsonl")
    _make_ready(bench, grader)
    keys = [question.key for question in _questions(bench, None)]
    if missing := sum(key not in stored for key in keys):
        found = f"{len(keys) - missing} of {len(keys)} replies in {str(folder)!r}"
        raise bad_input(found, "a run that is done", "finish it: drillyard bench run")
    with _folder(folder).held() as run:
        spec = run.read(_RUN, BenchSpec)
        asking = functools.partial(ask, batch=batch, progress=progress)
        return _finish(bench, spec.target if spec else "", [stored[key] for key in keys], run, grader, asking)


def store_run(bench: Benchmark, replies: Sequence[BenchReply], target: str, folder: Path) -> None:
    """Write replies that came from elsewhere as a run that `judge_stored` can judge."""
    with _folder(folder).held() as run:
        _claim(run, bench, target, None)
        run.write("replies.jsonl", as_lines(replies))


def load_run(folder: Path) -> BenchRun:
    """Read a run that is done. Raises `BadInput` when there is none."""
    if not (folder / "report.json").is_file():
        raise bad_input(f"no finished run in {str(folder)!r}", "a folder that drillyard bench run has finished")
    return BenchRun(
        bench=load_bench(folder / "bench.jsonl"),
        replies=tuple(stored_replies(folder / "replies.jsonl").values()),
        verdicts=tuple(BenchVerdict.from_data(data) for _, data in json_lines(folder / "verdicts.jsonl", Problems())),
        report=read_record(folder / "report.json", BenchReport),
    )


def _make_ready(bench: Benchmark, grader: Target | None) -> None:
    """See before anything is asked that everything is there to judge with."""
    for name, count in Counter(criterion.name for criterion in bench.criteria).items():
        if count > 1:
            raise bad_input(f"{count} criteria named {name!r}", "a name of its own for each")
    for criterion in bench.criteria:
        if isinstance(criterion, Similarity):
            similarity(criterion.metric, "ready", "ready")
        _fillable(criterion, bench)
    if any(case.most is not None for case in bench.cases) and any(map(needs_grader, bench.criteria)):
        raise bad_input("sampled cases with a criterion that asks a model", "criteria that judge by themselves")
    if grader is None and any(map(needs_grader, bench.criteria)):
        names = ", ".join(criterion.name for criterion in bench.criteria if needs_grader(criterion))
        raise bad_input(f"no grader for {names}", "a model that grades", "add --grader openai/MODEL")


def _fillable(criterion: Criterion, bench: Benchmark) -> None:
    """Refuse a criterion that quotes what no case has: more likely a slip than a gap in every row."""
    names = quoted_by(criterion)
    for case in bench.cases:
        names -= lookup(case, {ask.name: "" for ask in case.asks}).keys()
        if not names:
            return
    if bench.cases and names - {"sample.output_text"}:
        raise bad_input(f"{{{{{min(names)}}}}} in criterion {criterion.name!r}", "what some case has")


def _folder(path: Path) -> RunFolder:
    return RunFolder(path, "run of a benchmark", spec=_RUN, leaves=("replies.jsonl", "report.json"))


def _claim(run: RunFolder, bench: Benchmark, target: str, seed: int | None, model: str = "") -> None:
    """Write what is run into a new folder, or see that an old one holds the same."""
    text = bench_text(bench).encode()
    spec = BenchSpec(target=target, model=model, bench=hashlib.sha256(text).hexdigest(), seed=seed)
    run.require(spec)
    run.write("bench.jsonl", text)
    run.claim(spec)


def _questions(bench: Benchmark, seed: int | None) -> list[BenchQuestion]:
    def base(case: BenchCase) -> int | None:
        return _SEED if seed is None and case.most is not None else seed

    asks = [(case, one, turn) for case in bench.cases for one in case.asks for turn in range(one.times)]
    return [
        BenchQuestion(
            case=case.id,
            name=one.name,
            turn=turn,
            conversation=one.conversation,
            seed=None if (own := base(case)) is None else own * 1_000_003 + number,
        )
        for number, (case, one, turn) in enumerate(asks)
    ]


_Heard = dict[tuple[str, str], list[str]]  # by case and ask, in the order of asking
Texts = Mapping[str, Mapping[str, str]]
"""Per case the text of every ask that was answered."""


def _finish(
    bench: Benchmark,
    target: str,
    replies: Sequence[BenchReply],
    run: RunFolder,
    grader: Target | None,
    asking: Callable[..., list[BenchReply]],
) -> BenchRun:
    """Grade and judge what is stored, and write verdicts and report."""
    heard = _heard(replies)
    texts, grades = _texts(bench, heard), dict[tuple[str, str], Reply]()
    if grader:
        path = run.path / f"grades-{hashlib.sha256(grader.reference.encode()).hexdigest()[:12]}.jsonl"
        graded = asking(_grader_questions(bench, texts), grader, path, word="grading")
        grades = {(one.case, one.ask): one.transcript.reply for one in graded}
    verdicts = tuple(
        judge_case(criterion, case, texts[case.id], grades.get((case.id, criterion.name)))
        if case.most is None
        else judge_samples(criterion, case, {ask.name: heard.get((case.id, ask.name), []) for ask in case.asks})
        for case in bench.cases
        for criterion in bench.criteria
    )
    told = report(
        bench,
        verdicts,
        target=target,
        grader=grader.reference if grader else "",
        queries=len(replies),
        grader_queries=len(grades),
    )
    run.write("verdicts.jsonl", as_lines(verdicts))
    run.write("report.json", told)
    return BenchRun(bench=bench, replies=tuple(replies), verdicts=verdicts, report=told)


def _heard(replies: Sequence[BenchReply]) -> _Heard:
    heard: _Heard = {}
    for one in replies:
        if one.transcript.reply.finish != "error":
            heard.setdefault((one.case, one.ask), []).append(one.transcript.reply.text)
    return heard


def _texts(bench: Benchmark, heard: _Heard) -> Texts:
    """Several turns of an ask become one text; where one is missing, the ask is."""
    return {
        case.id: {
            asked.name: join_replies(heard[case.id, asked.name], asked.join)
            for asked in case.asks
            if len(heard.get((case.id, asked.name), ())) == asked.times
        }
        for case in bench.cases
    }


def _grader_questions(bench: Benchmark, texts: Texts) -> list[BenchQuestion]:
    """Return what the grader is asked about every case that was answered."""
    answered = [case for case in bench.cases if len(texts[case.id]) == len(case.asks)]
    return [
        BenchQuestion(case=case.id, name=criterion.name, conversation=asked)
        for case in answered
        for criterion in bench.criteria
        if (asked := question_for(criterion, case, texts[case.id]))
    ]
