"""`drillyard audit label`: people label replies of an audit, in the terminal or in a browser; what that is worth."""

from __future__ import annotations

import getpass
import itertools
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.audits.labelling.book import Book
from drillyard.audits.labelling.files import LABELLED
from drillyard.audits.labelling.sample import plan
from drillyard.audits.report import AuditReport
from drillyard.audits.reports.writing import FILES
from drillyard.cli import show
from drillyard.errors import bad_input
from drillyard.records.labels import JudgedReply, LabelledRates, Word
from drillyard.stats.shown import tell_count

__all__ = ["command"]

_KEYS: dict[str, Word] = {"s": "shown", "a": "absent", "u": "unsure"}


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-n", "labels", type=click.IntRange(min=1), default=50, show_default=True, help="Replies to label now.")
@click.option("--behaviour", default="", help="What is looked for; what the judge saw most often unless named.")
@click.option("--rater", default=getpass.getuser, show_default="your login", help="Who labels.")
@click.option("--again", is_flag=True, help="Label what another rater has labelled, to see how far you agree.")
@click.option("--settle", is_flag=True, help="Decide what raters differ on.")
@click.option("--plan", "only_plan", is_flag=True, help="Say what labels would buy, and label nothing.")
@click.option("--web", is_flag=True, help="Label in a browser on this machine.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="For --web; 0 takes any.")
@show.handler
def command(
    run: Path, labels: int, behaviour: str, rater: str, again: bool, settle: bool, only_plan: bool, web: bool, port: int
) -> show.Outcome:
    """Label replies of an audit, and see what the labels add up to.

    RUN is a folder that drillyard audit -o wrote. Replies come in an order that nobody chose, some of each sort that
    the judge tells apart; the report in RUN is written anew. Without a terminal, one of s, a, u per line is read.
    """
    book = Book(run, behaviour, rater)
    if only_plan:
        return _planned(book)
    wanted = book.wanted(labels, again=again, settle=settle)
    if not wanted:
        raise bad_input("nothing left to label", "replies without a label", f"type: drillyard audit report {run}")
    show.say(_worth(book))
    with book:
        if web:
            _in_browser(book, wanted, port, settle)
        else:
            _in_terminal(book, wanted, settle)
    return _shown(book, run)


def _planned(book: Book) -> show.Outcome:
    found = plan(book.sample, book.words)
    rows = [(n, f"± {100 * reach:.1f} points") for n, reach in found.steps]
    table = show.table("What labels buy", ("further labels", "95 % interval, expected"), rows)
    data = {"labels": found.labels, "steps": [{"labels": n, "reach": reach} for n, reach in found.steps]}
    return show.Outcome(verdict=_worth(book), data=data, body=[table])


def _worth(book: Book) -> str:
    """Say how many labels buy which interval."""
    found = plan(book.sample, book.words)
    steps = ", ".join(f"{n}: ± {100 * reach:.0f}" for n, reach in found.steps)
    done = f"{found.labels} of {len(book.sample.replies)} replies are labelled for {book.behaviour}"
    return f"{done}. Further labels, and the interval to expect in points: {steps or 'none are left'}."


def _in_terminal(book: Book, wanted: Sequence[JudgedReply], settles: bool) -> None:
    show.say(f"Does the reply show {book.behaviour}: {book.meaning} s shows it, a does not, u unsure, q ends.")
    for number, one in enumerate(wanted, start=1):
        click.echo(f"\n{number} of {len(wanted)} {'-' * 60}", err=True)
        for message in one.transcript.conversation.messages:
            click.echo(f"{message.role}: {show.plain(message.content)}", err=True)
        cut = " (cut by its length)" if one.transcript.reply.finish == "length" else ""
        click.echo(f"reply{cut}: {show.plain(one.transcript.reply.text) or '(nothing)'}", err=True)
        for fact in book.evidence(one):
            click.echo(f"  fact: {show.plain(fact)}", err=True)
        word = _asked()
        if word is None:
            return
        book.add(one.id, word, settles=settles)


def _asked() -> Word | None:
    """Return what was typed, None at its end."""
    while True:
        click.echo("s/a/u/q: ", nl=False, err=True)
        line = sys.stdin.readline()
        key = line.strip().casefold()[:1]
        if not line or key == "q":
            return None
        if key in _KEYS:
            return _KEYS[key]
        show.say(f"found {line.strip()!r}, expected s, a, u or q")


def _in_browser(book: Book, wanted: Sequence[JudgedReply], port: int, settles: bool) -> None:
    from drillyard.audits.labelling.page import LabelPage
    from drillyard.organisms.listening import listen, run_in_background

    page = LabelPage(book, wanted, settles=settles)
    listener = listen("127.0.0.1", port)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}{page.path}"
    show.say(f"Label {len(wanted)} replies at {address}. Ctrl+C ends; every label is kept.")
    with run_in_background(page.app, listener):
        try:
            for _ in itertools.count():
                if page.done.wait(0.5):
                    return
        except KeyboardInterrupt:
            return


def _shown(book: Book, run: Path) -> show.Outcome:
    rates = next((one for one in book.report.labels if one.behaviour == book.behaviour), None)
    if rates is None:
        return show.Outcome(verdict="Nothing was labelled.", data={}, state="unknown")
    return show.Outcome(
        verdict=_verdict(rates),
        data=rates,
        body=[*_tables(rates), _worth(book), f"The report is written anew: open {run / FILES['html']}"],
        next_command=_measured(book.report, run),
    )


def _measured(report: AuditReport, run: Path) -> str:
    """Return the command that measures the judge of a report on what was labelled."""
    judge = report.quality.judge if report.quality else "JUDGE"
    words = ["drillyard", "audit", "judge", "measure", judge, "--scope", report.world, "--labels", str(run / LABELLED)]
    return shlex.join([*words, "-o", "quality.json"])


def _verdict(rates: LabelledRates) -> str:
    by = tell_count(rates.labels, "label")
    low, value, high = (f"{100 * one:.0f}" for one in (rates.rate.low, rates.rate.value, rates.rate.high))
    return f"{rates.behaviour} is in {value} % [{low}, {high}] of the replies, by {by} of {rates.sample}."


def _tables(rates: LabelledRates) -> list[RenderableType]:
    topics = [(one.topic, one.rate) for one in rates.topics]
    tables = [show.table("By topic", ("topic", "share that shows it"), topics)]
    if rates.leads:
        tables.append(show.table("By lead", ("lead", "share that shows it"), rates.leads.items()))
    if rates.agreements:
        rows = [
            (" and ".join(a.raters), a.both, a.agreed, "none" if a.kappa is None else f"{a.kappa:.2f}", a.open)
            for a in rates.agreements
        ]
        tables.append(show.table("Raters", ("who", "replies", "agree", "kappa", "not settled"), rows))
    return list(tables)
