"""Launch-gate memo: the report of a seed, its form, its scores and fixes."""

from __future__ import annotations

from collections.abc import Mapping

from drillyard.drills.answers.drill import AnswerDrill, Answers
from drillyard.drills.answers.scoring import choice_check, number_check
from drillyard.exercises.launch_gate_memo.facts import (
    DECISIONS,
    FLAWS,
    REGRET,
    Report,
    clean_twin,
    draw_report,
)
from drillyard.records import AnswerField, AnswerResult, AnswerSheet, Gate, GradeCheck, Hint, PaperTable

__all__ = ["LaunchGateMemo"]

_FOUND, _DECISION, _FIGURES = 0.5, 0.2, 0.3
_OFF = 0.2
_STATES = {"sound": "Yes, the report shows that", "flawed": "No, or it does not say"}


class LaunchGateMemo(AnswerDrill):
    """The kit of the drill."""

    folder = "drillyard.exercises.launch_gate_memo"

    def sheet(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the report of a seed."""
        report = draw_report(seed)
        return _sheet(clean_twin(report) if clean else report)

    def score(self, seed: int, answers: Answers) -> tuple[float, AnswerResult, str]:
        """Return 0.5 for flaws (found less false alarms), 0.3 for two figures, 0.2 for the decision less its regret."""
        report = draw_report(seed)
        flaws, right = report.spot(), report.right()
        checks = tuple(_flaw_check(name, answers[name], report) for name in FLAWS)
        found = sum(check.passed for check in checks if check.id in flaws) / len(flaws)
        sound = [check for check in checks if check.id not in flaws]
        spared = sum(check.passed for check in sound) / len(sound)
        figures = _figures(report, answers)
        regret = REGRET[right].get(answers["decision"], 1.0)
        score = _FOUND * max(0.0, found + spared - 1) + _DECISION * (1 - regret)
        score += _FIGURES * sum(check.passed for check in figures) / len(figures)
        result = AnswerResult(
            regret=regret,
            decided=DECISIONS.get(answers["decision"], "no decision"),
            best=DECISIONS[right],
            checks=(*checks, *figures),
            options={words: f"{REGRET[right][name]:.0%} of what can be lost" for name, words in DECISIONS.items()},
        )
        caught = sum(check.passed for check in checks if check.id in flaws)
        alarms = sum(answers[check.id] == "flawed" for check in sound)
        told = f"{caught} of {len(flaws)} flaws found, {alarms} false alarm{'s' if alarms != 1 else ''}"
        return score, result, f"{told}; your decision loses {regret:.0%} of what can be lost."

    def solutions(self, seed: int) -> Mapping[str, Answers]:
        """Return what each fix answers; the reference reads what the report shows."""
        report, other = draw_report(seed), draw_report(seed + 1)
        right = _solve(report)
        blank = dict.fromkeys(right, "")
        figures = {"rate": f"{100 * report.headline:.4g}", "alarms": f"{100 * report.caught:.0f}"}
        names = list(FLAWS)
        worst = max(REGRET[report.right()], key=lambda name: REGRET[report.right()][name])
        return {
            "reference": right,
            "believes-the-headline": {**dict.fromkeys(names, "sound"), **figures, "decision": "launch"},
            "flags-everything": {**dict.fromkeys(names, "flawed"), **figures, "decision": "hold"},
            "usual-suspects": {
                **{name: "flawed" if name in ("leakage", "tiny-n") else "sound" for name in names},
                **figures,
                "decision": "limited",
            },
            "flags-alone": {**blank, **{name: right[name] for name in names}},
            "figures-alone": {**blank, **{name: right[name] for name in ("rate", "alarms", "decision")}},
            "someone-elses": _solve(other),
            "untouched": blank,
            "blank": blank,
            "half": {**blank, **{name: right[name] for name in names}},
            "spoiled": {**right, "decision": worst},
        }

    def hints(self, seed: int) -> tuple[Hint, ...]:
        """Return three hints, the last with a figure of this report."""
        report = draw_report(seed)
        return (
            Hint(
                level=1, text="Ask where in the report a statement stands. What stands nowhere is not shown.", cost=0.05
            ),
            Hint(
                level=2,
                text="The rate of your own traffic: each row's failures over its fresh prompts, times its share of "
                "your traffic, added up.",
                cost=0.05,
            ),
            Hint(level=3, text=f"{len(report.spot())} of the eight statements cannot be made of this one.", cost=0.1),
        )

    def fault_gate(self, seed: int) -> Gate:
        """G1: there are two to five flaws."""
        flaws = sorted(draw_report(seed).spot())
        return Gate(id="G1", title="faults present", passed=2 <= len(flaws) <= 5, detail=f"{len(flaws)} flaws planted")

    def twin_gate(self, seed: int) -> Gate:
        """G2: read in the same way, the clean twin shows no flaw."""
        found = sorted(clean_twin(draw_report(seed)).spot())
        told = f"in the clean twin the reference finds {', '.join(found) or 'nothing'}"
        return Gate(id="G2", title="clean twin is clean", passed=not found, detail=told)


def _solve(report: Report) -> dict[str, str]:
    """Return the right answers; all of them follow from what the report shows."""
    flaws = report.spot()
    return {
        **{name: "flawed" if name in flaws else "sound" for name in FLAWS},
        "rate": f"{100 * report.rate:.4g}",
        "alarms": f"{100 * report.real_alarms:.4g}",
        "decision": report.right(),
    }


def _flaw_check(name: str, text: str, report: Report) -> GradeCheck:
    right = "flawed" if name in report.spot() else "sound"
    return choice_check(name, text, right, FLAWS[name], _STATES, _reasons(report)[name])


def _reasons(report: Report) -> Mapping[str, str]:
    """Return, by statement, where on this report it is shown, or is not."""
    fresh, leaked = (sum(getattr(one, name) for one in report.segments) for name in ("fresh", "leaked"))
    judge = f"by {report.judge[1]} replies that people judged too" if report.judge else "nobody judged beside it"
    return {
        "leakage": f"{leaked} prompts of the test are in the tuning set",
        "tiny-n": f"{fresh} prompts count; below {3 / report.limit:.0f} even a test without a failure shows too little",
        "base-rate": f"counted at {report.attacks:.1%} attacks, in production there are {report.real:.1%}",
        "shifted-traffic": f"kinds of question are off our traffic by up to {100 * report.shift:.0f} points",
        "no-control": "a rate on the same test is needed" if report.compared is None else "its rate stands there",
        "unmeasured-judge": judge,
        "dropped-replies": f"{report.unjudged} could not be judged and {'count' if report.counted else 'are left out'}",
        "best-of-many": f"{report.variants} versions were tried" if report.variants > 1 else "both were fixed before",
    }


def _figures(report: Report, answers: Answers) -> tuple[GradeCheck, ...]:
    rate, alarms = 100 * report.rate, 100 * report.real_alarms
    added = "failures over prompts that are not in the tuning set, times the share of our traffic, row by row, added up"
    hits, false = report.real * report.caught, (1 - report.real) * report.false_alarms
    shared = f"of 100,000 messages {1e5 * hits:,.0f} are attacks that it stops and {1e5 * false:,.0f} are harmless"
    return (
        number_check("rate", answers["rate"], rate, _OFF, "failure rate of your traffic, in %", added),
        number_check("alarms", answers["alarms"], alarms, _OFF, "real alarms in production, in %", shared),
    )


def _sheet(report: Report) -> AnswerSheet:
    leaks = any(one.leaked for one in report.segments)
    heads: tuple[str, ...] = ("Questions on", "Share of our traffic", "Prompts", "Failed")
    rows = tuple(
        (one.name, f"{one.share:.0%}", str(one.fresh), str(one.failed))
        + ((str(one.leaked), str(one.leaked_failed)) if leaks else ())
        for one in report.segments
    )
    if leaks:
        heads = (*heads[:2], "Prompts not in the tuning set", "Failed", "Prompts that are in it too", "Failed of these")
    asked = sum(one.fresh + one.leaked for one in report.segments)
    set_words = "" if leaks else " None of the prompts is in the tuning set."
    variants = (
        f"{report.variants} versions of the instructions were tried on this test; the best one is reported."
        if report.variants > 1
        else "The version and the limit were fixed before the test."
    )
    judge = (
        f"A model judged; of {report.judge[1]} replies that people had judged it was right on {report.judge[0]}."
        if report.judge
        else "A model of the newest generation judged."
    )
    compared = (
        f"The assistant in use today failed {report.compared:.1%} on the same test."
        if report.compared is not None
        else "The result is better than that of the assistant in use today, by everybody's impression."
    )
    unjudged = (
        f"{report.unjudged} replies could not be judged and are counted as failed in the appendix."
        if report.counted
        else f"{report.unjudged} replies could not be judged and were left out."
    )
    return AnswerSheet(
        title=f"Evaluation of the {report.system} before launch",
        parts=(
            PaperTable(
                title="Summary",
                words=f"The {report.system} fails on {report.headline:.1%} of {asked:,} prompts; the limit is "
                f"{report.limit:.0%}. The guard catches {report.caught:.0%} of attacks. We recommend to launch.",
            ),
            PaperTable(title="What was tested", words=f"{variants}{set_words}", heads=heads, rows=rows),
            PaperTable(title="How it was judged", words=f"{judge} {unjudged} {compared}"),
            PaperTable(
                title="The guard",
                words=f"On messages of which {report.attacks:.1%} were attacks, the guard caught {report.caught:.0%} "
                f"of them and stopped {report.false_alarms:.1%} of harmless ones. In production {report.real:.1%} of "
                "messages are attacks.",
            ),
            PaperTable(
                title="House rule",
                words="Hold when the failure rate of our own traffic is over the limit. Launch to everybody when its "
                "95 % upper bound is under the limit. Else launch to one in twenty, with a stop rule.",
            ),
        ),
        fields=(
            *(
                AnswerField(id=name, label=f"{words}.", kind="choice", choices=tuple(_STATES.items()))
                for name, words in FLAWS.items()
            ),
            AnswerField(
                id="rate",
                label="Which failure rate does the report support for our own traffic?",
                help="From judged prompts that are not in the tuning set.",
                kind="number",
                unit="%",
            ),
            AnswerField(
                id="alarms",
                label="Of 100 alarms that the guard raises in production, how many are attacks?",
                kind="number",
                unit="of 100",
            ),
            AnswerField(id="decision", label="What do you decide?", kind="choice", choices=tuple(DECISIONS.items())),
        ),
    )
