"""Plain English, as policies are written: sentences, conditions, and what must, must not or may be done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["Clause", "clauses", "condition_of", "is_duty", "main_part", "modality", "sentences", "stems"]

Kind = Literal["must", "must-not", "may"]

_END = re.compile(r"(?<=[.!?])[\"'”’)*]*\s+(?=[\"'“‘(*]?[A-Z0-9])")
_ABBREVIATED = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|no|approx|incl|excl|mr|mrs|ms|dr|st|a\.m|p\.m|min|max)\.$", re.IGNORECASE
)

_OPENERS = (
    r"if and only if|only if|even if|even when|if|whenever|when|unless|until|as soon as|"
    r"once(?=\s+(?:the|you|your|it|all|an?|we|they|this|he|she|approved|verified)\b)|"
    r"provided that|as long as|in case|upon|without|except|where(?=\s)|before|prior to|after|while|"
    r"at the beginning of|in the event"
)
_PART = r"(?:\([^()]*\)|[.,](?=\d)|[^;:.,()])*"
_CONDITION = re.compile(rf"\b(?:{_OPENERS})\b{_PART}", re.IGNORECASE)
_LEADING = re.compile(
    rf"^\W*(?:and |but |then |so )?((?:(?:{_OPENERS})\b|for (?:an?|the|any|all|each|every|\w+ (?:disputes|orders))\b|"
    rf"to [a-z]+ (?:an?|the|any|your|this)\b|in (?:case|the event)\b|during\b|on \w+days?\b){_PART})(?:,|:(?!$))\s*",
    re.IGNORECASE,
)
_TIMED = re.compile(r"^((?:[A-Z]\w+ed|[Ii]f|[Ww]hen|[Oo]rders|[Aa]fter|[Bb]efore|[Ww]ithin)\b[^:]{3,60}):\s+(?=\S)")

_FORBIDS = re.compile(
    r"\b(?:not|un)\s?(?:allowed|permitted|acceptable|accepted|eligible|able)\b|\bunder no circumstances\b|"
    r"\b(?:does|do) not (?:cover|include|apply|extend|accept|ship|offer|sell)\b|"
    r"\b(?:prohibited|forbidden|declined|refused|rejected|excluded)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:must|should|may|can|shall|will|could|do|does|are|is|need)(?:\s+(?:only\s+)?(?:not|never)\b|n['’]t\b)|"
    r"\bcannot\b|\bnever\b|\bno longer\b",
    re.IGNORECASE,
)
_MUST = re.compile(
    r"\b(?:must|shall|has to|have to|had to|should|ought to|needs? to|(?:is|are) (?:required|obliged|to be)|requires?|"
    r"make sure|be sure|always|remember to|mandatory|it is required)\b",
    re.IGNORECASE,
)
_MAY = re.compile(
    r"\b(?:may|can|could|(?:is|are) (?:allowed|permitted|entitled|eligible|able)|only be|be able to)\b", re.IGNORECASE
)
_IMPERATIVE = re.compile(
    r"^\W*(?:(?:first|then|next|please|kindly|also|always|only)\b,?\s+)?(?P<verb>ensure|verify|confirm|check|inform|tell|deny|"
    r"decline|refuse|obtain|remind|ask|offer|escalate|transfer|validate|determine|require|request|wait|provide|"
    r"use|call|submit|keep|give|explain|apologi[sz]e|log|record|document|direct|refer|report|notify|warn|be|address|"
    r"reply|respond|speak|stay|treat|dispute|apply|charge|refund|cancel|close|send|include|say|state|quote|mention|mask|"
    r"answer|greet|end|avoid|stop|limit|hand|pass|read|write|make)\b(?!\s*:)",
    re.IGNORECASE,
)
_NO_DUTY = re.compile(r"\b(?:does not|do not|is not|are not|isn't|doesn't|don't)\b", re.IGNORECASE)
_QUOTED = re.compile(r"(?<![^\s(])(?:'[^']*'|\"[^\"]*\"|“[^”]*”|‘[^’]*’)(?![\w])")
_SPLIT = re.compile(
    r"(?:,\s+(?:and|but|so)|;\s*(?:and|but|otherwise)?|,?\s+and(?=\s+(?:must|should|may not|cannot|will not)\b))\s+",
    re.IGNORECASE,
)
_ENDINGS = ("ations", "ation", "ings", "ing", "ments", "ment", "able", "ies", "ers", "ed", "es", "er", "s", "e", "y")
_STOP_WORDS = """
a an the of in on at by to for from with and per is are was be been it its this that these those you your we
our us they their he she his her i my or as do does did have has had will would can may must should if when
not no any all each every there what how which who long much many get does only also than then so up out
about into after before within during until
"""
_STOP = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A part of a sentence that binds somebody: what it says, how, and when."""

    text: str
    kind: Kind
    condition: str


