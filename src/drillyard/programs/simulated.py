"""Rehearse refinement: simulated learners with known abilities walk a programme, by the code that reads real attempts.

Parts of drills get known slopes and difficulties, one is planted that works against ability, and three revisions of the
drill that most people take are tried: a good one, a bad one, and one that changes nothing. This tests the machinery,
not the teaching: real learners need not be like this model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.learned import responses_of
from drillyard.programs.refine import RefineReport, refine
from drillyard.psychometrics.ability import abilities as estimate_abilities
from drillyard.psychometrics.analysis import FEWEST, Analysis, analyse, measure
from drillyard.psychometrics.bank import Bank, bank_of
from drillyard.psychometrics.experiment import RevisionDecision
from drillyard.psychometrics.loop import run_loop
from drillyard.psychometrics.responses import Responses
from drillyard.records import Attempt, Estimate, Grade, Record, SubCheck
from drillyard.records.progress import Progress, silent
from drillyard.stats.binomial import clopper_pearson
from drillyard.stats.shown import tell_count

__all__ = ["PlantedRevision", "Recovered", "SimulatedRefinement", "simulate"]

Floats = NDArray[np.float64]

_BAD_SLOPE = -0.8
_REVISIONS = (("good", 1.2), ("bad", -1.2), ("no-change", 0.0))
"""Revisions, and by how many standard deviations of ability each moves who gets it: some 25 % of learners."""


class Recovered(Record):
    """An item as it was planted and as it was measured; `held`: the interval of each number holds the planted one."""

    item: str
    planted_slope: float
    planted_difficulty: float
    slope: Estimate | None
    difficulty: Estimate | None
    held: tuple[bool, ...]


class PlantedRevision(Record):
    """A revision whose true effect on the share who pass is known, and what the experiment decided."""

    name: str
    drill: str
    effect: float
    decision: RevisionDecision
    right: bool


class SimulatedRefinement(Record):
    """What refinement made of learners whose abilities, and of drills whose parts, are known."""

    learners: int
    seed: int
    verdict: str
    holds: bool
    enough: bool
    parameters_held: Estimate
    abilities_held: Estimate
    bad_item: str
    bad_item_found: bool
    false_flags: int
    recovered: tuple[Recovered, ...]
    revisions: tuple[PlantedRevision, ...]
    solved_with: float
    solved_without: float
    report: RefineReport
    analysis: Analysis


@dataclass(frozen=True, kw_only=True)
class _Course:
    """What people of each role meet: drills, their rehearsed instances, and the parts of each with its check ids."""

    heads: Mapping[str, int]
    drills: Mapping[str, tuple[str, ...]]
    instances: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, Mapping[str, tuple[str, ...]]]
    items: tuple[str, ...]


def simulate(folder: ProgramFolder, learners: int, seed: int = 1, progress: Progress = silent) -> SimulatedRefinement:
    """Let simulated learners walk a programme, and say what refinement finds of what is known.

    Raises:
        BadInput: nothing was rehearsed yet, so nothing says which parts the drills have.
    """
    course, rng = _course(folder), np.random.default_rng(seed)
    bank, bad = _plant(course, rng)
    progress(f"{learners} simulated learners walk the programme")
    abilities = rng.normal(size=learners)
    attempts = _walk(course, bank, abilities, rng)
    responses = responses_of(attempts)
    analysis = analyse(responses)
    recovered = _recovered(bank, analysis)
    progress("three revisions are tried")
    revisions, solved, without = _try_revisions(course, bank, learners, rng)
    flagged = {one.item for one in analysis.items if one.flag in ("works-against", "tells-little")}
    held = [one for item in recovered for one in item.held]
    by_person = _abilities_held(responses, abilities)
    told = clopper_pearson(sum(held), len(held))
    made = {
        "learners": learners,
        "seed": seed,
        "parameters_held": told,
        "abilities_held": by_person,
        "bad_item": bad,
        "bad_item_found": bad in flagged,
        "false_flags": len(flagged - {bad}),
        "recovered": recovered,
        "revisions": revisions,
        "solved_with": solved,
        "solved_without": without,
        "report": refine(attempts),
        "analysis": analysis,
    }
    verdict, holds, enough = _verdict(told, bad in flagged, revisions, analysis)
    return SimulatedRefinement(verdict=verdict, holds=holds, enough=enough, **made)


def _course(folder: ProgramFolder) -> _Course:
    ids: dict[str, dict[str, None]] = {}
    drill_of = {}
    for one in folder.attempts():
        if one.grade is not None:
            drill_of[one.instance] = one.drill
            ids.setdefault(one.instance, {}).update(dict.fromkeys(check.id for check in one.grade.sub_checks))
    plan = folder.plan()
    rehearsed = set(drill_of.values())
    drills = {role.role: tuple(d for d in role.drills if d in rehearsed) for role in plan.roles}
    heads = {role.role: role.head_count for role in plan.roles if drills[role.role]}
    if not heads:
        where = str(folder.path)
        raise bad_input(f"no rehearsed drill in {where!r}", "instances to walk", f"drillyard create {where}")
    parts: dict[str, dict[str, tuple[str, ...]]] = {}
    for instance, names in ids.items():
        for name in names:
            part = f"{drill_of[instance]}: {name.partition('/')[0]}"
            here = parts.setdefault(instance, {})
            here[part] = (*here.get(part, ()), name)
    return _Course(
        heads=heads,
        drills=drills,
        instances={d: tuple(sorted(i for i in parts if drill_of[i] == d)) for d in sorted(rehearsed)},
        parts=parts,
        items=tuple(sorted({part for here in parts.values() for part in here})),
    )


def _plant(course: _Course, rng: np.random.Generator) -> tuple[Bank, str]:
    """Draw slopes and difficulties, and make one part that most instances have work against ability."""
    points = {item: max(len(here.get(item, ())) for here in course.parts.values()) for item in course.items}
    slopes = rng.lognormal(0.0, 0.25, len(course.items))
    steps = {item: np.linspace(-0.5, 0.5, points[item]) * (points[item] > 1) for item in course.items}
    places = [(rng.normal(0, 0.7) + steps[item]).tolist() for item in course.items]
    common = {item: sum(item in here for here in course.parts.values()) for item in course.items}
    bad = max(course.items, key=lambda item: (points[item] == 1, common[item], item))
    slopes[course.items.index(bad)] = _BAD_SLOPE
    return bank_of(slopes, places, course.items), bad


def _draw(bank: Bank, abilities: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw scores of persons on all items."""
    lucky, chances = rng.random((len(abilities), len(bank.items))), bank.chances(abilities)
    scores = np.zeros(lucky.shape, dtype=np.int64)
    start = 0
    for item, steps in enumerate(bank.steps):
        above = np.cumsum(chances[:, start : start + steps][:, ::-1], axis=1)
        scores[:, item] = (lucky[:, [item]] < above).sum(axis=1)
        start += int(steps)
    return scores


