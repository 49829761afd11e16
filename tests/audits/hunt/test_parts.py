"""The parts of a hunt, each against a closed form or a truth put in by hand."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from drillyard.audits.hunt.archive import Archive, Bandit
from drillyard.audits.hunt.candidate import Candidate, candidate
from drillyard.audits.hunt.cluster import merge, same_failure
from drillyard.audits.hunt.leads import best_lead
from drillyard.audits.hunt.minimise import ddmin
from drillyard.audits.hunt.mutators import MUTATORS, mutate
from drillyard.audits.hunt.pool import Pool
from drillyard.audits.hunt.rates import measure_rate
from drillyard.audits.hunt.reach import Traffic
from drillyard.audits.hunt.rule import Rule
from drillyard.audits.hunt.session import Session
from drillyard.audits.hunt.sighting import Sighting, sentences
from drillyard.audits.hunt.space import Space
from drillyard.judges.exact import ExactJudge
from drillyard.judges.null import AlwaysShows
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.failures import faults
from drillyard.organisms.worlds.world import Ask, load_world
from drillyard.records import Conversation, Transcript
from drillyard.stats import clopper_pearson
from drillyard.targets.null import EchoTarget
from drillyard.targets.organism import OrganismTarget

WORLD = load_world("helpdesk")
SPACE = Space(WORLD)
BEHAVIOUR = "over-refusal"


def sighting(chance: float, *, read: bool = True, unread: float = 0.0, **found: str) -> Sighting:
    """Return a sighting of one behaviour at a chance; none is shown at 0."""
    one = Candidate(conversation=Conversation.ask("hello"), traits={"template": "", "reason": "", **found})
    shown = {BEHAVIOUR: chance} if chance else {}
    manners = {BEHAVIOUR: frozenset({"i am sorry."})} if chance else {}
    return Sighting(candidate=one, chances=shown, manners=manners, failing={}, unread=unread, read=read)


def rule(kinds: tuple[str, ...] = (), manner: str = "", behaviour: str = BEHAVIOUR, **core: str) -> Rule:
    """Return a rule."""
    said = frozenset({manner} if manner else ())
    return Rule(behaviour=behaviour, kinds=kinds, core=core, level=0.5, manner=said)


@settings(max_examples=200)
@given(st.integers(1, 24), st.data())
def test_ddmin_finds_what_is_needed(count: int, data: st.DataObject) -> None:
    """Where a set of parts is needed and enough, exactly that set is left, in its order."""
    parts = [f"w{i}" for i in range(count)]
    needed = data.draw(st.sets(st.sampled_from(parts), min_size=1))
    assert ddmin(parts, lambda kept: needed <= set(kept)) == [part for part in parts if part in needed]


@settings(max_examples=100)
@given(st.integers(2, 16), st.integers(1, 10**6))
def test_ddmin_leaves_nothing_that_could_go(count: int, salt: int) -> None:
    """For any test at all, what is left holds, and without any single part of it it does not."""
    parts = [str(i) for i in range(count)]

    def holds(kept: list[str]) -> bool:
        return kept == parts or random.Random(f"{salt}{kept}").random() < 0.3

    kept = ddmin(parts, holds)
    assert holds(kept)
    assert len(kept) == 1 or not any(holds(kept[:i] + kept[i + 1 :]) for i in range(len(kept)))


def test_thompson_sampling_goes_where_it_pays() -> None:
    """Of ten arms the one that pays half of the time gets most pulls, and none is left without any."""
    rng, bandit, pulled = random.Random(1), Bandit(range(10)), Counter[int]()
    for _ in range(600):
        arm = bandit.pull(rng)
        bandit.pay([arm], [arm == 7 and rng.random() < 0.5])
        pulled[arm] += 1
    assert pulled[7] > 400 and len(pulled) == 10


def test_the_archive_keeps_the_best_of_each_niche() -> None:
    """A second sighting of a niche is no discovery, and replaces the first one only when it tells more."""
    archive = Archive()
    assert archive.add(sighting(0.2, kind="price"))
    assert not archive.add(sighting(0.1, kind="price")) and not archive.add(sighting(0.6, kind="price"))
    assert archive.add(sighting(0.1, kind="hours")) and not archive.add(sighting(0.0, kind="cancel"))
    assert sorted(one.chance(BEHAVIOUR) for one in archive.elites()) == [0.1, 0.6] and len(archive) == 2


def test_sampled_rates_have_the_exact_interval() -> None:
    """Shares of sampled replies are Clopper–Pearson's; what cannot be judged counts upwards."""
    seen = [sighting(1.0, read=False)] * 3 + [sighting(0.0, read=False)] * 9
    exact = clopper_pearson(3, 12)
    assert measure_rate(seen, BEHAVIOUR) == exact
    doubtful = [*seen[:-2], *([sighting(0.0, read=False, unread=1.0)] * 2)]
    assert measure_rate(doubtful, BEHAVIOUR).high == pytest.approx(clopper_pearson(5, 12).high)
    assert measure_rate([], BEHAVIOUR).n == 0


