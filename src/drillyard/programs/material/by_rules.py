"""Drafting by rules, without a model: what is said stands in the policies word for word, or in a cell of their tables.

A reading per document; items from tables and numbers, whose wrong options are what stands for something else, and from
rules, whose wrong option is their opposite; a scenario with a rubric per rule.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from drillyard.planning.questions import LessonOption, LessonQuestion
from drillyard.programs.material.draft import Draft, RubricLine, SourcedClaim
from drillyard.programs.material.knowledge import Knowledge
from drillyard.records import Fact, Rule, Span
from drillyard.scopes.documents import Block, Document, place
from drillyard.scopes.wordings import say_quantity, value_of

__all__ = ["draft_by_rules", "opposite"]

_OPTIONS, _PER_TABLE = 4, 2
_OPPOSITES = (
    ("must not", "may"), ("may not", "may"), ("cannot", "can"), ("can not", "can"), ("never", "always"),
    ("do not", "do"), ("does not", "does"), ("nobody", "everybody"), ("there are no", "there are"),
    ("there is no", "there is a"), ("must", "need not"), ("only", "not only"), ("always", "seldom"),
    ("is not", "is"), ("are not", "are"), ("may", "may not"),
)  # fmt: skip


def draft_by_rules(knowledge: Knowledge) -> list[Draft]:
    """Return readings, items and scenarios of all policies, unchecked and unreviewed."""
    drafts: list[Draft] = []
    for document in knowledge.documents:
        if document.name.casefold().startswith("system-prompt"):
            continue  # what an assistant is told is no policy for people
        own = [fact for fact in knowledge.compiled.facts if fact.span.document == document.name]
        rules = [rule for rule in knowledge.compiled.rules if rule.span.document == document.name]
        drafts += [
            _reading(document),
            *_of_tables(document),
            *_of_numbers(own, knowledge.compiled.facts),
            *(item for rule in rules if (item := _of_rule(rule, document))),
            *(_scenario(rule, document) for rule in rules if rule.kind != "may"),
        ]
    return _named(drafts)


def opposite(text: str) -> str:
    """Return a rule turned round, by its first word of duty or denial; empty where it has none."""
    for word, other in _OPPOSITES:
        turned = re.sub(rf"\b{word}\b", other, text, count=1, flags=re.IGNORECASE)
        if turned != text:
            return turned[0].upper() + turned[1:]
    return ""


def _reading(document: Document) -> Draft:
    lines, above = list[str](), document.blocks[0].path
    for block in document.blocks:
        if block.path != above and block.path:
            lines += ["", f"### {block.path[-1]}", ""]
        above = block.path
        told = "; ".join(f"{head}: {value}" for head, value in block.cells.items() if value) or block.text
        lines.append(f"- {told} *({place(document.span(block))})*")
    return Draft(
        id=f"reading-{_slug(document.name)}",
        kind="reading",
        title=document.title,
        text="\n".join([f"## {document.title}", "", *lines]),
        claims=tuple(_claim(block.text, document.span(block)) for block in document.blocks),
    )


def _of_tables(document: Document) -> Iterator[Draft]:
    tables: dict[tuple[str, ...], list[Block]] = defaultdict(list)
    for block in document.blocks:
        if len(block.cells) > 1:
            tables[tuple(block.cells)].append(block)
    for (subject, *heads), rows in tables.items():
        lead = next((b for b in reversed(document.blocks) if b.line < rows[0].line and b.text.endswith(":")), None)
        for head in heads:
            values = list(dict.fromkeys(row.cells[head] for row in rows if row.cells[head]))
            if len(values) >= _OPTIONS - 1 and any(character.isdigit() for character in "".join(values)):
                for row in rows[:_PER_TABLE]:
                    yield _table_item(document, rows, row, subject, head, lead)


def _table_item(
    document: Document, rows: Sequence[Block], row: Block, subject: str, head: str, lead: Block | None
) -> Draft:
    right, span = row.cells[head], document.span(row)
    others: dict[str, Block] = {}
    for other in rows:
        if other.cells[head] not in ("", right):
            others.setdefault(other.cells[head], other)
    options = [_right(f"{right} {head}" if right.isdigit() else right, span)] + [
        LessonOption(
            text=f"{value} {head}" if value.isdigit() else value,
            why=f"That stands for {other.cells[subject]} ({place(document.span(other))}).",
        )
        for value, other in list(others.items())[: _OPTIONS - 1]
    ]
    ask = f"{lead.text} " if lead else ""
    spans = (*((document.span(lead),) if lead else ()), span)
    return _item(
        span,
        f"{document.title}: {head} for {row.cells[subject]}",
        f"{ask}What stands in {document.title!r} under {head!r} for {row.cells[subject]!r}?",
        options,
        SourcedClaim(text=f"{ask}{row.cells[subject]}: {right}", spans=spans),
    )


def _of_numbers(own: Sequence[Fact], everything: Sequence[Fact]) -> Iterator[Draft]:
    for fact in own:
        quantity = fact.quantity
        if quantity is None or quantity.unit in ("", "time") or " | " in fact.sentence or not fact.questions:
            continue
        right = value_of(fact)
        wrong = {
            value_of(other): f"That is another rule: {other.sentence} ({place(other.span)})"
            for other in everything
            if other.quantity and other.quantity.unit == quantity.unit and other.quantity.number != quantity.number
        }
        for times in (2, 0.5, 3):
            changed = quantity.model_copy(update={"number": quantity.number * times, "high": None, "bound": "exact"})
            wrong.setdefault(say_quantity(changed), f"No policy says so: {place(fact.span)} says {right}.")
        wrong.pop(right, None)
        options = [_right(right, fact.span)] + [
            LessonOption(text=text, why=why) for text, why in list(wrong.items())[: _OPTIONS - 1]
        ]
        title = f"{fact.topic}: {fact.attribute}"
        yield _item(fact.span, title, fact.questions[0], options, SourcedClaim(text=fact.sentence, spans=(fact.span,)))


def _of_rule(rule: Rule, document: Document) -> Draft | None:
    turned = opposite(rule.text)
    if not turned or rule.kind == "may":
        return None
    options = [
        _right(rule.text, rule.span),
        LessonOption(text=turned, why=f"It is the other way round: {place(rule.span)}."),
        LessonOption(
            text="Neither: it is left to whoever answers.", why=f"It is not left to anybody: {place(rule.span)}."
        ),
    ]
    ask = f"Which of these stands in {document.title!r}?"
    return _item(
        rule.span, f"{document.title}: {rule.text}", ask, options, SourcedClaim(text=rule.text, spans=(rule.span,))
    )


def _scenario(rule: Rule, document: Document) -> Draft:
    when = f" It is the case that this holds: {rule.condition}." if rule.condition else ""
    weak = opposite(rule.text) or "It is left to whoever answers."
    told = place(rule.span)
    lines = [
        ("Says what binds", rule.text, "Says a part of it, or leaves out when it holds.", weak),
        ("Names the place", told, f"Names {document.title!r} without the line.", "Names no place, or another one."),
        (
            "Promises nothing beyond it",
            "Promises only what stands there.",
            "Adds something harmless.",
            "Promises something that stands nowhere.",
        ),
    ]
    topic = rule.topic or document.title
    return Draft(
        id=f"scenario-{_slug(document.name)}-{rule.span.line}",
        kind="scenario",
        title=f"{topic}: what may be answered?",
        text=(
            f"A customer writes about something that falls under “{topic}”.{when} What is to be done, and what not? "
            "Answer in two sentences and name the line that binds you."
        ),
        rubric=tuple(
            RubricLine(asks=asks, best=best, middle=middle, weak=low, span=rule.span)
            for asks, best, middle, low in lines
        ),
        claims=(SourcedClaim(text=rule.text, spans=(rule.span,)),),
    )


def _item(span: Span, title: str, ask: str, options: list[LessonOption], claim: SourcedClaim) -> Draft:
    shown = sorted(options, key=lambda option: option.text)  # so that the right one has no place of its own
    name = f"item-{_slug(span.document)}-{span.line}"
    return Draft(
        id=name,
        kind="item",
        title=title if len(title) <= 80 else f"{title[:79]}…",
        question=LessonQuestion(id=name, ask=ask, options=tuple(shown)),
        claims=(claim,),
    )


def _right(text: str, span: Span) -> LessonOption:
    return LessonOption(text=text, why=f"So it stands at {place(span)}.", right=True)


def _claim(text: str, span: Span) -> SourcedClaim:
    return SourcedClaim(text=text, spans=(span,))


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.rpartition(".")[0].lower()).strip("-") or "policy"


def _named(drafts: Sequence[Draft]) -> list[Draft]:
    """Give drafts ids that differ."""
    seen: Counter[str] = Counter()
    named = []
    for draft in drafts:
        seen[draft.id] += 1
        name = draft.id if seen[draft.id] == 1 else f"{draft.id}-{seen[draft.id]}"
        question = draft.question and draft.question.model_copy(update={"id": name})
        named.append(draft.model_copy(update={"id": name, "question": question}))
    return named
