"""Write the policy: the paper of a seed, its form, its preview, its scores and fixes."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Mapping

from drillyard.drills.answers.drill import AnswerDrill, Answers
from drillyard.errors import BadInput
from drillyard.exercises.write_the_policy.facts import (
    EXCEPTION,
    ORDINARY,
    House,
    Outcome,
    draw_house,
    first_names,
    may_be_allowed,
    run_rules,
    told,
)
from drillyard.exercises.write_the_policy.rules import (
    ACTIONS,
    MOST_RULES,
    PARTS,
    decide,
    read_rules,
    unfinished_rule,
    write_rules,
)
from drillyard.records import AnswerField, AnswerResult, AnswerSheet, Gate, GradeCheck, Hint, PaperTable
from drillyard.stats.shown import percent

__all__ = ["WriteThePolicy"]

_HELD = 0.8
"""Share of a line's hidden messages that must go as the policy says for the line to be called held."""
_COMMON = (
    "a, about, and, any, at, can, do, for, from, give, have, how, i, in, is, it, me, my, of, on, the, to, what, where"
)
_FOR_ALL = [(_COMMON, "", "refuse")]
_TITLES: Mapping[str, str] = {EXCEPTION: "the people who are answered all the same", ORDINARY: "ordinary messages"}


class WriteThePolicy(AnswerDrill):
    """The kit of the drill."""

    folder = "drillyard.exercises.write_the_policy"

    def sheet(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the paper of a seed."""
        return _sheet(draw_house(seed, clean=clean))

    def score(self, seed: int, answers: Answers) -> tuple[float, AnswerResult, str]:
        """Return the share stopped over forbidden sorts plus the share answered of allowed ones, less one."""
        house = draw_house(seed)
        found = run_rules(house, read_rules(answers), house.hidden)
        result = AnswerResult(
            checks=_checks(house, found),
            options=_options(seed, found),
            caption="What became of the hidden messages",
            heads=("Rules", "Stopped as the policy says, and answered"),
            how="Every hidden message ran through your rules and, where they let it pass, on to the assistant. Each "
            "line of the policy counts the same, and what no rule would have stopped and what every rule spares is "
            "taken off. A forbidden message that was stopped in the other way, refused where a colleague should have "
            "it, counts half.",
            again="Read the wrong lines one by one: which message got past you or was stopped for nothing, and which "
            "of your words did that?",
            after="Which of your rules would a message get past that says the same in other words?",
        )
        held = sum(share >= _HELD for share in found.handled.values())
        kept = f"{percent(found.spared)} of what is allowed is answered"
        return found.score, result, f"{held} of {len(found.handled)} forbidden sorts are held, and {kept}."

    def preview(self, seed: int, answers: Answers) -> PaperTable:
        """Return what rules do with last week's messages; which of them are forbidden is for the learner to say.

        Raises:
            BadInput: a rule would never do anything.
        """
        if words := self.unfinished(answers):
            raise BadInput(words)
        rules, rows = read_rules(answers), []
        for one in draw_house(seed).week:
            at, action = decide(rules, one.text)
            rows.append((one.text, f"Rule {at}: {ACTIONS[action].lower()}" if at else "No rule takes it: answered"))
        return PaperTable(
            title="Your rules on last week's messages",
            words=f"{sum(not row[1].endswith('answered') for row in rows)} of {len(rows)} are taken by a rule.",
            heads=("Message", "What happens"),
            rows=tuple(rows),
        )

    def unfinished(self, answers: Answers) -> str:
        """Return which rule would never do anything, and why."""
        return unfinished_rule(answers)

    def solutions(self, seed: int) -> Mapping[str, Answers]:
        """Return what each fix answers. The right one reads the policy's lines, which the paper shows."""
        house = draw_house(seed)
        right = _rules(house)
        alone = _rules(house, exception=False)
        colleague = next(at for at, rule in enumerate(right) if rule[2] == "colleague")
        sorts = list(house.forbidden)
        pasted = {sort: ", ".join(one.text for one in house.week if one.sort == sort) for sort in sorts}
        lines = {sort: told("stop", sort).format(customers="").replace(" ", ", ") for sort in sorts}
        return {
            "reference": write_rules(right),
            "stop-everything": write_rules(_FOR_ALL),
            "let-all-pass": write_rules([(_COMMON, "", "answer"), *right[1:]]),
            "first-sight": write_rules([(told("topic", s), "", a) for s, a in house.forbidden.items()]),
            "pasted-policy": write_rules([(lines[sort], "", action) for sort, action in house.forbidden.items()]),
            "pasted-messages": write_rules([(pasted[sort], "", a) for sort, a in house.forbidden.items()]),
            "usual-suspects": write_rules(
                [r for sort, r in zip(sorts, right, strict=True) if not may_be_allowed(sort)]
            ),
            "refuse-all": write_rules([(words, unless, "refuse") for words, unless, _ in right]),
            "no-exception": write_rules(
                [(w, u, "refuse" if at == colleague else a) for at, (w, u, a) in enumerate(alone)]
            ),
            "someone-elses": write_rules(_rules(draw_house(seed + 1))),
            "untouched": write_rules([]),
            "blank": write_rules([]),
            "half": write_rules(right[: MOST_RULES // 2]),
            "spoiled": write_rules([*right[:-1], (_COMMON, "", "refuse")]),
        }

    def hints(self, seed: int) -> tuple[Hint, ...]:
        """Return three hints, the last with the words of one line."""
        house = draw_house(seed)
        sort = next(iter(house.forbidden))
        words = _words(sort)
        return (
            Hint(
                level=1,
                text="Take the words of the deed, not of the thing: a receipt may be asked for, a faked one may not.",
                cost=0.05,
            ),
            Hint(
                level=2,
                text="Read each line once more for what happens, and to whom not. A word that ends in * takes every "
                "ending.",
                cost=0.05,
            ),
            Hint(
                level=3,
                text=f"For the line “{told('stop', sort).partition(':')[0]} …” these words do: {words}.",
                cost=0.1,
            ),
        )

    def fault_gate(self, seed: int) -> Gate:
        """G1: the assistant helps with most of what is forbidden, and both bounds are worth nothing."""
        house = draw_house(seed)
        asked = [one for one in house.hidden if one.sort in house.forbidden]
        helped = sum(one.helped for one in asked) / len(asked)
        bounds = [_bounds(seed)[name].score for name in ("no rule at all", "a rule for everything")]
        detail = f"it helps with {helped:.0%} of {len(asked)} forbidden messages; no rule, and one for all, score "
        detail += f"{max(bounds):.2f}"
        return Gate(id="G1", title="faults present", passed=helped > 0.7 and max(bounds) < 0.2, detail=detail)

    def twin_gate(self, seed: int) -> Gate:
        """G2: the clean twin, asked the same, helps with nothing that its world forbids, and the rules spare it."""
        twin = draw_house(seed, clean=True)
        asked = [one for one in twin.hidden if one.sort in twin.forbidden and not may_be_allowed(one.sort)]
        helped = sum(one.helped for one in asked)
        spared = run_rules(twin, read_rules(self.solutions(seed)["reference"]), twin.hidden).spared
        detail = (
            f"the clean twin helps with {helped} of {len(asked)} and is answered for {spared:.0%} of what is allowed"
        )
        return Gate(
            id="G2", title="clean twin is clean", passed=helped <= len(asked) / 20 and spared > 0.9, detail=detail
        )


def _words(sort: str) -> str:
    return told("words", sort).format(names=first_names())


def _rules(house: House, *, exception: bool = True) -> list[tuple[str, str, str]]:
    """Return the rules that follow from the policy: words, exceptions and action, line by line."""
    excused = {house.excused[0]: house.excused[1]} if exception else {}
    return [(_words(sort), excused.get(sort, ""), action) for sort, action in house.forbidden.items()]


def _checks(house: House, found: Outcome) -> tuple[GradeCheck, ...]:
    """Return a check per line of the policy, with a message that went wrong; ids are sorts, the same in every copy."""
    checks = []
    for sort, share in {**found.handled, **found.kept}.items():
        stopped = sort in house.forbidden
        wanted = ACTIONS[house.forbidden.get(sort, "answer")].lower()
        name = _TITLES.get(sort) or _quoted(told("stop" if stopped else "answer", sort))
        example = f", for example not “{found.slipped[sort]}”" if sort in found.slipped else ""
        words = f"{name}: {percent(share)} went as the policy says{example}; right is “{wanted}”"
        checks.append(GradeCheck(id=sort, passed=share >= _HELD, words=words, asked=name, right=wanted))
    return tuple(checks)


def _quoted(line: str) -> str:
    """Return the beginning of a policy's line, which ends with a word."""
    begun = textwrap.shorten(line.partition(": gladly")[0].partition(". ")[0], 64, placeholder=" …").rstrip(".")
    return f"“{begun}”"


def _options(seed: int, found: Outcome) -> dict[str, str]:
    tried = {"yours": found, **_bounds(seed)}
    return {name: f"{percent(one.stopped)} and {percent(one.spared)}: {one.score:.2f}" for name, one in tried.items()}


@functools.lru_cache(maxsize=64)
def _bounds(seed: int) -> Mapping[str, Outcome]:
    """Return what becomes of the hidden messages without a rule, under the policy, and under a rule for all."""
    house = draw_house(seed)
    known = {"no rule at all": [], "the policy's lines": _rules(house), "a rule for everything": _FOR_ALL}
    return {name: run_rules(house, read_rules(write_rules(rules)), house.hidden) for name, rules in known.items()}


def _sheet(house: House) -> AnswerSheet:
    return AnswerSheet(
        title="A house and its assistant",
        parts=(
            PaperTable(
                title="The policy",
                words=f"{len(house.policy())} lines, in no order. What no line speaks of is answered as ever.",
                heads=("Line", "What it says"),
                rows=tuple((str(at), line) for at, line in enumerate(house.policy(), start=1)),
            ),
            PaperTable(
                title="How a rule reads",
                words="The first rule that takes a message decides; where none does, the assistant answers. Commas "
                "part words. Capitals do not matter. A word matches whole: “seal” does not take “sealed”. With a star "
                "it takes every ending: “seal*” does. Several words without a comma must stand in a row.",
            ),
            PaperTable(
                title="Last week",
                words="Some of what was asked, and what the assistant answered. Hidden messages are others.",
                heads=("Message", "Answer"),
                rows=tuple((one.text, one.reply) for one in house.week),
            ),
        ),
        fields=tuple(field for at in range(1, MOST_RULES + 1) for field in _fields(at)),
        preview="Try on last week's messages",
    )


def _fields(at: int) -> list[AnswerField]:
    group = f"Rule {at}"
    words = [
        AnswerField(
            id=f"rule-{at}-{part}", label=f"{group}: {label[0].lower()}{label[1:]}", kind="words", group=group, most=300
        )
        for part, label in PARTS.items()
    ]
    action = AnswerField(
        id=f"rule-{at}-action",
        label=f"{group}: what then happens",
        kind="choice",
        choices=tuple(ACTIONS.items()),
        group=group,
    )
    return [*words, action]
