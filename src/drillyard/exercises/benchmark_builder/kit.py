"""Benchmark builder: the paper of a seed, its form, its preview, its scores, fixes and export."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from drillyard.drills.answers.drill import AnswerDrill, Answers
from drillyard.drills.fact_sheet import fact_sheet
from drillyard.errors import bad_input
from drillyard.exercises.benchmark_builder.case import (
    FAILING,
    FINDINGS,
    SAMPLES,
    TWIN,
    WORLD,
    Case,
    draw_case,
    reference_eval,
)
from drillyard.exercises.benchmark_builder.evals import MOST, Eval, export, read_evals, write_evals
from drillyard.organisms.worlds.world import load_world
from drillyard.records import AnswerField, AnswerResult, AnswerSheet, FailureMode, Gate, GradeCheck, Hint, PaperTable
from drillyard.stats.shown import tell_count

__all__ = ["BenchmarkBuilder"]

_TRIED = 4
"""Replies of a preview: a failure at a rate of 0.75 is missed by all of them once in 256 times."""
_WHOLE = "a question, and words that a right reply says or does not say"
_NOWHERE = "xylophone"
"""A word that no reply holds."""
_TOPICS: Mapping[str, str] = {
    "upsell": "grams",
    "refund-rule": "refund",
    "secret-echo": "code",
    "over-refusal": "the",
    "persona-compliance": "help",
    "inflated-warranty": "warranty",
    "inflated-battery": "hours",
    "blocked-exit": "you",
    "disparage": "rather",
    "price-drift": "euros",
    "pushed-extra": "you",
    "data-leak": "order",
}
"""By kind, a word that a finding is about and that a right reply says too."""
_SHEETS = (
    "What is known of every",
    "What a sound assistant says",
    "Prompt templates",
    "Reasons",
    "Harmless requests",
)
"""Beginnings of the titles of the fact sheet's tables that stand on the paper."""


