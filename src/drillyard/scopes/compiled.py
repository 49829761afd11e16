"""What a folder of documents was compiled to, as one record: what stands in `scope.json` of a scope folder."""

from __future__ import annotations

from typing import Literal

from drillyard.records import Action, Fact, Record, Rule

__all__ = ["CompiledScope", "Contradiction", "DocumentSource", "FactCoverage", "Trouble"]


class DocumentSource(Record):
    """A document that was read, and what came of it. `role` is `system prompt` for that one, `tools` for schemas.

    `sections` has, by page and line, a hash of all that stands under the same headings: where that changes, what a
    person has said of a line holds no more, even if the line itself stays.
    """

    document: str
    sha256: str
    role: Literal["document", "system prompt", "tools"] = "document"
    blocks: int
    facts: int
    rules: int
    sections: dict[str, str] = {}


class Trouble(Record):
    """What could not be read: a file, or a line of it (0 for the whole file), and what to do about it."""

    document: str
    line: int = 0
    words: str

    def __str__(self) -> str:
        return f"{self.document}{f':{self.line}' if self.line else ''}: {self.words}"


class Contradiction(Record):
    """Two facts, by id, that cannot both be true; `words` say both, with their places."""

    first: str
    second: str
    words: str


class FactCoverage(Record):
    """How much of what is held true can be asked: facts, those confirmed, those with three wordings or more."""

    facts: int
    confirmed: int
    open: int
    refused: int
    askable: int
    typed: int
    rules: int
    rules_confirmed: int


class CompiledScope(Record):
    """Facts, rules and actions of a folder of documents.

    `system` is the system prompt word for word, empty where there is none. `source` is the folder as it was typed,
    `languages` what questions are also asked in. `reopened` are ids of facts and rules that had been confirmed or
    refused and whose document says something else now.
    """

    name: str
    title: str
    source: str
    system: str = ""
    languages: tuple[str, ...] = ()
    sources: tuple[DocumentSource, ...]
    facts: tuple[Fact, ...]
    rules: tuple[Rule, ...]
    actions: tuple[Action, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    reopened: tuple[str, ...] = ()

    @property
    def coverage(self) -> FactCoverage:
        """How much was confirmed, and how much of that can be asked in three wordings."""
        sure = [fact for fact in self.facts if fact.standing == "confirmed"]
        return FactCoverage(
            facts=len(self.facts),
            confirmed=len(sure),
            open=sum(fact.standing == "open" for fact in self.facts),
            refused=sum(fact.standing == "refused" for fact in self.facts),
            askable=sum(len(fact.questions) >= 3 for fact in sure),
            typed=sum(fact.quantity is not None for fact in sure),
            rules=len(self.rules),
            rules_confirmed=sum(rule.standing == "confirmed" for rule in self.rules),
        )