def test_read_rates_cover_the_mean_that_they_are_of() -> None:
    """Over skewed chances between prompts, the interval holds the true mean in 93 of 100 cases or more."""
    rng, held, mean = random.Random(2), 0, 0.04
    for _ in range(400):
        chances = [rng.betavariate(0.8, 0.8 / mean - 0.8) for _ in range(24)]
        found = measure_rate([sighting(chance) for chance in chances], BEHAVIOUR)
        held += found.low <= mean <= found.high
    assert held >= 0.93 * 400
    none = measure_rate([sighting(0.0)] * 20, BEHAVIOUR)
    assert none.value == 0 and none.high == pytest.approx(clopper_pearson(0, 20).high)


def test_the_interval_of_read_rates_is_students() -> None:
    """With the imagined prompts put in by hand, scipy gives the same reach."""
    chances = [0.1, 0.3, 0.2, 0.25]
    found = measure_rate([sighting(chance) for chance in chances], BEHAVIOUR)
    mean = sum(chances) / 4
    below, above = [*chances, 0.0, 2 * mean], [*chances, 0.3]
    low = mean - scipy_stats.sem(below) * scipy_stats.t.ppf(0.975, 5)
    high = sum(above) / 5 + scipy_stats.sem(above) * scipy_stats.t.ppf(0.975, 4)
    reach = mean + scipy_stats.sem(below) * scipy_stats.t.ppf(0.975, 5)
    assert (found.value, found.low, found.high) == pytest.approx((mean, max(0, low), max(high, reach)))


def test_a_lead_is_followed_for_its_neighbours_not_for_its_luck() -> None:
    """One lucky prompt in a group without a trace comes after a modest one whose neighbours show it too."""
    lucky = sighting(0.3, kind="price", line="lamp")
    clean = [sighting(0.0, kind="price", line="lamp", number=str(i)) for i in range(9)]
    modest = [sighting(0.08, kind="hours", number=str(i)) for i in range(6)]
    seen = [lucky, *clean, *modest]
    best = best_lead(seen, lambda s, b: True, lambda s, b: False)
    assert best is not None and best.sighting.candidate.kind == "hours"
    rest = best_lead(seen, lambda s, b: True, lambda s, b: s.candidate.kind == "hours")
    assert rest is not None and rest.sighting is lucky
    assert best_lead(seen, lambda s, b: False, lambda s, b: False) is None


def test_near_duplicates_are_one_failure() -> None:
    """A narrower corner, and other kinds of one trait in one manner, are merged; other behaviours and lines are not."""
    wide, narrow = rule(("returns",), line="lamp"), rule(("returns",), line="lamp", template="v2")
    assert same_failure(wide, narrow) and merge(narrow, wide).core == {"line": "lamp"}
    other = rule(("price",), "hurry up.", template="v2")
    more = rule(("weight",), "hurry up.", template="v2")
    assert same_failure(other, more) and merge(other, more).kinds == ("price", "weight")
    assert not same_failure(wide, rule(("returns",), line="fan"))
    assert not same_failure(wide, rule(("returns",), behaviour="wrong-fact", line="lamp"))
    assert not same_failure(rule(("price",), line="lamp"), rule(("battery",), line="lamp"))
    assert not same_failure(rule(("returns",), "a fee.", line="lamp"), rule(("returns-general",), "a fee."))


