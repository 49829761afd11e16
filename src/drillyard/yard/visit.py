"""A visit: one request with who is asking, what was typed, and the yard it is about.

Every page is a plain function from a `Visit` to a response; `page` makes it an endpoint: it reads the form, finds the
session, checks the form's token and who may come in, and runs the function off the event loop.
"""

from __future__ import annotations

import functools
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

import anyio
import anyio.to_thread
import jinja2
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from drillyard.drills import DrillKit, load_kit
from drillyard.drills.levels import at_level
from drillyard.errors import BadInput, bad_input
from drillyard.organisms.worlds.world import World, load_world
from drillyard.oversight.live.overseer import HoldQueue
from drillyard.oversight.values.asking import AskedTree
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Learner, Staff
from drillyard.records import AnySubmission, Drill, Instance, OracleTrial
from drillyard.registrar.board import Board
from drillyard.registrar.drafts import Drafts
from drillyard.registrar.floor import PAUSED, Floor, held_switch
from drillyard.registrar.held import Held
from drillyard.registrar.invites import Invites
from drillyard.registrar.led import Led
from drillyard.registrar.platforms import Platforms
from drillyard.registrar.recalls import Recalls
from drillyard.registrar.seats import Seats
from drillyard.registrar.store import SESSION_SECONDS, Refused, Store
from drillyard.registrar.submissions import Submissions
from drillyard.registrar.tickets import Tickets
from drillyard.yard.builder import Builder
from drillyard.yard.chat import Chat
from drillyard.yard.door import TryLimit, form_matches, form_token
from drillyard.yard.fits import Fits, Fitter
from drillyard.yard.marks import as_sentence
from drillyard.yard.queue import GradingQueue

if TYPE_CHECKING:  # an extra
    from drillyard.yard.sso_oidc import SignOn
    from drillyard.yard.tool_lti import Tool

__all__ = [
    "COOKIE",
    "Assignment",
    "Visit",
    "Yard",
    "find_kit",
    "find_released",
    "kit_at",
    "page",
    "page_of",
    "path_of",
    "visit_of",
]

COOKIE = "drillyard"

_BROKEN = "A file that this page needs is broken on our side. Your work is kept. Tell your designer."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Yard:
    """What a running yard is made of.

    `overseer` is the queue of an overseer, which the designer and the learners in `reviewers` may decide; `values` a
    tree that everybody weighs; `url` the address under which others reach the yard, if it was told; `lti` the tool that
    course platforms launch, `sso` the way to an organisation's provider.
    """

    programme: ProgramFolder
    store: Store
    submissions: Submissions
    queue: GradingQueue
    check: Callable[[Instance, bytes], AnySubmission]
    try_last_year: Callable[[Instance, str], OracleTrial]
    chat: Chat
    builder: Builder
    fits: Fits
    fitter: Fitter
    drafts: Drafts
    held: Held
    floor: Floor
    led: Led
    invites: Invites
    board: Board
    seats: Seats
    tickets: Tickets
    recalls: Recalls
    url: str
    platforms: Platforms
    lti: Tool | None
    sso: SignOn | None
    overseer: HoldQueue | None
    reviewers: frozenset[str]
    values: AskedTree | None
    templates: jinja2.Environment
    by_address: TryLimit
    by_code: TryLimit


def find_released(programme: ProgramFolder, name: str) -> Instance | None:
    """Return an instance that is complete and passed every gate, or `None`."""
    try:
        instance, report = programme.instance(name), programme.gates(name)
    except BadInput:  # still being built, or given up
        return None
    return instance if report.released else None


@functools.cache
def find_kit(name: str, place: str = "", level: str = "") -> DrillKit[Any]:
    """Return a drill's kit as `kit_of` does, but once: looking for it takes three quarters of a page's time."""
    return at_level(load_kit(name, place), level)


def kit_at(instance: Instance) -> DrillKit[Any]:
    """Return the kit of an instance, as `find_kit` does."""
    return find_kit(instance.drill, instance.world, instance.level)


_find_world = functools.cache(load_world)


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A learner's drill: the instance, the drill it is a copy of, the world it lives in, if any."""

    instance: Instance
    drill: Drill
    world: World | None


