"""A turn: one reply of the assistant as a log tells it, before it is stored as a row; and what says that it is bad.

Every form of log is first laid out as a view, a flat mapping of names; one table says under which names a field of the
turn is found, whatever tool wrote the log.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from drillyard.errors import bad_input

__all__ = ["NAMES", "Label", "Turn", "as_text", "first", "messages_of", "numbers", "parsed", "read_label", "turn_of"]


@dataclass(slots=True, kw_only=True)
class Turn:
    """One reply with what stood before it. `messages` are (role, text); the texts are as the log has them.

    `template` is the prompt with `{variables}` where the log holds it, else empty.
    """

    messages: list[tuple[str, str]] = field(default_factory=list)
    response: str = ""
    ts: float | None = None
    trace_id: str = ""
    session: str = ""
    user: str = ""
    cohort: str = ""
    model: str = ""
    release: str = ""
    template_id: str = ""
    template_version: str = ""
    template: str = ""
    vars: dict[str, str] = field(default_factory=dict)
    tools: list[str] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    feedback: dict[str, float] = field(default_factory=dict)
    cost: float | None = None
    latency: float | None = None
    label: float | None = None


NAMES: Mapping[str, tuple[str, ...]] = {
    "messages": ("messages", "input_messages", "prompt", "user_text", "input", "question", "user_message"),
    "system": ("system", "system_prompt", "instructions", "gen_ai.system_instructions"),
    "response": ("response", "response_text", "completion", "output", "answer", "reply"),
    "ts": (
        "ts", "startTimeUnixNano", "start_time", "startTime", "timestamp", "time", "created_at", "created", "date",
    ),
    "end": ("endTimeUnixNano", "end_time"),
    "trace_id": ("traceId", "trace_id", "run_id", "uuid", "id", "request_id"),
    "session": (
        "session.id", "gen_ai.conversation.id", "langfuse.session.id", "sessionId", "session", "session_id",
        "conversation_id", "conversation", "thread_id",
    ),
    "user": ("user.id", "enduser.id", "langfuse.user.id", "userId", "user", "user_id", "customer_id"),
    "cohort": ("cohort", "user.cohort", "user_group", "segment", "plan"),
    "model": (
        "llm.model_name", "ls_model_name", "gen_ai.response.model", "gen_ai.request.model", "model", "model_id",
        "providedModelName",
    ),
    "release": (
        "revision_id", "release", "service.version", "langfuse.release", "deployment", "app_version", "task_version",
    ),
    "template_id": (
        "llm.prompt_template.name", "gen_ai.prompt.name", "langfuse.observation.prompt.name", "promptName",
        "lc_hub_repo", "template_id", "template", "prompt_name", "task",
    ),
    "template_version": (
        "llm.prompt_template.version", "gen_ai.prompt.version", "langfuse.observation.prompt.version", "promptVersion",
        "lc_hub_commit_hash", "template_version", "prompt_version",
    ),
    "template": ("llm.prompt_template.template",),
    "vars": ("llm.prompt_template.variables",),
    "tools": ("tools",),
    "cost": ("cost", "calculatedTotalCost", "totalCost", "total_cost"),
    "latency": ("latency",),
    "label": ("label_bad", "bad", "flagged", "is_bad"),
}  # fmt: skip
"""Field -> the names under which logs have it, the surest first."""
KNOWN = NAMES["label"]
_FEEDBACK = ("thumbs", "thumb", "rating", "clicked", "purchased", "engagement", "feedback", "csat", "converted")


def turn_of(view: Mapping[str, Any]) -> Turn:
    """Return the turn of a view."""
    held, counted = _plan(tuple(view))
    found = {name: value for name, names in held if (value := first(view, *names)) is not None}
    end, system = _time_of(found.pop("end", None)), found.pop("system", None)
    turn = Turn(**{name: _READ.get(name, str)(value) for name, value in found.items()})
    if system is not None:
        turn.messages = [("system", text) for text in _instructions(system)] + turn.messages
    if not turn.response and turn.messages and turn.messages[-1][0] == "assistant":
        turn.response = turn.messages.pop()[1]
    if turn.latency is None and turn.ts is not None and end is not None:
        turn.latency = end - turn.ts
    for side, name, key in counted:
        value = view[key]
        if not isinstance(value, Mapping | list):
            value = {name: value}
        getattr(turn, side).update(numbers(value))
    return turn


@functools.lru_cache(4096)
def _plan(names: tuple[str, ...]) -> tuple[list[tuple[str, list[str]]], list[tuple[str, str, str]]]:
    """Return, for a view of such names, which ones to ask for each field, and which hold scores or feedback."""
    here = {*names}
    held = [(one, mine) for one, known in NAMES.items() if (mine := [name for name in known if name in here])]
    return held, [(side, name, key) for key in names for side, name in [_counted(key)] if side]


def _counted(key: str) -> tuple[str, str]:
    """Say whether a name holds a score or a feedback, and which one."""
    if key in _FEEDBACK or key.startswith("feedback."):
        return "feedback", key.removeprefix("feedback.")
    if key in ("score", "scores") or key.startswith(("score_", "evaluation.")):
        return "scores", key.removeprefix("score_").removeprefix("evaluation.").removesuffix(".score")
    return "", ""


def first(one: Mapping[str, Any], *names: str) -> Any:
    """Return what stands under the first of these names that has something; None for none."""
    for name in names:
        if (value := one.get(name)) is not None and value != "":
            return value
    return None


def parsed(value: Any) -> Any:
    """Return what a text holds as JSON, where it is a list or an object; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            return from_json(value)
        except ValueError:
            return value
    return value


