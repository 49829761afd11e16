"""`drillyard scope …`: compile a company's documents, see what came of them, and say what is true."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.errors import bad_input
from drillyard.records import Fact
from drillyard.scopes.compiled import CompiledScope
from drillyard.scopes.compiling import compile_folder
from drillyard.scopes.documents import place
from drillyard.scopes.folder import NAME, PAGE, changed_sources, confirm, read_compiled, read_marks, write_compiled
from drillyard.scopes.wordings import value_of

__all__ = ["command"]

_FOLDER = click.Path(file_okay=False, path_type=Path)
_NO_MORE = 40  # lines of a table at the terminal; --all shows the rest


@click.group()
def command() -> None:
    """Compile a company's documents to facts and rules that a system is held to."""


@command.command("build")
@click.argument("documents", type=_FOLDER)
@click.option("--title", default="", help="What the house is called; the folder's name unless given.")
@click.option("--language", "languages", multiple=True, help="Also ask in de, es, fr or it; repeatable.")
@show.out_option()
@show.handler
def _build(documents: Path, title: str, languages: tuple[str, ...], out: Path) -> show.Outcome:
    """Compile DOCUMENTS (CSV, Markdown, text, HTML, PDF, JSON of tools) to a scope.

    A file named system-prompt is the system prompt. What a person has confirmed of an earlier version stays confirmed
    where it still stands there. Exits 1 when something could not be read or two facts contradict each other.
    """
    before = _before(out)
    compiled = compile_folder(documents, title=title, languages=languages, before=before)
    write_compiled(compiled, out)
    troubled = compiled.troubles or compiled.contradictions
    return show.Outcome(
        verdict=_verdict(compiled),
        state="failed" if troubled else "passed",
        data=compiled,
        body=[_documents(compiled), *_troubles(compiled)],
        next_command=f"mark what is true in {out / PAGE}, then type: drillyard scope confirm {out}",
    )


@command.command("show")
@click.argument("scope", type=_FOLDER)
@click.option("--all", "everything", is_flag=True, help="Every fact and rule, not the first 40 of each.")
@click.option("--open", "only_open", is_flag=True, help="Only what nobody has confirmed or refused.")
@show.handler
def _show(scope: Path, everything: bool, only_open: bool) -> show.Outcome:
    """Show the facts, rules and actions of SCOPE, with their places.

    Exits 1 when a document has changed since it was compiled, when facts contradict each other, or when something is
    neither confirmed nor refused.
    """
    compiled = read_compiled(scope)
    changed = changed_sources(compiled)
    covered = compiled.coverage
    told = f"{', '.join(changed)} changed since: type drillyard scope build {compiled.source} -o {scope}. "
    waiting = covered.open + sum(one.standing == "open" for one in compiled.rules)
    return show.Outcome(
        verdict=f"{told if changed else ''}{_held(compiled)}",
        state="failed" if changed or compiled.contradictions else "unknown" if waiting else "passed",
        data={"coverage": covered, "changed": changed, "scope": compiled},
        body=[
            *_tables(compiled, None if everything else _NO_MORE, only_open),
            *_actions(compiled),
            *_troubles(compiled),
        ],
        next_command=f"drillyard scope confirm {scope}" if waiting else f"drillyard audit TARGET --scope {scope}",
    )


@command.command("confirm")
@click.argument("scope", type=_FOLDER)
@click.option("--refuse", "refused", multiple=True, metavar="ID", help="Say no to a fact or rule; repeatable.")
@click.option("--rest", is_flag=True, help="Say yes to all that is open, after reading it; contradictions stay open.")
@show.handler
def _confirm(scope: Path, refused: tuple[str, ...], rest: bool) -> show.Outcome:
    """Take over what a person has marked in confirm.md of SCOPE: [x] is true, [-] is not, [ ] stays open.

    Exits 1 while something is open or contradicts something else: nothing is judged by that.
    """
    compiled = confirm(read_compiled(scope), read_marks(scope), refused=refused, rest=rest)
    write_compiled(compiled, scope)
    covered = compiled.coverage
    waiting = covered.open + sum(one.standing == "open" for one in compiled.rules)
    return show.Outcome(
        verdict=_held(compiled),
        state="unknown" if waiting or compiled.contradictions else "passed",
        data={"coverage": covered, "contradictions": compiled.contradictions},
        body=_troubles(compiled),
        next_command=f"drillyard audit TARGET --scope {scope}"
        if covered.confirmed
        else f"mark lines in {scope / PAGE}",
    )


