"""`drillyard oversee run PROTOCOL`: a protocol beside asking again, on a task with exact truth."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import click

from drillyard.cli import show
from drillyard.cli.auditing.options import typed
from drillyard.cli.options import FiniteRange
from drillyard.errors import bad_input
from drillyard.oversight.games.bisection import BisectionReport, BisectionSpec
from drillyard.oversight.games.pixels import PixelReport, PixelSpec
from drillyard.oversight.protocols.gap import GapReport, judge_spec, sweep_judges
from drillyard.oversight.protocols.page import PIXEL_ROWS
from drillyard.oversight.protocols.report import OverseeReport
from drillyard.oversight.protocols.spec import PROTOCOLS, OverseeSpec
from drillyard.oversight.protocols.whole import oversee_bisection, oversee_pixels, oversee_policy
from drillyard.oversight.recipes.run import RecipeBudget
from drillyard.records import Estimate

__all__ = ["command"]

_GAMES = ("bisection", "pixels")


@click.command()
@click.argument("protocol", nargs=-1, required=True)
@click.option("--task", type=click.Choice(["policy", *_GAMES]), default="policy", show_default=True, help="What about.")
@click.option("--world", default="helpdesk", show_default=True, help="Whose rules are disputed.")
@click.option("--target", default="", help="Whose replies are disputed; the world's own, half spoiled, by default.")
@click.option(
    "--judge", default="clerk", show_default=True, help="clerk, clerk:SKILL, always-yes, person, or a target."
)
@click.option(
    "--judges", multiple=True, metavar="JUDGE", help="Several judges, such as clerk:0.4: a plot over the gap."
)
@click.option("--debaters", default="advocate", show_default=True, help="advocate, or a target.")
@click.option("--read", is_flag=True, help="Read a model's letters as judge, where it holds to no form of answer.")
@click.option("--rules", type=click.IntRange(0, 10_000), default=0, help="Rules that debaters are shown; 0: all.")
@click.option("--judge-skill", type=FiniteRange(0, 1), default=0.8, show_default=True, help="Words a clerk reads.")
@click.option("--find", type=FiniteRange(0, 1), default=1.0, show_default=True, help="How often advocates look.")
@click.option("--cases", type=click.IntRange(4, 10_000), default=100, show_default=True, help="Disputes, or images.")
@click.option("--turns", type=click.IntRange(1, 10), default=1, show_default=True, help="Speeches a side.")
@click.option("--simultaneous", is_flag=True, help="Advocates do not hear each other's newest speech.")
@click.option("--queries", type=click.IntRange(min=1), default=1_000_000, help="Most questions to agents.")
@click.option("--tokens", type=click.IntRange(min=1), default=1_000_000_000, help="Most tokens of agents.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides all that is drawn.")
@show.out_option(Path("oversee-run"))
@show.handler
def command(
    protocol: tuple[str, ...], task: str, out: Path, queries: int, tokens: int, judges: tuple[str, ...], **options: Any
) -> show.Outcome:
    """Compare PROTOCOL with asking again for as many judge tokens.

    PROTOCOL is direct, expert, consultancy, double-consultancy, open-consultancy, debate, open-debate, factored,
    amplification or ensemble, several of them, or all; or one of the games bisection and pixels, alone. Every
    comparison has its controls beside it: the judge asked again, rules drawn at random, and for debates a transcript of
    another case, both sides colluding, and a judge that sees the moves alone. Exits 1 when no protocol is better than
    asking again.
    """
    game = _game(protocol, task)
    if game == "bisection":
        return _bisection(oversee_bisection(BisectionSpec(seed=options["seed"]), out, command=typed()), out)
    with show.progress("playing") as step:
        if game == "pixels":
            asked = PixelSpec(
                images=min(max(options["cases"], 10), 497), seed=options["seed"] - 1 if options["seed"] else 0
            )
            return _pixels(oversee_pixels(asked, out, told=step, command=typed()), out)
        spec = OverseeSpec(protocols=tuple(PROTOCOLS) if protocol == ("all",) else protocol, **options)
        told: dict[str, Any] = {"budget": RecipeBudget(queries=queries, tokens=tokens), "told": step}
        told |= {"command": typed(), "person": _at_terminal}
        if judges:
            play = functools.partial(oversee_policy, **told)
            return _gap(sweep_judges(spec, judges, out, play, typed()), out)
        report = oversee_policy(judge_spec(spec, spec.judge), out, **told)
    return _policy(report, out)


def _game(protocol: tuple[str, ...], task: str) -> str:
    """Return the game that is asked for, if any. Raises `BadInput` where it stands beside something else."""
    named = {one for one in (*protocol, task) if one in _GAMES}
    beside = [one for one in protocol if one not in _GAMES and not (one == "debate" and len(protocol) == 1)]
    if len(named) > 1 or (named and beside):
        found = f"{', '.join(sorted(named))} beside {', '.join(beside) or 'each other'}"
        raise bad_input(found, "one game by itself, or protocols on the task policy", "run them one by one")
    return named.pop() if named else ""


def _at_terminal(prompt: str) -> str | None:
    click.echo(f"\n{show.plain(prompt)}\n", err=True)
    side = click.prompt("A or B (q leaves)", type=click.Choice(["A", "B", "q"], case_sensitive=False), err=True)
    if side == "q":
        return None
    sure = click.prompt("How sure, 50 to 100", type=click.IntRange(50, 100), err=True)
    return f"ANSWER: {side}\nCONFIDENCE: {sure}"


def _policy(report: OverseeReport, out: Path) -> show.Outcome:
    rows = [
        (
            a.name,
            a.accuracy,
            f"{a.balanced:.2f}",
            f"{a.brier:.2f}",
            f"{a.judge_tokens:,.0f}",
            f"{a.tokens:,.0f}",
            a.unknown,
        )
        for a in report.arms
    ]
    heads = ("arm", "right", "balanced", "Brier", "judge tokens", "tokens", "unknown")
    tests = [(t.protocol, t.control, t.ahead, t.behind, f"{t.adjusted:.3g}") for t in report.comparisons]
    body = [
        *report.named,
        show.table(f"{report.spec.cases} disputes", heads, rows),
        show.table("The same cases", ("protocol", "control", "only it", "only control", "p by Holm"), tests),
        *(f"does not show: {limit}" for limit in report.limits),
    ]
    return show.Outcome(
        verdict=f"{report.verdict}.", state="passed" if report.holds else "failed", data=report, body=body,
        next_command=f"open {out / 'report.html'} {out / 'calls' / 'trace.html'}",
    )  # fmt: skip


def _gap(report: GapReport, out: Path) -> show.Outcome:
    rows = [
        (r.judge, f"{r.gap:+.2f}", *map(_briefly, (r.expert, r.alone, r.protocol, r.again)), f"{r.p_value:.2g}",
         "–" if r.recovered is None else f"{r.recovered:.2f}")
        for r in report.rows
    ]  # fmt: skip
    heads = ("judge", "gap", "with the rules", "alone", report.protocol, "asked again", "p", "recovered")
    named = [f"{r.judge}: always says {r.always!r} after the {report.protocol}" for r in report.rows if r.always]
    return show.Outcome(
        verdict=f"{report.verdict}.", state="passed" if report.holds else "failed",
        data=report, body=[*named, show.table(f"{report.strong.n} disputes before each judge", heads, rows)],
        next_command=f"open {out / 'gap.html'}",
    )  # fmt: skip


def _briefly(share: Estimate) -> str:
    return f"{share.value:.2f} ({share.low:.2f}–{share.high:.2f})"


def _bisection(report: BisectionReport, out: Path) -> show.Outcome:
    rows = [
        (r.size, f"{r.find:g}", f"{r.debate:.3f}", r.played, f"{r.spot:.3f}", f"{r.collusion:.2f}") for r in report.rows
    ]
    heads = ("steps", "find", "debate, formula", "debate, played", "spot check", "colluding")
    title = f"Balanced accuracy, judge's error {report.spec.error:g}"
    return show.Outcome(
        verdict=f"{report.verdict}.", state="passed" if report.holds else "failed", data=report,
        body=[show.table(title, heads, rows)], next_command=f"open {out / 'report.html'}",
    )  # fmt: skip


def _pixels(report: PixelReport, out: Path) -> show.Outcome:
    rows = [(words, getattr(report, name)) for words, name in PIXEL_ROWS]
    better = report.p_value < 0.05 and report.ahead > report.behind
    return show.Outcome(
        verdict=f"{report.verdict[0].upper()}{report.verdict[1:]}.",
        state="passed" if better else "failed",
        data=report,
        body=[show.table(f"{report.spec.images} images, {report.spec.pixels} pixels", ("row", "right"), rows)],
        next_command=f"open {out / 'report.html'}",
    )  # fmt: skip