def _walk(course: _Course, bank: Bank, abilities: Floats, rng: np.random.Generator) -> list[Attempt]:
    roles, heads = list(course.heads), np.array(list(course.heads.values()), dtype=float)
    drawn = rng.choice(len(roles), len(abilities), p=heads / heads.sum())
    column = {item: at for at, item in enumerate(course.items)}
    scores, made = _draw(bank, abilities, rng), []
    for learner, role in enumerate(drawn):
        for drill in course.drills[roles[role]]:
            names = course.instances[drill]
            instance = names[int(rng.integers(len(names)))]
            points = {item: int(scores[learner, column[item]]) for item in course.parts[instance]}
            made.append(_attempt(course, drill, instance, f"simulated-{learner:06d}", roles[role], points))
    return made


def _attempt(course: _Course, drill: str, instance: str, learner: str, role: str, points: Mapping[str, int]) -> Attempt:
    checks = tuple(
        SubCheck(id=name, passed=at < points[item])
        for item, names in course.parts[instance].items()
        for at, name in enumerate(names)
    )
    share = sum(check.passed for check in checks) / len(checks)
    grade = Grade(
        instance=instance, submission_hash="", grader_hash="simulated", passed=share >= 0.6, score=share, final=share,
        verdict="simulated", sub_checks=checks,
    )  # fmt: skip
    return Attempt(drill=drill, instance=instance, learner=learner, role=role, grade=grade)