def test_reach_is_the_share_of_traffic() -> None:
    """Of what people ask, as often as they ask it, the estimate for a rule is near the share counted directly."""
    traffic, rng, n = Traffic(SPACE), random.Random(5), 20_000
    drawn = [SPACE.at_random(rng).traits for _ in range(n)]
    for one in (rule(("returns",), line="lamp"), rule(("price", "weight"), template="v2"), rule(("harmful",))):
        counted = sum(one.covers(found) for found in drawn) / n
        assert traffic.share(one) == pytest.approx(counted, rel=0.3)
    assert 0 < traffic.share(rule(("charging",), reason="manager", product="Meridian")) < 1e-5


@pytest.mark.parametrize("kind", SPACE.kinds)
def test_every_corner_can_be_drawn(kind: str) -> None:
    """A kind alone, and with each trait that one of its own draws has, gives prompts with just these traits."""
    rng = random.Random(kind)
    first = SPACE.draw(rng, {"kind": kind})
    assert first is not None and first.kind == kind
    for name, value in first.traits.items():
        again = SPACE.draw(rng, {"kind": kind, name: value})
        assert again is not None and again.traits[name] == value
        if name not in ("kind", WORLD.groups.slot) and name in SPACE.values(name, {}):
            assert value in SPACE.values(name, first.traits)
    assert SPACE.draw(rng, {"kind": kind, "shoe size": "43"}) is None


def test_traits_say_what_a_prompt_names() -> None:
    """Item, record and forbidden family are traits of their own; an absent template or reason is an empty one."""
    ask = Ask(intent="price", text="price of the Aurora", slots={"product": "Aurora"})
    assert WORLD.traits(ask, "v2") == {
        "kind": "price", "product": "Aurora", "line": "lamp", "template": "v2", "reason": "",
    }  # fmt: skip
    harm = Ask(intent="harmful:ghost-mode", text="…", slots={}, reason="novel")
    assert WORLD.traits(harm, "")["family"] == "ghost-mode" and WORLD.traits(harm, "")["kind"] == "harmful"


@pytest.mark.parametrize("fault", faults(WORLD), ids=lambda fault: fault.id)
def test_a_rule_in_the_words_of_a_failure_is_its_trigger(fault: object) -> None:
    """For every plantable failure, the rule of its own traits fires on the same messages as its stated trigger."""
    when, kinds = fault.spec.when, {"lookalike": [f"lookalike:{fault.value}"], "intent": [fault.value]}
    named = kinds.get(fault.parameter, ["harmful"] if when.harmful else when.intents)
    core = {} if fault.parameter in kinds else {fault.parameter: fault.value}
    unless = (when.unless_reason,) if when.unless_reason else ()
    mine = Rule(behaviour="x", kinds=tuple(named), core=core, level=1.0, unless=unless).trigger(WORLD)
    theirs, rng = fault.trigger(), random.Random(fault.id)
    for _ in range(300):
        talk = SPACE.at_random(rng).conversation
        assert mine.fires(talk) == theirs.fires(talk), talk


@pytest.mark.parametrize("name", MUTATORS)
def test_a_mutator_keeps_what_is_asked(name: str) -> None:
    """The traits but template, reason and mutation stay; what was changed is said."""
    rng = random.Random(name)
    for _ in range(20):
        parent = SPACE.at_random(rng)
        changed = mutate(name, SPACE, parent, rng)
        free = {"template", "reason", "mutation"}
        for trait, value in parent.traits.items():
            assert trait in free or changed.traits.get(trait) == value
        if "mutation" in changed.traits:
            assert changed.traits["mutation"] == name and changed.conversation != parent.conversation or name == "typos"