def path_of(one: Assignment) -> str:
    """Return the address of a drill."""
    return f"/drills/{one.instance.id}"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request. `learner` is empty for the staff and for strangers, `staff` for others; `token` is the cookie's."""

    yard: Yard
    request: Request
    token: str
    form: FormData
    learner: Learner | None
    staff: Staff | None

    @property
    def name(self) -> str:
        """Whose name stands with what they decide; empty for strangers."""
        return self.learner.id if self.learner else self.staff.id if self.staff else ""

    @property
    def address(self) -> str:
        """The address of the yard: the one that it was told, or its own end of the line; never what a browser says."""
        host, port = self.request.scope.get("server") or ("127.0.0.1", None)
        own = f"[{host}]" if ":" in host else host
        return self.yard.url or f"{self.request.url.scheme}://{own}{f':{port}' if port else ''}"

    @functools.cached_property
    def switches(self) -> dict[str, str]:
        """What a facilitator has set, asked for once: each page of a learner's says it, and most look at more of it."""
        return self.yard.floor.switches()

    @property
    def designer(self) -> bool:
        """Whether they may change the programme."""
        return self.staff is not None and self.staff.role == "designer"

    def may(self, who: Who) -> bool:
        """Whether they are of those whom a page is for."""
        if who == "learner":
            return self.learner is not None
        if who in ("facilitator", "auditor", "designer"):
            return self.staff is not None and self.staff.role in (who, "designer")
        return who == "anyone" or bool(self.name)

    @property
    def reviews(self) -> bool:
        """Whether they may decide what an overseer holds."""
        allowed = self.designer or (self.learner is not None and self.learner.id in self.yard.reviewers)
        return allowed and self.yard.overseer is not None

    def field(self, name: str) -> str:
        """Return the text typed into a field, or the empty string."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def fields(self, name: str) -> list[str]:
        """Return all texts of a repeated field."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def texts(self) -> list[tuple[str, str]]:
        """Return every field with its text, in the order of the form."""
        return [(name, value) for name, value in self.form.multi_items() if isinstance(value, str)]

    def upload(self, name: str) -> bytes:
        """Return the bytes of an uploaded file; its name is never looked at, and nothing is written to disk."""
        value = self.form.get(name)
        return value.file.read() if isinstance(value, UploadFile) else b""

    def require_sure(self) -> None:
        """Refuse what cannot be taken back where the box beside it is not ticked. Raises `BadInput`."""
        if self.field("sure") != "yes":
            raise bad_input("no word that you are sure", "the box ticked", "tick it")

    def me(self) -> Learner:
        """Return the learner who is asking; pages for learners only are reached by nobody else."""
        if self.learner is None:
            raise HTTPException(403)
        return self.learner

    def assigned(self) -> list[Assignment]:
        """Return the learner's drills; an instance that is not complete or not released is not there."""
        found = []
        for name in self.me().instances:
            if instance := find_released(self.yard.programme, name):
                drill = kit_at(instance).drill
                found.append(
                    Assignment(instance=instance, drill=drill, world=_find_world(drill.world) if drill.world else None)
                )
        return found

    def assignment(self) -> Assignment:
        """Return the drill that the path names. Another learner's is answered as one that does not exist."""
        name = self.request.path_params["instance"]
        for one in self.assigned():
            if one.instance.id == name:
                if held_switch(one.drill.id) in self.switches:
                    raise HTTPException(403, "Your facilitator opens this drill later. What you did in it is kept.")
                return one
        raise HTTPException(404)

    def render(self, page_name: str, /, status: int = 200, **context: object) -> Response:
        """Fill a page."""
        text = self.yard.templates.get_template(page_name).render(
            csrf=form_token(self.token),
            learner=self.learner,
            called=self._called(),
            staff=self.staff,
            said=self.switches if self.learner else {},
            reviews=self.reviews,
            weighs=bool(self.name) and self.yard.values is not None,
            **context,
        )
        return HTMLResponse(text, status)

    def _called(self) -> str:
        """Return what somebody is called on their own pages: the name that the designer gave, or else their id."""
        return self.yard.programme.people().get(self.name, self.name)

    def go(self, path: str) -> Response:
        """Send the browser on to another page."""
        return RedirectResponse(path, 303)

    def leave(self, path: str) -> Response:
        """Send the whole browser window on, also when only a part of the page was asked for."""
        if "hx-request" in self.request.headers:
            return Response(status_code=204, headers={"HX-Redirect": path})
        return self.go(path)

    def keep(self, response: Response, token: str) -> Response:
        """Put the session's token into the browser, out of reach of scripts and of other sites' forms."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION_SECONDS),
            httponly=True,
            samesite="lax",
            secure=self.request.url.scheme == "https",
        )
        return response


Handler = Callable[[Visit], Response]
Who = Literal["anyone", "member", "learner", "facilitator", "auditor", "designer"]
"""Who may see a page: strangers too, all who signed in, learners alone, or one of the staff; a designer may see all but
learners' pages."""


