"""A whole incident from its brief: open, seal, slice, replay, reward, remedy, report. What is done is kept."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.incidents.case import Case, open_case
from drillyard.incidents.opening import open_incident
from drillyard.incidents.remedy.remedy import REMEDY, RemedyOrder, RemedyReport, apply_remedies
from drillyard.incidents.replay.judging import open_replay_judge
from drillyard.incidents.replay.replay import REPLAY, ReplayOrder, ReplayReport, replay, save_replay
from drillyard.incidents.reporting.report import IncidentReport, report_case, write_report
from drillyard.incidents.reward.reward import REWARD, RewardReport, Sampling, analyse_reward
from drillyard.incidents.seal import finish
from drillyard.incidents.slicing import slice_case
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Record
from drillyard.records.progress import Progress, silent
from drillyard.records.yaml_file import read_yaml
from drillyard.targets import Target

__all__ = ["BRIEF", "IncidentBrief", "RunOrder", "penalty_of", "read_brief", "run_incident"]

BRIEF = "brief.yaml"
Opened = tuple[Target | None, Scope | None, str]


class IncidentBrief(Record):
    """What is known when an incident is taken up: `brief.yaml` beside the logs. `logs` is a path from its folder."""

    title: str = ""
    behaviour: str = "bad"
    logs: str = "logs"
    label: str = ""
    target: str = ""
    proxy: str = ""
    aware: datetime.date | None = None


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """What a run is to do beside its brief: how it replays, and how it remedies."""

    replay: ReplayOrder
    remedy: RemedyOrder
    shuffles: int = 1000


def read_brief(folder: Path) -> IncidentBrief:
    """Read the brief of an incident's folder; without one, the folder itself holds the logs. Raises `BadInput`."""
    if not folder.exists():
        raise bad_input(
            f"no {str(folder)!r}", "a folder with logs and brief.yaml", "type drillyard incident generate -o DIR"
        )
    if not (folder / BRIEF).is_file():
        return IncidentBrief(logs=".")
    return IncidentBrief.from_data(read_yaml(folder / BRIEF))


def penalty_of(reward: RewardReport | None) -> float:
    """Return λ in units of the average preference: at least 2, at most 10, by the shadow price in spreads."""
    return min(10.0, max(2.0, reward.penalty or 0.0)) if reward else 2.0


def run_incident(
    folder: Path, out: Path, brief: IncidentBrief, order: RunOrder, opened: Callable[[], Opened],
    told: Progress = silent,
) -> tuple[IncidentReport, Path]:  # fmt: skip
    """Take all steps of an incident, and return the report and its page. A step whose file is there is not taken again.

    Args:
        folder: of brief and logs.
        out: of the case.
        brief: what is known.
        order: how it is replayed and remedied.
        opened: opens the target; called where there is something to replay.
        told: which step it is at.

    Raises:
        BadInput: as the steps do; what is done stays.
    """
    told("open and seal")
    case = open_incident([folder / brief.logs], out, behaviour=brief.behaviour, label=brief.label, progress=told)
    told("slice")
    sliced = slice_case(out, shuffles=order.shuffles, progress=told)
    case = open_case(out)
    if sliced.trigger is not None:
        _investigate(case, order, opened, told)
    report = report_case(case, brief.title, brief.aware)
    return report, write_report(case, report)


def _investigate(case: Case, order: RunOrder, opened: Callable[[], Opened], told: Progress) -> None:
    target, scope, unserved = opened()
    told("replay")
    replayed = case.found(REPLAY, ReplayReport)
    if replayed is None or replayed.state == "cannot confirm":
        replayed = save_replay(case, replay(case, order.replay, target, scope, unserved, told))
    answers = target if replayed.state != "cannot confirm" else None
    told("reward")
    judge = open_replay_judge(case, order.replay.judge, scope, order.replay.behaviour, order.replay.seed)
    reward = case.found(REWARD, RewardReport)
    if reward is None:
        sampling = Sampling(target=answers, judge=judge) if answers else None
        reward = analyse_reward(case, None, judge, scope, sampling, told)
        finish(case, REWARD, reward)
    if answers is not None and case.found(REMEDY, RemedyReport) is None:
        told("remedies")
        remedy = dataclasses.replace(order.remedy, penalty=penalty_of(reward))
        finish(case, REMEDY, apply_remedies(case, answers, scope, judge, replayed, remedy, reward.kl_budget, told))
