"""The yard as a web application: the routes, what stands around them, and how it begins and ends."""

from __future__ import annotations

import dataclasses
import functools
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path

import jinja2
from markupsafe import Markup
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from drillyard.drills.fact_sheet import fact_sheet
from drillyard.drills.grade import with_hint_cost
from drillyard.drills.levels import kit_of
from drillyard.organisms.listening import BodyLimit
from drillyard.organisms.worlds.world import World
from drillyard.oversight.live.overseer import HoldQueue
from drillyard.oversight.values.asking import AskedTree
from drillyard.planning.graph import EVIDENCE
from drillyard.programs.fitting import fit_apart
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import check_upload, grade_isolated, try_last_year
from drillyard.programs.submission import MAX_BYTES
from drillyard.records import AnySubmission, Grade, Instance, OracleTrial
from drillyard.registrar.board import Board
from drillyard.registrar.drafts import Drafts
from drillyard.registrar.floor import Floor, said_hash
from drillyard.registrar.held import Held
from drillyard.registrar.invites import Invites
from drillyard.registrar.located import open_store
from drillyard.registrar.platforms import Platforms
from drillyard.registrar.recalls import Recalls
from drillyard.registrar.seats import Seats
from drillyard.registrar.store import Store, explain_unkept
from drillyard.registrar.submissions import Submissions
from drillyard.registrar.tickets import Tickets
from drillyard.stats.shown import percent
from drillyard.targets import open_target
from drillyard.targets.base import Target
from drillyard.yard import marks
from drillyard.yard.builder import Builder, build_apart
from drillyard.yard.chat import Chat
from drillyard.yard.door import HEADERS, SecurityHeaders, TryLimit
from drillyard.yard.fits import Fits, Fitter, FitterCall
from drillyard.yard.measures import Measured, Measures
from drillyard.yard.models import Models
from drillyard.yard.pages import (
    again,
    board,
    catalogue,
    chat,
    claims,
    credential,
    debrief,
    designer,
    desk,
    drafts,
    drill,
    drills,
    evidence,
    fits,
    hints,
    join,
    lesson,
    live,
    lti,
    model,
    operation,
    paper,
    people,
    progress,
    reading,
    result,
    seat,
    shell,
    sign_in,
    sso,
    submit,
    uploads,
    values,
    waiting,
)
from drillyard.yard.queue import LEASE_SECONDS, GradingQueue
from drillyard.yard.sso import open_sign_on
from drillyard.yard.tools import open_sender, open_tool
from drillyard.yard.trade_plot import fits_plot, trade_plot
from drillyard.yard.trial_plot import trial_plot
from drillyard.yard.visit import Yard, page_of

__all__ = ["make_app"]

_HERE = Path(__file__).parent

_DRILL = "/drills/{instance}"
_LESSON = "/lessons/{lesson}"
_MOST = 8_000_000
"""Bytes of a request: a submission of two artefacts and the form around it."""