def sentences(text: str) -> list[str]:
    """Cut a text into sentences; an abbreviation ends none."""
    parts: list[str] = []
    for part in _END.split(text.strip()):
        if parts and _ABBREVIATED.search(parts[-1]):
            parts[-1] += f" {part}"
        else:
            parts.append(part)
    return [part.strip(" *") for part in parts if part.strip(" *")]


def condition_of(text: str) -> str:
    """Return the part of a sentence that says when it holds, empty for always."""
    found = [match[1] for pattern in (_TIMED, _LEADING) if (match := pattern.match(text))]
    found += [match[0] for match in _CONDITION.finditer(text)][:2]
    kept: list[str] = []
    for one in found:
        one = one.strip(" ,(")
        if len(one.split()) > 1 and not any(one in other for other in kept):
            kept.append(one)
    return "; ".join(kept)


def main_part(text: str) -> str:
    """Return a sentence without its conditions, those that stand in front and those behind."""
    for pattern in (_TIMED, _LEADING):
        text = pattern.sub("", text, count=1)
    return _CONDITION.sub("", text).strip(" ,()") or text


def modality(text: str, duty: bool = False) -> Kind | None:
    """Return what a clause says: must, must not, may, or None where it binds nobody.

    `duty` says that the line above announces requirements, so that what is merely stated is one.
    """
    main = _QUOTED.sub("", main_part(text))
    if _FORBIDS.search(main) or _is_forbidden(main, duty):
        return "must-not"
    if _MAY.search(main) and re.search(r"\bonly\b", main, re.IGNORECASE) and not _MUST.search(main):
        return "may"
    if _MUST.search(main) or is_duty(main) or duty:
        return "must"
    return "may" if _MAY.search(main) else None


def _is_forbidden(main: str, duty: bool) -> bool:
    """Say whether a negation forbids: "do not ask" does, "it does not cost more" states, unless it is required."""
    if not _NOT.search(main):
        return False
    begins = re.match(r"^\W*(?:please\s+)?(?:do not|don['’]t|never)\b", main, re.IGNORECASE)
    stated = _NO_DUTY.sub("", main)
    return bool(duty or begins or _NOT.search(stated))


def is_duty(text: str) -> bool:
    """Say whether a text tells somebody to do something: it begins with the verb."""
    return bool(_IMPERATIVE.match(text))


def clauses(sentence: str, duty: bool = False, lead: str = "") -> Iterator[Clause]:
    """Yield what a sentence binds, one clause per kind of duty in it.

    Args:
        sentence: the sentence.
        duty: it stands in a list of requirements.
        lead: the line that announces the list; its condition holds for the sentence as well.
    """
    parts = [part for part in _SPLIT.split(sentence) if part]
    kinds = [modality(part, duty) for part in parts]
    above = condition_of(lead.rstrip(":*_ "))
    if len({kind for kind in kinds if kind}) < 2 and sum(map(bool, kinds)) < 2:
        parts, kinds = [sentence], [modality(sentence, duty) or next((kind for kind in kinds if kind), None)]
    for part, kind in zip(parts, kinds, strict=True):
        if kind is not None:
            said = [one for one in (above, condition_of(part)) if one]
            yield Clause(text=part, kind=kind, condition="; ".join(dict.fromkeys(said)))


def stems(text: str) -> frozenset[str]:
    """Return what a text is about: its words without endings, those that bind sentences left out."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return frozenset(_stem(word) for word in words if word not in _STOP and not word.isdigit())


def _stem(word: str) -> str:
    for end in (
        "ations",
        "ation",
        "ings",
        "ing",
        "ments",
        "ment",
        "able",
        "ies",
        "ers",
        "ed",
        "es",
        "er",
        "s",
        "e",
        "y",
    ):
        if word.endswith(end) and len(word) - len(end) >= 3:
            word = word.removesuffix(end)
            break
    return word
