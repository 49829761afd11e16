"""Replies to multiple choice questions, drawn from a grammar that is wider than what any reader of them takes."""

from __future__ import annotations

import random

__all__ = ["answer", "targets"]

_OPTIONS = (*"ABCDbcEZ1", "\uff11", "\u017f", "")
_BETWEEN = (", ", ",", " ", "", " and ", ", and ", " or ", "; ", "/", " , ")
_AROUND = (
    *(("", ""), ("(", ")"), ("**", "**"), ("**(", ")**"), ("$", "$"), ("$(", ")$"), (r"$\boxed{", "}$"), ("`", "`")),
    *(("[", "]"), ("*", "*"), (r"\(", r"\)"), ("'", "'"), ("$ ", " $"), ("** ", "**"), ("( ", ")")),
)
_KEYWORDS = (
    *("ANSWER:", "Answer: ", "answer : ", "ANSWER:\n", "ANSWER ", "**ANSWER:** ", "**ANSWER: ", "ANSWER:  "),
    *("ANSWER:\t", "", "Final answer: ", "AN\u017fWER: ", "ANSWER: \n"),
)
_ENDS = (
    *("", ".", "**", "\n", " \n", ". ", " because I say so.", "!", "\u00e9", "_", ",", ", ", ")"),
    *("\r\n", " .", "\n."),
)
_LINES = ("I think so.\n", "Let me see: (A), no.\n", "\n", "ANSWER: A\n", "ANSWER: \n", "x ANSWER: C ", "A) red\n")
_SOUP = (*"ABC: \n,.()$*_1\t\u00e9", "ANSWER", "answer", "  ", "**")


def targets(draw: random.Random) -> tuple[bool, str]:
    """Return whether several answers may be right, and the right ones."""
    return draw.choice([(False, "B"), (False, "A"), (True, "B"), (True, "A,C"), (True, "A,B,C")])


def answer(draw: random.Random, right: str) -> str:
    """Return one reply: a line, a keyword, options in marks, an end, a line, each of them plain half the time."""
    if draw.random() < 0.15:
        return "".join(draw.choice(_SOUP) for _ in range(draw.randrange(14)))

    def odd(plain: str, *more: str) -> str:
        return plain if draw.random() < 0.6 else draw.choice(more)

    named = [draw.choice(_OPTIONS) for _ in range(draw.choice([1, 2, 3]))]
    if draw.random() < 0.7:
        named = right.split(",")
        draw.shuffle(named)
    (left, right_mark), (inner, inner_right) = draw.choice(_AROUND), ("", "")
    if draw.random() < 0.3:
        (left, right_mark), (inner, inner_right) = ("", ""), (left, right_mark)
    said = draw.choice(_BETWEEN).join(f"{inner}{one}{inner_right}" for one in named)
    return "".join(
        [odd("", *_LINES), odd("ANSWER: ", *_KEYWORDS), left, said, right_mark, odd("", *_ENDS), odd("", *_LINES)]
    )
