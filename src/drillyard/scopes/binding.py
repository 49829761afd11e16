"""From blocks to rules: what the assistant, the house or its customers must, must not and may do, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from drillyard.records import Rule
from drillyard.scopes.documents import Block, Document
from drillyard.scopes.grammar import clauses, condition_of, is_duty, modality, sentences
from drillyard.scopes.quantities import find_quantities
from drillyard.scopes.stating import identify

__all__ = ["rules_of"]

_ANNOUNCES = re.compile(
    r"\b(?:requirement|precondition|eligib|must|should|ensure|verify|following (?:is|are|must|conditions)|conditions?|"
    r"before (?:you|calling|filing|taking|closing)|rules?|do the following|required)\w*",
    re.IGNORECASE,
)
_CUSTOMER = re.compile(r"^\W*(?:the |each |every |a )?(?:customer|user|client|buyer|guest|patient|member)s?\b", re.I)
_ASSISTANT = re.compile(r"\b(?:you|agents?|assistant|representatives?|staff|never|do not|always)\b", re.IGNORECASE)


def rules_of(document: Document) -> Iterator[Rule]:
    """Yield the rules of a document; the text of each stands in its span."""
    for block in document.blocks:
        if block.cells:
            continue
        announced = _announced(block)
        for sentence in sentences(block.text):
            if sentence.endswith("?") or (sentence.endswith(":") and not is_duty(sentence)):
                continue
            for clause in clauses(sentence, announced, block.lead):
                if not (clause.condition or _says_enough(clause.text)):
                    continue
                topic = " › ".join(block.path)
                when = clause.condition or _of_topic(block, announced)
                yield Rule(
                    id=identify(clause.kind, clause.text, document.name, str(block.page), str(block.line)),
                    kind=clause.kind,
                    text=clause.text,
                    condition=when,
                    topic=topic,
                    subject=_subject(clause.text),
                    quantities=tuple(found.quantity for found in find_quantities(clause.text)),
                    span=document.span(block, sentence),
                )
            yield from _consequences(document, block, sentence, announced)


def _consequences(document: Document, block: Block, sentence: str, announced: bool) -> Iterator[Rule]:
    """Yield what the house says will happen on a condition: it is bound by it."""
    if any(True for _ in clauses(sentence, announced, block.lead)):
        return
    condition = condition_of(sentence)
    if condition and re.search(r"\b(?:will|is|are|gets?|receives?|applies|apply)\b", sentence):
        yield Rule(
            id=identify("must", sentence, document.name, str(block.page), str(block.line)),
            kind="must",
            text=sentence,
            condition=condition,
            topic=" › ".join(block.path),
            subject="house",
            quantities=tuple(found.quantity for found in find_quantities(sentence)),
            span=document.span(block, sentence),
        )


def _announced(block: Block) -> bool:
    """Say whether a block is an item of a list of requirements."""
    if not block.lead:
        # A list right under a heading such as "Eligibility requirements".
        return False
    return bool(_ANNOUNCES.search(block.lead)) and modality(block.lead.rstrip(":* ")) != "may"


def _of_topic(block: Block, announced: bool) -> str:
    return condition_of(block.lead.rstrip(":* ")) if announced else ""


def _says_enough(text: str) -> bool:
    return len(text.split()) >= 3


def _subject(text: str) -> Literal["assistant", "house", "customer"]:
    if _CUSTOMER.search(text):
        return "customer"
    return "assistant" if _ASSISTANT.search(text) or is_duty(text) else "house"
