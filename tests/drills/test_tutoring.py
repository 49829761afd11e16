"""The tutor: rules that react to what was done, the same each time, without the answer in them."""

from __future__ import annotations

import functools
import string
from collections.abc import Iterator

import pytest

from drillyard.drills import load_kit
from drillyard.drills.tutoring.deeds import Deeds, FitDeed, TutorState
from drillyard.drills.tutoring.rules import Advice, advise, rules_for
from drillyard.drills.tutoring.states import state_of
from drillyard.organisms.worlds.failures import catalogue
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Claim, Conversation, Estimate, Grade, Reply, Severity, SubCheck, TradePoint, Transcript

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


def said(exam, *messages: tuple[str, str]) -> tuple[Transcript, ...]:
    """Return what a copy's failing model answers to messages and templates."""
    return tuple(exam.ask("failing", [Conversation.ask(text, template)], 1)[0] for text, template in messages)


@pytest.fixture(scope="module")
def hunt():
    """A failure hunt, opened, with a message that shows its first failure that fails each time."""
    kit, exam = opened("failure-hunt")
    sure = next(mode for mode in exam.truth.failures if mode.rate == 1)
    steps = [step for step in kit.debrief(exam).steps if step.did.startswith("Asks")]
    shown = steps[exam.truth.failures.index(sure)].did
    text = shown.partition("“")[2].partition("”")[0]
    template = shown.rpartition("template ")[2] if "under the template" in shown else ""
    return kit, exam, sure, (text, template)


def first(family: str, state: TutorState, *said: str) -> str:
    """Return the rule of the first hint."""
    return next((one.rule for one in advise(family, state, said)), "")


def test_it_reacts_to_what_a_hunter_does(hunt) -> None:
    """Nothing asked, the same again, seen and not claimed, the wrong name, the wrong trigger, and a claim that fits."""
    kit, exam, sure, (text, template) = hunt

    def hint(**deeds: object) -> str:
        return first("claims", state_of(kit, exam.truth, Deeds(minutes=10, **deeds)), "one-template")

    plain = [(f"Hello {n}?", "") for n in range(6)]
    assert hint() == "asked-nothing"
    assert hint(said=said(exam, *[("Hello?", "")] * 5)) == "same-again"
    seen = said(exam, *plain, (text, template))
    assert hint(said=seen) == "seen-and-not-claimed"
    asked = (Conversation.ask(text, template),)
    right = Claim(behaviour=sure.behaviour, trigger=sure.trigger, severity=Severity.HIGH, questions=asked)
    other = next(b for b in kit_behaviours(exam) if b not in {mode.behaviour for mode in exam.truth.failures})
    assert hint(said=seen, claims=(right.model_copy(update={"behaviour": other}),)) == "claimed-another-behaviour"
    wide = right.model_copy(update={"trigger": sure.trigger.model_copy(update={"templates": (), "groups": ()})})
    assert hint(said=seen, claims=(wide,)) == "claimed-another-trigger"
    nothing = right.model_copy(update={"questions": (Conversation.ask("Hello?", ""),)})
    assert hint(said=said(exam, *plain), claims=(nothing,)) == "claims-nothing-behind"
    assert hint(said=said(exam, *plain), before=BEFORE) == "last-time-triggers"
    assert hint(said=seen, claims=(right,)) == ""


def kit_behaviours(exam) -> tuple[str, ...]:
    """Return the behaviours that a learner may claim."""
    return exam.instance.behaviours


