"""Text checks, each as the tool that it comes from does it.

Sources: openai/evals 3.0.1.post1 (`api.py`, `elsuite/utils.py`, `elsuite/basic/*.py`); the string check of OpenAI's
grader reference; for letters see `letters.py`.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable, Mapping
from typing import Any

from drillyard.bench.letters import is_letter, is_letters
from drillyard.bench.wording import render
from drillyard.errors import bad_input
from drillyard.records import BenchCase, TextCheck

__all__ = ["check_text", "normalise"]


def check_text(check: TextCheck, case: BenchCase, values: Mapping[str, str]) -> bool:
    """Say whether the reply meets the check: against its reference, or against any of the case's right answers.

    Raises:
        BadInput: there is nothing to compare with, or a right answer of a JSON check is no JSON.
    """
    said = render(check.input, values)
    right = (render(check.reference, values),) if check.reference else case.ideal
    if not right:
        raise bad_input(f"no right answer in case {case.id!r}", "one that the check can compare with")
    meets = _CHECKS[check.operation]
    if check.ignore_case:
        said, right = said.lower(), tuple(answer.lower() for answer in right)
    return any([meets(said, answer) for answer in right])


def normalise(text: str) -> str:
    """Lower the text and drop punctuation, articles and extra space, as OpenAI Evals does before it compares."""
    text = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def _fuzzy(said: str, answer: str) -> bool:
    """Either contains the other, once normalised; an empty one equals only an empty one."""
    one, other = normalise(said), normalise(answer)
    return one == other if not one or not other else one in other or other in one


def _json(said: str, answer: str) -> bool:
    try:
        right = json.loads(answer)
    except ValueError:
        raise bad_input(f"the right answer {answer[:80]!r}", "JSON, as the check compares JSON") from None
    try:
        return _same(json.loads(said), right)
    except (ValueError, RecursionError):
        return False


def _same(said: Any, right: Any) -> bool:
    """Compare JSON element by element; null is never right, at any depth."""
    if said is None or right is None:
        return False
    if isinstance(said, dict):
        return isinstance(right, dict) and all(_same(said.get(key), right.get(key)) for key in {*said, *right})
    if isinstance(said, list):
        if not isinstance(right, list) or len(said) != len(right):
            return False
        return all(_same(one, other) for one, other in zip(said, right, strict=True))
    return bool(said == right)


def _starts(said: str, answer: str) -> bool:
    return said.startswith(answer)


def _includes(said: str, answer: str) -> bool:
    return answer in said


def _includes_any_case(said: str, answer: str) -> bool:
    return answer.casefold() in said.casefold()


_CHECKS: Mapping[str, Callable[[str, str], bool]] = {
    "starts-with": _starts,
    "includes": _includes,
    "excludes": lambda said, answer: not answer or answer.casefold() not in said.casefold(),
    "fuzzy": _fuzzy,
    "json": _json,
    "eq": lambda said, answer: said == answer,
    "ne": lambda said, answer: said != answer,
    "like": _includes,
    "ilike": _includes_any_case,
    "letter": is_letter,
    "letters": is_letters,
}
