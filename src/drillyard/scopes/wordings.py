"""Ways to ask for a fact: by what is measured, by its sentence with a gap, and by its attribute and entity."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drillyard.records import Fact, Quantity
from drillyard.scopes.grammar import sentences
from drillyard.scopes.quantities import CURRENCIES, find_quantities

__all__ = ["LANGUAGES", "ask_for", "say", "say_quantity", "value_of"]

LANGUAGES = {
    "de": "Bitte antworten Sie auf Deutsch. Zu „{entity}“: Was gilt für „{attribute}“?",
    "fr": "Répondez en français, s'il vous plaît. Pour « {entity} » : que vaut « {attribute} » ?",
    "es": "Responda en español, por favor. Sobre «{entity}»: ¿cuál es «{attribute}»?",
    "it": "Risponda in italiano, per favore. Per «{entity}»: qual è «{attribute}»?",
}
"""Languages in which facts can also be asked for; names stay as the documents have them."""

_SPECIAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"price|cost", ("How much is {the}?", "What does {the} cost?", "How much do I pay for {the}?")),
    (r"weight", ("How heavy is {the}?", "How much does {the} weigh?")),
    (r"warranty|guarantee", ("How long is {the} under warranty?", "How long is the warranty on {the}?")),
    (r"height", ("How tall is {the}?",)),
    (r"length", ("How long is {the}?",)),
    (r"width", ("How wide is {the}?",)),
    (r"colou?r", ("What colour is {the}?",)),
)
_VERB = re.compile(
    r"\b(?:is|are|was|can|may|must|will|costs?|takes?|accepts?|ships?|have|has|get|pay)\b", re.IGNORECASE
)
_SIGNS = ("kg", "g", "cm", "mm", "m", "km", "o'clock", "W", "V", "l", "ml", "lm", "percent")


def ask_for(fact: Fact) -> tuple[str, ...]:
    """Return questions for a fact, each another wording; a question of an FAQ comes first, as it stands there."""
    return tuple(dict.fromkeys(said for said in _ask(fact) if said))[:8]


def say_quantity(quantity: Quantity) -> str:
    """Return a quantity in words, such as `at most 30 days`."""
    bound = "" if quantity.bound == "exact" else f"{quantity.bound} "
    high = f" to {quantity.high:g}" if quantity.high is not None else ""
    number = f"{quantity.number:g}" if quantity.number % 1 == 0 or quantity.unit not in CURRENCIES.values() else (
        f"{quantity.number:.2f}"
    )  # fmt: skip
    return f"{bound}{number}{high} {_plural(quantity)}".strip()


def say(fact: Fact, value: str = "") -> str:
    """Return a fact in a sentence, with another value where one is given; an empty text where it cannot be put in."""
    if fact.quantity and fact.value in fact.sentence and "|" not in fact.sentence:
        return fact.sentence.replace(fact.value, value or fact.value, 1)
    of = f" of {_the(fact.entity)}" if fact.entity else ""
    return f"The {_lower(fact.attribute)}{of} is {value or value_of(fact)}."


def value_of(fact: Fact) -> str:
    """Return the value of a fact as the document has it, with its unit where that stands in the head of a column."""
    bare = fact.value.replace(".", "").replace(",", "").isdigit()
    return say_quantity(fact.quantity) if fact.quantity and bare else fact.value


def _ask(fact: Fact) -> Iterator[str]:
    yield from fact.questions
    gap = "" if _is_label(fact) else _gap(fact)
    if gap:
        about = f" about {fact.entity}" if fact.entity and fact.entity.casefold() not in gap.casefold() else ""
        yield f"{gap[:1].upper()}{gap[1:]}?"
        yield f"Can you tell me{about}: {gap[:1].lower()}{gap[1:]}?"
        yield f"I have a question{about}. {gap[:1].upper()}{gap[1:]}?"
        yield f"Just to be sure{about}, {gap[:1].lower()}{gap[1:]}?"
    elif fact.attribute.endswith("?") or _VERB.search(fact.attribute) or fact.questions:
        plain, about = (fact.questions or (fact.attribute,))[0].strip("*? "), f"{fact.entity}. " if fact.entity else ""
        yield f"{about}{plain}?"
        yield f"I have a question: {plain[:1].lower()}{plain[1:]}?"
        yield f"Can you help me with this? {plain}?"
        yield f"Just a quick question. {plain}?"
    else:
        yield from _ask_value(fact)


def _ask_value(fact: Fact) -> Iterator[str]:
    """Yield questions for an attribute that is a name, such as the weight of a product or an annual fee."""
    attribute, when = _lower(fact.attribute), f", {_lower(fact.condition)}" if fact.condition else ""
    the = _the(fact.entity) if fact.entity else ""
    if the and not when:
        for pattern, said in _SPECIAL:
            if re.fullmatch(rf"(?:\w+ )?(?:{pattern})", attribute, re.IGNORECASE):
                yield from (one.format(the=the) for one in said)
    of, on, about = (f" of {the}", f" for {the}", f"{fact.entity}: ") if the else ("", "", "")
    if attribute.endswith(" for"):  # "valid for"
        yield f"For how long is {the or 'it'} {attribute.removesuffix(' for')}{when}?"
    else:
        yield f"What is the {attribute}{of}{when}?"
    yield f"Can you tell me the {attribute}{on}{when}?"
    yield f"{about}{attribute}{when}?"
    yield f"I would like to know the {attribute}{of}{when}, please."


def _is_label(fact: Fact) -> bool:
    """Say whether a fact comes from a cell or a line such as `Annual fee: $15`."""
    return "|" in fact.sentence or fact.sentence.casefold().startswith(f"{fact.attribute.casefold()}:")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _gap(fact: Fact) -> str:
    """Return the sentence with a gap in place of its number: "Returns are accepted within how many days"."""
    if fact.quantity is None:
        return ""
    sentence = next((one for one in sentences(fact.sentence) if fact.value in one), "")
    found = next((one for one in find_quantities(sentence) if one.quantity == fact.quantity), None)
    if found is None:
        return ""
    unit = fact.quantity.unit
    asked = "how much" if unit in CURRENCIES.values() else "what time" if unit == "o'clock" else (
        "what percentage" if unit == "percent" else f"how many {_plural(fact.quantity, many=True)}"
    )  # fmt: skip
    said = f"{sentence[: found.start]}{asked}{sentence[found.end :]}".rstrip(" .!:")
    if it := re.match(r"(?:it|they|this) ((?:is|are)\b.*)", said, re.IGNORECASE):  # which the sentence before has named
        subject = re.sub(r" (?:is|are)\b.*", "", fact.attribute)
        return f"{subject} {it[1]}"
    return re.sub(r"^(?:yes|no),\s+", "", said, flags=re.IGNORECASE)


def _plural(quantity: Quantity, many: bool = False) -> str:
    unit = quantity.unit
    if unit in (*CURRENCIES.values(), *_SIGNS):
        return unit
    if not many and quantity.number == 1 and quantity.high is None:
        return unit
    return f"{unit[:-1]}ies" if unit.endswith("y") and unit[-2:-1] not in "aeiou" else f"{unit}s" if unit else ""


def _the(entity: str) -> str:
    return entity if entity.casefold().startswith(("the ", "our ", "your ")) else f"the {entity}"