def as_text(content: Any) -> str:
    """Return the text of a message's content: a string, or a list of parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, (as_text(part) for part in content)))
    if isinstance(content, Mapping):
        return as_text(content.get("text") or content.get("content") or "")
    return "" if content is None else str(content)


def messages_of(value: Any) -> list[tuple[str, str]]:
    """Return (role, text) of a list of messages in any of the usual forms, or of JSON that holds one."""
    value = parsed(value)
    if isinstance(value, str | int | float):
        return [("user", str(value))] if value != "" else []
    if isinstance(value, Mapping):
        value = value.get("messages") if isinstance(value.get("messages"), list) else [value]
    found = []
    for one in value if isinstance(value, list) else []:
        if isinstance(one, tuple):  # read already
            found.append(one)
        elif isinstance(one, list):  # LangChain nests batches
            found += messages_of(one)
        elif isinstance(one, Mapping):
            one = one.get("message") or one.get("kwargs") or one.get("data") or one
            if isinstance(one, Mapping):
                role = str(one.get("role") or one.get("type") or "user").lower()
                found.append((_ROLES.get(role, role), as_text(one["parts"] if "parts" in one else one.get("content"))))
    return found


_ROLES = {"human": "user", "ai": "assistant", "developer": "system", "systemmessage": "system", "model": "assistant"}


def _reply(value: Any) -> str:
    found = [] if isinstance(value, str) else messages_of(value)
    return found[-1][1] if found and found[-1][1] else as_text(value)


def _instructions(value: Any) -> list[str]:
    value = parsed(value)
    return [text for part in (value if isinstance(value, list) else [value]) if (text := as_text(part))]


def _variables(value: Any) -> dict[str, str]:
    found = parsed(value)
    return {str(name): as_text(one) for name, one in found.items()} if isinstance(found, Mapping) else {}


def _tools(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else str(value).split()


def _number(value: Any) -> float | None:
    """Return a finite number; True and "up" are 1, False and "down" 0; None for anything else."""
    if isinstance(value, str):
        value = _WORDS.get(value.strip().lower(), value)
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if abs(found) < 1e300 else None


_WORDS = {
    "true": 1.0, "yes": 1.0, "up": 1.0, "thumbs_up": 1.0, "positive": 1.0, "bad": 1.0, "shown": 1.0, "fail": 1.0,
    "false": 0.0, "no": 0.0, "down": 0.0, "thumbs_down": 0.0, "negative": 0.0, "good": 0.0, "absent": 0.0, "pass": 0.0,
}  # fmt: skip


def numbers(given: Any) -> dict[str, float]:
    """Return what is a number in a mapping, or in a list of {name or key, value or score}."""
    if isinstance(given, list):
        given = {str(first(one, "name", "key")): first(one, "value", "score") for one in given if isinstance(one, dict)}
    found = {}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        value = value.get("avg", value.get("value")) if isinstance(value, Mapping) else value
        if (told := _number(value)) is not None:
            found[str(name)] = told
    return found


def _time_of(value: Any) -> float | None:
    """Return seconds since 1970, UTC, of a number (s, ms, µs or ns) or of a date; None where it is neither."""
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        try:
            value = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.timestamp()
    found = _number(value)
    if found is None or found <= 0:
        return None
    while found > 1e11:  # the year 5138 in seconds
        found /= 1000
    return found


_READ: Mapping[str, Callable[[Any], Any]] = {
    "messages": messages_of, "response": _reply, "ts": _time_of, "template": as_text, "vars": _variables,
    "tools": _tools, "cost": _number, "latency": _number, "label": _number,
}  # fmt: skip
"""Field -> what reads it; a text where nothing is said."""


Label = Callable[[Turn], float | None]
"""From a turn to how far it is held bad, 0 to 1; None where nothing says."""

_FORM = re.compile(r"([^<>=]+?)\s*(?:(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?))?")
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def read_label(text: str, behaviour: str) -> Label:
    """Read a label; an empty one takes what the log calls bad, or else the score named like the behaviour.

    Raises:
        BadInput: no name, or no number behind the sign.
    """
    if not text:
        names = (behaviour, *KNOWN)
        return lambda turn: _share(turn.label if turn.label is not None else _told(turn, names))
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise bad_input(f"label {text!r}", "a name, or a name, a sign and a number", "such as: --label 'thumbs<0.5'")
    name, sign, limit = found.groups()
    name = name.removeprefix("score:").removeprefix("feedback:")

    def label(turn: Turn) -> float | None:
        value = _told(turn, (name,))
        if value is None and name in KNOWN:
            value = turn.label
        if value is None or not sign:
            return _share(value)
        return float(_COMPARE[sign](value, float(limit)))

    return label


def _told(turn: Turn, names: Sequence[str]) -> float | None:
    return next((held[name] for name in names for held in (turn.scores, turn.feedback) if name in held), None)


def _share(value: float | None) -> float | None:
    return None if value is None else min(1.0, max(0.0, value))