def _recovered(bank: Bank, analysis: Analysis) -> tuple[Recovered, ...]:
    found = []
    for one in analysis.items:
        at = bank.items.index(one.item)
        slope, difficulty = float(bank.slopes[at]), bank.difficulty(at).value
        told = [(one.slope, slope), (one.difficulty, difficulty)]
        held = tuple(e.low <= planted <= e.high for e, planted in told if e is not None)
        found.append(
            Recovered(
                item=one.item,
                planted_slope=slope,
                planted_difficulty=difficulty,
                slope=one.slope,
                difficulty=one.difficulty,
                held=held,
            )
        )
    return tuple(found)


def _abilities_held(responses: Responses, abilities: Floats) -> Estimate:
    """Say how many abilities lie within their 95 % intervals; rows are in the order of the simulated ids."""
    measured = measure(responses)
    if measured is None:
        return clopper_pearson(0, 0)
    mean, deviation = estimate_abilities(measured[1], measured[0])
    return clopper_pearson(int((abs(mean - abilities) <= 1.96 * deviation).sum()), len(abilities))


def _try_revisions(
    course: _Course, bank: Bank, learners: int, rng: np.random.Generator
) -> tuple[tuple[PlantedRevision, ...], float, float]:
    """Try the revisions on a second cohort; return them and the share solved with refinement and without."""
    takers = {
        drill: sum(n for role, n in course.heads.items() if drill in course.drills[role]) for drill in course.instances
    }
    drill = max(takers, key=lambda name: (takers[name], name))
    count = max(round(learners * takers[drill] / sum(course.heads.values())), 1)
    column = {item: at for at, item in enumerate(course.items)}
    where = [[column[item] for item in course.parts[name]] for name in course.instances[drill]]
    abilities, at = rng.normal(size=count), rng.integers(len(where), size=count)

    def reached(shift: float) -> Floats:
        shares = _draw(bank, abilities + shift, rng) / bank.steps
        return np.array([row[where[i]].mean() for row, i in zip(shares, at, strict=True)])

    mark = float(np.median(np.concatenate([reached(0.0) for _ in range(8)])))
    solved = {
        (k, new): reached(shift * new) >= mark for k, (_, shift) in enumerate(_REVISIONS) for new in (False, True)
    }
    names = [name for name, _ in _REVISIONS]
    result = run_loop(
        lambda learner, k, new: bool(solved[k, new][learner]), names, learners=count, seed=int(rng.integers(2**32))
    )
    revisions = []
    for (name, shift), decision in zip(_REVISIONS, result.decisions, strict=True):
        rates = [float(np.mean([np.mean(reached(s) >= mark) for _ in range(8)])) for s in (0.0, shift)]
        right = {"good": decision.action == "adopt", "bad": decision.action == "roll-back"}
        revisions.append(
            PlantedRevision(
                name=name,
                drill=drill,
                effect=round(rates[1] - rates[0], 3),
                decision=decision,
                right=right.get(name, decision.action != "adopt"),
            )
        )
    without = float(np.mean([solved[k, False].mean() for k in range(len(_REVISIONS))]))
    return tuple(revisions), result.solved / result.tasks, without


def _verdict(
    held: Estimate, found: bool, revisions: Sequence[PlantedRevision], analysis: Analysis
) -> tuple[str, bool, bool]:
    if not analysis.enough:
        return f"{analysis.verdict} At least {FEWEST} learners are needed for anything on items.", False, False
    undecided = [one for one in revisions if one.name != "no-change" and one.decision.action == "collect"]
    wrong = [one.name for one in revisions if not one.right and one not in undecided]
    # 0.95 is what the intervals promise; where their share may still be that, they hold.
    recovers = held.high >= 0.95
    told = f"{100 * held.value:.0f} % of {tell_count(held.n, 'planted parameter')} lie within their 95 % intervals"
    bad = "the planted bad part was found" if found else "the planted bad part was not found"
    if undecided:
        names = " and ".join(one.name for one in undecided)
        tried = f"too few learners to decide on the {names} revision"
    else:
        tried = f"wrong on: {', '.join(wrong)}" if wrong else "the good revision was adopted, the bad one rolled back"
    holds = recovers and found and not wrong and not undecided
    return f"{told}; {bad}; {tried}.", holds, recovers and not wrong
