"""An interview as a drill: the case of a seed on paper, one answer in prose, graded by the item's rubric.

An instance is released when its sample answer passes, its planted weak answers do not and rank below every good anchor,
and the rule scorer agrees with the people who scored the anchors (weighted kappa of 0.7 at least, a policy).
"""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from importlib import resources

import yaml

from drillyard.drills.answers.drill import AnswerDrill, AnswerExam, Answers
from drillyard.drills.prove import ProofRehearsal
from drillyard.exercises.interviews.rubric import LEVELS, InterviewItem, rate, worth
from drillyard.records import AnswerField, AnswerResult, AnswerSheet, Gate, GradeCheck, Hint, PaperTable
from drillyard.records.answers import MOST_WORDS
from drillyard.stats.agreement import weighted_kappa

__all__ = ["ANSWER", "LEAST_KAPPA", "InterviewDrill"]

ANSWER = "answer"
LEAST_KAPPA = 0.7
_LEVELS = ("nothing of it", "half of it", "all of it")


class InterviewDrill(AnswerDrill):
    """A drill whose `item.yaml` is an interview with `$names`, which `facts` fills for a seed."""

    @abstractmethod
    def facts(self, seed: int, *, clean: bool = False) -> dict[str, str]:
        """Return the facts of a seed by name; in the clean twin nothing has happened."""

    def item(self, seed: int, *, clean: bool = False) -> InterviewItem:
        """Return the item of a seed."""
        return InterviewItem.filled(_read(self.folder), self.facts(seed, clean=clean))

    def sheet(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the paper of a seed."""
        item = self.item(seed, clean=clean)
        asked = PaperTable(title="What you are asked", words=item.prompt)
        field = AnswerField(
            id=ANSWER,
            label="Your answer",
            help=f"In sentences. The first {item.words} words count.",
            kind="words",
            most=MOST_WORDS,
        )
        return AnswerSheet(title=item.title, parts=(asked, *item.evidence), fields=(field,))

    def score(self, seed: int, answers: Answers) -> tuple[float, AnswerResult, str]:
        """Return the weighted mean of the criteria's levels."""
        item = self.item(seed)
        levels = rate(item, answers[ANSWER])
        checks = tuple(
            GradeCheck(
                id=criterion.id,
                passed=level == LEVELS - 1,
                words=f"{criterion.statement}: {_LEVELS[level]}"
                + ("" if level == LEVELS - 1 else f"; right is: {criterion.fact}"),
                asked=criterion.statement,
                right=criterion.fact,
            )
            for criterion, level in zip(item.criteria, levels, strict=True)
        )
        sample = item.anchor("reference")
        result = AnswerResult(
            checks=checks,
            options={
                "What was tested": item.tests,
                "A way to go about it": item.strategy,
                "A sample answer": sample.text,
                **{f"They would ask next ({at})": ask for at, ask in enumerate(item.follow_ups, start=1)},
            },
            caption="The case from the other side of the table",
            heads=("Part", "In words"),
            how="A rule rated your answer by the words and figures that each criterion hangs on, on a scale of three "
            "levels. It reads no meaning: where a grade counts, a second scorer reads the answer too.",
            again="Read the sample answer beside yours: what does it say first, which figures does it name, what does "
            "it ask for? The next case has other facts.",
            after="Which of the questions that would come next could you not answer today?",
        )
        whole = sum(level == LEVELS - 1 for level in levels)
        return worth(item, levels), result, f"{whole} of {len(levels)} criteria are met."

    def solutions(self, seed: int) -> Mapping[str, Answers]:
        """Return what each fix answers: the anchors, another case's sample, words without sentences, half of it."""
        item = self.item(seed)
        sample = item.anchor("reference").text
        stuffed = ", ".join(sign for criterion in item.criteria for sign in criterion.signs)
        told = {
            **{one.name: one.text for one in item.anchors},
            "word-list": stuffed[:MOST_WORDS],
            "someone-elses": self._elsewhere(seed),
            "untouched": "",
            "blank": "",
            "half": item.anchor("middling").text,
            "spoiled": item.anchor("wrong-reason").text,
        }
        return {name: {ANSWER: text} for name, text in told.items()} | {"reference": {ANSWER: sample}}

    def hints(self, seed: int) -> tuple[Hint, ...]:
        """Return three hints: what is tested, a strategy, one criterion."""
        item = self.item(seed)
        return (
            Hint(level=1, text=f"What is tested: {item.tests}", cost=0.05),
            Hint(level=2, text=f"A way to go about it: {item.strategy}", cost=0.1),
            Hint(level=3, text=f"One criterion: {item.criteria[0].statement}.", cost=0.1),
        )

    def fault_gate(self, seed: int) -> Gate:
        """G1: the planted weak answers rank below every good anchor."""
        item = self.item(seed)
        scored = {one.name: worth(item, rate(item, one.text)) for one in item.anchors}
        weak = [scored[one.name] for one in item.anchors if one.weak]
        good = [scored[one.name] for one in item.anchors if not one.weak]
        told = ", ".join(f"{name} {score:.2f}" for name, score in scored.items())
        return Gate(id="G1", title="weak answers rank lower", passed=max(weak) < min(good), detail=told)

    def twin_gate(self, seed: int) -> Gate:
        """G2: on the clean twin, where nothing was planted, the sample answer of the case does not pass."""
        twin = self.item(seed, clean=True)
        score = worth(twin, rate(twin, self.item(seed).anchor("reference").text))
        told = f"on the clean twin the sample answer scores {score:.2f}"
        return Gate(id="G2", title="clean twin is clean", passed=score < self.drill.pass_mark, detail=told)

    def gates(self, exam: AnswerExam, rehearsal: ProofRehearsal, best: str) -> Sequence[Gate]:
        """Return the gates of a paper, and whether the rule scorer agrees with those who scored the anchors."""
        item = self.item(exam.truth.seed)
        theirs = [level for one in item.anchors for level in one.levels]
        ours = [level for one in item.anchors for level in rate(item, one.text)]
        kappa = weighted_kappa(ours, theirs, LEVELS)
        told = f"weighted kappa {kappa:.2f} on {len(ours)} ratings of {len(item.anchors)} anchors, {LEAST_KAPPA} needed"
        agree = Gate(id="G15", title="scorers agree", passed=kappa >= LEAST_KAPPA, detail=told)
        return (*super().gates(exam, rehearsal, best), agree)

    def _elsewhere(self, seed: int) -> str:
        """Return the sample answer of the next case whose facts are others."""
        mine = self.facts(seed)
        other = next(one for one in range(seed + 1, seed + 50) if self.facts(one)["key"] != mine["key"])
        return self.item(other).anchor("reference").text


@functools.cache
def _read(folder: str) -> object:
    read: object = yaml.safe_load((resources.files(folder) / "item.yaml").read_text(encoding="utf-8"))
    return read
