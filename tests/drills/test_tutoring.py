"""The tutor: rules that react to what was done, the same each time, without the answer in them."""

from __future__ import annotations

import functools
import random
import string
from collections.abc import Iterator, Mapping

import pytest

from drillyard.drills import load_kit
from drillyard.drills.tutoring.deeds import Deeds, FitDeed, TutorState
from drillyard.drills.tutoring.rules import Advice, advise, rules_for
from drillyard.drills.tutoring.states import state_of
from drillyard.organisms.worlds.failures import catalogue
from drillyard.organisms.worlds.world import load_world
from drillyard.records import AnswerField, Claim, Conversation, Estimate, Grade, Severity, SubCheck, TradePoint, Trigger

FAMILIES = {
    "claims": "failure-hunt", "answers": "launch-gate-memo", "policy": "contain-the-oracle",
    "artefacts": "too-permissive-too-censored",
}  # fmt: skip
SEED = 2**61 + 5
NONE = Estimate(value=0, low=0, high=1, n=9, method="m")
BAD = Estimate(value=0.5, low=0, high=1, n=9, method="m")
BEFORE = Grade(
    instance="x", submission_hash="", grader_hash="", passed=False, score=0, final=0, verdict="",
    sub_checks=(SubCheck(id="upsell/located", passed=False), SubCheck(id="every-claim-holds", passed=False)),
)  # fmt: skip


@functools.cache
def opened(name: str):
    """Return a drill and a copy of it, made once."""
    kit = load_kit(name)
    return kit, kit.materialise("x", "engineer", SEED)


def said(*messages: tuple[str, str]) -> tuple[Conversation, ...]:
    """Return messages, each with its template."""
    return tuple(Conversation.ask(*one) for one in messages)


def claim_of(*messages: tuple[str, str]) -> Claim:
    """Return a claim that stands on messages."""
    return Claim(behaviour="any", trigger=Trigger(words="any"), severity=Severity.HIGH, questions=said(*messages))


@pytest.fixture(scope="module")
def hunt():
    """A failure hunt, opened."""
    return opened("failure-hunt")


def first(family: str, state: TutorState, *said: str) -> str:
    """Return the rule of the first hint."""
    return next((one.rule for one in advise(family, state, said)), "")


def test_it_reacts_to_what_a_hunter_does(hunt) -> None:
    """Nothing asked, the same again, a claim on prompts never sent or sent once, no near miss, and what comes next."""
    kit, _ = hunt

    def hint(**deeds: object) -> str:
        return first("claims", state_of(kit.drill, Deeds(minutes=10, **deeds)), "one-template")

    one, near, other = ("Refund?", "v1"), ("Refund by post?", "v1"), ("Hours?", "")
    plain = [(f"Hello {n}?", "") for n in range(10)]
    assert hint() == "asked-nothing"
    assert hint(said=said(*[other] * 5)) == "same-again"
    assert hint(said=said(*plain)) == "each-once"
    assert hint(said=said(*plain, *plain)) == "asks-without-claims"
    assert hint(said=said(near, other), claims=(claim_of(one),)) == "claims-not-sent"
    assert hint(said=said(one, other), claims=(claim_of(one, near),)) == "claims-sent-once"
    assert hint(said=said(one, one), claims=(claim_of(one),)) == "nothing-beside"
    assert hint(said=said(one, one, near), claims=(claim_of(one),)) == ""
    assert hint(said=said(one, one, near), claims=(claim_of(one),) * 2) == "what-next"
    assert hint(said=said(*plain[:6]), before=BEFORE) == "last-time-triggers"


def test_claims_that_nothing_was_asked_for_are_never_praised(hunt) -> None:
    """Four claims without a message, whose prompts nobody sent: all that is said is that something is missing."""
    claims = tuple(claim_of((f"Nonsense {n}", "")) for n in range(4))
    state = state_of(hunt[0].drill, Deeds(minutes=10, claims=claims))
    assert [one.rule for one in advise("claims", state)] == ["asked-nothing", "claims-not-sent"]


def test_it_reacts_to_what_stands_in_a_form() -> None:
    """An empty form, a full one, and what went wrong last time."""
    kit = load_kit("launch-gate-memo")
    sheet = kit.sheet(SEED)

    def state(**deeds: object) -> TutorState:
        return state_of(kit.drill, Deeds(minutes=10, **deeds), sheet)

    assert first("answers", state()) == "nothing-filled"
    assert first("answers", state(answers=kit.solutions(SEED)["reference"])) == "read-again"
    last = BEFORE.model_copy(update={"sub_checks": (SubCheck(id="tiny-n", passed=False),)})
    told = [
        one.words for one in advise("answers", state(answers={"rate": "3"}, before=last)) if one.rule == "last-time"
    ]
    assert told and "Enough prompts were asked" in told[0]


