"""A further try: the learner's button, the designer's two, and the page that shows how far a fresh copy is."""

from __future__ import annotations

from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.programs.again import further_try, new_code, tries_left
from drillyard.programs.roster import drill_of, try_number
from drillyard.registrar.walked import has_ended, is_over
from drillyard.yard.pages.designer import render_designer
from drillyard.yard.visit import Visit, find_kit, find_released, page

__all__ = ["ask", "find_further", "reissue", "reset", "show_preparing"]


@page("learner")
def ask(visit: Visit) -> Response:
    """Give the learner a fresh copy of a drill that they did not pass; a second click leads to the same one."""
    one, me = visit.assignment(), visit.me()
    progress = visit.yard.submissions.of(me.id, one.instance.id)
    ended = has_ended(visit.yard.store, me.id, one.instance.id)
    if progress is None or progress.grade is None or progress.grade.passed or ended:
        return visit.go(f"/drills/{one.instance.id}")
    drill = drill_of(one.instance.id, me.id)
    try:
        name = further_try(visit.yard.programme, me.id, drill, after=one.instance.id)
    except BadInput:  # the page says what the policy is
        return visit.go(f"/drills/{one.instance.id}/result")
    visit.yard.builder.wake()
    return visit.go(f"/drills/{name}")


def find_further(visit: Visit, name: str) -> dict[str, object]:
    """Return what a result page says of a further try: the copy that follows, if any, and how many are left."""
    me = visit.me()
    drill = drill_of(name, me.id)
    tries = me.tries(drill) if name in me.tries(drill) else (name,)
    later = tries[tries.index(name) + 1 :]
    brief, store = visit.yard.programme.brief(), visit.yard.store
    ended = has_ended(store, me.id, tries[-1])
    return {
        "later": later[0] if later else "",
        "left": 0 if ended else tries_left(brief, me, drill),
        "policy": brief.retries,
        "ended": ended,
        "over": is_over(brief, store, me, drill),
    }


def show_preparing(visit: Visit) -> Response | None:
    """Return the page of a copy that the yard builds and that cannot be opened yet; nothing for any other."""
    name, me = visit.request.path_params["instance"], visit.me()
    ours = name in me.instances and visit.yard.programme.roster().built_by_the_yard(me, name)
    if not ours or find_released(visit.yard.programme, name):
        return None
    waiting = visit.yard.builder.waiting(name)
    if waiting.given_up and "hx-request" in visit.request.headers:
        return visit.leave(f"/drills/{name}")
    title = find_kit(drill_of(name, me.id)).drill.title
    first = try_number(name, me.id) == 1
    return visit.render("preparing.html", title=title, name=name, waiting=waiting, first=first)


@page("designer")
def reset(visit: Visit) -> Response:
    """Give a learner a fresh copy, whatever the policy; a second click of the same button changes nothing."""
    learner, drill, after = (visit.field(name) for name in ("learner", "drill", "after"))
    try:
        name = further_try(visit.yard.programme, learner, drill, after=after, policy=False)
    except BadInput as error:
        return render_designer(visit, told=str(error), status=422)
    visit.yard.builder.wake()
    return render_designer(
        visit, told=f"{name} is being prepared; its learner finds it under “My drills” within a minute or so."
    )


@page("designer")
def reissue(visit: Visit) -> Response:
    """Give a learner a new sign-in code and show it, this once."""
    try:
        visit.require_sure()
        learner = new_code(visit.yard.programme, visit.field("learner"))
    except BadInput as error:
        return render_designer(visit, told=str(error), status=422)
    visit.yard.store.sign_out_learner(learner.id)
    called = visit.yard.programme.people().get(learner.id, learner.id)
    told = f"The new sign-in code of {called} is {learner.code}. The old one opens nothing any more."
    return render_designer(visit, told=told)
