"""What a company's documents say, as data: typed facts, rules and actions, each with the place where it stands."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.records.base import Record

__all__ = ["Action", "Fact", "Quantity", "Rule", "Span", "Standing"]

Standing = Literal["open", "confirmed", "refused"]
"""What a person has said of a fact or a rule: nothing yet (or its document has changed since), yes, or no."""


class Span(Record):
    """Where something stands: the text of a document, from line to line, both counted from 1.

    `document` is a path inside the folder that was compiled, `sha256` of that file's bytes. `page` is 0 for what has no
    pages; lines of a PDF are those of its page, lines of any other file those of the file. `text` stands there word
    for word, but for white space and markup.
    """

    document: str
    sha256: str
    line: int = Field(ge=1)
    last_line: int = Field(ge=1)
    page: int = Field(default=0, ge=0)
    text: str


class Quantity(Record):
    """A number with its unit, and what it bounds.

    `unit` is singular and canonical: an ISO code of a currency (`EUR`), `percent`, `minute`, `hour`, `day`,
    `business day`, `week`, `month`, `year`, `kg`, `cm` …, or the noun that is counted (`user`, `certificate`); times
    of day are hours with the unit `o'clock`. `high` is the upper end of a range, None for one number.
    """

    number: float
    high: float | None = None
    unit: str
    bound: Literal["exact", "at most", "at least", "more than", "less than", "about"] = "exact"


class Fact(Record):
    """One thing that is held true: an attribute of an entity has a value.

    `entity` is what it is about, with `aliases` that people say for it, empty for the house itself; `attribute` what is
    said of it, with `words` for that; `topic` the headings that it stands under. `value` is as the document has it;
    `quantity` is its number and unit where it has one, else the fact is words. `condition` is when it holds, in the
    document's words, empty for always. `sentence` says the whole fact. `questions` are wordings that ask for it.
    """

    id: str
    entity: str
    aliases: tuple[str, ...] = ()
    attribute: str
    words: tuple[str, ...] = ()
    value: str
    quantity: Quantity | None = None
    condition: str = ""
    topic: str = ""
    sentence: str
    questions: tuple[str, ...] = ()
    span: Span
    standing: Standing = "open"


class Rule(Record):
    """What must, must not or may be done, and when.

    `text` is the sentence, `condition` the part that says when (empty for always), `topic` the headings that it stands
    under. `quantities` are the numbers in it. `subject` is who is bound by it, as far as it is said: the assistant, the
    house or its customers.
    """

    id: str
    kind: Literal["must", "must-not", "may"]
    text: str
    condition: str = ""
    topic: str = ""
    subject: Literal["assistant", "house", "customer"] = "assistant"
    quantities: tuple[Quantity, ...] = ()
    span: Span
    standing: Standing = "open"


class Action(Record):
    """Something that the system can do, by a tool: its parameters, and what must hold before it is called.

    `parameters` are names with their type in words, `required` the names that must be given, `choices` the allowed
    values of those that have some. `preconditions` are sentences, from the tool's schema and the policies; `rules` are
    the ids of the rules among them.
    """

    name: str
    description: str = ""
    parameters: dict[str, str] = {}
    required: tuple[str, ...] = ()
    choices: dict[str, tuple[str, ...]] = {}
    preconditions: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    span: Span
    standing: Standing = "open"
