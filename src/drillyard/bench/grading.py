"""What a grader model is asked, and how its words become a label or a number. What cannot be read is None: unknown.

Source of the styles `first-line` and `last-line`: openai/evals 3.0.1.post1, `elsuite/modelgraded/classify_utils.py`.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Mapping

from drillyard.bench.wording import render_messages
from drillyard.records import Conversation, Message, ModelLabel, ModelScore

__all__ = ["ANSWER_PROMPTS", "grader_question", "read_label", "read_score"]

_CLASSIFY = (
    "Answer the question by printing only a single choice from {choices} (without quotes or punctuation) corresponding "
    "to the correct answer with no other text."
)
_CLASSIFY_COT = (
    "First, answer by printing a single choice from {choices} (without quotes or punctuation) corresponding to the "
    "correct answer. Then, from the next line, explain your reasonings step by step."
)
_COT_CLASSIFY = (
    "First, write out in a step by step manner your reasoning to be sure that your conclusion is correct. Avoid simply "
    "stating the correct answer at the outset. Then print only a single choice from {choices} (without quotes or "
    "punctuation) on its own line corresponding to the correct answer. At the end, repeat just the answer by itself on "
    "a new line.\n\nReasoning:"
)
_COT_CLASSIFY_JP = (
    "まず、一歩一歩あなたの推論を書き出してください。単に正しい答えを最初に述べることを避けてください。次に、{choices}"
    "（引用符や句読点なし）から正しい答えに対応する1つの選択肢を単独の行に書きだしてください。最後に、答えだけを新しい"
    "行に繰り返してください。\n\n推論："
)
ANSWER_PROMPTS: Mapping[str, str] = {
    "classify": _CLASSIFY,
    "classify_cot": _CLASSIFY_COT,
    "cot_classify": _COT_CLASSIFY,
    "cot_classify_jp": _COT_CLASSIFY_JP,
}
"""What OpenAI Evals adds to a grader prompt, word for word, by its `eval_type`."""

_MATCH: Mapping[str, Callable[[str, str], bool]] = {
    "include": lambda line, label: label in line,
    "exact": lambda line, label: line == label,
    "endswith": lambda line, label: line.endswith(label),
    "starts_or_endswith": lambda line, label: line.startswith(label) or line.endswith(label),
}

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE]-?\d+)?")


def grader_question(criterion: ModelLabel | ModelScore, values: Mapping[str, str]) -> Conversation:
    """Return what the grader is asked; where no prompt says how to answer, a last line does."""
    messages = render_messages(criterion.messages, values)
    if isinstance(criterion, ModelScore):
        how = f"Answer with one number from {criterion.low:g} to {criterion.high:g}, alone on the last line."
    elif criterion.style == "whole-line":
        how = f"Answer with one of these labels, alone on the last line: {', '.join(criterion.labels)}."
    else:
        return Conversation(messages=messages)
    return Conversation(messages=_add(messages, how))


def _add(messages: tuple[Message, ...], words: str) -> tuple[Message, ...]:
    """Add words to the last user message, or as one."""
    if messages and messages[-1].role == "user":
        last = Message(role="user", content=f"{messages[-1].content}\n\n{words}")
        return (*messages[:-1], last)
    return (*messages, Message(role="user", content=words))


def read_label(criterion: ModelLabel, text: str) -> str | None:
    """Return the label that the grader's words give, or None."""
    if criterion.style == "whole-line":
        return _whole_line(criterion.labels, text)
    lines = text.strip().split("\n")
    for line in reversed(lines) if criterion.style == "last-line" else lines:
        bare = "".join(char for char in line.strip() if char not in string.punctuation)
        for label in criterion.labels if bare else ():
            if _MATCH[criterion.match](bare, label):
                return label
    return None


def _whole_line(labels: tuple[str, ...], text: str) -> str | None:
    """Return the label of the last line that is one and nothing else, but for case, quotes and a full stop."""
    known = {label.casefold(): label for label in labels}
    for line in reversed(text.splitlines()):
        bare = line.strip().strip("\"'`*").rstrip(".").strip("\"'`* ").casefold()
        if bare in known:
            return known[bare]
    return None


def read_score(criterion: ModelScore, text: str) -> float | None:
    """Return the number that stands alone on the last line that is not empty, or in JSON as `score` or `result`."""
    lines = [line.strip().strip("*`") for line in text.strip().splitlines() if line.strip()]
    number = _json_score(text)
    if number is None and lines and (found := _NUMBER.fullmatch(lines[-1].rstrip("."))):
        number = float(found[0])
    return number if number is not None and criterion.low <= number <= criterion.high else None


def _json_score(text: str) -> float | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = data.get("score", data.get("result")) if isinstance(data, dict) else None
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
