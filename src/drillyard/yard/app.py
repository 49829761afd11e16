"""The yard as a web application: the routes, what stands around them, and how it begins and ends."""

from __future__ import annotations

import dataclasses
import functools
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import jinja2
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from drillyard.drills.fact_sheet import fact_sheet
from drillyard.organisms.listening import BodyLimit
from drillyard.organisms.worlds.world import World
from drillyard.oversight.live.overseer import HoldQueue
from drillyard.oversight.values.asking import AskedTree
from drillyard.planning.graph import EVIDENCE
from drillyard.programs.fitting import fit_apart
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import check_upload, try_last_year
from drillyard.records import AnySubmission, Grade, Instance, OracleTrial
from drillyard.registrar.board import Board
from drillyard.registrar.drafts import Drafts
from drillyard.registrar.floor import Floor, said_hash
from drillyard.registrar.held import Held
from drillyard.registrar.invites import Invites
from drillyard.registrar.led import OUTCOMES, Led
from drillyard.registrar.located import open_store
from drillyard.registrar.platforms import Platforms
from drillyard.registrar.recalls import Recalls
from drillyard.registrar.seats import Seats
from drillyard.registrar.store import AWAY
from drillyard.registrar.submissions import Submissions
from drillyard.registrar.tickets import Tickets
from drillyard.stats.shown import percent
from drillyard.targets import open_target
from drillyard.targets.base import Target
from drillyard.yard import marks
from drillyard.yard.builder import Builder, build_apart
from drillyard.yard.chat import Chat
from drillyard.yard.door import SecurityHeaders, TryLimit
from drillyard.yard.fits import Fits, Fitter, FitterCall
from drillyard.yard.logs import Numbered
from drillyard.yard.measures import Measured, Measures
from drillyard.yard.models import Models
from drillyard.yard.queue import LEASE_SECONDS, GradingQueue
from drillyard.yard.refusals import refuse, tell_fault, tell_unkept
from drillyard.yard.routes import ROUTES
from drillyard.yard.sso import open_sign_on
from drillyard.yard.tools import open_sender, open_tool
from drillyard.yard.trade_plot import fits_plot, trade_plot
from drillyard.yard.trial_plot import trial_plot
from drillyard.yard.visit import Yard
from drillyard.yard.working import grade_for

__all__ = ["make_app"]

_HERE = Path(__file__).parent

_MOST = 8_000_000
"""Bytes of a request: a submission of two artefacts and the form around it."""


def make_app(
    folder: Path,
    *,
    targets: Callable[[Instance], Target] | None = None,
    grader: Callable[[AnySubmission], Grade] | None = None,
    build: Callable[[ProgramFolder, str], None] = build_apart,
    checker: Callable[[Instance, bytes], AnySubmission] | None = None,
    fit: FitterCall = fit_apart,
    trier: Callable[[Instance, str], OracleTrial] | None = None,
    clock: Callable[[], float] = time.time,
    lease_seconds: float = LEASE_SECONDS,
    overseer: HoldQueue | None = None,
    reviewers: Collection[str] = (),
    weighed: AskedTree | None = None,
    url: str = "",
    db: str = "",
    grading: bool = True,
) -> Starlette:
    """Build the yard over a programme folder; its database is `yard.db` in that folder, or at the URL `db`.

    `targets` opens the model of an instance, `grader` grades a submission, `build` makes a further copy, `checker`
    reads an upload, `fit` fits a technique, `trier` tries a policy on last year; the defaults are the organism of the
    instance and processes of their own. What waits in the queue of an `overseer` is decided by the designer and the
    learners in `reviewers`, by id; the tree `weighed` is everybody's; `url` is the address under which others reach the
    yard, where it is to sign credentials; without `grading`, others grade (`yard work`). Nothing runs before the
    application starts.

    Raises:
        BadInput: the folder is no programme folder.
    """
    logging.getLogger("python_multipart").setLevel(
        logging.CRITICAL
    )  # a line for each piece of what is answered with 400
    yard = _open_yard(folder, targets, grader, build, checker, fit, trier, clock, lease_seconds, url, db)
    yard = dataclasses.replace(yard, overseer=overseer, reviewers=frozenset(reviewers), values=weighed)

    sender = open_sender(yard.lti, yard.platforms, yard.store, yard.programme)

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        if grading:
            yard.queue.start()
        yard.builder.start()
        yard.fitter.start()
        if sender:
            sender.start()
        yield
        if sender:
            sender.stop()
        yard.fitter.stop()
        yard.builder.stop()
        yard.chat.stop()
        yard.queue.stop()
        yard.store.close()

    measures = Measures()
    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(Numbered),
            Middleware(Measured, measures=measures),
            Middleware(SecurityHeaders),
            Middleware(BodyLimit, limit=_MOST),
        ],
        exception_handlers={HTTPException: refuse, **dict.fromkeys(AWAY, tell_unkept), Exception: tell_fault},
        lifespan=life,
    )
    app.router.redirect_slashes = False  # a redirect is made from the Host header, which anybody sets
    app.state.yard, app.state.measures = yard, measures
    return app