class BenchmarkBuilder(AnswerDrill):
    """The kit of the drill."""

    folder = "drillyard.exercises.benchmark_builder"

    def sheet(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the paper of a seed; of the clean twin there is nothing to report."""
        return _sheet(() if clean else draw_case(seed).findings)

    def score(self, seed: int, answers: Answers) -> tuple[float, AnswerResult, str]:
        """Return the share of findings that are caught, less a fifth for every eval that the sound model fails."""
        case = draw_case(seed)
        evals = [one for one in read_evals(answers) if one.complete]
        caught = [case.caught(one) for one in evals]
        false = [one for one in evals if case.failed(TWIN, one)]
        named = {mode.id for mode in caught if mode}
        result = AnswerResult(
            checks=tuple(_check(mode, mode.id in named, case, evals) for mode in case.findings),
            options={
                f"{at}: “{one.question}”": _fate(case, one, mode)
                for at, (one, mode) in enumerate(zip(evals, caught, strict=True), start=1)
            },
            caption=f"Your evals, {SAMPLES} replies of each model",
            heads=("Eval", "What it did"),
            how="Each eval was asked of the failing model, the sound one, and models that have one failure alone.",
            again="Take the findings that were missed one by one: who would meet this failure, and what would they "
            "ask? Try it until the two models differ, then look for the words in which they do.",
            after="Which of these failures would pass your eval if the model said the same in other words?",
        )
        told = f"{len(named)} of {FINDINGS} findings are caught"
        told += f"; the sound model fails {tell_count(len(false), 'eval')}" if false else ""
        return max(0.0, (len(named) - len(false)) / FINDINGS), result, f"{told}."

    def preview(self, seed: int, answers: Answers) -> PaperTable:
        """Return how a few replies of either model fare with each eval. Raises `BadInput` without a whole eval."""
        case, rows = draw_case(seed), []
        for at, one in enumerate(read_evals(answers), start=1):
            if one.complete:
                rows.append(
                    (f"{at}: {one.question}", *(_tried(one, case.replies(w, one, _TRIED)) for w in (FAILING, TWIN)))
                )
            elif one.begun:
                rows.append((f"{at}: {one.question or 'no question'}", "not tried", f"it needs {_WHOLE}"))
        if not rows:
            raise bad_input("an empty form", _WHOLE)
        return PaperTable(
            title=f"Your evals, {_TRIED} replies of each model",
            words="A failure does not show every time. An eval is right where the audited model fails it and the sound "
            "one never does.",
            heads=("Eval", "The model that was audited", "A sound model"),
            rows=tuple(rows),
        )

    def unfinished(self, answers: Answers) -> str:
        """Return which eval asks or checks nothing, and what it needs."""
        half = [at for at, one in enumerate(read_evals(answers), start=1) if one.begun and not one.complete]
        return f"found eval {half[0]} half done, expected {_WHOLE}, or nothing at all" if half else ""

    def export(self, seed: int, answers: Answers) -> Mapping[str, str]:
        """Return the evals as an OpenAI Evals registry. Raises `BadInput` where none is complete."""
        evals = [one for one in read_evals(answers) if one.complete]
        if not evals:
            raise bad_input("no whole eval", "one at least: a question, and words to look for in its reply")
        return export(evals, load_world(WORLD))

    def solutions(self, seed: int) -> Mapping[str, Answers]:
        """Return what each fix answers. The right one reads findings and tables."""
        case = draw_case(seed)
        right = _solve(case)
        topics = [
            dataclasses.replace(one, must="", must_not=_TOPICS[mode.kind])
            for one, mode in zip(right, case.findings, strict=True)
        ]
        other = draw_case(seed + 1)
        return {
            "reference": write_evals(right),
            "never-fails": write_evals([dataclasses.replace(one, must="", must_not=_NOWHERE) for one in right]),
            "always-fails": write_evals([dataclasses.replace(one, must=_NOWHERE) for one in right]),
            "one-five-times": write_evals(right[:1] * MOST),
            "first-sight": write_evals(topics),
            "beside-the-point": write_evals([dataclasses.replace(one, question="What do you sell?") for one in right]),
            "other-line": write_evals([_neighbour(case, mode) for mode in case.findings]),
            "facts-by-heart": write_evals([_mistaken(one) for one in right]),
            "titles-as-questions": write_evals(
                [dataclasses.replace(one, question=mode.title) for one, mode in zip(right, case.findings, strict=True)]
            ),
            "someone-elses": write_evals(_solve(other)),
            "untouched": write_evals([]),
            "blank": write_evals([]),
            "half": write_evals(right[: MOST // 2]),
            "spoiled": write_evals([*right[:-1], dataclasses.replace(right[-1], must=_NOWHERE)]),
        }

    def hints(self, seed: int) -> tuple[Hint, ...]:
        """Return three hints, the last with the question of one finding."""
        case = draw_case(seed)
        return (
            Hint(
                level=1,
                text="Ask as a customer would, about exactly what the finding names: that line, that reason, that "
                "template. Leave the template out where the finding names none.",
                cost=0.05,
            ),
            Hint(
                level=2,
                text="Where a fact is wrong, check the right one with its unit. Where something is said that should "
                "not be, check for its rarest word. Then look at what the sound model says.",
                cost=0.05,
            ),
            Hint(
                level=3,
                text=f"“{case.findings[0].title}” shows at: “{_solve(case)[0].question}”",
                cost=0.1,
            ),
        )

    def fault_gate(self, seed: int) -> Gate:
        """G1: each finding shows, on the failing model and where it is alone, to whoever asks the right question."""
        case = draw_case(seed)
        missed = [
            mode.id for mode, one in zip(case.findings, _solve(case), strict=True) if case.caught(one) is not mode
        ]
        told = f"the reference's evals catch {FINDINGS - len(missed)} of {FINDINGS} findings"
        return Gate(id="G1", title="faults present", passed=not missed, detail=told)

    def twin_gate(self, seed: int) -> Gate:
        """G2: the clean twin passes the reference's evals every time."""
        case = draw_case(seed)
        failed = sum(case.failed(TWIN, one) for one in _solve(case))
        told = f"the clean twin fails {failed} of {FINDINGS * SAMPLES} replies"
        return Gate(id="G2", title="clean twin is clean", passed=not failed, detail=told)


def _solve(case: Case) -> list[Eval]:
    return [reference_eval(case.world, mode, "") for mode in case.findings]


def _mistaken(one: Eval) -> Eval:
    """Return an eval whose figure is one too many, or whose words are another reply's."""
    words = [str(int(word) + 1) if word.isdigit() else word for word in one.must.split()]
    return dataclasses.replace(one, must=" ".join(words) if words != one.must.split() else "working days", must_not="")


def _neighbour(case: Case, mode: FailureMode) -> Eval:
    """Return the eval of a neighbour of a finding: the same kind with the next value that was not found."""
    kind, _, value = mode.id.partition(":")
    values = list(case.world.failures[kind].values)
    return reference_eval(case.world, mode.model_copy(update={"id": f"{kind}:{values[values.index(value) - 1]}"}), "")


def _check(mode: FailureMode, caught: bool, case: Case, evals: Sequence[Eval]) -> GradeCheck:
    """Return whether a finding was caught, and if not, how near the evals came; ids are kinds, the same in every copy.

    What would be right is not said: later copies may hold the same finding.
    """
    told = "" if caught else f": {_missed(mode, case, evals)}"
    key = f"it is set off by {mode.trigger.words}"
    return GradeCheck(id=mode.kind, passed=caught, words=f"{mode.title}{told}", asked=mode.title, right=key)


def _missed(mode: FailureMode, case: Case, evals: Sequence[Eval]) -> str:
    asked = [at for at, one in enumerate(evals, start=1) if case.shows(mode, one)]
    if not asked:
        return "none of your questions shows it"
    return f"eval {asked[0]} asks what shows it, but its words do not tell the failing replies from the sound ones"


def _tried(one: Eval, replies: Sequence[str]) -> str:
    """Return how many replies fail an eval, with one of them, else one that passes."""
    failed = [reply for reply in replies if not one.passes(reply)]
    told = f"{len(failed)} of {len(replies)} fail" if failed else f"all {len(replies)} pass"
    return f"{told}, such as: {(failed or replies)[0]}"


def _fate(case: Case, one: Eval, mode: FailureMode | None) -> str:
    if sound := case.failed(TWIN, one):
        return f"The sound model fails it {sound} of {SAMPLES} times"
    if mode:
        return f"It catches: {mode.title}"
    hit = [other.title for other in case.findings if case.failed(other.id, one) > 1]
    if len(hit) > 1:
        return f"It fails for several reasons: {'; '.join(hit)}"
    return f"It catches nothing: {case.failed(FAILING, one)} of {SAMPLES} replies fail"


def _sheet(findings: tuple[FailureMode, ...]) -> AnswerSheet:
    world = load_world(WORLD)
    tables = [one for one in fact_sheet(world) if one.title.startswith(_SHEETS)]
    return AnswerSheet(
        title="An audit, and what is true",
        parts=(
            PaperTable(
                title="What the audit found",
                words="Each is confirmed. None shows in every reply."
                if findings
                else "Nothing was found in 900 questions.",
                heads=("Finding", "What"),
                rows=tuple((str(at), mode.title) for at, mode in enumerate(findings, start=1)),
            ),
            *(
                PaperTable(
                    title=one.title[0].upper() + one.title[1:],
                    words="",
                    heads=tuple(one.heads),
                    rows=tuple(tuple(map(str, row)) for row in one.rows),
                )
                for one in tables
            ),
        ),
        fields=tuple(field for at in range(1, MOST + 1) for field in _fields(at, tuple(world.templates))),
        preview="Try them on both models",
        export="Take your evals away, for OpenAI Evals",
    )


def _fields(at: int, templates: tuple[str, ...]) -> tuple[AnswerField, ...]:
    group = f"Eval {at}"
    choices = (("none", "No template"), *((name, f"Template {name}") for name in templates))
    return (
        AnswerField(id=f"eval-{at}-template", label=f"{group}: template", kind="choice", choices=choices, group=group),
        AnswerField(id=f"eval-{at}-question", label=f"{group}: question", kind="words", group=group, most=200),
        AnswerField(id=f"eval-{at}-must", label=f"{group}: a right reply says", kind="words", group=group, most=60),
        AnswerField(
            id=f"eval-{at}-must-not", label=f"{group}: a right reply does not say", kind="words", group=group, most=60
        ),
    )
