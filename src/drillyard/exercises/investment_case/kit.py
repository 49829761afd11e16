"""Investment case: the paper of a seed, its form, its scores and fixes."""

from __future__ import annotations

from collections.abc import Mapping

from drillyard.drills.answers.drill import AnswerDrill, Answers
from drillyard.drills.answers.scoring import choice_check, number_check, regret_of
from drillyard.exercises.investment_case.facts import OPTIONS, Facts, clean_twin, draw_facts
from drillyard.records import AnswerField, AnswerResult, AnswerSheet, Gate, GradeCheck, Hint, PaperTable
from drillyard.stats import clopper_pearson, upper_bound

__all__ = ["InvestmentCase"]

_DECISION, _READING = 0.4, 0.6
_BEARABLE = 0.2
"""The regret from which on a decision counts for nothing; with a line from 1 to 0 at a regret of 1, who read everything
right and always funded the guard passed on 52 of 60 papers, and who never funded anything on 31."""
_OFF = 0.15
"""How far a number may be off: what reading a table and rounding makes of it."""
_SHOWN = {"yes": "Yes, it shows it", "no": "No, it refutes it", "unknown": "Neither: not enough evidence"}
_INPUTS = {
    "rate": "the share of failing replies",
    "harm": "the share of them that harms",
    "passes": "what the guard lets through",
    "cost": "what the guard costs",
}


