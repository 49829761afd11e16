"""Compile a folder of documents to facts, rules and actions; what a person has said of an earlier version is kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from drillyard.errors import BadInput, MissingExtra, bad_input
from drillyard.records import Action, Fact, Rule
from drillyard.registry import require
from drillyard.scopes.binding import rules_of
from drillyard.scopes.compiled import CompiledScope, DocumentSource, Trouble
from drillyard.scopes.contradicting import contradictions_of
from drillyard.scopes.documents import SUFFIXES, Block, Document, decode, list_files, read_bytes
from drillyard.scopes.grammar import stems
from drillyard.scopes.html import read_html
from drillyard.scopes.markdown import read_markdown
from drillyard.scopes.quantities import CURRENCIES
from drillyard.scopes.stating import facts_of
from drillyard.scopes.tables import read_table
from drillyard.scopes.tools import read_tools
from drillyard.scopes.wordings import LANGUAGES, ask_for

__all__ = ["compile_folder", "list_unread", "read_documents"]

_SYSTEM = re.compile(r"^(?:system|prompt|instructions)(?:[-_ ](?:prompt|message))?$", re.IGNORECASE)


def compile_folder(
    folder: Path, *, title: str = "", languages: Iterable[str] = (), before: CompiledScope | None = None
) -> CompiledScope:
    """Compile the documents of a folder.

    Args:
        folder: CSV, Markdown, text, HTML, PDF and JSON files; a file named `system-prompt` is the system prompt.
        title: what the house is called; the folder's name unless given.
        languages: codes of languages in which facts are also asked for.
        before: an earlier version: what a person said of facts and rules is kept where their section stands.

    Raises:
        BadInput: no folder, an unknown language, or not a single fact or rule in it.
    """
    asked = tuple(dict.fromkeys(languages))
    for language in asked:
        if language not in LANGUAGES:
            raise bad_input(f"the language {language!r}", f"one of: {', '.join(LANGUAGES)}")
    troubles: list[Trouble] = []
    sources: list[DocumentSource] = []
    facts: list[Fact] = []
    rules: list[Rule] = []
    actions: list[Action] = []
    system = ""
    for path in list_files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            data, sha256 = read_bytes(path)
            if path.suffix.casefold() == ".json":
                made = read_tools(name, decode(data), sha256)
                actions += made
                sources.append(
                    DocumentSource(document=name, sha256=sha256, role="tools", blocks=len(made), facts=0, rules=0)
                )
                continue
            document = _read(path, name, data, sha256, troubles)
        except BadInput as error:
            troubles.append(Trouble(document=name, words=str(error)))
            continue
        is_system = bool(_SYSTEM.match(path.stem))
        system = decode(data).strip() if is_system else system
        stated, bound = list(facts_of(document)), list(rules_of(document))
        troubles += [Trouble(document=name, words=words) for words in _currencies(path, stated)]
        sources.append(
            DocumentSource(
                document=name,
                sha256=sha256,
                role="system prompt" if is_system else "document",
                blocks=len(document.blocks),
                facts=len(stated),
                rules=len(bound),
                sections=_digests(document),
            )
        )
        facts += stated
        rules += bound
    if not facts and not rules and not actions:
        why = f": {troubles[0]}" if troubles else ""
        raise bad_input(f"no fact and no rule in {folder}{why}", "documents that state some")
    facts = [fact.model_copy(update={"questions": ask_for(fact)}) for fact in _unlike(facts)]
    rules = list({rule.id: rule for rule in rules}.values())
    kept, reopened = _kept(before, [*facts, *rules], sources)
    facts = [fact.model_copy(update={"standing": kept.get(fact.id, "open")}) for fact in facts]
    rules = [rule.model_copy(update={"standing": kept.get(rule.id, "open")}) for rule in rules]
    return CompiledScope(
        name=re.sub(r"[^\w-]+", "-", folder.resolve().name) or "documents",
        title=title or _title(folder),
        source=str(folder.resolve()),
        system=system,
        languages=asked,
        sources=tuple(sources),
        facts=tuple(facts),
        rules=tuple(rules),
        actions=tuple(_with_rules(actions, rules)),
        troubles=tuple(troubles),
        contradictions=tuple(contradictions_of(facts)),
        reopened=reopened,
    )


def list_unread(folder: Path) -> list[Trouble]:
    """Return which documents of a folder cannot be read, and why. Raises `BadInput` where there is none at all."""
    found = []
    for path in list_files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            data, sha256 = read_bytes(path)
            if path.suffix.casefold() == ".json":
                decode(data)
            else:
                _read(path, name, data, sha256, [])
        except BadInput as error:
            found.append(Trouble(document=name, words=str(error)))
    return found


def read_documents(folder: Path) -> list[Document]:
    """Return the documents of a folder as blocks; what `compile_folder` reports as a trouble is left out."""
    found = []
    for path in list_files(folder):
        name = path.relative_to(folder).as_posix()
        if path.suffix.casefold() != ".json":
            with suppress(BadInput):
                data, sha256 = read_bytes(path)
                found.append(_read(path, name, data, sha256, []))
    return found


def _read(path: Path, name: str, data: bytes, sha256: str, troubles: list[Trouble]) -> Document:
    """Return a document as blocks; lines that cannot be read become troubles."""
    suffix = path.suffix.casefold()
    if suffix not in SUFFIXES:
        raise bad_input(f"a file of the kind {suffix or 'without a suffix'}", f"one of: {', '.join(SUFFIXES)}")
    blocks: list[Block]
    if suffix == ".csv":
        blocks, wrong = read_table(decode(data))
        troubles += [Trouble(document=name, line=line, words=words) for line, words in wrong]
    elif suffix == ".pdf":
        blocks, empty = _read_pdf(data)
        words = "found no text on page {}, expected some; it may be a scan: type ocrmypdf OLD NEW"
        troubles += [Trouble(document=name, words=words.format(page)) for page in empty]
    else:
        text = decode(data)
        blocks = read_html(text) if suffix in (".html", ".htm") else read_markdown(text)
    if not blocks:
        what = "an empty FAQ" if "faq" in path.stem.casefold() else "a document without any text"
        raise bad_input(what, "sentences, lists or tables", "fill it or take it out of the folder")
    first = next((block.path[0] for block in blocks if block.path), "")
    title = first or re.sub(r"[-_]+", " ", path.stem)
    return Document(name=name, sha256=sha256, title=title, blocks=tuple(blocks))


def _read_pdf(data: bytes) -> tuple[list[Block], list[int]]:
    try:
        require("pypdf", "documents", "reading PDF files")
    except MissingExtra as error:
        raise BadInput(str(error)) from None
    from drillyard.scopes.pdf_pypdf import read_pdf

    return read_pdf(data)


def _currencies(path: Path, facts: Iterable[Fact]) -> Iterator[str]:
    """Yield what is said of a table in which a column has prices in two currencies."""
    if path.suffix.casefold() != ".csv":
        return
    columns: dict[str, dict[str, Fact]] = {}
    for fact in facts:
        if fact.quantity and fact.quantity.unit in CURRENCIES.values():
            columns.setdefault(fact.attribute, {}).setdefault(fact.quantity.unit, fact)
    for column, units in columns.items():
        if len(units) > 1:
            said = " and ".join(f"{unit} (line {fact.span.line})" for unit, fact in units.items())
            yield f"found {said} in the column {column!r}, expected one currency; each price is kept in its own"


def _unlike(facts: Iterable[Fact]) -> list[Fact]:
    """Return facts, those that say the same in other places left out."""
    seen: dict[tuple[object, ...], Fact] = {}
    for fact in facts:
        key = (fact.entity.casefold(), fact.attribute.casefold(), fact.value.casefold(), fact.condition.casefold())
        seen.setdefault(key, fact)
    return list({fact.id: fact for fact in seen.values()}.values())


def _kept(
    before: CompiledScope | None, now: Iterable[Fact | Rule], sources: Iterable[DocumentSource]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return by id what a person has said of what still stands there, and the ids that are reopened.

    What was confirmed or refused is found again by what it says, so that a line that moves keeps its word; not where
    something else under the same headings has changed, for that may change what the line means.
    """
    if before is None:
        return {}, ()
    earlier: list[Fact | Rule] = [*before.facts, *before.rules]
    old, new = _sections(before.sources), _sections(sources)
    said = {_says(one, old): one for one in earlier if one.standing != "open"}
    there = {_says(one, new): one.id for one in now}
    kept = {there[key]: str(one.standing) for key, one in said.items() if key in there}
    return kept, tuple(one.id for key, one in said.items() if key not in there)


