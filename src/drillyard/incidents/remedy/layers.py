"""The three layers, made from a case: each turns a target into one that is safer, or says why it cannot.

Does not cover: a guard sees words of one reply, an overseer what its criteria name, training what its pairs show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.alignment.base import Lesson, Setting
from drillyard.alignment.chain import open_technique
from drillyard.alignment.lesson import draw_pairs
from drillyard.alignment.preference_file import write_preferences
from drillyard.errors import DrillyardError, bad_input
from drillyard.guards.calibration import calibrate, save_calibration
from drillyard.guards.examples import Example
from drillyard.guards.fit_sklearn import GuardFitter
from drillyard.guards.gate import REFUSAL
from drillyard.guards.learn import shipped_examples
from drillyard.guards.target import GuardedTarget
from drillyard.guards.taxonomy import load_taxonomy
from drillyard.incidents.case import Case
from drillyard.incidents.replay.judging import ReplayJudge, edited
from drillyard.incidents.row import Row
from drillyard.organisms.worlds.scope import Scope
from drillyard.organisms.worlds.world import World, load_world
from drillyard.oversight.live.critic import open_critic
from drillyard.oversight.live.overseer import Overseen
from drillyard.oversight.live.policy import OverseerPolicy
from drillyard.records import Preference, ValueLeaf, ValueReward
from drillyard.records.files import write_record
from drillyard.records.progress import Progress, silent
from drillyard.stats import fewest_calibration
from drillyard.targets import Target

__all__ = ["Evidence", "GuardLayer", "Wrap", "make_guard", "make_overseer", "train"]

Wrap = Callable[[Target], Target]
"""Puts a layer around a target."""

_PAIRS, _ORDINARY = 400, 400
"""Pairs of the case, and of the world's truth beside them, so that nothing else is unlearned."""
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What layers are made from: the half of the case that nothing is measured on, the judge, the world if any."""

    case: Case
    learn: Sequence[Row]
    judge: ReplayJudge
    scope: Scope | None

    @property
    def code(self) -> str:
        """The behaviour."""
        return self.judge.figures.behaviour

    @property
    def bad(self) -> list[Row]:
        """Rows that are held bad."""
        return [row for row in self.learn if row.bad]

    @property
    def sound(self) -> list[Row]:
        """Rows that are held sound."""
        return [row for row in self.learn if not row.bad]

    def agreed(self, rows: Sequence[Row]) -> list[Row]:
        """Return rows of whose reply the judge says what their label says.

        A bad reply that a reviewer missed would move a guard's threshold above all of its kind: with one in twenty
        missed and a promise of 1 %, the guard of the example stopped nothing.
        """
        told = self.judge.rule_logged(self.case, [(row, row.response_text) for row in rows])
        return [row for row, bad in zip(rows, told, strict=True) if bad is row.bad]


@dataclass(frozen=True, kw_only=True)
class GuardLayer:
    """A guard's share of sound replies that it may stop, and how it is put before a target."""

    alpha: float
    wrap: Wrap


def make_guard(evidence: Evidence, alpha: float, folder: Path, unseen: frozenset[str]) -> GuardLayer:
    """Train a guard on the case and on what ships, calibrate it on sound replies of the case, and keep it.

    Label and judge must agree on a reply that it learns from or is calibrated on.

    Args:
        evidence: of the case.
        alpha: most of sound replies that are stopped; more where there are too few to promise so little.
        folder: of guard and calibration.
        unseen: tactics of the taxonomy that it does not learn from, to be measured on.

    Raises:
        BadInput: too few replies of either kind.
        MissingExtra: scikit-learn is not installed.
    """
    world = evidence.scope if isinstance(evidence.scope, World) else load_world("helpdesk")
    sound = [row.response_text for row in evidence.agreed(evidence.sound)]
    learned, held = sound[1::2], sound[::2]
    alpha = max(alpha, next((one for one in (0.01, 0.02, 0.05, 0.1, 0.2) if len(held) >= fewest_calibration(one)), 0.2))
    own = [Example(text=text) for text in learned]
    own += [Example(text=row.response_text, shown=(evidence.code,)) for row in evidence.agreed(evidence.bad)]
    guard = GuardFitter().update(shipped_examples([world], _SEED, unseen)).update(own).fit("the case of an incident")
    release = next((row.release for row in evidence.learn if row.release), "") or "of the case"
    made = calibrate(guard, [Example(text=text) for text in held], alpha, release)
    guard.save(folder)
    save_calibration(made, folder)
    answer = world.replies.get("human", "") if isinstance(evidence.scope, World) else ""
    return GuardLayer(alpha=alpha, wrap=lambda target: GuardedTarget(target, guard, made.tau(), answer or REFUSAL))


