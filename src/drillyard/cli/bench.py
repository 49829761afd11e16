"""`drillyard bench …`: bring benchmarks in, run them, rescue hosted ones, write them for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.bench import exporting, importing, rescue, running
from drillyard.bench.bench_file import load_bench
from drillyard.cli import show
from drillyard.cli.auditing.spending import spending_options
from drillyard.cli.options import PATH, FiniteRange
from drillyard.errors import bad_input
from drillyard.records import BenchReport
from drillyard.targets import open_target

__all__ = ["command"]

_scope = click.option("--scope", default="", help="World of an audit's findings; else the report's own.")


@click.group()
def command() -> None:
    """Import, run, rescue and export benchmarks."""


@command.command("import")
@click.argument("source", type=PATH)
@click.option("--format", "kind", type=click.Choice(importing.FORMATS), help="What SOURCE is; guessed by default.")
@click.option("--eval", "evals", multiple=True, help="Name in a registry or export; repeatable, all by default.")
@click.option("--skip-bad", is_flag=True, help="Leave out broken lines and graders, report them, use the rest.")
@click.option("--keep-going", is_flag=True, help="Report an eval that cannot be imported, and go on.")
@click.option("--scorer", default="includes", show_default=True, help="How the dataset's targets are matched.")
@click.option(
    "--field", "fields", multiple=True, metavar="NAME=COLUMN", help="Take a field from another column of the dataset."
)
@_scope
@show.out_option()
@show.handler
def _import(
    source: Path,
    kind: importing.Format | None,
    evals: tuple[str, ...],
    skip_bad: bool,
    keep_going: bool,
    scorer: str,
    fields: tuple[str, ...],
    scope: str,
    out: Path,
) -> show.Outcome:
    """Write one benchmark file per eval of SOURCE.

    SOURCE is an OpenAI Evals registry, JSON of the hosted Evals API, a dataset of Inspect (JSON, CSV), or the report of
    drillyard audit --json. Exits 1 when, with --keep-going, an eval could not be imported.
    """
    with show.progress("importing") as step:
        done = importing.import_benchmarks(
            source,
            out,
            kind=kind,
            evals=evals,
            skip_bad=skip_bad,
            keep_going=keep_going,
            scorer=scorer,
            fields=_columns(fields),
            scope=scope,
            progress=step,
        )
    return _imported(done, "drillyard bench run {} TARGET -o RUN")


def _columns(fields: tuple[str, ...]) -> dict[str, str]:
    pairs = [field.partition("=") for field in fields]
    known = ("input", "target", "choices", "id")
    if wrong := [name for name, _, column in pairs if name not in known or not column]:
        raise bad_input(f"--field {wrong[0]!r}", f"NAME=COLUMN with a NAME of: {', '.join(known)}")
    return {name: column for name, _, column in pairs}


def _imported(done: list[importing.Imported], next_command: str) -> show.Outcome:
    """Return what became of every eval, those that were lost first."""
    came = [one for one in done if one.path]
    rows = [
        (show.state("found" if one.path else "missed"), one.name, one.cases, one.why or "; ".join(one.lost + one.notes))
        for one in sorted(done, key=lambda one: one.path is not None)
    ]
    whole = sum(not one.lost for one in came)
    return show.Outcome(
        verdict=f"{len(came)} of {len(done)} evals were imported, {whole} of them whole.",
        state="passed" if len(came) == len(done) else "failed",
        data=[one.to_data() for one in done],
        body=[show.table("Evals", ("", "eval", "cases", "what did not come over, and why"), rows)],
        next_command=next_command.format(came[0].path) if came else "",
    )


@command.command("rescue")
@click.argument("export", type=PATH)
@show.out_option()
@show.handler
def _rescue(export: Path, out: Path) -> show.Outcome:
    """Rescue hosted evals from the JSON of their API.

    EXPORT is a file or a folder. Writes a benchmark per eval, the stored replies as runs that can be judged again, and
    rescue.md, which says per eval what came over and what did not. Exits 1 when something did not.
    """
    rescued = rescue.rescue(export, out)
    done = [one.imported for one in rescued]
    outcome = _imported(done, f"less {out / 'rescue.md'}")
    whole = all(one.imported.path and not one.imported.lost for one in rescued)
    return show.Outcome(
        verdict=f"{outcome.verdict} {rescue.count_runs(rescued)}",
        state="passed" if whole else "failed",
        data=[one.to_data() for one in rescued],
        body=outcome.body,
        next_command=outcome.next_command,
    )


@command.command("run")
@click.argument("bench", type=PATH)
@click.argument("target")
@click.option("--grader", help="Model reference that grades, for criteria that ask a model.")
@click.option("--seed", type=click.IntRange(min=0), help="Sample replies; by default the most probable one is taken.")
@click.option("--skip-bad", is_flag=True, help="Leave out broken lines of BENCH.")
@click.option("--fail-under", type=FiniteRange(0, 1), help="Exit 1 when less than this share passes.")
@show.out_option()
@spending_options
@show.handler
def _run(
    bench: Path, target: str, grader: str | None, seed: int | None, skip_bad: bool, fail_under: float | None, out: Path
) -> show.Outcome:
    """Ask TARGET every case of BENCH once, store the replies, judge them.

    The same command on an unfinished folder resumes; with another --grader it judges the stored replies again. Unknown
    verdicts (no reply, a grade that cannot be read) count as failed for --fail-under, and widen the interval both ways.
    """
    cases, grading = load_bench(bench, skip_bad), open_target(grader) if grader else None
    with show.progress("running") as step:
        run = running.run_bench(cases, open_target(target), out, grader=grading, seed=seed, progress=step)
    return _told(run.report, fail_under, out)


def _told(report: BenchReport, fail_under: float | None, out: Path) -> show.Outcome:
    share = report.accuracy
    if fail_under is not None and share is None:
        raise bad_input("--fail-under", "a benchmark whose criteria pass or fail; this one only counts labels")
    holds = fail_under is None or (share is not None and bool(share.n) and share.value >= fail_under)
    rows = [(one.criterion, one.kind, one.passed or "counted", one.score or "", one.unknown) for one in report.criteria]
    labels = [(one.criterion, label, part) for one in report.criteria for label, part in one.labels.items()]
    body = [show.table("Criteria", ("criterion", "kind", "passed", "mean score", "unknown"), rows)]
    body += [show.table("Labels", ("criterion", "label", "share"), labels)] if labels else []
    counted = f"labels of {report.cases} cases counted" if report.criteria else f"{report.cases} cases, no criterion"
    reached = show.estimate(share) if share else counted
    known = share is None or bool(share.n)
    graded = (
        f" by the grades of {report.grader}, whose error on these replies was not measured" if report.grader else ""
    )
    return show.Outcome(
        verdict=f"{report.target} on {report.benchmark}: {reached}{graded}.",
        state="failed" if not holds else "passed" if known else "unknown",
        data=report,
        body=body,
        next_command=f"drillyard bench export {out} --format openai-evals -o DIR",
    )


@command.command("judge")
@click.argument("run", type=PATH)
@click.option("--grader", help="Model reference that grades, for criteria that ask a model.")
@click.option("--fail-under", type=FiniteRange(0, 1), help="Exit 1 when less than this share passes.")
@spending_options
@show.handler
def _judge(run: Path, grader: str | None, fail_under: float | None) -> show.Outcome:
    """Judge the stored replies of RUN again, without asking its target; also for runs that rescue has stored."""
    with show.progress("judging") as step:
        judged = running.judge_stored(run, open_target(grader) if grader else None, progress=step)
    return _told(judged.report, fail_under, run)


@command.command("export")
@click.argument("source", type=PATH)
@click.option("--format", "kind", type=click.Choice(exporting.FORMATS), required=True, help="Whose tool reads it.")
@click.option("--failed", is_flag=True, help="Only cases that the run in SOURCE did not pass.")
@_scope
@show.out_option()
@show.handler
def _export(source: Path, kind: exporting.Format, failed: bool, scope: str, out: Path) -> show.Outcome:
    """Write a benchmark for other tools.

    SOURCE is a benchmark file, the folder of a run, or the report of drillyard audit --json, whose findings become
    regression tests. Writes a registry for oaieval, a task for inspect eval, or plain JSON lines.
    """
    exported = exporting.export(exporting.load_source(source, failed, scope), kind, out)
    return show.Outcome(
        verdict=f"Wrote {exported.cases} cases for {kind} in {out}.",
        data=exported.to_data(),
        body=[show.table("Limits", ("what does not go over",), [(note,) for note in exported.notes])]
        if exported.notes
        else [],
        next_command=exported.command,
    )