def test_it_reacts_to_what_stands_in_a_form() -> None:
    """An empty form, a wrong road that others take too, what went wrong last time; a form without a road is no road."""
    kit = load_kit("launch-gate-memo")
    exam = kit.materialise("x", "executive", SEED)

    def state(**deeds: object) -> TutorState:
        return state_of(kit, exam.truth, Deeds(minutes=10, **deeds), exam.sheet)

    assert first("answers", state()) == "nothing-filled"
    made = kit.solutions(SEED)
    road = state(answers=made["flags-everything"])
    assert first("answers", road) == "on-a-road"
    words = next(iter(advise("answers", road))).words
    assert " ".join(next(fix for fix in kit.fixes if fix.name == "flags-everything").does.split()) in words
    assert first("answers", state(answers=made["reference"])) == "read-again"
    last = BEFORE.model_copy(update={"sub_checks": (SubCheck(id="tiny-n", passed=False),)})
    told = [
        one.words for one in advise("answers", state(answers={"rate": "3"}, before=last)) if one.rule == "last-time"
    ]
    assert told and "Enough prompts were asked" in told[0]


def test_it_reacts_to_fits() -> None:
    """None yet, two of one technique, and one that spoils the other side."""
    kit, exam = opened("too-permissive-too-censored")
    start = TradePoint(name="start", harm=BAD, refusal=NONE, capability=BAD, new_harm=NONE, new_refusal=NONE)
    worse = start.model_copy(update={"refusal": BAD, "harm": NONE})
    fits = tuple(FitDeed(technique=name, start=start, point=worse) for name in ("sft", "rails"))

    def hint(*made: FitDeed) -> str:
        return first("artefacts", state_of(kit, exam.truth, Deeds(minutes=10, fits=made)))

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
        yield family, state_of(kit, exam.truth, deeds, sheet)


def test_every_rule_names_facts_that_there_are() -> None:
    """A slip of the pen in a rule would make it hold never, or break its words."""
    for family, state in all_states():
        known = {*state.facts, *state.words, *(f"failed-{part}" for part in ("located", "every-claim-holds"))}
        for rule in rules_for(family):
            quoted = {name for _, name, _, _ in string.Formatter().parse(rule.say) if name}
            assert {*rule.when, *quoted} <= known, (family, rule.id)
        assert len({rule.id for rule in rules_for(family)}) == len(rules_for(family))


def test_no_rule_holds_an_answer() -> None:
    """What is planted anywhere, and what is right on any of a few papers, stands in no hint; all is repeatable."""
    world = load_world("helpdesk")
    sealed = {text for mode in catalogue(world) for text in (mode.title, mode.trigger.words)}
    sealed |= {words for words in world.behaviours.values()}
    for rule in rules_for("claims"):
        assert not [text for text in sealed if text.casefold() in rule.say.casefold()], rule.id
    for name in ("launch-gate-memo", "investment-case", "guard-duty"):
        kit = load_kit(name)
        for seed in range(SEED, SEED + 3):
            exam = kit.materialise("x", "executive", seed)
            made = kit.solutions(seed)
            numbers = [
                made["reference"][one.id]
                for one in exam.sheet.fields
                if one.kind == "number" and made["reference"][one.id]
            ]
            for fix in kit.fixes:
                state = state_of(kit, exam.truth, Deeds(minutes=9, answers=made[fix.name]), exam.sheet)
                given: list[Advice] = list(advise("answers", state))
                assert given == list(advise("answers", state))
                for advice in given:
                    assert not [one for one in numbers if len(one) > 2 and one in advice.words.split()], (name, advice)


def test_a_hint_is_said_once(hunt) -> None:
    """The next one comes next, until there is nothing to say."""
    kit, exam, _, _ = hunt
    state = state_of(kit, exam.truth, Deeds(minutes=10, before=BEFORE))
    told: list[str] = []
    while rule := first("claims", state, *told):
        told.append(rule)
    assert told == ["asked-nothing", "last-time-triggers", "last-time-alarms"]


def test_a_reply_that_cannot_be_read_says_nothing(hunt) -> None:
    """A model that breaks off is no failure, and breaks nothing."""
    kit, exam, _, (text, template) = hunt
    cut = Transcript(conversation=Conversation.ask(text, template), reply=Reply(text=""), target="")
    assert state_of(kit, exam.truth, Deeds(said=(cut,))).facts["shown"] == 0
