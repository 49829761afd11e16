"""A scope's folder: what was compiled, and the page on which a person says yes or no to each fact and rule.

scope.json    facts, rules, actions with their places and what a person has said of them
confirm.md    a line each with a box: `[x]` is yes, `[-]` is no, `[ ]` is open
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from drillyard.errors import BadInput, bad_input
from drillyard.records import Fact, Rule
from drillyard.records.facts import Standing
from drillyard.records.files import make_folder, read_record, write_atomically, write_record
from drillyard.scopes.compiled import CompiledScope
from drillyard.scopes.documents import place
from drillyard.scopes.wordings import value_of

__all__ = [
    "MARKS",
    "NAME",
    "PAGE",
    "changed_sources",
    "confirm",
    "read_compiled",
    "read_marks",
    "tell_fact",
    "tell_rule",
    "write_compiled",
]

NAME = "scope.json"
PAGE = "confirm.md"

MARKS: dict[Standing, str] = {"open": " ", "confirmed": "x", "refused": "-"}
"""What stands in the box of a line, by what a person has said."""

_LINE = re.compile(r"^\s*[-*]\s+\[(?P<mark>.?)\]\s+.*<!--\s*(?P<id>[^\s>]+)\s*-->\s*$")
_SAID = {"x": "confirmed", "X": "confirmed", "✓": "confirmed", "-": "refused", " ": "open", "": "open"}


def write_compiled(compiled: CompiledScope, folder: Path) -> None:
    """Write a scope's folder. Raises `BadInput` where nothing can be written."""
    make_folder(folder)
    write_atomically(folder / PAGE, _page(compiled).encode())
    write_record(folder / NAME, compiled)


def read_compiled(folder: Path) -> CompiledScope:
    """Return what stands in a scope's folder. Raises `BadInput` where there is none, or a broken one."""
    how = "a folder that drillyard scope build has made"
    if not (folder / NAME).is_file():
        raise bad_input(f"no {NAME} in {str(folder)!r}", how, f"type: drillyard scope build DIR -o {folder}")
    return read_record(folder / NAME, CompiledScope, how)


def changed_sources(compiled: CompiledScope) -> list[str]:
    """Return the documents that say something else now, or are gone; none where their folder is not on this machine."""
    folder = Path(compiled.source)
    if not folder.is_dir():
        return []
    return [source.document for source in compiled.sources if _digest(folder / source.document) != source.sha256]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def read_marks(folder: Path) -> dict[str, str]:
    """Return what a person has marked on the page, by id. Raises `BadInput` for a mark that is none, with its line."""
    try:
        lines = (folder / PAGE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"{folder / PAGE} that cannot be read ({error})", "the page to confirm on") from None
    marks: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if found := _LINE.match(line):
            if found["mark"] not in _SAID:
                raise bad_input(f"[{found['mark']}] in line {number} of {folder / PAGE}", "[x] yes, [-] no, [ ] open")
            marks[found["id"]] = _SAID[found["mark"]]
    return marks


def confirm(
    compiled: CompiledScope, marks: dict[str, str], *, refused: Collection[str] = (), rest: bool = False
) -> CompiledScope:
    """Return a scope with what a person has said of its facts and rules.

    Args:
        compiled: the scope.
        marks: by id, as `read_marks` returns them; an id that is not there any more is left out.
        refused: ids to refuse beside them.
        rest: confirm all that is open, but what contradicts something else.

    Raises:
        BadInput: an id to refuse that there is not, or both sides of a contradiction are confirmed.
    """
    known = {fact.id for fact in compiled.facts} | {rule.id for rule in compiled.rules}
    if strangers := [one for one in refused if one not in known]:
        raise bad_input(f"the id {strangers[0]!r}", "one of the scope's", "drillyard scope show lists them")
    said = {**marks, **dict.fromkeys(refused, "refused")}
    no = {id_ for id_, word in said.items() if word == "refused"}
    disputes = [{pair.first, pair.second} for pair in compiled.contradictions]
    disputed = {id_ for pair in disputes if not pair & no for id_ in pair}

    def standing(one: Fact | Rule) -> str:
        now: str = said.get(one.id, one.standing)
        return "confirmed" if rest and now == "open" and one.id not in disputed else now

    facts = tuple(one.model_copy(update={"standing": standing(one)}) for one in compiled.facts)
    sure = {one.id for one in facts if one.standing == "confirmed"}
    for pair in compiled.contradictions:
        if {pair.first, pair.second} <= sure:
            raise BadInput(
                f"found both sides of a contradiction confirmed: {pair.words}; expected one of them at the most; "
                f"mark one with [-] in {PAGE}"
            )
    refused_now = {one.id for one in facts if one.standing == "refused"}
    rules = tuple(one.model_copy(update={"standing": standing(one)}) for one in compiled.rules)
    left = tuple(one for one in compiled.contradictions if not {one.first, one.second} & refused_now)
    return compiled.model_copy(update={"facts": facts, "rules": rules, "contradictions": left, "reopened": ()})


def _page(compiled: CompiledScope) -> str:
    return "\n".join(_lines(compiled)) + "\n"


def _lines(compiled: CompiledScope) -> Iterator[str]:
    yield f"# What the documents of {compiled.title} say"
    yield ""
    yield "Write `[x]` where a line is true, `[-]` where it is not, then type `drillyard scope confirm DIR`. What stays"
    yield "`[ ]` is held neither true nor false: nothing is judged by it."
    if compiled.contradictions:
        yield from ("", "## Contradictions: refuse one of each", "")
        yield from (f"- {one.words}" for one in compiled.contradictions)
    if compiled.troubles:
        yield from ("", "## Not read", "")
        yield from (f"- {one}" for one in compiled.troubles)
    for document in (source.document for source in compiled.sources):
        facts = [one for one in compiled.facts if one.span.document == document]
        rules = [one for one in compiled.rules if one.span.document == document]
        if facts or rules:
            yield from ("", f"## {document}", "")
        yield from (_line(one.standing, tell_fact(one), one.id) for one in facts)
        yield from (_line(one.standing, tell_rule(one), one.id) for one in rules)


def tell_fact(fact: Fact) -> str:
    """Return a fact in a line, with its place."""
    about = f"**{fact.entity}**, " if fact.entity else ""
    when = f" ({fact.condition})" if fact.condition else ""
    said = "" if "|" in fact.sentence or fact.sentence == fact.value else f": {fact.sentence}"
    return f"{about}{fact.attribute} = {value_of(fact)}{when} · {place(fact.span)}{said}"


def tell_rule(rule: Rule) -> str:
    """Return a rule in a line, with its place."""
    when = f" · when: {rule.condition}" if rule.condition and rule.condition not in rule.text else ""
    return f"{rule.kind}: {rule.text}{when} · {place(rule.span)}"


def _line(standing: Standing, words: str, id_: str) -> str:
    return f"- [{MARKS[standing]}] {' '.join(words.split())} <!-- {id_} -->"