_ROUTES = (
    Route("/", drills.go_home, methods=["GET"]),
    Route("/sign-in", sign_in.ask, methods=["GET"]),
    Route("/sign-in", sign_in.check, methods=["POST"]),
    Route("/sign-out", sign_in.leave, methods=["POST"]),
    Route("/drills", drills.show_plan, methods=["GET"]),
    Route("/reading", reading.show, methods=["GET"]),
    Route(_LESSON, lesson.read, methods=["GET"]),
    Route(f"{_LESSON}/ask", lesson.ask, methods=["POST"]),
    Route(f"{_LESSON}/ask", lesson.read, methods=["GET"]),
    Route(f"{_LESSON}/answer", lesson.answer, methods=["POST"]),
    Route(f"{_LESSON}/answer", lesson.read, methods=["GET"]),
    Route(_DRILL, drill.show, methods=["GET"]),
    Route(f"{_DRILL}/model.zip", model.download, methods=["GET"]),
    Route(f"{_DRILL}/export.zip", model.take_away, methods=["GET"]),
    Route(f"{_DRILL}/example.json", model.give_example, methods=["GET"]),
    Route(f"{_DRILL}/fits", fits.show, methods=["GET"]),
    Route(f"{_DRILL}/fits", fits.ask, methods=["POST"]),
    Route(f"{_DRILL}/fits/hand-in", fits.hand_in, methods=["POST"]),
    Route(f"{_DRILL}/chat", chat.say, methods=["POST"]),
    Route(f"{_DRILL}/claims", claims.change, methods=["POST"]),
    Route(f"{_DRILL}/claims/{{claim}}/remove", claims.remove, methods=["POST"]),
    Route(f"{_DRILL}/hints", hints.open_next, methods=["POST"]),
    Route(f"{_DRILL}/submit", submit.confirm, methods=["GET"]),
    Route(f"{_DRILL}/submit", submit.hand_in, methods=["POST"]),
    Route(f"{_DRILL}/upload", uploads.look_back, methods=["GET"]),
    Route(f"{_DRILL}/upload", uploads.upload, methods=["POST"]),
    Route(f"{_DRILL}/trial", desk.try_it, methods=["POST"]),
    Route(f"{_DRILL}/looks", paper.take_look, methods=["POST"]),
    Route(f"{_DRILL}/preview", paper.try_answers, methods=["POST"]),
    Route(f"{_DRILL}/policy", desk.begin_anew, methods=["POST"]),
    Route(f"{_DRILL}/questions", desk.show_questions, methods=["GET"]),
    Route(f"{_DRILL}/result", result.show, methods=["GET"]),
    Route(f"{_DRILL}/retry", result.retry, methods=["POST"]),
    Route(f"{_DRILL}/again", again.ask, methods=["POST"]),
    Route(f"{_DRILL}/drafts/{{form}}", drafts.keep, methods=["POST"]),
    Route(f"{_DRILL}/{{form}}", drafts.lead_back, methods=["GET"]),
    Route("/held", waiting.show, methods=["GET"]),
    Route("/held/{id}", waiting.decide, methods=["POST"]),
    Route("/said", live.say_again, methods=["GET"]),
    Route("/join/{token}", join.ask, methods=["GET"]),
    Route("/join/{token}", join.enter, methods=["POST"]),
    Route("/shell/open", shell.offer, methods=["GET"]),
    Route("/shell/open", shell.lend, methods=["POST"]),
    Route("/shell/state", shell.tell, methods=["GET"]),
    Route("/catalogue", catalogue.show, methods=["GET"]),
    Route("/progress", progress.show, methods=["GET"]),
    Route("/recall", progress.recall, methods=["GET"]),
    Route("/recall", progress.review_card, methods=["POST"]),
    Route("/credential/{drill}", credential.give, methods=["GET"]),
    Route("/x/issuer", credential.issuer, methods=["GET"]),
    Route("/x/revoked", credential.revoked, methods=["GET"]),
    Route("/evidence", evidence.give, methods=["POST"]),
    Route("/health", operation.health, methods=["GET"]),
    Route("/metrics", operation.metrics, methods=["GET"]),
    Route("/sso", sso.leave_for, methods=["GET"]),
    Route("/sso/back", sso.come_back, methods=["GET"]),
    Route("/lti/login", lti.login, methods=["GET", "POST"]),
    Route("/lti/launch", lti.launch, methods=["POST"]),
    Route("/lti/choose", lti.choose, methods=["POST"]),
    Route("/lti/keys", lti.keys, methods=["GET"]),
    Route("/board", board.show, methods=["GET"]),
    Route("/board", board.change, methods=["POST"]),
    Route("/live", live.show, methods=["GET"]),
    Route("/live", live.change, methods=["POST"]),
    Route("/live/people", people.show, methods=["GET"]),
    Route("/live/people", people.change, methods=["POST"]),
    Route("/live/codes", people.print_codes, methods=["GET"]),
    Route("/live/at/{instance}", seat.show, methods=["GET"]),
    Route("/live/at/{instance}", seat.help_on, methods=["POST"]),
    Route("/live/debrief/{drill}", debrief.show, methods=["GET"]),
    Route("/values", values.show, methods=["GET"]),
    Route("/values/compare", values.compare, methods=["POST"]),
    Route("/values/propose", values.propose, methods=["POST"]),
    Route("/designer", designer.show, methods=["GET"]),
    Route("/designer/reset", again.reset, methods=["POST"]),
    Route("/designer/reissue", again.reissue, methods=["POST"]),
    Mount("/static", StaticFiles(directory=_HERE / "static")),
)

