"""Whether people can read what a drill gives them, and reach it: the reading level of its words, the parts of its form.

The level is the automated readability index (Senter and Smith 1967), 4.71 · letters per word + 0.5 · words per sentence
− 21.43: years of school in the United States. It counts letters, not syllables, so it needs no dictionary; it knows
nothing of what words mean. The form's HTML is the yard's, which is held to axe-core; here are its parts, which the
drill brings: labels, choices, heads of tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from drillyard.records import AnswerSheet, Gate

__all__ = ["FEWEST_WORDS", "GRADES", "accessible", "form_faults", "grades_of"]

GRADES = 12.0
"""Years of school that a drill's words may take: who has finished school reads them. Policy; ours take 3 to 9."""
FEWEST_WORDS = 60
"""Words below which an index says nothing."""

_SENTENCE = re.compile(r"[.!?]+[)”\"']*(?:\s|$)|\n\s*\n")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def grades_of(texts: Iterable[str]) -> float | None:
    """Return the years of school that some texts take together; nothing below `FEWEST_WORDS` words.

    What stands in backquotes is code, and not counted; figures count neither as words nor as letters.
    """
    plain = [re.sub(r"`[^`]*`", "", text) for text in texts]
    words = [word for text in plain for word in _WORD.findall(text)]
    if len(words) < FEWEST_WORDS:
        return None
    sentences = sum(bool(_WORD.search(part)) for text in plain for part in _SENTENCE.split(text))
    return 4.71 * sum(map(len, words)) / len(words) + 0.5 * len(words) / max(sentences, 1) - 21.43


def form_faults(sheet: AnswerSheet) -> Iterator[str]:
    """Yield what somebody who hears a form, or sees it enlarged, would miss."""
    for name, count in Counter((field.group, field.label.strip()) for field in sheet.fields).items():
        if not name[1]:
            yield f"{count} fields without a label"
        elif count > 1:
            yield f"{count} fields with the label {name[1]!r:.60} in one group"
    for field in sheet.fields:
        words = [told.strip() for _, told in field.choices]
        if len(set(words)) < len(words) or not all(words):
            yield f"choices of {field.label!r:.60} that sound alike"
    for part in sheet.parts:
        if part.rows and (not part.heads or any(len(row) != len(part.heads) for row in part.rows)):
            yield f"a table {part.title!r:.60} without a head for each column"
        if part.rows and not part.title.strip():
            yield "a table without a title"


def accessible(texts: Iterable[str], sheet: AnswerSheet | None) -> Gate:
    """G12: the words take at most `GRADES` years of school, and the form has a name for everything in it."""
    grades, faults = grades_of(texts), list(form_faults(sheet)) if sheet else []
    level = "too few words to tell a reading level" if grades is None else f"reading level {grades:.1f} of {GRADES:.0f}"
    form = f"{len(sheet.fields)} fields and {len(sheet.parts)} parts, each with its name" if sheet else "no form"
    return Gate(
        id="G12",
        title="access",
        passed=(grades is None or grades <= GRADES) and not faults,
        detail=f"{level}; {'; '.join(faults[:3]) or form}",
    )
