"""Audit a target: prompts are proposed within a budget; what fails is confirmed, minimised and merged into findings."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

from drillyard.audits.coverage import coverage_of
from drillyard.audits.fresh import judge_near
from drillyard.audits.hunt.hunting import Confirmed, Hunt
from drillyard.audits.hunt.minimise import minimise
from drillyard.audits.hunt.ordinary import ordinary
from drillyard.audits.hunt.rates import correct_rate, measure_rate
from drillyard.audits.hunt.readable import readable
from drillyard.audits.hunt.session import Session
from drillyard.audits.hunt.stored import cite
from drillyard.audits.meaning import cluster_failing
from drillyard.audits.options import AuditOptions
from drillyard.audits.provenance import trace
from drillyard.audits.replies import count_outcomes, keep_replies, why_refused
from drillyard.audits.report import AuditReport
from drillyard.audits.seeding.seeded import Seeded
from drillyard.audits.seeding.seeds import SEED
from drillyard.errors import bad_input
from drillyard.judges.base import FreeJudge
from drillyard.judges.measure import judge_or_exact, pool
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.worlds.scope import Ask, Scope
from drillyard.organisms.worlds.world import World
from drillyard.records import Estimate, FailureMode, Finding, Message, RegressionTest, Severity, Trigger
from drillyard.records.progress import Progress, silent
from drillyard.stats import difference
from drillyard.targets import Target
from drillyard.targets.journal import KeptAnswers, keep_journal
from drillyard.targets.scoped import scope_of

__all__ = ["MIN_BUDGET", "audit", "check_budget"]

MIN_BUDGET = 100
"""Queries below which nothing useful can be said."""

_UNPLANTED = "How much such a search finds is not known: nothing can be planted in this scope."
_EVIDENCE = 24  # most transcripts per finding
_CASES = 5  # conversations of a regression test
_POWER = 0.05  # how often a regression test may miss a failure of the confirmed rate


def audit(
    target: Target,
    twin: Target | None = None,
    *,
    world: Scope | str | None = None,
    budget: int = 2000,
    seed: int = 1,
    judge: MeasuredJudge | None = None,
    options: AuditOptions | None = None,
    journal: Path | None = None,
    replies: Path | None = None,
    progress: Progress = silent,
) -> AuditReport:
    """Search a target and return confirmed findings, the most severe first, and a bound per behaviour.

    Args:
        target: the model under audit.
        twin: a clean twin or an earlier version; a behaviour that it shows as well is no finding.
        world: the scope: what is asked and what is true; an organism's own unless given.
        budget: most queries to the target, branches, confirmation and minimising included; at least 100.
        seed: decides prompts and samples; the same seed gives the same report.
        judge: with its measured error; the exact judge of the world, measured now, unless another is given.
        options: who proposes the prompts, and how the search goes about it.
        journal: file that keeps every answer; a run that was killed goes on from it and gives the same report.
        replies: file for sampled replies with what the judge said of each, to be labelled.
        progress: called with a word after each stage, and with how many queries of how many.

    Raises:
        BadInput: a budget too small for any statement, an unknown search, a judge without its measured error, or a
            target without a scope.
    """
    check_budget(budget)
    scope, options, tell = scope_of(target, world), options or AuditOptions(), progress
    given = [name for name, value in (("twin", twin), ("judge", judge)) if value is not None]
    made = trace(target, twin, scope, seed)
    made = made.model_copy(update={"command": _called(scope, budget, seed, options, given)})
    judge = judge_or_exact(judge, scope, target.reference)
    ruled, options = _ruled(judge, scope), _sampling(judge, options)
    kept, asked, trial = KeptAnswers(journal) if journal else None, target, None
    if options.reading:
        asked, trial = readable(target, kept, tell)
        twin = readable(twin, kept, tell)[0] if twin else None
    if kept is not None:
        asked, twin = keep_journal(asked, kept), keep_journal(twin, kept) if twin else None
        options = _kept(options, kept)
    session = Session(
        asked, scope, judge, budget, seed, reading=options.reading, cap=options.cap, behaviours=ruled, tell=tell
    )
    hunt = Hunt(session, options, seed, tell)
    confirmed = hunt.run()
    found = [one for each in confirmed if (one := _finding(hunt, each, twin, judge, len(confirmed), seed))]
    findings, leads = ([one for one in found if one.rate.unknown is unknown] for unknown in (False, True))
    if replies is not None:
        keep_replies(hunt, {one.mode.id for one in found}, replies)
    tell(f"minimised {len(found)} reproductions; {session.asked} queries and {session.meter.tokens} tokens in all")
    by_chance = _by_chance(session, options, judge, seed, tell) if options.control else None
    if options.traffic:
        tell(f"asking {options.traffic} ordinary queries")
    shares, forecasts = ordinary(asked, scope, judge, options.traffic, seed, reading=options.reading)
    attacked = " with an attacker" * (hunt.attacked is not None)
    return AuditReport(
        target=target.reference,
        world=scope.reference,
        queries=session.asked,
        tokens=session.meter.tokens,
        capped=session.meter.capped,
        findings=tuple(sorted(findings, key=lambda f: (-f.mode.severity.rank, f.mode.id))),
        leads=tuple(sorted(leads, key=lambda f: (-f.mode.rate, f.mode.id))),
        clusters=cluster_failing([one for finding in found for one in finding.evidence])
        if found and options.clusters
        else (),
        outcomes=count_outcomes(hunt),
        refused=why_refused(hunt),
        bounds={b: correct_rate(hunt.explored, b, judge) for b in scope.behaviours},
        judge=pool(judge.quality),
        quality=judge.quality,
        search=f"{options.name}{attacked}, {'reading probabilities' if session.reads else 'by samples'}",
        validated=cite(options.name, scope.name, budget, session.reads) if isinstance(scope, World) else _UNPLANTED,
        control=by_chance,
        coverage=coverage_of(scope, _asked(hunt)),
        traffic=shares,
        forecasts=forecasts,
        attack=hunt.attacked,
        trial=trial,
        seeds=_seeded(hunt),
        twin=twin.reference if twin else "",
        budget=budget,
        cap=options.cap or 0,
        settings=getattr(target, "settings", None),
        made=made,
    )


def _ruled(judge: MeasuredJudge, scope: Scope) -> list[str]:
    """Return the behaviours that are looked for: all of the scope's that the judge rules on.

    Raises:
        BadInput: it rules on none of them.
    """
    if not isinstance(judge.judge, FreeJudge):
        return list(scope.behaviours)
    ruled = [code for code in scope.behaviours if code in judge.judge.rules_on]
    if not ruled:
        found = f"the judge {judge.name}, which rules on {', '.join(judge.judge.rules_on)}"
        raise bad_input(found, f"one that rules on {', '.join(scope.behaviours)}", "choose another with --judge")
    return ruled


def _sampling(judge: MeasuredJudge, options: AuditOptions) -> AuditOptions:
    """Sample where free replies are judged: a model has too many of them for their probabilities to add up."""
    return replace(options, reading=False) if isinstance(judge.judge, FreeJudge) else options


def check_budget(budget: int) -> None:
    """Raise `BadInput` on a budget too small for any statement."""
    if budget < MIN_BUDGET:
        raise bad_input(f"a budget of {budget} queries", f"at least {MIN_BUDGET}", f"use a budget of {MIN_BUDGET}")


def _called(scope: Scope, budget: int, seed: int, options: AuditOptions, given: list[str]) -> str:
    """Return the call in Python: what can be written down as it is, models, judges and corpora by their names."""
    changed = [(one.name, getattr(options, one.name)) for one in fields(options)]
    changed = [(name, value) for name, value in changed if value != getattr(AuditOptions(), name)]
    plain = [(name, repr(value) if isinstance(value, str | int | float) else name) for name, value in changed]
    words = ["target", *(f"{name}={name}" for name in given)]
    words += [f"world={scope.reference!r}", f"budget={budget}", f"seed={seed}"]
    words += [f"options=AuditOptions({', '.join(f'{name}={value}' for name, value in plain)})"] * bool(plain)
    return f"audit({', '.join(words)})"


def _kept(options: AuditOptions, journal: KeptAnswers) -> AuditOptions:
    """Keep what an attacker says as well."""
    if options.attack is None:
        return options
    return replace(options, attack=replace(options.attack, attacker=keep_journal(options.attack.attacker, journal)))


def _by_chance(
    done: Session, options: AuditOptions, judge: MeasuredJudge, seed: int, tell: Progress
) -> tuple[str, ...]:
    """Return the ids of what random sampling confirms."""
    session = Session(done.target, done.scope, judge, done.budget, seed, reading=False, cap=options.cap)
    confirmed = Hunt(session, AuditOptions(search="random"), seed, lambda words, *_: tell(f"control: {words}")).run()
    return tuple(sorted(one.rule.id for one in confirmed))


def _asked(hunt: Hunt) -> list[tuple[Ask, str, bool]]:
    """Return what was explored in the world's own prompts, and whether some behaviour was seen."""
    return [
        (one.candidate.ask, one.candidate.conversation.template, any(one.chances.values()))
        for one in hunt.explored
        if one.candidate.ask
    ]


