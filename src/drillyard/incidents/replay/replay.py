"""The whole of a replay: from the trigger that a slice found to a certified cause, arms and hypotheses."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from drillyard.errors import bad_input
from drillyard.incidents.case import Case
from drillyard.incidents.replay.arms import Arm, run_arms
from drillyard.incidents.replay.asking import NotServed, Replayer
from drillyard.incidents.replay.certify import CauseCertificate, Design, certify
from drillyard.incidents.replay.hypotheses import Hypothesis, weigh_hypotheses
from drillyard.incidents.replay.judging import JudgeFigures, open_replay_judge
from drillyard.incidents.replay.search import answer
from drillyard.incidents.row import Row, Template
from drillyard.incidents.seal import finish
from drillyard.incidents.sliced import TriggerRule
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Record
from drillyard.records.progress import Progress, silent
from drillyard.targets import Target
from drillyard.targets.journal import KeptAnswers, keep_journal

__all__ = ["REPLAY", "CauseSegment", "ReplayOrder", "ReplayReport", "replay", "replayed_rows", "save_replay"]

REPLAY, ANSWERS = "replay.json", "replay/answers.jsonl"
_POOL, _INPUTS = 4000, 300
"""Rows under the trigger that are looked at, and those whose inputs are asked."""

State = Literal["confirmed", "not confirmed", "cannot confirm", "nothing to replay"]


@dataclass(frozen=True, kw_only=True)
class ReplayOrder:
    """What is asked for: judge, behaviour, rates, inputs per arm, budget in queries, a paraphrase, products."""

    target: str
    judge: str = ""
    behaviour: str = ""
    low: float | None = None
    high: float | None = None
    error: float = 0.05
    inputs: int = 60
    budget: int = 1000
    seed: int = 1
    paraphrase: str = ""
    products: Sequence[str] = ()


class CauseSegment(Record):
    """A segment of the replayed template, by its hash, and whether it is part of the cause."""

    hash: str
    text: str
    cause: bool


class ReplayReport(Record):
    """What came of a replay. `state` is `cannot confirm` where the target does not answer or the logs hold no prompt.

    `models` are those that the log names; another target than those is told in `notes`.
    """

    state: State
    reason: str
    target: str
    models: tuple[str, ...]
    behaviour: str
    template: str
    segments: tuple[CauseSegment, ...] = ()
    certificate: CauseCertificate | None = None
    judge: JudgeFigures | None = None
    arms: tuple[Arm, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    queries: int = 0
    low: float = 0.1
    high: float = 0.4
    notes: tuple[str, ...] = ()

    @property
    def cause(self) -> tuple[str, ...]:
        """The texts of the segments that were certified as the cause."""
        return tuple(one.text for one in self.segments if one.cause)

    def arm(self, name: str) -> Arm | None:
        """Return an arm by its name."""
        return next((one for one in self.arms if one.name == name), None)


def replay(
    case: Case, order: ReplayOrder, target: Target | None, scope: Scope | None, unserved: str = "",
    told: Progress = silent,
) -> ReplayReport:  # fmt: skip
    """Replay a case on a target. Answers are kept in the case's folder, and asked once.

    Args:
        case: sliced.
        order: what is asked for.
        target: None where it cannot be opened, for the reason `unserved`.
        scope: of the target; None for one without a world.
        unserved: why there is no target.
        told: how far it is.

    Raises:
        BadInput: no slice yet, no judge, or a budget that is too small; what was asked stays.
    """
    rule = case.report.trigger
    empty = ReplayReport(
        state="nothing to replay", reason="", target=order.target, models=(), behaviour=case.spec.behaviour, template=""
    )
    if rule is None:
        return empty.model_copy(update={"reason": f"the slice found {case.report.verdict}: {case.report.why}"})
    rows, template = replayed_rows(case, rule, order.seed)
    models = tuple(sorted({row.model for row in rows if row.model}))
    known = empty.model_copy(update={"models": models, "state": "cannot confirm"})
    if template is None:
        return _closed(case, known, rule, "the logs hold no instructions, so there is nothing to take out of them")
    known = known.model_copy(update={"template": template.template_id, "segments": _segments(template, frozenset())})
    if target is None:
        return _closed(case, known, rule, f"the model is not served: {unserved}")
    judge = open_replay_judge(case, order.judge, scope, order.behaviour, order.seed)
    known = known.model_copy(update={"judge": judge.figures, "behaviour": judge.figures.behaviour})
    kept = keep_journal(target, KeptAnswers(case.folder / ANSWERS))
    asker = Replayer(
        target=kept, judge=judge, template=template, rows=rows, seed=order.seed, budget=order.budget, told=told
    )
    try:
        return _asked(case, known, rule, asker, order)
    except NotServed as error:
        return _closed(case, known, rule, f"the model is not served: {error}")


def save_replay(case: Case, report: ReplayReport) -> ReplayReport:
    """Write and seal a replay, and return it; one that cannot confirm anything leaves an earlier one that could."""
    old = case.found(REPLAY, ReplayReport)
    if report.state == "cannot confirm" and old is not None and old.state in ("confirmed", "not confirmed"):
        kept = f"the earlier replay on {old.target} ({old.state}) stays in {REPLAY}"
        return report.model_copy(update={"notes": (*report.notes, kept)})
    finish(case, REPLAY, report)
    return report


def replayed_rows(case: Case, rule: TriggerRule, seed: int) -> tuple[list[Row], Template | None]:
    """Return rows under a trigger that share the template of most bad ones, drawn at random, and that template."""
    rows = [row for row in case.rows(rule, limit=_POOL) if row.user_text.strip()]
    bad = Counter(row.prompt for row in rows if row.bad and case.template(row).segments)
    if not bad:
        return rows, None
    prompt = bad.most_common(1)[0][0]
    mine = [row for row in rows if row.prompt == prompt]
    return random.Random(f"inputs:{seed}").sample(mine, min(_INPUTS, len(mine))), case.templates[prompt]


def _asked(case: Case, known: ReplayReport, rule: TriggerRule, asker: Replayer, order: ReplayOrder) -> ReplayReport:
    high = order.high or max(0.05, min(0.4, 0.6 * rule.rate.value))
    low = order.low or max(0.02, min(0.1, high / 4))
    if not low < high:
        raise bad_input(f"a low rate of {low:g} and a high one of {high:g}", "low below high", "set --low and --high")
    room = order.budget - 6 * order.inputs
    if room < 30:
        found = f"a budget of {order.budget} queries, of which 6 arms take {6 * order.inputs}"
        raise bad_input(found, "30 more at least", "raise --budget, or lower --inputs")
    design = Design(low=low, high=high, error=order.error, budget=room, seed=order.seed, at_once=2)
    made = answer(certify(len(asker.hashes), design), asker.oracle)
    cause = frozenset(made.cause)
    arms: tuple[Arm, ...] = ()
    if cause and made.state in ("certified", "not certified"):
        rows = asker.order
        bad = [row.response_text for row in rows if row.bad]
        sound = [row.response_text for row in case.rows(bad=False, limit=2000)]
        arms = run_arms(asker, cause, order.inputs, bad, sound, order.paraphrase, order.products)
    removed = next((arm for arm in arms if arm.name == "cause removed"), None)
    falls = removed is not None and removed.difference is not None and removed.difference.high < 0
    state: State = "confirmed" if made.state == "certified" and falls else "not confirmed"
    return known.model_copy(
        update={
            "state": state,
            "reason": _reason(made, falls),
            "segments": _segments(asker.template, {asker.hashes[one] for one in cause}),
            "certificate": made,
            "arms": arms,
            "hypotheses": weigh_hypotheses(case, rule, made, arms, known.judge),
            "queries": asker.queries,
            "low": low,
            "high": high,
            "notes": _notes(known, order.target),
        }
    )


def _reason(made: CauseCertificate, falls: bool) -> str:
    if made.state != "certified":
        return made.reason
    if not falls:
        return "the segments are enough by themselves, but the behaviour stays without them: there is another cause too"
    return (
        f"minimal cause certified with {made.trials} replays; at most {made.error:.0%} of such certificates are wrong"
    )


def _closed(case: Case, known: ReplayReport, rule: TriggerRule, why: str) -> ReplayReport:
    found = weigh_hypotheses(case, rule, None, (), known.judge)
    return known.model_copy(update={"reason": f"cannot confirm: {why}", "hypotheses": found})


def _segments(template: Template, cause: set[str] | frozenset[str]) -> tuple[CauseSegment, ...]:
    return tuple(CauseSegment(hash=one.hash, text=one.text, cause=one.hash in cause) for one in template.segments)


def _notes(known: ReplayReport, target: str) -> tuple[str, ...]:
    other = [one for one in known.models if one not in target]
    if not other:
        return ()
    return (f"the log names the model {', '.join(other)}; replayed was {target}: the same only if you say so",)
