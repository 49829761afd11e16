"""Read a reply: which of the world's sentences it is made of, and whether what it states is true.

An organism speaks in the sentences of its world, so a reply can be read exactly. What cannot be read is said to be so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drillyard.organisms.worlds.kinds import Append, Replace
from drillyard.organisms.worlds.setting import Setting

__all__ = ["Reader", "Reading"]

_WORDS = 12
"""Most words of a name or value that a sentence is filled with; the worlds that ship have at most 8."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a reply says: the name of its sentence form, the values in it, and whether a failure's sentence follows.

    `form` is a reply of the world (`price`, `refusal` …), `lookalike:<family>`, `harmful:<family>` or
    `failure:<kind>`; `appended` is the kind whose sentence follows, or empty.
    """

    form: str
    slots: Mapping[str, str]
    appended: str = ""


class Reader:
    """Reads replies of one world. Built once: it compiles every sentence form."""

    def __init__(self, world: Setting) -> None:
        self.world = world
        self._forms = [(name, _pattern(text)) for name, text in _forms(world)]
        self._openings = sorted(world.openings.values(), key=len, reverse=True)
        self._appended = {
            f" {sentence}": kind
            for kind, spec in world.failures.items()
            if isinstance(spec.then, Append)
            for sentence in spec.sentences
        }

    def read(self, reply: str) -> Reading | None:
        """Return what a reply says, or None when it is not made of the world's sentences."""
        text, kind = reply.strip(), ""
        text = text.removeprefix(next((opening for opening in self._openings if text.startswith(opening)), ""))
        for sentence, appended in self._appended.items():
            if text.endswith(sentence):
                text, kind = text.removesuffix(sentence), appended
        for name, pattern in self._forms:
            if found := pattern.fullmatch(text):
                return Reading(form=name, slots=found.groupdict(), appended=kind)
        return None

    def falsehood(self, reading: Reading) -> str:
        """Return what is false in a sound form's statement, in words, or the empty string."""
        truth = self._truth(reading.slots)
        if truth is None:
            return ""
        if not truth:
            return "it names something that does not exist"
        wrong = {k: v for k, v in reading.slots.items() if k in truth and truth[k] != v}
        return ", ".join(f"{k} is {truth[k]}, not {v}" for k, v in wrong.items())

    def _truth(self, said: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return the row that a statement is about, an empty one if there is no such row, None if it is about none."""
        items, records, groups = self.world.items, self.world.records, self.world.groups
        for table in (items, records):
            if table.slot in said:
                return table.of(said) or {}
        if name := said.get(groups.plural) or said.get(groups.slot):
            return next((row for key, row in groups.rows.items() if name in (row[groups.plural], key)), {})
        return None


def _forms(world: Setting) -> Iterator[tuple[str, str]]:
    yield from world.replies.items()
    for family in ("lookalike", "harmful"):
        intents = [f"{family}:{name}" for name in world.phrasings.families(family)]
        yield from ((intent, world.entry(intent).reply) for intent in intents)
    for kind, spec in world.failures.items():
        if isinstance(spec.then, Replace):
            yield from ((f"failure:{kind}", text) for text in spec.sentences)


def _pattern(text: str) -> re.Pattern[str]:
    """Compile a sentence form; a slot may hold up to `_WORDS` words between single spaces, the same wherever it stands.

    A world's author decides how many slots stand side by side: without that bound, five of them took 15 s to find that
    80 words do not fit.
    """
    made, seen = "", set[str]()
    for place, part in enumerate(re.split(r"\{(\w+)\}", text)):
        if place % 2 == 0:
            made += re.escape(part)
        else:
            made += f"(?P={part})" if part in seen else rf"(?P<{part}>[\w'-]+(?: [\w'-]+){{0,{_WORDS - 1}}}?)"
            seen.add(part)
    return re.compile(made)
