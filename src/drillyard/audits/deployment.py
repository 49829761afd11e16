"""Evaluate a target on its world's traffic and forecast what deployment will meet; resumes from a finished folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from drillyard.audits.elicitation import Elicitation, by_log_probability, by_sampling
from drillyard.audits.forecast import Forecast, forecast
from drillyard.audits.forecast_report import write_forecast
from drillyard.audits.fresh import draw_traffic, judge_on
from drillyard.errors import bad_input
from drillyard.judges.measure import measured_exact
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.worlds.world import World
from drillyard.records import Record
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
    world: World,
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
    progress: Callable[[str], None] | None = None,
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
    tell = progress or (lambda _: None)
    if replies:
        judge = judge or measured_exact(world)
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
    _claim(out, spec)
    if (done := out / "forecast.json").is_file():
        return Forecast.from_json(done.read_bytes())
    found = forecast(_elicited(target, world, judge, spec, out), volumes, target=target.reference, k=k, seed=seed)
    tell(f"measured {found.queries} queries: {found.nonzero} with a probability above zero")
    write_forecast(found, out, command)
    return found


def _claim(out: Path, spec: ForecastSpec) -> None:
    """Write the spec into a new folder, or see that the folder's own is the same."""
    path = out / "spec.json"
    if path.is_file() and ForecastSpec.from_json(path.read_bytes()) != spec:
        raise bad_input(f"another forecast in {out}", "a new folder, or the same options", "use another -o")
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(spec.to_json(indent=2) + "\n", encoding="utf-8")


def _elicited(target: Target, world: World, judge: MeasuredJudge | None, spec: ForecastSpec, out: Path) -> Elicitation:
    path = out / "elicitation.json"
    if path.is_file():
        return Elicitation.from_json(path.read_bytes())
    asked = draw_traffic(world, spec.queries, spec.seed)
    if judge is not None and spec.replies:
        near = judge_on(world, judge, spec.behaviour, asked)
        found = by_sampling(target, near, asked, spec.behaviour, replies=spec.replies, seed=spec.seed)
    else:
        found = by_log_probability(target, world, asked, spec.behaviour)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(found.to_json() + "\n", encoding="utf-8")
    unfinished.replace(path)
    return found
