"""Hunt a target and report: confirmed failure modes as objects, with bounds for what was not found."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from drillyard.audits.audit import AuditReport, check_budget, failure_mode, measured_judge
from drillyard.audits.confirm import judged_near
from drillyard.audits.coverage import coverage_of
from drillyard.audits.hunt.behind import behind
from drillyard.audits.hunt.confirmation import mean_chance
from drillyard.audits.hunt.hunting import Confirmed, Hunt, HuntOptions
from drillyard.audits.hunt.minimise import minimise
from drillyard.audits.hunt.ordinary import ordinary
from drillyard.audits.hunt.readable import readable
from drillyard.audits.hunt.session import Session
from drillyard.audits.hunt.stored import citation
from drillyard.audits.provenance import provenance
from drillyard.audits.seeding.seeded import Seeded
from drillyard.audits.seeding.seeds import SEED
from drillyard.judges import Judge
from drillyard.judges.measure import pool
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.worlds.world import Ask, World, load_world
from drillyard.records import Estimate, Finding, Message, RegressionTest
from drillyard.targets import Target
from drillyard.targets.journal import KeptAnswers, keep_journal

__all__ = ["hunt"]

_FROM = ("hunt, ", "hunt with an attacker, ")
_EVIDENCE = 24  # most transcripts per finding
_CASES = 5  # conversations of a regression test
_POWER = 0.05  # how often a regression test may miss a failure of the confirmed rate


def hunt(
    target: Target,
    twin: Target | None = None,
    *,
    world: World | str = "helpdesk",
    budget: int = 2000,
    seed: int = 1,
    judge: MeasuredJudge | None = None,
    options: HuntOptions | None = None,
    reading: bool = True,
    control: bool = False,
    cap: int | None = None,
    traffic: int = 0,
    journal: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> AuditReport:
    """Search a target adaptively and return confirmed findings, the most severe first, and a bound per behaviour.

    Args:
        target: the model under audit.
        twin: a clean twin or an earlier version; a behaviour that it shows as well is no finding.
        world: the scope: what is asked and what is true.
        budget: most queries to the target, branches, confirmation and minimising included; at least 100.
        seed: decides prompts and samples; the same seed gives the same report.
        judge: with its measured error; the exact judge of the world, measured now, unless another is given.
        options: how the search goes about it.
        reading: look at probabilities where the target reveals them; False asks for samples alone.
        control: search once more by random sampling, at the same budget, and report what that confirms.
        cap: most tokens to the target, prompts and replies together; what it has by then is reported.
        traffic: queries of ordinary traffic, beyond the budget, for a forecast of deployment; 0 asks none.
        journal: file that keeps every answer; a run that was killed goes on from it and gives the same report.
        progress: called with a word after each stage.

    Raises:
        BadInput: a budget too small for any statement, or a judge without its measured error.
    """
    check_budget(budget)
    world = load_world(world) if isinstance(world, str) else world
    judge, tell = measured_judge(judge, world, target), progress or (lambda _: None)
    made = provenance(target, twin, world, budget, seed, cap or 0)
    kept, asked, trial = KeptAnswers(journal) if journal else None, target, None
    if reading:
        asked, trial = readable(target, kept, tell)
        twin = readable(twin, kept, tell)[0] if twin else None
    if kept is not None:
        asked, twin = keep_journal(asked, kept), keep_journal(twin, kept) if twin else None
        options = _kept(options or HuntOptions(), kept)
    session = Session(asked, world, judge, budget, seed, reading=reading, cap=cap)
    found = Hunt(session, options or HuntOptions(), seed, tell)
    confirmed = found.run()
    findings = [one for each in confirmed if (one := _finding(found, each, twin, judge, len(confirmed), seed))]
    tell(f"minimised {len(findings)} reproductions; {session.asked} queries and {session.meter.tokens} tokens in all")
    by_chance = _by_chance(asked, world, judge, budget, seed, cap, tell) if control else None
    shares, forecasts = ordinary(asked, world, judge, traffic, seed, reading=reading) if traffic else ({}, ())
    return AuditReport(
        target=target.reference,
        world=world.reference,
        queries=session.asked,
        tokens=session.meter.tokens,
        capped=session.meter.capped,
        findings=tuple(sorted(findings, key=lambda f: (-f.mode.severity.rank, f.mode.id))),
        bounds={b: behind(mean_chance(found.explored, b), judge, b) for b in world.behaviours},
        judge=pool(judge.quality),
        quality=judge.quality,
        search=f"{_FROM[found.attacked is not None]}{'reading probabilities' if session.reads else 'by samples'}",
        validated=citation(world.name, budget, session.reads),
        control=by_chance,
        coverage=coverage_of(world, _asked(found)),
        traffic=shares,
        forecasts=forecasts,
        attack=found.attacked,
        trial=trial,
        seeds=_seeded(found),
        made=made,
    )


def _seeded(found: Hunt) -> Seeded | None:
    """Return what became of the seeds, None where there were none."""
    options = found.options
    if not options.seeds:
        return None
    asked: dict[tuple[Message, ...], bool] = {}
    for one in found.explored:
        if one.candidate.kind.startswith(SEED):
            talk = one.candidate.conversation.messages
            asked[talk] = asked.get(talk, False) or not one.unanswered
    unanswered = sum(not answered for answered in asked.values())
    prompts = len(options.seeds) + options.unread
    return Seeded(prompts=prompts, asked=len(asked), unanswered=unanswered, left_out=options.left_out)


def _kept(options: HuntOptions, journal: KeptAnswers) -> HuntOptions:
    """Keep what an attacker says as well."""
    if options.attack is None:
        return options
    return replace(options, attack=replace(options.attack, attacker=keep_journal(options.attack.attacker, journal)))


def _by_chance(
    target: Target, world: World, judge: Judge, budget: int, seed: int, cap: int | None, tell: Callable[[str], None]
) -> tuple[str, ...]:
    """Return the ids of what random sampling confirms."""
    session = Session(target, world, judge, budget, seed, reading=False, cap=cap)
    confirmed = Hunt(session, HuntOptions(random=True), seed, lambda words: tell(f"control: {words}")).run()
    return tuple(sorted(one.rule.id for one in confirmed))


def _asked(found: Hunt) -> list[tuple[Ask, str, bool]]:
    """Return what was explored in the world's own prompts, and whether some behaviour was seen."""
    return [
        (one.candidate.ask, one.candidate.conversation.template, any(one.chances.values()))
        for one in found.explored
        if one.candidate.ask
    ]