@pytest.mark.parametrize(
    "name", ["judge-a-debate", "guard-duty", "triage-queue", "launch-gate-memo", "investment-case"]
)
def test_random_fills_and_asking_teach_nothing(name: str) -> None:
    """Whatever stands in the same fields, right, half right or random, the tutor says the same, word for word.

    Asking after each of hundreds of random forms passed papers unread once, when a rule compared them with wrong fixes.
    """
    kit, rng = load_kit(name), random.Random(name)
    sheet = kit.sheet(SEED)

    def hints(answers: dict[str, str]) -> list[Advice]:
        return list(advise("answers", state_of(kit.drill, Deeds(minutes=20, answers=answers, before=BEFORE), sheet)))

    def filled(made: Mapping[str, str]) -> dict[str, str]:
        return {one.id: made[one.id] for one in sheet.fields if made.get(one.id, "").strip() not in ("", one.start)}

    def guess(one: AnswerField) -> str:
        chosen = [value for value, _ in one.choices if value.strip() not in ("", one.start.strip())]
        return rng.choice(chosen) if chosen else str(rng.randrange(1, 100))

    fields = {one.id: one for one in sheet.fields}
    for made in kit.solutions(SEED).values():
        right = filled(made)
        for asked in [list(right), rng.sample(list(right), len(right) // 2)]:
            expected = hints({one: right[one] for one in asked})
            for _ in range(20):
                assert hints({one: guess(fields[one]) for one in asked}) == expected


def test_it_reacts_to_fits() -> None:
    """None yet, two of one technique, and one that spoils the other side."""
    kit, _ = opened("too-permissive-too-censored")
    start = TradePoint(name="start", harm=BAD, refusal=NONE, capability=BAD, new_harm=NONE, new_refusal=NONE)
    worse = start.model_copy(update={"refusal": BAD, "harm": NONE})
    fits = tuple(FitDeed(technique=name, start=start, point=worse) for name in ("sft", "rails"))

    def hint(*made: FitDeed) -> str:
        return first("artefacts", state_of(kit.drill, Deeds(minutes=10, fits=made)))

    assert [hint(), hint(fits[0], fits[0]), hint(*fits)] == ["nothing-fitted", "one-place", "other-side"]


def all_states() -> Iterator[tuple[str, TutorState]]:
    """Yield a state of each family with all its facts."""
    for family, name in FAMILIES.items():
        if family == "policy":
            facts = {"tried": 2, "broken": 3, "minutes": 9, "broken-bits-leaked": 1, "broken-side-goal": 1}
            yield family, TutorState(facts=facts | {"broken-value-kept": 1})
            continue
        kit, exam = opened(name)
        sheet = getattr(exam, "sheet", None)
        answers = kit.solutions(SEED)["flags-everything"] if sheet else {}
        point = TradePoint(name="start", harm=BAD, refusal=NONE, capability=BAD, new_harm=NONE, new_refusal=NONE)
        fit = FitDeed(technique="sft", start=point, point=point)
        deeds = Deeds(minutes=9, answers=answers, fits=(fit,), before=BEFORE)
        yield family, state_of(kit.drill, deeds, sheet)


def test_every_rule_names_facts_that_there_are() -> None:
    """A slip of the pen in a rule would make it hold never, or break its words."""
    for family, state in all_states():
        known = {*state.facts, *state.words, *(f"failed-{part}" for part in ("located", "every-claim-holds"))}
        for rule in rules_for(family):
            quoted = {name for _, name, _, _ in string.Formatter().parse(rule.say) if name}
            assert {*rule.when, *quoted} <= known, (family, rule.id)
        assert len({rule.id for rule in rules_for(family)}) == len(rules_for(family))


def test_no_rule_holds_an_answer() -> None:
    """What is planted anywhere stands in no hint."""
    world = load_world("helpdesk")
    sealed = {text for mode in catalogue(world) for text in (mode.title, mode.trigger.words)}
    sealed |= {words for words in world.behaviours.values()}
    for rule in rules_for("claims"):
        assert not [text for text in sealed if text.casefold() in rule.say.casefold()], rule.id


def test_a_hint_is_said_once(hunt) -> None:
    """The next one comes next, until there is nothing to say."""
    state = state_of(hunt[0].drill, Deeds(minutes=10, before=BEFORE))
    told: list[str] = []
    while rule := first("claims", state, *told):
        told.append(rule)
    assert told == ["asked-nothing", "last-time-triggers", "last-time-alarms"]
