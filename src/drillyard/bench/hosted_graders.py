"""The graders of the hosted Evals API: `testing_criteria` become criteria, or one line says why not.

Source: the types of the openai SDK 3.54 (`types/graders/*.py`, `types/eval_create_response.py`) and OpenAI's grader
reference for what the operations mean.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Any

from drillyard.bench.prompts import as_conversation
from drillyard.errors import BadInput, bad_input
from drillyard.records import Criterion, Message, ModelLabel, ModelScore, Similarity, TextCheck

__all__ = ["read_grader"]


def read_grader(grader: Mapping[str, Any]) -> Criterion:
    """Return the criterion of one grader.

    Raises:
        BadInput: a grader that is not run here (the line says why), or one with a wrong field.
    """
    if not isinstance(grader, dict):
        raise bad_input(f"the grader {str(grader)[:60]!r}", "an object with a type")
    kind, name = str(grader.get("type")), str(grader.get("name") or grader.get("type"))
    if kind not in _READERS:
        raise bad_input(f"grader {name!r}: {_REFUSED.get(kind, f'type {kind!r}')}", f"one of: {', '.join(_READERS)}")
    try:
        return _READERS[kind](name, grader)
    except KeyError as error:
        raise BadInput(f"grader {name!r}: found no field {error}, expected the fields of a {kind}") from None


_REFUSED = {
    "python": "it runs Python code from the export, which is refused; rewrite it as a string_check or a score_model",
    "multi": "graders of type multi belong to fine-tuning, not to evals; write its parts as graders of their own",
}


def _string_check(name: str, grader: Mapping[str, Any]) -> Criterion:
    operation = "ne" if grader["operation"] == "neq" else grader["operation"]
    data = {"name": name, "operation": operation, "input": grader["input"], "reference": grader["reference"]}
    if operation not in ("eq", "ne", "like", "ilike"):
        raise bad_input(f"grader {name!r} with the operation {operation!r}", "eq, ne, like or ilike")
    return TextCheck.from_data(data)


def _text_similarity(name: str, grader: Mapping[str, Any]) -> Criterion:
    known = typing.get_args(Similarity.model_fields["metric"].annotation)
    metric = grader["evaluation_metric"]
    if metric not in known:
        why = {"cosine": ", which needs OpenAI's embeddings", "meteor": ", which needs WordNet to be downloaded"}
        raise bad_input(f"grader {name!r} with the metric {metric}{why.get(metric, '')}", f"one of: {', '.join(known)}")
    if not isinstance(grader.get("pass_threshold"), int | float):
        raise bad_input(f"grader {name!r} without pass_threshold", "a number, as in every export of an eval")
    fields = {"metric": metric, "input": grader["input"], "reference": grader["reference"]}
    return Similarity.from_data({"name": name, **fields, "pass_threshold": grader["pass_threshold"]})


def _messages(grader: Mapping[str, Any]) -> tuple[Message, ...]:
    return as_conversation(grader["input"]).messages


def _label_model(name: str, grader: Mapping[str, Any]) -> Criterion:
    labels, passing = grader["labels"], grader["passing_labels"]
    if not isinstance(labels, list) or not isinstance(passing, list) or any(one not in labels for one in passing):
        raise bad_input(f"grader {name!r} with passing labels {passing!r}", f"some of its labels {labels!r}")
    return ModelLabel.from_data({"name": name, "messages": _messages(grader), "labels": labels, "passing": passing})


def _score_model(name: str, grader: Mapping[str, Any]) -> Criterion:
    ends = grader.get("range") or [0.0, 1.0]
    if not isinstance(ends, list) or len(ends) != 2 or not all(isinstance(end, int | float) for end in ends):
        raise bad_input(f"grader {name!r} with the range {ends!r}", "two numbers")
    data = {"name": name, "low": ends[0], "high": ends[1], "pass_threshold": grader.get("pass_threshold")}
    return ModelScore.from_data({**data, "messages": _messages(grader)})


_READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Criterion]] = {
    "string_check": _string_check,
    "text_similarity": _text_similarity,
    "label_model": _label_model,
    "score_model": _score_model,
}