def page(
    who: Who, limiter: anyio.CapacityLimiter | None = None, during_pause: bool = False
) -> Callable[[Handler], Callable[[Request], Awaitable[Response]]]:
    """Make an endpoint of a page for a kind of visitor.

    A page that takes seconds brings a `limiter` of its own: it then runs in threads of its own, so many at a time, and
    who waits for one holds none of those that the other pages need. A learner's form is taken `during_pause` only where
    it says so.
    """

    def wrap(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            posted = request.method == "POST"
            try:
                async with request.form(max_files=1, max_fields=100) if posted else nullcontext(FormData()) as form:
                    request.state.form = form
                    return await anyio.to_thread.run_sync(
                        _serve, request, form, handler, who, during_pause, limiter=limiter
                    )
            except ClientDisconnect:  # nobody is left to read an answer
                return Response(status_code=400)

        return endpoint

    return wrap


def _serve(request: Request, form: FormData, handler: Handler, who: Who, during_pause: bool) -> Response:
    visit = request.state.visit = visit_of(request, form)
    if who != "anyone" and not visit.name:
        return visit.leave(f"/sign-in?{urlencode({'again': 1, 'next': page_of(request)})}")
    if not visit.may(who):
        raise HTTPException(403, f"This page is for {'learners' if who == 'learner' else f'the {who}'}.")
    if request.method == "POST" and not form_matches(visit.token, visit.field("csrf")):
        raise HTTPException(403, "This form is out of date. Go back, load the page again and send it once more.")
    if request.method == "POST" and who == "learner" and not during_pause:
        _require_running(visit)
    try:
        response = handler(visit)
    except Refused as error:
        raise HTTPException(400, str(error)) from None
    except BadInput as error:  # a file of the programme is broken: where it lies is for the designer only
        _log.error("%s: %s", request.url.path, error)
        raise HTTPException(503, str(error) if visit.designer else _BROKEN) from None
    plain = "access-control-allow-origin" in response.headers  # for other sites' scripts: no cookie goes with it
    return response if plain or request.cookies.get(COOKIE) else visit.keep(response, visit.token)


def _require_running(visit: Visit) -> None:
    """Take nothing from learners while their facilitator has the word."""
    words = visit.yard.floor.switches().get(PAUSED)
    if words is not None:
        told = as_sentence(f"Your facilitator has paused the session{f': {words}' if words else ''}")
        raise HTTPException(423, f"{told} What you typed is still there: send it when the session goes on.")


def page_of(request: Request) -> str:
    """Return the page to go on with after signing in: this one, or for a form the one that it is in."""
    path = request.url.path
    if request.method == "POST":
        path = "/".join(path.split("/")[:3])
    query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
    return f"{path}{query}"


def visit_of(request: Request, form: FormData) -> Visit:
    """Find out who is asking. A stranger gets a cookie too: it ties the sign-in form to this browser.

    Raises:
        HTTPException: the roster is broken.
    """
    try:
        return _visit(request, form)
    except BadInput as error:
        _log.error("%s: %s", request.url.path, error)
        raise HTTPException(503, _BROKEN) from None


def _visit(request: Request, form: FormData) -> Visit:
    yard: Yard = request.app.state.yard
    token = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    session = yard.store.session(token)
    learner, staff = None, None
    if session is not None:
        roster = yard.programme.roster()
        learner = next((one for one in roster.learners if one.id == session.learner), None)
        named = session.staff or "designer"
        staff = next((one for one in roster.whole_staff if session.learner is None and one.id == named), None)
    return Visit(yard=yard, request=request, token=token, form=form, learner=learner, staff=staff)
