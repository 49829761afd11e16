"""From blocks to facts: rows of tables, `label: value` lines, answers of an FAQ, sentences with a number."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from drillyard.records import Fact, Quantity
from drillyard.scopes.documents import Block, Document
from drillyard.scopes.grammar import condition_of, is_duty, main_part, sentences
from drillyard.scopes.quantities import Found, find_quantities, is_count, read_quantity

__all__ = ["facts_of", "identify"]

_LABEL = re.compile(r"^(?P<label>[^:.?!]{2,70}?)\s*:\s+(?P<value>\S.*)$")
_UNIT = re.compile(r"\s*[(\[](?P<unit>[^()\[\]]{1,14})[)\]]\s*$")
_NAMES = ("name", "product", "item", "title", "article", "plan", "service", "model", "treatment", "account", "type")
_TRAILING = re.compile(
    r"(?:[\s,(]+(?:is|are|was|be|costs?|of|in|at|for|within|takes?|lasts?|to|up|least|most|than|more|less|about|around|"
    r"approximately|typically|usually|from|by|the|an?|and|or|only|has|have|maximum|minimum|no|not|exceeds?|over|under|"
    r"with|will|may|can|must|should|within|per|our|your|equals?|remains?|gets?|offers?|runs?|currently|another|for))+$",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^(?:the|an?|our|your|all|each|every|and|or|but|you|we|it|there is|there are|please)\s+", re.I)
_YES = re.compile(r"^(?:yes|no)\b[,.]?\s*", re.IGNORECASE)
_LONGEST = 8
_VALUE = 10  # words of the value of a label; more are a sentence
_NAMED = re.compile(r"(?:\b[A-Z]{3,}\b|\b[A-Z][a-z]+(?: [A-Z][a-z]+)+|\([^)]+\)|\b(?:tier|plan|account|card|model)\b)")
_TOPIC = re.compile(
    r"\b(?:polic(?:y|ies)|terms|faq|questions?|how to|about|requirements?|conditions?|procedure|overview|guide|"
    r"internal|fees?|limits?|information|timeframes?|eligibility|checklist|summary|notes?|reference|troubleshooting|options?|when|"
    r"understanding|getting|your|before|after|instructions|security|tips|rules?)\b",
    re.IGNORECASE,
)


def facts_of(document: Document) -> Iterator[Fact]:
    """Yield the facts of a document, with no question yet; each number in one stands in its span."""
    for block in document.blocks:
        if block.cells:
            yield from _of_row(document, block)
        else:
            yield from _of_text(document, block)


def identify(*parts: str) -> str:
    """Return an id that people can read: words of the parts, and four signs that tell equal ones apart."""
    words = "/".join("-".join(re.findall(r"[^\W_]+", part.casefold())[:5]) for part in parts[:2] if part)
    return f"{words}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:4]}"


def _of_row(document: Document, block: Block) -> Iterator[Fact]:
    """Yield a fact per cell of a row beside its first one, which names the entity or, with one value, the attribute."""
    cells = {head: value for head, value in block.cells.items() if value}
    name_of = next((head for head in cells if head.casefold() in _NAMES), next(iter(cells), ""))
    entity = cells.pop(name_of, "")
    values = {head: (value, _value_of(head, value)) for head, value in cells.items()}
    values = {head: (value, found) for head, (value, found) in values.items() if found or len(value.split()) <= 5}
    if not entity or len(entity) > 80:
        return
    of_one = not document.name.casefold().endswith(".csv") and len(values) == 1
    for head, (value, quantity) in values.items():
        about, attribute = (_entity(document, block), entity) if of_one else (entity, _UNIT.sub("", head))
        yield _fact(document, block, about, attribute, value, quantity, condition_of(value), block.text)


def _value_of(head: str, value: str) -> Quantity | None:
    unit = _UNIT.search(head)
    return read_quantity(value, unit["unit"] if unit else "") or _single(value)


def _of_text(document: Document, block: Block) -> Iterator[Fact]:
    question = next((head for head in block.path[-1:] if head.rstrip("* ").endswith("?")), "")
    said, subject = list(sentences(block.text)), ""
    for sentence in said:
        label = _LABEL.match(sentence)
        made = _of_label(document, block, label["label"], label["value"], sentence) if label else None
        stated = [made] if made else list(_of_sentence(document, block, sentence, subject))
        for fact in stated:
            yield fact.model_copy(update={"questions": (question,) if question and len(said) == 1 else ()})
        subject = stated[0].attribute if stated else subject
    first = _YES.sub("", next(iter(said), "")).strip(" ,")
    if question and first and not block.lead and not any(map(find_quantities, said)):
        attribute = question.strip("* ?")
        made = _fact(document, block, _entity(document, block), attribute, first, None, condition_of(first), first)
        yield made.model_copy(update={"questions": (question,)})


def _of_label(document: Document, block: Block, label: str, value: str, sentence: str) -> Fact | None:
    """Return the fact of `Annual fee: $15 if closed within 30 days`; None where it is a sentence after all."""
    quantities = find_quantities(main_part(value)) or find_quantities(value)
    words = len(value.rstrip(".").split())
    says = bool(_YES.match(value)) or words <= 4
    if words > _VALUE or (not quantities and (condition_of(label) or words > 6 or not says)):
        return None
    condition = condition_of(value)
    if find_quantities(label):  # "Reported within 2 days: maximum liability $50"
        if not quantities:
            return None
        first = quantities[0]
        attribute = _attribute(main_part(value), None) or label
        return _fact(document, block, _entity(document, block), attribute, value, first.quantity, label, sentence)
    quantity = quantities[0].quantity if quantities else None
    return _fact(document, block, _entity(document, block), label, value, quantity, condition, sentence)


def _of_sentence(document: Document, block: Block, sentence: str, subject: str) -> Iterator[Fact]:
    """Yield a fact per quantity that a sentence states; those inside its condition only say when.

    What tells the assistant what to do is a rule and no fact. `subject` is what the sentence before spoke of, which
    "it" stands for.
    """
    found = find_quantities(sentence)
    main = main_part(sentence)
    if is_duty(main) or re.match(r"^\W*(?:never|do not|don['’]t)\b", main, re.IGNORECASE):
        return
    conditions = condition_of(sentence).split("; ")
    told: set[str] = set()
    for one in found:
        text = sentence[one.start : one.end]
        if len(found) > 1 and text not in main and any(text in part for part in conditions):
            continue
        if not one.quantity.unit or (is_count(one.quantity) and told):
            continue
        attribute = _attribute(sentence, one) or one.quantity.unit
        if subject and re.match(r"\W*(?:it|they|this|these)\b", sentence, re.IGNORECASE):
            attribute = f"{subject} {re.sub('^(?:it|they|this|these) ', '', attribute, flags=re.IGNORECASE)}"
        if attribute in told:
            continue
        told.add(attribute)
        others = "; ".join(part for part in conditions if part and text not in part)
        yield _fact(document, block, _entity(document, block), attribute, text, one.quantity, others, sentence)


def _attribute(sentence: str, one: Found | None) -> str:
    """Return what a number is said of: the words before it, else those behind it."""
    if one is None:
        found = find_quantities(sentence)
        one = found[0] if found else None
    before = sentence[: one.start] if one else sentence
    behind = sentence[one.end :] if one else ""
    before = re.split(r"[;:]|,\s+(?=(?:and|but|otherwise|or)\b)", before.rstrip(" $€£("))[-1]
    said = _TRAILING.sub("", f" {before.strip(' ,(-')}").strip()
    said = _LEADING.sub("", said)
    if len(said) < 3 or said.casefold() in ("maximum", "minimum", "a maximum", "a minimum", "otherwise"):
        behind = re.split(r"[,;:.(]", behind.strip(" -"))[0]
        said = " ".join([*([one.quantity.unit] if one and is_count(one.quantity) else []), behind.strip()]).strip()
    words = said.split()
    return " ".join(words[-_LONGEST:]).strip(" ,*'\"")


def _single(value: str) -> Quantity | None:
    found = find_quantities(value)
    return found[0].quantity if found and found[0].quantity.unit and len(value.split()) <= 12 else None


def _entity(document: Document, block: Block) -> str:
    """Return what a block speaks of: the label or item above it, else what stands before a colon in a heading.

    Empty where only a topic is named, such as "Returns policy": it is the house then.
    """
    label = block.lead.strip(":* ")
    if block.lead and len(label.split()) <= 6 and not find_quantities(label) and not is_duty(label):
        return label
    for head in reversed(block.path):
        plain = head.strip("*: ")
        before, colon, _ = plain.partition(": ")
        names = _NAMED.search(plain) and not _TOPIC.search(plain)
        if colon and len(before.split()) <= 5 and not find_quantities(before) and not _TOPIC.search(before):
            return before
        if names and len(plain.split()) <= 12 and not plain.endswith(("?", ".")) and not find_quantities(plain):
            return plain
    return ""


def _fact(
    document: Document,
    block: Block,
    entity: str,
    attribute: str,
    value: str,
    quantity: Quantity | None,
    condition: str,
    sentence: str,
) -> Fact:
    attribute = _YES.sub("", attribute.strip(" *:"))
    above = dict.fromkeys([document.title, *block.path])
    return Fact(
        id=identify(entity or document.title, attribute, document.name, str(block.page), str(block.line), value),
        entity=entity,
        attribute=attribute,
        words=_words_for(attribute) if not entity else (),
        value=value.strip(" .*"),
        quantity=quantity,
        condition=condition,
        topic=" › ".join(head for head in above if head != entity),
        sentence=sentence,
        span=document.span(block, sentence),
    )


def _words_for(attribute: str) -> tuple[str, ...]:
    """Return other words for what is said: of "goods can be returned", return; of "a refund is paid", refund."""
    if found := re.search(r"\b(?:can|must|may)(?: only)? be (\w+)ed\b", attribute):
        return (f"{found[1]}ed", found[1], f"{found[1]}s", f"{found[1]}ing")
    if found := re.match(r"([\w -]{3,30}?) (?:is|are) \w+ed$|([\w -]{3,30}?) (?:is|are) paid$", attribute):
        return (found[1] or found[2],)
    return ()