def _finding(
    hunted: Hunt, one: Confirmed, twin: Target | None, judge: MeasuredJudge, among: int, seed: int
) -> Finding | None:
    """Return the record of what was confirmed; None where the twin, or the judge's own error, shows as much."""
    rule, world, session = one.rule, hunted.session.world, hunted.session
    trigger = rule.trigger(world)
    near = judged_near(world, judge, rule.behaviour, trigger, seed, rule.kinds)
    rate = behind(one.rate, near, rule.behaviour)
    control = (
        behind(_control(one, twin, world, judge, all(seen.read for seen in one.seen)), near, rule.behaviour)
        if twin
        else None
    )
    if rate.low <= (control.high if control and control.value else 0.0):
        return None
    evidence = [s.failing[rule.behaviour] for s in one.seen if rule.behaviour in s.failing][:_EVIDENCE]
    start = max(one.seen, key=lambda s: (s.chance(rule.behaviour), -len(s.candidate.conversation.last_user)))
    shortest = minimise(session, rule, one.rate.value, start.candidate.conversation, session.left // max(1, among))
    own = bool(rule.kinds) and all(kind.startswith(SEED) for kind in rule.kinds)  # nobody knows who else asks them
    cases = dict.fromkeys([shortest, *(transcript.conversation for transcript in evidence)])
    return Finding(
        mode=failure_mode(world, rule.id, rule.behaviour, trigger, rate),
        rate=rate,
        control_rate=control,
        evidence=tuple(evidence),
        kinds=rule.kinds,
        features=rule.features,
        reproduction=shortest,
        regression=RegressionTest(
            conversations=tuple(cases)[:_CASES], behaviour=rule.behaviour, samples=_samples(rate.low)
        ),
        reach=None if own else min(1.0, hunted.traffic.share(rule)),
    )


def _control(one: Confirmed, twin: Target, world: World, judge: Judge, reading: bool) -> Estimate:
    """Return the twin's rate on the prompts that confirmed a rule."""
    session = Session(twin, world, judge, 100 * len(one.seen), 1, reading=reading)
    candidates = [seen.candidate for seen in one.seen]
    return mean_chance(session.look(candidates, like=one.rule.like, recall=False), one.rule.behaviour)


def _samples(rate: float) -> int:
    """Return after how many samples a failure of this rate is missed once in twenty times at the most."""
    needed = math.ceil(math.log(_POWER) / math.log1p(-min(max(rate, 1e-4), 0.95)))
    return max(_CASES, needed)