def _open_yard(
    folder: Path,
    targets: Callable[[Instance], Target] | None,
    grader: Callable[[AnySubmission], Grade] | None,
    build: Callable[[ProgramFolder, str], None],
    checker: Callable[[Instance, bytes], AnySubmission] | None,
    fit: FitterCall,
    trier: Callable[[Instance, str], OracleTrial] | None,
    clock: Callable[[], float],
    lease_seconds: float,
    url: str,
    db: str,
) -> Yard:
    """Put a yard together without starting it."""
    programme = ProgramFolder(folder)
    programme.brief()  # refuses a folder that is none, before a database is made in it
    programme.keep_private()
    store = open_store(programme, clock, db)
    submissions, fits_kept, platforms = Submissions(store), Fits(store), Platforms(store, programme)
    return Yard(
        programme=programme,
        store=store,
        submissions=submissions,
        queue=GradingQueue(submissions, partial(grade_for, programme, store, grader), lease_seconds),
        check=checker or partial(check_upload, programme),
        try_last_year=trier or partial(try_last_year, programme),
        chat=Chat(Models(targets or (lambda one: open_target(f"organism/{programme.target(one)}"))), store),
        builder=Builder(programme, build),
        fits=fits_kept,
        fitter=Fitter(programme, fits_kept, fit),
        drafts=Drafts(store),
        held=Held(store),
        floor=Floor(store),
        led=Led(store),
        invites=Invites(store, programme),
        board=Board(store),
        seats=Seats(store, programme),
        tickets=Tickets(store, programme),
        recalls=Recalls(store),
        url=url,
        platforms=platforms,
        lti=open_tool(programme, platforms, url),
        sso=open_sign_on(programme, platforms, url),
        overseer=None,
        reviewers=frozenset(),
        values=None,
        templates=_templates(),
        by_address=TryLimit(tries=20, seconds=300),
        by_code=TryLimit(tries=5, seconds=300),
    )


def _templates() -> jinja2.Environment:
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals.update(state=marks.state, intervals=marks.intervals, rate_words=marks.rate_words)
    pages.globals.update(choose_pause=marks.choose_pause)
    pages.globals.update(trade_plot=trade_plot, fits_plot=fits_plot, trial_plot=trial_plot)
    pages.globals.update(fact_sheet=fact_sheet, evidence=EVIDENCE, outcomes=OUTCOMES)
    pages.filters.update(said_hash=said_hash)
    pages.filters.update(in_words=marks.in_words, as_tried=marks.as_tried, inline_code=marks.mark_code, percent=percent)

    @functools.cache
    def facts(world: World) -> Markup:
        """Fill a sheet of a few hundred rows once: it takes as long as the rest of its page, and all see the same."""
        return Markup(pages.get_template("facts.html").render(world=world))

    pages.globals.update(facts=facts)
    return pages