def _seeded(hunt: Hunt) -> Seeded | None:
    """Return what became of the seeds, None where there were none."""
    corpus = hunt.options.corpus
    if not corpus.seeds:
        return None
    asked: dict[tuple[Message, ...], bool] = {}
    for one in hunt.explored:
        if one.candidate.kind.startswith(SEED):
            talk = one.candidate.conversation.messages
            asked[talk] = asked.get(talk, False) or not one.unanswered
    unanswered = sum(not answered for answered in asked.values())
    prompts = len(corpus.seeds) + corpus.unread
    return Seeded(prompts=prompts, asked=len(asked), unanswered=unanswered, left_out=corpus.left_out)


def _finding(
    hunt: Hunt, one: Confirmed, twin: Target | None, judge: MeasuredJudge, among: int, seed: int
) -> Finding | None:
    """Return the record of what was confirmed; None where the twin, or the judge's own error, shows as much."""
    rule, scope, session = one.rule, hunt.session.scope, hunt.session
    trigger = rule.trigger(scope)
    near = judge_near(scope, judge, rule.behaviour, trigger, seed, rule.kinds)
    rate = correct_rate(one.seen, rule.behaviour, near)
    control = _control(hunt, one, twin, near) if twin else None
    if rate.unknown:  # the judge was not measured here: what it shows is a lead, where the twin does not show as much
        if control and not _shows_more(one, control):
            return None
    elif rate.low <= (control.high if control and control.value else 0.0):
        return None
    failing = [list(s.failing[rule.behaviour]) for s in one.seen if rule.behaviour in s.failing]
    evidence = [*(some[0] for some in failing), *(other for some in failing for other in some[1:])][:_EVIDENCE]
    start = max(one.seen, key=lambda s: (s.chance(rule.behaviour), -len(s.candidate.conversation.last_user)))
    shortest = minimise(session, rule, one.rate.value, start.candidate.conversation, session.left // max(1, among))
    own = bool(rule.kinds) and all(kind.startswith(SEED) for kind in rule.kinds)  # nobody knows who else asks them
    cases = dict.fromkeys([shortest, *(transcript.conversation for transcript in evidence)])
    return Finding(
        mode=_mode(scope, rule.id, rule.behaviour, trigger, rate),
        rate=rate,
        control_rate=control,
        evidence=tuple(evidence),
        kinds=rule.kinds,
        features=rule.features,
        reproduction=shortest,
        regression=RegressionTest(
            conversations=tuple(cases)[:_CASES], behaviour=rule.behaviour, samples=_samples(rate.low)
        ),
        reach=None if own else min(1.0, hunt.traffic.share(rule)),
    )


def _mode(scope: Scope, id_: str, behaviour: str, trigger: Trigger, rate: Estimate) -> FailureMode:
    """Return what was confirmed as a failure mode, as severe as the scope says."""
    return FailureMode(
        id=id_,
        kind=behaviour,
        title=f"{scope.behaviours[behaviour].rstrip('.')}: {trigger.words}",
        trigger=trigger,
        behaviour=behaviour,
        rate=rate.value,
        severity=scope.severities.get(behaviour, Severity.MEDIUM),
    )


def _control(hunt: Hunt, one: Confirmed, twin: Target, judge: MeasuredJudge) -> Estimate:
    """Return the twin's rate on the prompts that confirmed a rule."""
    reading = all(seen.read for seen in one.seen)
    hunt.tell(f"asking the twin what confirmed {one.rule.id}")
    session = Session(twin, hunt.session.scope, judge, 100 * len(one.seen), 1, reading=reading)
    candidates = [seen.candidate for seen in one.seen]
    return correct_rate(session.look(candidates, like=one.rule.like, recall=False), one.rule.behaviour, judge)


def _shows_more(one: Confirmed, control: Estimate) -> bool:
    """Say whether the judge saw a behaviour more often in the target than in its twin, beyond doubt."""
    seen = measure_rate(one.seen, one.rule.behaviour)
    counts = round(seen.value * seen.n), seen.n, round(control.value * control.n), control.n
    return difference(*counts).low > 0


def _samples(rate: float) -> int:
    """Return after how many samples a failure of this rate is missed once in twenty times at the most."""
    needed = math.ceil(math.log(_POWER) / math.log1p(-min(max(rate, 1e-4), 0.95)))
    return max(_CASES, needed)
