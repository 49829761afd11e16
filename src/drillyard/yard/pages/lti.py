"""The door of course platforms by LTI 1.3: their login, their launch, the choice of a drill, our keys."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from drillyard.errors import BadInput
from drillyard.exports.course import course_of
from drillyard.programs.roster import drill_of
from drillyard.registrar.store import SESSION_SECONDS
from drillyard.yard.door import form_token
from drillyard.yard.visit import COOKIE, Visit, Yard, find_released, page

__all__ = ["choose", "keys", "launch", "login"]

_MINUTES = 5

Answer = Callable[[Yard, Request, Mapping[str, str]], Response]


def _by_platform(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint that another site's form may call: it hangs on a signature, not on our cookie."""

    async def endpoint(request: Request) -> Response:
        sent = await request.form() if request.method == "POST" else request.query_params
        fields = {name: value for name, value in sent.items() if isinstance(value, str)}
        return await anyio.to_thread.run_sync(_answered, request, fields, answer)

    return endpoint


def _answered(request: Request, fields: Mapping[str, str], answer: Answer) -> Response:
    yard: Yard = request.app.state.yard
    if yard.lti is None:
        raise HTTPException(404)
    try:
        return answer(yard, request, fields)
    except BadInput as error:
        raise HTTPException(400, f"{str(error)[0].upper()}{str(error)[1:]}.") from None


def _login(yard: Yard, request: Request, fields: Mapping[str, str]) -> Response:
    """Send the browser to its platform, which sends it back with a launch."""
    assert yard.lti is not None
    where, cookies = yard.lti.login(fields)
    response = RedirectResponse(where, 303)
    _tie(response, cookies, yard.url)
    return response


def _launch(yard: Yard, request: Request, fields: Mapping[str, str]) -> Response:
    """Sign in whom a platform sends, and open the drill; or let who teaches choose one."""
    assert yard.lti is not None
    launched = yard.lti.launch(fields, request.cookies)
    if launched.deep:
        if not launched.teaches:
            raise HTTPException(403, "Only who teaches the course may choose a drill for it.")
        name, token = secrets.token_urlsafe(24), request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
        yard.platforms.keep(f"deep {name} {token}", launched.settings)
        units = course_of(yard.programme, yard.url).units
        text = yard.templates.get_template("lti_choose.html").render(
            csrf=form_token(token), learner=None, staff=None, called="", said={}, reviews=False, weighs=False,
            units=units, name=name,
        )  # fmt: skip
        return _keep(HTMLResponse(text), token, yard.url)
    if not launched.subject:
        raise HTTPException(400, "Your course does not say who you are. Tell who runs it.")
    learner = yard.platforms.learner(launched.platform, launched.subject)
    yard.builder.wake()
    copies = {name: _drill_at(yard, name, learner.id) for name in learner.instances}
    mine = [name for name, drill in copies.items() if drill == launched.drill]
    if launched.drill and not mine:
        raise HTTPException(404, "Your plan here has no such drill. Tell who runs the course.")
    if mine and launched.endpoint:
        yard.platforms.expect(learner.id, launched.drill, launched.platform, launched.subject, launched.endpoint)
    token = yard.store.sign_in(learner.id, learner.role)
    return _keep(RedirectResponse(f"/drills/{mine[-1]}" if mine else "/drills", 303), token, yard.url)


login, launch = _by_platform(_login), _by_platform(_launch)


@page("anyone")
def choose(visit: Visit) -> Response:
    """Answer a deep link with the drill that was chosen."""
    yard = visit.yard
    settings = yard.platforms.take(f"deep {visit.field('name')} {visit.token}") if yard.lti else None
    if yard.lti is None or settings is None:
        raise HTTPException(404, "This choice is over. Begin it again in your course.")
    try:
        where, token = yard.lti.answer(settings, course_of(yard.programme, yard.url), visit.field("drill"))
    except BadInput as error:
        raise HTTPException(400, str(error)) from None
    response = visit.render("lti_chosen.html", where=where, token=token)
    policy = f"default-src 'none'; style-src 'self'; img-src 'self'; form-action {yard.lti.return_origin(settings)}; "
    response.headers["content-security-policy"] = f"{policy}base-uri 'none'; frame-ancestors 'none'"
    return response


@page("anyone")
def keys(visit: Visit) -> Response:
    """Tell the public keys by which platforms check what the yard signs."""
    if visit.yard.lti is None:
        raise HTTPException(404)
    return JSONResponse({"keys": [visit.yard.lti.public]})


def _drill_at(yard: Yard, name: str, learner: str) -> str:
    found = find_released(yard.programme, name)
    return found.drill if found else drill_of(name, learner)


def _tie(response: Response, cookies: Mapping[str, str], url: str) -> None:
    """Set the state's cookie so that the platform's form, which comes from another site, carries it."""
    secure = url.startswith("https")
    for name, value in cookies.items():
        response.set_cookie(
            name,
            value,
            max_age=_MINUTES * 60,
            path="/lti",
            httponly=True,
            secure=secure,
            samesite="none" if secure else None,
        )


def _keep(response: Response, token: str, url: str) -> Response:
    secure = url.startswith("https")
    response.set_cookie(COOKIE, token, max_age=int(SESSION_SECONDS), httponly=True, samesite="lax", secure=secure)
    return response