def _before(out: Path) -> CompiledScope | None:
    """Return what stands in the folder already, with what was marked and not yet taken over. Refuses a foreign one."""
    if not out.is_dir() or not any(out.iterdir()):
        return None
    if not (out / NAME).is_file():
        raise bad_input(
            f"the folder {out}, which holds something else", "a new folder or a scope's", "choose another -o"
        )
    return confirm(read_compiled(out), read_marks(out)) if (out / PAGE).is_file() else read_compiled(out)


def _verdict(compiled: CompiledScope) -> str:
    covered, read = compiled.coverage, len(compiled.sources)
    said = (
        f"Compiled {covered.facts} facts, {covered.rules} rules and {len(compiled.actions)} actions of {read} documents"
    )
    wrong = [
        *([_count(len(compiled.contradictions), "contradiction", "contradictions")] if compiled.contradictions else []),
        *([_count(len(compiled.troubles), "thing not read", "things not read")] if compiled.troubles else []),
        *([f"{len(compiled.reopened)} reopened by a change"] if compiled.reopened else []),
    ]
    return f"{said}: {', '.join(wrong)}." if wrong else f"{said}; nothing was left out."


def _held(compiled: CompiledScope) -> str:
    covered = compiled.coverage
    open_rules = sum(one.standing == "open" for one in compiled.rules)
    share = f"{covered.askable / covered.confirmed:.0%}" if covered.confirmed else "none"
    return (
        f"{covered.confirmed} of {covered.facts} facts and {covered.rules_confirmed} of {covered.rules} rules are "
        f"confirmed, {covered.open + open_rules} open; {share} of the confirmed facts can be asked in three wordings."
    )


def _told(fact: Fact) -> tuple[str, str, str, str]:
    return fact.entity, fact.attribute, value_of(fact), fact.condition


def _documents(compiled: CompiledScope) -> RenderableType:
    rows = [(one.document, one.role, one.blocks, one.facts, one.rules) for one in compiled.sources]
    return show.table("Documents", ("document", "read as", "pieces", "facts", "rules"), rows)


def _tables(compiled: CompiledScope, most: int | None, only_open: bool) -> list[RenderableType]:
    """Return the facts and the rules, at most so many of each."""
    facts = [one for one in compiled.facts if not only_open or one.standing == "open"]
    rules = [one for one in compiled.rules if not only_open or one.standing == "open"]
    return [
        show.table(
            f"Facts ({len(facts)})",
            ("about", "what", "value", "when", "place", "", "asked in"),
            [
                (
                    one.entity,
                    one.attribute,
                    value_of(one),
                    one.condition,
                    place(one.span),
                    one.standing,
                    len(one.questions),
                )
                for one in facts[:most]
            ],
        ),
        show.table(
            f"Rules ({len(rules)})",
            ("", "what", "when", "place", ""),
            [(one.kind, one.text, one.condition, place(one.span), one.standing) for one in rules[:most]],
        ),
    ]


def _actions(compiled: CompiledScope) -> list[RenderableType]:
    rows = [
        (one.name, ", ".join(one.required), " ".join(one.preconditions), len(one.rules), place(one.span))
        for one in compiled.actions
    ]
    heads = ("action", "needs", "before it", "rules about it", "place")
    return [show.table("Actions", heads, rows)] if rows else []


def _troubles(compiled: CompiledScope) -> Sequence[RenderableType]:
    wrong = [show.table("Contradictions", ("what",), [(one.words,) for one in compiled.contradictions])]
    left = [show.table("Not read", ("what",), [(str(one),) for one in compiled.troubles])]
    again = [show.table("Reopened: the document has changed there", ("id",), [(one,) for one in compiled.reopened])]
    return [
        *(wrong if compiled.contradictions else []),
        *(left if compiled.troubles else []),
        *(again if compiled.reopened else []),
    ]


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