class InvestmentCase(AnswerDrill):
    """The kit of the drill."""

    folder = "drillyard.exercises.investment_case"

    def sheet(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the paper of a seed."""
        facts = draw_facts(seed)
        return _sheet(clean_twin(facts) if clean else facts)

    def score(self, seed: int, answers: Answers) -> tuple[float, AnswerResult, str]:
        """Return 0.4 for the decision, less for regret and nothing from a fifth on, and 0.6 for what was read right."""
        facts = draw_facts(seed)
        values = facts.values()
        best = max(values, key=lambda name: values[name])
        regret, checks = regret_of(values, answers["decision"]), _checks(facts, answers)
        right = sum(check.passed for check in checks)
        score = _DECISION * max(0.0, 1 - regret / _BEARABLE) + _READING * right / len(checks)
        result = AnswerResult(
            regret=regret,
            decided=OPTIONS.get(answers["decision"], "no decision"),
            best=OPTIONS[best],
            checks=checks,
            options={OPTIONS[name]: f"EUR {value:,.0f} a year".replace("-", "−") for name, value in values.items()},
        )
        lost = max(values.values()) - values.get(answers["decision"], min(values.values()))
        told = f"Your decision leaves EUR {lost:,.0f} a year on the table" if lost else "Your decision is the best one"
        return score, result, f"{told}; {right} of {len(checks)} readings are right."

    def solutions(self, seed: int) -> Mapping[str, Answers]:
        """Return what each fix answers; the reference reads what the paper shows."""
        facts, other = draw_facts(seed), draw_facts(seed + 1)
        right = _solve(facts)
        values = facts.values()
        blank = dict.fromkeys(right, "")
        unsure = {"above": "50", "zero": "5", "claim": "unknown", "break-even": "10", "moves": "cost"}
        points = {
            "above": f"{100 * (1 - facts.year.over(facts.appetite)):.1f}",
            "zero": "0",
            "claim": "no" if facts.a.passes > 1 - facts.a.claim else "yes",
            "break-even": f"{facts.a.cost / facts.severity.mean:.2f}",
            "moves": "cost",
        }
        return {
            "reference": right,
            "first-sight": {**points, "decision": facts.first_sight()},
            "points-only": {**points, "decision": right["decision"]},
            "do-nothing": {**unsure, "decision": "nothing"},
            "fund-everything": {**unsure, "decision": "both"},
            "stop-everything": {**unsure, "decision": "stop"},
            "decision-alone": {**blank, "decision": right["decision"]},
            "someone-elses": _solve(other),
            "untouched": blank,
            "blank": blank,
            "half": {**blank, "decision": right["decision"]},
            "spoiled": {**right, "decision": min(values, key=lambda name: values[name])},
        }

    def hints(self, seed: int) -> tuple[Hint, ...]:
        """Return three hints, the last with a worked figure of this case."""
        facts = draw_facts(seed)
        avoided = facts.loss * (1 - facts.a.passes)
        return (
            Hint(
                level=1, text="Claims and hopes are no measurements: leave them out, and see what is left.", cost=0.05
            ),
            Hint(
                level=2,
                text="An option is worth the loss that it avoids less what it costs. Avoided is the mean loss times "
                "the share that is stopped in our own test; of two controls together, in the test of both.",
                cost=0.05,
            ),
            Hint(level=3, text=f"The guard avoids about EUR {avoided:,.0f} a year on average.", cost=0.1),
        )

    def fault_gate(self, seed: int) -> Gate:
        """G1: the option that claims and hope speak for is a bad one."""
        facts = draw_facts(seed)
        regret = regret_of(facts.values(), facts.first_sight())
        told = f"at first sight: “{OPTIONS[facts.first_sight()]}”, with a regret of {regret:.0%}"
        return Gate(id="G1", title="faults present", passed=regret >= 0.2, detail=told)

    def twin_gate(self, seed: int) -> Gate:
        """G2: with hardly anything at stake, the reference does nothing."""
        twin = clean_twin(draw_facts(seed))
        best = _solve(twin)["decision"]
        told = f"with one failing reply in a million the reference decides “{OPTIONS[best]}”"
        return Gate(id="G2", title="clean twin is clean", passed=best == "nothing", detail=told)


def _solve(facts: Facts) -> dict[str, str]:
    """Return the right answers; all of them follow from what the paper shows."""
    values = facts.values()
    return {
        "decision": max(values, key=lambda name: values[name]),
        "above": f"{100 * facts.year.over(facts.appetite):.4g}",
        "zero": f"{100 * upper_bound(0, facts.unseen).high:.4g}",
        "claim": facts.claim_shown(),
        "break-even": f"{facts.a.cost / ((1 - facts.a.passes) * facts.severity.mean):.4g}",
        "moves": facts.moves_most(),
    }


def _checks(facts: Facts, answers: Answers) -> tuple[GradeCheck, ...]:
    right, guard = _solve(facts), facts.a
    tested = clopper_pearson(guard.n - guard.passed, guard.n)
    why = {
        "above": f"100 % less the share of years at or below EUR {facts.appetite:,}",
        "zero": f"about three over the number of tries, 3 / {facts.unseen}: at that rate 5 % of tests show nothing",
        "claim": f"it stopped {guard.n - guard.passed} of {guard.n}, {tested.low:.0%} to {tested.high:.0%} at 95 %",
        "break-even": f"its cost over what it saves of a claim, {guard.cost:,} / ({1 - guard.passes:.2f} × "
        f"{facts.severity.mean:,.0f})",
        "moves": "the one with the longest way between its two ends",
    }

    def number(name: str, words: str) -> GradeCheck:
        return number_check(name, answers[name], float(right[name]), _OFF, words, why[name])

    return (
        number("above", "chance above the appetite, in %"),
        number("zero", "what no failure in the test leaves, in %"),
        choice_check(
            "claim", answers["claim"], right["claim"], "what our test says of the claim", _SHOWN, why["claim"]
        ),
        number("break-even", "claims a year at break-even"),
        choice_check(
            "moves", answers["moves"], right["moves"], "what moves the guard's value most", _INPUTS, why["moves"]
        ),
    )


def _sheet(facts: Facts) -> AnswerSheet:
    year, tests = facts.year, ((facts.a, "Guard"), (facts.b, "Review"))
    amounts = [round(facts.appetite * share) for share in (0, 0.25, 0.5, 1, 1.5, 2, 3)]
    rows = tuple((f"EUR {x:,.0f}", f"{100 * (1 - year.over(x)):.1f} %") for x in amounts)
    together = facts.both
    controls = tuple(
        (name, f"EUR {one.cost:,}", f"stops {one.claim:.0%}", f"{one.passed} of {one.n} came through")
        for one, name in tests
    )
    joint = (
        "Both together",
        f"EUR {facts.a.cost + facts.b.cost:,}",
        "–",
        f"{together.passed} of {together.n} came through",
    )
    ends = tuple(
        (_INPUTS[name], *(f"EUR {x:,.0f}".replace("-", "−") for x in pair)) for name, pair in facts.ends().items()
    )
    return AnswerSheet(
        title=f"Safety money for the {facts.system}",
        parts=(
            PaperTable(
                title="What is at stake",
                words=f"The {facts.system} answers {facts.uses:,} customers a year. In our test {facts.failed} of "
                f"{facts.tested:,} replies broke the policy; we count on ({facts.failed} + ½) of "
                f"{facts.tested + 1:,}. One in {facts.harm:,} such replies leads to a claim; a claim costs between "
                f"EUR {facts.low:,} and EUR {facts.high:,} (90 %), EUR {facts.severity.mean:,.0f} on average. "
                f"That makes {facts.events:.2f} claims a year and a mean loss of EUR {facts.loss:,.0f}. "
                f"The system brings in EUR {facts.margin:,} a year. Our appetite is a loss of EUR {facts.appetite:,}.",
            ),
            PaperTable(
                title="A year without controls",
                words="Share of years in which the loss stays at or below an amount, computed exactly.",
                heads=("Amount", "Share of years at or below"),
                rows=rows,
            ),
            PaperTable(
                title="What could be funded",
                words="Policy-breaking replies that came through in our own test, each control alone, and both.",
                heads=("Control", "Cost a year", "Its maker says", "Our test"),
                rows=(*controls, joint),
            ),
            PaperTable(
                title="What the guard is worth in a year, one input at a time",
                words="Each input at the low and the high end of its 90 %, all others as above.",
                heads=("Input", "At its low end", "At its high end"),
                rows=ends,
            ),
            PaperTable(
                title="Also said",
                words=f"Sales hopes that customers would pay EUR {facts.hope:,} a year more for a guarded product; "
                f"nobody has yet. In {facts.unseen} trial replies the assistant disclosed no personal data.",
            ),
        ),
        fields=_fields(facts),
    )


def _fields(facts: Facts) -> tuple[AnswerField, ...]:
    return (
        AnswerField(id="decision", label="What do you decide?", kind="choice", choices=tuple(OPTIONS.items())),
        AnswerField(
            id="above",
            label=f"In which share of years does the loss without controls exceed EUR {facts.appetite:,}?",
            kind="number",
            unit="%",
        ),
        AnswerField(
            id="zero",
            label=f"No personal data in {facts.unseen} replies: which rate of disclosure can you not rule out?",
            help="The 95 % upper bound.",
            kind="number",
            unit="%",
        ),
        AnswerField(
            id="claim",
            label=f"The guard's maker says that it stops at least {facts.a.claim:.0%}. Does our test show that?",
            help="At 95 % confidence.",
            kind="choice",
            choices=tuple(_SHOWN.items()),
        ),
        AnswerField(
            id="break-even",
            label="From how many claims a year does the guard pay for itself?",
            help="By the test's share that comes through and the average cost of a claim.",
            kind="number",
            unit="claims a year",
        ),
        AnswerField(
            id="moves",
            label="Which input moves what the guard is worth most?",
            kind="choice",
            choices=tuple(_INPUTS.items()),
        ),
    )