_ADVICE = {
    400: "The yard could not read what was sent.",
    403: "You may not open this page.",
    404: "There is no such page, or it is not yours. Your drills are listed under “My drills”.",
    405: "This address is for a form. Go back and use the form.",
    413: f"What was sent is too large. A submission of claims has at most {MAX_BYTES // 1024} kB.",
    429: "Too many tries.",
    500: "Something broke on our side. Your work is kept. Load the page again; if it stays, tell your designer.",
}


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
) -> Starlette:
    """Build the yard over a programme folder; its database is `yard.db` in that folder, or at the URL `db`.

    `targets` opens the model of an instance, `grader` grades a submission, `build` makes a further copy, `checker`
    reads an upload, `fit` fits a technique, `trier` tries a policy on last year; the defaults are the organism of the
    instance and processes of their own. What waits in the queue of an `overseer` is decided by the designer and the
    learners in `reviewers`, by id; the tree `weighed` is everybody's; `url` is the address under which others reach the
    yard, where it is to sign credentials. Nothing runs before the application starts.

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
        routes=_ROUTES,
        middleware=[
            Middleware(Measured, measures=measures),
            Middleware(SecurityHeaders),
            Middleware(BodyLimit, limit=_MOST),
        ],
        exception_handlers={HTTPException: _refusal, OperationalError: _unkept, Exception: _fault},
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
        queue=GradingQueue(submissions, partial(_grade, programme, store, grader), lease_seconds),
        check=checker or partial(check_upload, programme),
        try_last_year=trier or partial(try_last_year, programme),
        chat=Chat(Models(targets or (lambda one: open_target(f"organism/{programme.target(one)}"))), store),
        builder=Builder(programme, build),
        fits=fits_kept,
        fitter=Fitter(programme, fits_kept, fit),
        drafts=Drafts(store),
        held=Held(store),
        floor=Floor(store),
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


def _grade(
    programme: ProgramFolder, store: Store, grader: Callable[[AnySubmission], Grade] | None, submission: AnySubmission
) -> Grade:
    """Grade a submission and take off what its learner's hints cost."""
    plain = grader(submission) if grader else grade_isolated(programme, submission)
    cost = sum(hint.cost for hint in store.hints(submission.learner, submission.instance))
    instance = programme.instance(submission.instance)
    return with_hint_cost(plain, cost, kit_of(instance).drill.pass_mark)


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
    pages.globals.update(fact_sheet=fact_sheet, evidence=EVIDENCE)
    pages.filters.update(said_hash=said_hash)
    pages.filters.update(in_words=marks.in_words, as_tried=marks.as_tried, inline_code=marks.mark_code, percent=percent)

    @functools.cache
    def facts(world: World) -> Markup:
        """Fill a sheet of a few hundred rows once: it takes as long as the rest of its page, and all see the same."""
        return Markup(pages.get_template("facts.html").render(world=world))

    pages.globals.update(facts=facts)
    return pages


async def _refusal(request: Request, error: Exception) -> Response:
    """Answer a 4xx with a page in the same look: what happened, what to do; the chat's script with the line."""
    assert isinstance(error, HTTPException)
    if chat.LINES in request.headers.get("accept", ""):
        return JSONResponse({"error": error.detail}, error.status_code)
    own = error.detail != HTTPStatus(error.status_code).phrase
    line = error.detail if own else _ADVICE.get(error.status_code, error.detail)
    return _error_page(request, error.status_code, line, error.headers or {})


async def _unkept(request: Request, error: Exception) -> HTMLResponse:
    """Answer with a page what the database could not keep; the yard lives on."""
    if not (line := explain_unkept(error)):
        raise error
    return _error_page(request, 503, line, {})


async def _fault(request: Request, error: Exception) -> HTMLResponse:
    """Answer a fault of ours with a page; the traceback goes to the log."""
    return _error_page(request, 500, _ADVICE[500], {})


def _error_page(request: Request, status: int, line: str, headers: Mapping[str, str]) -> HTMLResponse:
    """Answer with a page; what was refused for the time of a pause leads back to where it was typed."""
    yard: Yard = request.app.state.yard
    text = yard.templates.get_template("error.html").render(
        status=status,
        phrase=HTTPStatus(status).phrase,
        line=line,
        back=page_of(request) if status == HTTPStatus.LOCKED else "",
        csrf="",
        learner=None,
        called="",
        staff=None,
        said={},
        reviews=False,
        weighs=False,
    )
    # Where htmx asked for a part of a page, the whole error page takes the place of the body.
    whole = {"HX-Retarget": "body", "HX-Reselect": "body > *", "HX-Reswap": "innerHTML"}
    # A fault is answered outside all middleware, so the headers are put on here.
    return HTMLResponse(text, status, headers={**headers, **HEADERS, **whole})