def _sections(sources: Iterable[DocumentSource]) -> dict[tuple[str, str], str]:
    return {(source.document, at): digest for source in sources for at, digest in source.sections.items()}


def _says(one: Fact | Rule, sections: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    span = one.span
    where = (span.document, sections.get((span.document, f"{span.page}:{span.line}"), ""))
    if isinstance(one, Fact):
        return (*where, one.entity, one.attribute, one.value, one.condition, one.sentence)
    return (*where, one.kind, one.text, one.condition)


def _digests(document: Document) -> dict[str, str]:
    """Return by page and line a hash of the section that a block stands in; a row of a table is one by itself."""
    texts: dict[tuple[str, ...], list[str]] = {}
    for block in document.blocks:
        texts.setdefault(block.path, []).append(block.text)
    whole = {path: hashlib.sha256("\n".join((*path, *said)).encode()).hexdigest()[:12] for path, said in texts.items()}
    return {f"{one.page}:{one.line}": "" if one.cells else whole[one.path] for one in document.blocks}


def _with_rules(actions: Iterable[Action], rules: Iterable[Rule]) -> Iterator[Action]:
    """Yield actions with the rules that speak of them: by name, or by every word of it."""
    known = list(rules)
    for action in actions:
        words = stems(action.name.replace("_", " ").replace("-", " "))
        texts = {rule.id: f"{rule.topic} {rule.text} {rule.condition}" for rule in known}
        about = [
            id_ for id_, text in texts.items() if action.name in text or 1 < len(words & stems(text)) == len(words)
        ]
        yield action.model_copy(update={"rules": tuple(about)})


def _title(folder: Path) -> str:
    return re.sub(r"[-_]+", " ", folder.resolve().name).strip().capitalize() or "Documents"
