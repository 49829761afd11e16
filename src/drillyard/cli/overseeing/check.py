"""`drillyard oversee check`: an answer claim by claim, a forecast by the laws of chance, or how good checking is."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.options import FiniteRange
from drillyard.errors import bad_input
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.checking.forecast import check_forecast, read_forecast
from drillyard.oversight.checking.verify import check_answer, draw_answers, measure_checking
from drillyard.oversight.disputes.clerk import clerk
from drillyard.oversight.disputes.rulebook import rulebook
from drillyard.oversight.recipes.agents import Agent, TargetAgent
from drillyard.oversight.recipes.run import RecipeRun
from drillyard.targets import open_in

__all__ = ["command"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("answer", required=False, type=_FILE)
@click.option("--facts", type=_FILE, help="What holds, one sentence a line; a world's rulebook by default.")
@click.option("--forecast", type=_FILE, help="Check a forecast (YAML) instead, by the laws of chance.")
@click.option("--measure", is_flag=True, help="Measure checking on planted wrong answers, beside one-shot judging.")
@click.option("--world", default="helpdesk", show_default=True, help="Whose rulebook, and whose wrong answers.")
@click.option("--judge", default="clerk", show_default=True, help="clerk, or a target.")
@click.option("--judge-skill", type=FiniteRange(0, 1), default=1.0, show_default=True, help="Words a clerk reads.")
@click.option("--answers", type=click.IntRange(4, 10_000), default=120, show_default=True, help="With --measure.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides what is drawn.")
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for journal and trace.")
@show.handler
def command(
    answer: Path | None, facts: Path | None, forecast: Path | None, measure: bool, world: str, judge: str,
    judge_skill: float, answers: int, seed: int, out: Path | None,
) -> show.Outcome:  # fmt: skip
    """Check ANSWER, a text file, claim by claim against facts.

    Exits 1 when a claim is contradicted or unknown, when a forecast breaks a law of chance, or when measured checking
    is not better than judging the whole answer at once for as many tokens.
    """
    if forecast:
        return _forecast(forecast)
    agent: Agent = clerk(judge_skill, seed=seed) if judge == "clerk" else TargetAgent(open_in(world, judge), "judge")
    with RecipeRun(out, seed=seed) as run:
        if measure:
            return _measure(run, agent, world, answers, seed)
        if answer is None:
            raise click.MissingParameter(param_hint="'ANSWER'", param_type="argument")
        known = tuple(_lines(facts)) if facts else rulebook(load_world(world))
        held = f"the lines of {facts.name}" if facts else f"the rulebook of the world {world}"
        claims = run.run(check_answer, " ".join(_lines(answer)), known, agent)
    wrong = [claim for claim in claims if claim.verdict != "supported"]
    rows = [
        (show.state(_STATES[one.verdict], one.verdict), one.claim, one.facts[0] if one.facts else "") for one in claims
    ]
    return show.Outcome(
        verdict=f"{len(claims) - len(wrong)} of {len(claims)} claims are supported by {held}.",
        state="failed" if wrong else "passed",
        data=claims,
        body=[show.table("Claims", ("verdict", "claim", "nearest fact"), rows)],
    )


_STATES: dict[str, show.State] = {"supported": "passed", "contradicted": "failed", "unknown": "unknown"}


def _forecast(path: Path) -> show.Outcome:
    found = check_forecast(read_forecast(path))
    rows = [(one.law, one.about, f"{one.gap:.3f}") for one in found]
    words = f"{len(found)} laws of chance are broken, by {found[0].gap:.3f} at most." if found else ""
    return show.Outcome(
        verdict=words or "The forecast is coherent; whether it is right is another matter.",
        state="failed" if found else "passed",
        data=found,
        body=[show.table("Broken", ("law", "about", "by"), rows)] if found else [],
    )


def _measure(run: RecipeRun, agent: Agent, world: str, answers: int, seed: int) -> show.Outcome:
    found = measure_checking(draw_answers(load_world(world), answers, seed=seed), agent, run)
    rows = [(kind, one, other) for kind, (one, other) in found.by_kind.items()]
    rows.append(("all", found.factored, found.one_shot))
    better = found.comparison.p_value < 0.05 and found.comparison.ahead > found.comparison.behind
    tokens = f"{found.factored_tokens:,.0f} and {found.one_shot_tokens:,.0f} judge tokens an answer"
    return show.Outcome(
        verdict=f"{found.verdict}.",
        state="passed" if better else "failed",
        data=found,
        body=[show.table(f"{found.answers} answers, {tokens}", ("kind", "factored", "one-shot"), rows)],
    )


def _lines(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"{str(path)!r} that cannot be read ({error})", "a UTF-8 text file") from None
    if not lines:
        raise bad_input(f"an empty file {path.name}", "some text")
    return lines