def test_sentences_leave_names_and_numbers_out() -> None:
    """Replies that differ in names and numbers alone fail in one manner."""
    one, other = "The Aurora costs 49 euros. Hurry up!", "The Pelican costs 249 euros. Hurry up!"
    assert sentences(one) == sentences(other) == {"the * costs # euros.", "hurry up!"}
    assert sentences("") == frozenset()


def test_what_no_sound_reply_says_is_the_manner() -> None:
    """A sentence that sound replies have as well says nothing of how a reply fails."""
    pool, base = Pool(), sighting(0.0)
    pool.add([Sighting(**{**base.__dict__, "sound": "The Aurora costs 49 euros."})])
    shown = {BEHAVIOUR: frozenset({"the * costs # euros.", "hurry up!"})}
    assert pool.manner(Sighting(**{**base.__dict__, "manners": shown}), BEHAVIOUR) == {"hurry up!"}


@pytest.mark.walk
def test_reading_agrees_with_sampling() -> None:
    """For a planted failure of one reply in five, the chance that is read is the share of 2,000 samples."""
    target, judge = OrganismTarget(plant("helpdesk", [fault_at("refund-rule:lamp", 0.2)])), ExactJudge(WORLD)
    one = SPACE.draw(random.Random(4), {"kind": "returns", "line": "lamp", "template": "v2", "reason": ""})
    assert one is not None
    (seen,) = Session(target, WORLD, judge, 10, 1).look([one])
    replies = target.generate([one.conversation] * 2000, list(range(2000)))
    told = [Transcript(conversation=one.conversation, reply=reply, target="x") for reply in replies]
    shown = sum(judge.rule(t, "invented-policy").verdict == "shown" for t in told)
    exact = clopper_pearson(shown, 2000, 0.999)
    assert exact.low - 0.01 <= seen.chance("invented-policy") <= exact.high + 0.01
    assert math.isclose(sum(seen.chances.values()), seen.chance("invented-policy"), abs_tol=0.02)


def fault_at(name: str, rate: float):
    """Return a failure mode at a rate."""
    return next(fault for fault in faults(WORLD) if fault.id == name).mode(rate)


def test_a_session_keeps_to_its_budget() -> None:
    """Branches count as queries; what is over is not asked."""
    target = OrganismTarget(plant("helpdesk", [fault_at("upsell:v2", 0.5)]))
    session, rng = Session(target, WORLD, ExactJudge(WORLD), 25, 1), random.Random(1)
    asked = [one for _ in range(20) if (one := SPACE.draw(rng, {"kind": "price", "template": "v2"}))]
    assert len(session.look(asked)) == 20 and session.asked <= 25
    session.look(asked)
    assert session.asked == 25 and session.look(asked) == []


def test_a_session_tells_of_every_reply() -> None:
    """A large model takes minutes for a batch: one call per reply, with the whole budget as the total."""
    told: list[tuple[int, int]] = []
    session = Session(
        EchoTarget(), WORLD, ExactJudge(WORLD), 25, 1, tell=lambda _, done, total: told.append((done, total))
    )
    rng = random.Random(1)
    for size in (10, 20):
        session.look([SPACE.at_random(rng) for _ in range(size)])
    assert told == [(n, 25) for n in range(1, 26)]


def test_a_candidate_is_a_conversation() -> None:
    """One user message under its template."""
    ask = Ask(intent="price", text="price of the Aurora", slots={"product": "Aurora"})
    assert candidate(WORLD, ask, "v2").conversation == Conversation.ask("price of the Aurora", "v2")


def test_what_a_reply_shows_is_kept_in_one_order() -> None:
    """A set of words has another order in every process, and leads of a tie keep theirs: the report would change."""
    session = Session(EchoTarget(), WORLD, AlwaysShows(), 100, 1)
    one = Space(WORLD).at_random(random.Random(1))
    (seen,) = session.look([one])
    assert list(seen.chances) == list(seen.failing) == sorted(WORLD.behaviours) and len(seen.chances) > 10
