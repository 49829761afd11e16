"""Our criteria as a scorer of Inspect: the verdict is the one that `drillyard bench run` gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, get_model
from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, Score, accuracy, scorer, stderr

from drillyard.bench.bench_file import load_bench
from drillyard.bench.judging import judge_case, question_for
from drillyard.errors import bad_input
from drillyard.records import Conversation, Reply

__all__ = ["criteria"]

_CLASSES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}


@scorer(metrics=[accuracy(), stderr()])  # type: ignore[untyped-decorator]  # inspect_ai is not there for the checker
def criteria(bench: str, name: str) -> Any:
    """Judge every sample by one criterion of a benchmark.

    Unknown verdicts become Inspect's "no answer", which its accuracy counts as wrong. A criterion that asks a model
    asks the role `grader` (`--model-role grader=…`).

    Args:
        bench: path of the benchmark's file; sample ids are the ids of its cases.
        name: of the criterion.

    Raises:
        BadInput: no such file or criterion.
    """
    loaded = load_bench(Path(bench))
    criterion = next((one for one in loaded.criteria if one.name == name), None)
    if criterion is None:
        raise bad_input(f"criterion {name!r}", f"one of: {', '.join(one.name for one in loaded.criteria)}")
    cases = {case.id: case for case in loaded.cases}

    async def score(state: Any, target: Any) -> Score:
        case = cases[str(state.sample_id)]
        answered = state.output.error is None
        replies = {case.asks[0].name: state.output.completion} if case.asks and answered else {}
        question = question_for(criterion, case, replies) if answered else None
        graded = await _ask(question) if question else None
        verdict = judge_case(criterion, case, replies, graded)
        value = {"passed": CORRECT, "failed": INCORRECT}.get(verdict.verdict, NOANSWER)
        words = " ".join(filter(None, [verdict.verdict, verdict.label, verdict.reason]))
        return Score(value=value, answer=state.output.completion, explanation=words)

    return score


async def _ask(question: Conversation) -> Reply:
    messages = [_CLASSES[message.role](content=message.content) for message in question.messages]
    output = await get_model(role="grader").generate(messages)
    return Reply(text=output.completion, finish="error" if output.error or not output.completion.strip() else "stop")
