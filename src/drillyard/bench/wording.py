"""Placeholders such as `{{item.x}}` and `{{sample.output_text}}`, and Python's `{x}` turned into them."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence

from drillyard.errors import bad_input
from drillyard.records import BehaviourAbsent, BenchCase, Criterion, Message, ModelLabel, ModelScore

__all__ = ["from_format", "join_replies", "lookup", "quoted", "quoted_by", "render", "render_messages"]

_SLOT = re.compile(r"\{\{\s*((?:item|sample)\.[^{}]+?)\s*\}\}")


def quoted(text: str) -> set[str]:
    """Return the names that a text quotes, such as `item.question`."""
    return set(_SLOT.findall(text))


def quoted_by(criterion: Criterion) -> set[str]:
    """Return the names that a criterion quotes."""
    if isinstance(criterion, ModelLabel | ModelScore):
        texts = [message.content for message in criterion.messages]
    elif isinstance(criterion, BehaviourAbsent):
        texts = [criterion.behaviour]
    else:
        texts = [criterion.input, criterion.reference]
    return {name for text in texts for name in quoted(text)}


def render(text: str, values: Mapping[str, str]) -> str:
    """Replace every placeholder by its value.

    Raises:
        BadInput: a name that has no value.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise bad_input(f"{found[0]!r} in a prompt", f"one of: {', '.join(sorted(values)) or 'nothing'}")
        return values[found[1]]

    return _SLOT.sub(value, text)


def render_messages(messages: Sequence[Message], values: Mapping[str, str]) -> tuple[Message, ...]:
    """Replace the placeholders of every message."""
    return tuple(Message(role=message.role, content=render(message.content, values)) for message in messages)


def lookup(case: BenchCase, replies: Mapping[str, str]) -> dict[str, str]:
    """Return what criteria may quote: the case's values over the replies by name, and the first reply as the output.

    A value of the case wins over a reply of the same name, as in OpenAI Evals (a sample may bring its completion).
    A case that asks nothing and brings no completion has no output.
    """
    named = {f"item.{name}": text for name, text in {**replies, **case.values}.items()}
    given = {f"sample.{name}": text for name, text in replies.items()}
    first = replies.get(case.asks[0].name, "") if case.asks else case.values.get("completion")
    return {**named, **given} if first is None else {**named, **given, "sample.output_text": first}


def from_format(text: str) -> str:
    """Turn Python's `{name}` into `{{item.name}}`, and its doubled braces into single ones.

    Raises:
        BadInput: a field with an index, an attribute, a conversion or a format.
    """
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise bad_input(f"a prompt with {error}", "fields such as {input}, other braces doubled") from None
    made = []
    for literal, name, spec, conversion in pieces:
        made.append(literal)
        if name is None:
            continue
        if spec or conversion or not re.fullmatch(r"[\w-]+", name):
            raise bad_input(f"the field {{{name}}} with a format", "a plain name such as {input}")
        made.append(f"{{{{item.{name}}}}}")
    return "".join(made)


def join_replies(replies: Sequence[str], pattern: str) -> str:
    """Make one text of several replies, as OpenAI Evals does for `multicomp_n`."""
    if not pattern:
        return replies[0] if replies else ""
    return "".join(
        pattern.format(
            i=i + 1,
            i_abc=string.ascii_lowercase[i % 26],
            i_ABC=string.ascii_uppercase[i % 26],
            output=reply,
            n=len(replies),
        )
        for i, reply in enumerate(replies)
    ).strip()
