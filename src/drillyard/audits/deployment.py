"""Evaluate a target on its world's traffic and forecast what deployment will meet; resumes from a finished folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drillyard.audits.elicitation import Elicitation, by_log_probability, by_sampling
from drillyard.audits.forecast import Forecast, forecast
from drillyard.audits.forecast_report import write_forecast
from drillyard.audits.fresh import draw_traffic, judge_on
from drillyard.errors import bad_input
from drillyard.judges.measure import judge_or_exact
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.worlds.scope import Scope
from drillyard.organisms.worlds.world import World
from drillyard.records import Record
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder
from drillyard.targets import Target

__all__ = ["ForecastSpec", "deployment"]


class ForecastSpec(Record):
    """What a forecast was asked for; the same spec gives the same forecast."""

    target: str
    world: str
    behaviour: str
    queries: int
    volumes: tuple[int, ...]
    replies: int
    k: int
    seed: int
    judge: str


def deployment(
    target: Target,
    world: Scope,
    behaviour: str,
    out: Path,
    *,
    queries: int,
    volumes: Sequence[int],
    replies: int = 0,
    k: int,
    seed: int = 1,
    judge: MeasuredJudge | None = None,
    command: str = "",
    progress: Progress = silent,
) -> Forecast:
    """Draw queries from the world's traffic, measure elicitation probabilities, forecast, and write the folder.

    A finished folder of the same spec gives the stored forecast; a killed run leaves the measured probabilities there,
    and goes on from them.

    Args:
        target: the model.
        world: its setting.
        behaviour: one of the world's codes.
        out: folder: spec.json, elicitation.json, forecast.html, forecast.json.
        queries: how many to evaluate.
        volumes: how many to expect in deployment.
        replies: sampled replies per query; 0 takes log-probabilities, where the target has them.
        k: largest values that the tail fit uses.
        seed: decides queries and samples.
        judge: for sampled replies; the exact judge of the world unless another is given.
        command: printed at the foot of the page.
        progress: called with a word after each stage.

    Raises:
        BadInput: a behaviour that the world does not know, or a folder that holds another forecast.
    """
    if behaviour not in world.behaviours:
        raise bad_input(f"the behaviour {behaviour!r}", f"one of: {', '.join(world.behaviours)}")
    if replies:
        judge = judge_or_exact(judge, world, target.reference)
    spec = ForecastSpec(
        target=target.reference,
        world=world.name,
        behaviour=behaviour,
        queries=queries,
        volumes=tuple(sorted(set(volumes))),
        replies=replies,
        k=k,
        seed=seed,
        judge=judge.quality.definition if replies and judge else "",
    )
    with RunFolder(out, "forecast", leaves=("elicitation.json", "forecast.json")).held() as run:
        run.claim(spec)
        if done := run.read("forecast.json", Forecast):
            return done
        elicited = run.once("elicitation.json", Elicitation, lambda: _elicited(target, world, judge, spec))
        found = forecast(elicited, volumes, target=target.reference, k=k, seed=seed)
        progress(f"measured {found.queries} queries: {found.nonzero} with a probability above zero")
        write_forecast(found, out, command)
    return found


def _elicited(target: Target, world: Scope, judge: MeasuredJudge | None, spec: ForecastSpec) -> Elicitation:
    asked = draw_traffic(world, spec.queries, spec.seed)
    if judge is not None and spec.replies:
        near = judge_on(world, judge, spec.behaviour, asked)
        return by_sampling(target, near, asked, spec.behaviour, replies=spec.replies, seed=spec.seed)
    if not isinstance(world, World):
        found = (
            f"a forecast by probabilities in {world.name}, whose sound and failing replies nobody knows word for word"
        )
        raise bad_input(found, "sampled replies", "add --replies N")
    return by_log_probability(target, world, asked, spec.behaviour)
