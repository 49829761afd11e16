"""A policy: what a model must refuse, what it must help with although it sounds alike, and what is not its business."""

from __future__ import annotations

from pydantic import Field

from drillyard.records.base import Record

__all__ = ["ModelPolicy", "Topic"]


class Topic(Record):
    """A sort of request with examples of how people put it; `words` say in a phrase what it is."""

    name: str
    words: str = ""
    examples: tuple[str, ...] = Field(min_length=1)


class ModelPolicy(Record):
    """What a model may do, in examples.

    `forbidden` requests get the `refusal`; `allowed` ones are to be answered, those that only sound forbidden first of
    all; requests `outside` get the `fallback`. `about` says in words what the model is for.
    """

    name: str
    about: str
    refusal: str
    fallback: str
    forbidden: tuple[Topic, ...] = Field(min_length=1)
    allowed: tuple[Topic, ...] = ()
    outside: tuple[Topic, ...] = ()
