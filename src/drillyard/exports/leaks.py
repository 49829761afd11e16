"""What must not leave: sealed truths, hints, seeds, codes, names of people, mail addresses.

The scan looks for these strings in every byte of an export, packed files unpacked. It does not see a secret that was
encoded or said in other words: what may go out is also chosen field by field, by each writer. Names of people are
looked for only where something about a person stands: a product in a lesson may be called as one of them is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from drillyard.errors import BadInput
from drillyard.exports.package import Files
from drillyard.programs.folder import ProgramFolder

__all__ = ["find_leaks", "find_names", "keyed_hash", "sealed_strings"]

_MAIL = re.compile(rb"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_SHORT = 6
"""Letters below which a string is met by chance: the names of failures and templates are longer, or public."""


def sealed_strings(programme: ProgramFolder) -> dict[str, str]:
    """Return what is sealed in a programme: string → what it is."""
    roster, sealed = programme.roster(), dict[str, str]()
    sealed[roster.secret] = "the roster's secret"
    for code in [*(one.code for one in roster.whole_staff), *(one.code for one in roster.learners)]:
        sealed[code] = sealed[code.replace("-", "")] = "a sign-in code"
    for learner in roster.learners:
        for instance in learner.instances:
            with suppress(BadInput):  # not built yet
                truth = programme.truth(instance)
                sealed[str(truth.seed)] = "a seed"
                sealed |= {hint.text: "a hint" for hint in truth.hints}
                sealed |= {failure.trigger.words: "a planted trigger" for failure in truth.failures}
    return {text: what for text, what in sealed.items() if len(text) >= _SHORT}


def find_leaks(files: Files, sealed: dict[str, str]) -> Iterator[str]:
    """Yield what of the sealed strings stands in which file, and every mail address; the string itself is not told."""
    for name, data in files.items():
        for text, what in sealed.items():
            if re.search(rb"(?<!\w)" + re.escape(text.encode()) + rb"(?!\w)", data):
                yield f"{name} holds {what}"
        if _MAIL.search(data):
            yield f"{name} holds a mail address"


def find_names(told: Iterable[tuple[str, str]], programme: ProgramFolder) -> Iterator[str]:
    """Yield where the name of a learner stands in what an export tells of people, with the id of whose it is.

    Args:
        told: pairs of a place, as a person finds it, and the text there.
        programme: whose names are looked for; a name that is also an id says nothing about anybody.
    """
    ids = {one.id for one in programme.roster().learners}
    names = {name: learner for learner, name in programme.people().items() if name not in ids}
    for place, text in told:
        for name, learner in names.items():
            if name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text):
                yield f"{place} holds the name of {learner}; call it otherwise"


def keyed_hash(programme: ProgramFolder, plain: str) -> str:
    """Return a hash under the programme's secret, so that nobody outside can try out what it stands for (HMAC)."""
    roster = programme.roster()
    key = (roster.secret or roster.designer_code).encode()
    return hmac.digest(key, f"export {plain}".encode(), hashlib.sha256).hex()
