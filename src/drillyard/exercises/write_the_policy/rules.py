"""Rules in plain words: what a message must say, and must not, for a rule to take it, and what then happens.

The first rule that takes a message decides. Case does not matter, a word matches whole, one that ends in `*` with any
ending, several words in a row as they stand. Nothing of it is a pattern of another language: it matches in linear time.

Does not cover: misspelled words, what a reply says, what was said earlier in a conversation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drillyard.drills.answers.terms import Term, read_terms, says, words_of

__all__ = ["ACTIONS", "MOST_RULES", "PARTS", "Rule", "decide", "read_rules", "unfinished_rule", "write_rules"]

MOST_RULES = 6
ACTIONS: Mapping[str, str] = {
    "refuse": "Refuse politely",
    "colleague": "Hand over to a colleague",
    "answer": "Let the assistant answer",
}
PARTS: Mapping[str, str] = {
    "words": "The message says one of these",
    "unless": "but none of these (may stay empty)",
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: lists of terms, each a word or several in a row."""

    words: tuple[Term, ...]
    unless: tuple[Term, ...]
    action: str

    def takes(self, said: Sequence[str]) -> bool:
        """Say whether the rule takes a message, given as its words in small letters."""
        return says(said, self.words) and not says(said, self.unless)


def decide(rules: Sequence[Rule], message: str) -> tuple[int, str]:
    """Return the number of the rule that takes a message, from 1, and its action; 0 and `answer` where none does."""
    said = words_of(message)
    return next(((at, rule.action) for at, rule in enumerate(rules, 1) if rule.takes(said)), (0, "answer"))


def read_rules(answers: Mapping[str, str]) -> tuple[Rule, ...]:
    """Return the rules of a form: a rule without words takes nothing, one without an action lets the message pass."""
    return tuple(
        Rule(
            words=read_terms(answers[f"rule-{at}-words"]),
            unless=read_terms(answers[f"rule-{at}-unless"]),
            action=answers[f"rule-{at}-action"] or "answer",
        )
        for at in range(1, MOST_RULES + 1)
    )


def unfinished_rule(answers: Mapping[str, str]) -> str:
    """Return, in a line, which rule would never do anything, and why; empty where all that is written counts."""
    for at in range(1, MOST_RULES + 1):
        words, unless, action = (answers[f"rule-{at}-{part}"] for part in (*PARTS, "action"))
        if (unless or action) and not words:
            return f"found rule {at} without words that a message says, expected some, or the rule empty"
        if words and not read_terms(words):
            return f"found {words[:40]!r} in rule {at}, expected words, with commas between them"
        if words and not action:
            return f"found rule {at} without a choice of what then happens, expected one of the three"
    return ""


def write_rules(rules: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Return the form in which rules stand, each as words, exceptions and action; the others are empty."""
    form = {f"rule-{at}-{part}": "" for at in range(1, MOST_RULES + 1) for part in (*PARTS, "action")}
    for at, (words, unless, action) in enumerate(rules, start=1):
        form |= {f"rule-{at}-words": words, f"rule-{at}-unless": unless, f"rule-{at}-action": action}
    return form