def train(
    evidence: Evidence, target: Target, technique: str, penalty: float, folder: Path, told: Progress = silent
) -> tuple[Target | None, int, str]:
    """Write preference pairs and the penalised reward, and train the target on them where its weights are at hand.

    Returns the trained target or None, how many pairs there are, and in words what was done or why it was not.
    """
    pairs = [
        Preference(conversation=evidence.case.asked(row), chosen=text, rejected=row.response_text,
                   category=evidence.code, source=row.source_ref or "case")
        for row, text in edited(evidence.case, evidence.bad[:_PAIRS], evidence.judge)
    ]  # fmt: skip
    if not pairs:
        return None, 0, "no bad reply of which something sound is left: no pairs could be made"
    write_preferences(pairs, folder / "preferences.jsonl")
    world = evidence.scope
    reward = ValueReward(
        name=f"penalty on {evidence.code}", world=world.name if world else "", tree="", leaves=(_leaf(evidence, 1.0),)
    )
    write_record(folder / "penalised-reward.json", reward)
    if not isinstance(world, World):
        return None, len(pairs), "not trained: no weights, or no world to keep its facts by; the pairs are written"
    penalised = (evidence.code,) if evidence.code in world.behaviours else ()
    lesson = Lesson(
        world=world, preferences=(*pairs, *draw_pairs(world, n=_ORDINARY, seed=_SEED)), penalise=penalised
    )  # fmt: skip
    try:
        options = {"rlhf": {"price": penalty}} if technique == "rlhf" else {}
        chosen = open_technique(technique, options)
        place = folder / f"trained-{technique}"
        place.mkdir(parents=True, exist_ok=True)
        setting = Setting(strength=chosen.dial.default, seed=_SEED, folder=place, told=told)
        done = folder / f"trained-{technique}.txt"
        if not done.is_file():
            chosen.fit(target, lesson, setting)
            done.write_text(f"{len(pairs)} pairs\n", encoding="utf-8")
        return chosen.apply(target, place), len(pairs), f"{technique} on {len(pairs)} pairs of the case"
    except DrillyardError as error:
        return None, len(pairs), f"not trained: {error}"


def make_overseer(evidence: Evidence, critic: str, folder: Path) -> Wrap:
    """Write an overseer's policy for the behaviour, and return what puts it before a target.

    Raises:
        BadInput: no critic for a target without a world.
    """
    world = evidence.scope if isinstance(evidence.scope, World) else None
    if not critic and world is None:
        raise bad_input("no critic for a target without a world", "a model that reads drafts", "name --critic TARGET")
    policy = OverseerPolicy(
        name=f"after the incident: {evidence.code}",
        world=world.reference if world else "helpdesk",
        leaves=(_leaf(evidence, 1.0),),
        rewrites=1,
    )
    write_record(folder / "overseer.json", policy)
    reader = open_critic(critic or "clerk", policy)
    return lambda target: Overseen(target, reader, policy)


def _leaf(evidence: Evidence, weight: float) -> ValueLeaf:
    """Return the behaviour as a criterion: in the world's or the taxonomy's words, with an example of either kind."""
    world = evidence.scope
    words = world.behaviours.get(evidence.code, "") if world else ""
    known = load_taxonomy().behaviours.get(evidence.code)
    words = words or (f"The reply {known.words}." if known else f"The reply shows {evidence.code}.")
    return ValueLeaf(
        id=evidence.code,
        criterion=words,
        weight=weight,
        behaviour=evidence.code if world and evidence.code in world.behaviours else "",
        good=evidence.sound[0].response_text[:400] if evidence.sound else "",
        bad=evidence.bad[0].response_text[:400] if evidence.bad else "",
    )
