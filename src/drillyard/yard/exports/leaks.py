"""What must not leave: sealed truths, hints, seeds, codes, names of people, mail addresses.

The scan looks for these strings in every byte of an export, packed files unpacked. It does not see a secret that was
encoded or said in other words: what may go out is also chosen field by field, by each writer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.yard.exports.package import Files

__all__ = ["find_leaks", "sealed_strings"]

_MAIL = re.compile(rb"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_SHORT = 6
"""Letters below which a string is met by chance: the names of failures and templates are longer, or public."""


def sealed_strings(programme: ProgramFolder) -> dict[str, str]:
    """Return what is sealed in a programme: string → what it is."""
    roster, sealed = programme.roster(), dict[str, str]()
    sealed[roster.secret] = "the roster's secret"
    for code in [*(one.code for one in roster.whole_staff), *(one.code for one in roster.learners)]:
        sealed[code] = sealed[code.replace("-", "")] = "a sign-in code"
    for name in programme.people().values():
        sealed[name] = "a person's name"
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
