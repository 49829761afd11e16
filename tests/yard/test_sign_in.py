"""The door: codes, sessions, forms that come from elsewhere, and who may see what."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from yard.small_programme import ANN, BOB, DESIGNER_CODE, FIELDS, UPSELL, Clock, kept
from yard.visitor import Visit

from drillyard.programs.folder import ProgramFolder
from drillyard.registrar.store import SESSION_SECONDS
from drillyard.yard.door import TryLimit, form_matches, form_token, match_code
from drillyard.yard.pages import sign_in


def test_a_code_opens_the_yard_however_it_is_typed(visit: Visit) -> None:
    """Case, spaces and hyphens are typing, not secrets."""
    assert ANN.id in visit(ANN.code.upper().replace("-", " ")).page
    assert BOB.id in visit(f" {BOB.code.replace('-', '')} ").page


def test_a_wrong_code_is_refused_and_kept_in_the_form(visit: Visit) -> None:
    """The message stands at the field and what was typed stays there."""
    stranger = visit()
    stranger.get("/sign-in")
    page = stranger.send("/sign-in", expect=403, code="abcd-efgh-jkmn-xxxx")
    assert 'id="code-error"' in page and 'value="abcd-efgh-jkmn-xxxx"' in page
    assert "sign-in" in str(stranger.client.get("/drills").url)


@pytest.mark.parametrize("code", ["", "-", "   ", "x" * 10_000, "\u0000", "é", "абцд", "' or 1=1 --"])
def test_odd_codes_open_nothing(visit: Visit, code: str) -> None:
    """Empty, long and foreign input is a wrong code, not a fault."""
    stranger = visit()
    stranger.get("/sign-in")
    stranger.send("/sign-in", expect=403, code=code)


def test_guessing_is_slowed_down_by_code_prefix(visit: Visit) -> None:
    """After a few wrong endings of one code, even the right one must wait; other codes are not touched."""
    stranger = visit()
    stranger.get("/sign-in")
    for number in range(5):
        stranger.send("/sign-in", expect=403, code=f"abcd-efgh-jkmn-000{number}")
    page = stranger.send("/sign-in", expect=429, code=ANN.code)
    assert "Too many wrong codes" in page
    assert BOB.id in visit(BOB.code).page


def test_guessing_is_slowed_down_by_address(visit: Visit) -> None:
    """Changing the prefix each time does not help, and neither does throwing the cookie away."""
    for number in range(20):
        stranger = visit()
        stranger.get("/sign-in")
        stranger.send("/sign-in", expect=403, code=f"{number:04}-wrong")
    stranger = visit()
    stranger.get("/sign-in")
    stranger.send("/sign-in", expect=429, code=BOB.code)
    assert stranger.client.post("/sign-in", data={"csrf": "?", "code": BOB.code}).status_code == 403


def test_many_guesses_at_once_are_no_more_than_one_by_one(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is counted before the next is looked at: of thirty wrong ones that arrive together, twenty are."""
    strangers = [visit() for _ in range(30)]
    for stranger in strangers:
        stranger.get("/sign-in")
    looked: list[str] = []

    def look(code: str, codes: Iterable[str]) -> int | None:
        looked.append(code)
        time.sleep(0.01)
        return match_code(code, codes)

    monkeypatch.setattr(sign_in, "match_code", look)

    def guess(number: int) -> int:
        token = strangers[number].page.partition('name="csrf" value="')[2].partition('"')[0]
        form = {"csrf": token, "code": f"{number:04}-wrong"}
        return strangers[number].client.post("/sign-in", data=form).status_code

    with ThreadPoolExecutor(30) as pool:
        assert sorted(pool.map(guess, range(30))) == [403] * 20 + [429] * 10
    assert len(looked) == 20


def test_a_class_behind_one_address_signs_in_at_once(visit: Visit) -> None:
    """Right codes that arrive together use up no tries, however many they are."""
    with ThreadPoolExecutor(30) as pool:
        assert all(BOB.id in one.page for one in pool.map(visit, [BOB.code] * 60))


def test_a_limit_forgets_with_time_and_forgets_the_oldest_names_first(clock: Clock) -> None:
    """Three tries in ten seconds; the fourth waits until the first is ten seconds old. Memory stays bounded."""
    limit = TryLimit(tries=3, seconds=10, clock=clock, names=2)
    for _ in range(3):
        assert limit.wait("a") == 0
        limit.failed("a")
        clock.now += 1
    assert limit.wait("a") == 7 and limit.wait("b") == 0
    clock.now += 7
    assert limit.wait("a") == 0
    limit.failed("b")
    limit.failed("c")
    assert list(limit._failed) == ["b", "c"]


def test_a_code_matches_itself_only() -> None:
    """The place of the code is found among many; a prefix, an extension and the empty code match none."""
    codes = [DESIGNER_CODE, ANN.code, BOB.code]
    assert [match_code(code, codes) for code in codes] == [0, 1, 2]
    assert [match_code(code, codes) for code in (ANN.code[:-1], f"{ANN.code}x", "")] == [None] * 3


def test_signing_in_gives_a_new_cookie(visit: Visit) -> None:
    """A cookie that somebody planted before the sign-in is worth nothing after it."""
    ann = visit()
    ann.get("/sign-in")
    before = ann.client.cookies["drillyard"]
    ann.send("/sign-in", code=ANN.code)
    assert ann.client.cookies["drillyard"] != before


def test_the_cookie_is_out_of_reach(visit: Visit) -> None:
    """Scripts cannot read it, other sites' forms do not carry it, and over TLS it stays on TLS."""
    ann = visit()
    assert {"HttpOnly", "SameSite=lax"} <= set(ann.client.get("/sign-in").headers["set-cookie"].split("; "))
    fresh = visit().client.get("https://testserver/sign-in")
    assert "Secure" in fresh.headers["set-cookie"]


def test_an_ended_session_asks_to_sign_in_and_says_that_work_is_kept(visit: Visit, clock: Clock) -> None:
    """No fault, no empty page: the way back in, with a word on what became of the work."""
    ann = visit(ANN.code)
    clock.now += SESSION_SECONDS
    page = ann.get("/drills/hunt-1")
    assert "your session has ended" in page and "your work is kept" in page
    assert 'name="code"' in page


def test_an_ended_session_moves_the_whole_page_on_under_htmx(visit: Visit, clock: Clock) -> None:
    """A sign-in page in the middle of a drill page would help nobody."""
    ann = visit(ANN.code)
    clock.now += SESSION_SECONDS
    answer = ann.client.get("/drills/hunt-1", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/sign-in?again=1&next=%2Fdrills%2Fhunt-1")


def test_signing_out_ends_the_session_on_the_server(visit: Visit) -> None:
    """A copy of the cookie is worth nothing afterwards."""
    ann = visit(ANN.code)
    cookie = ann.client.cookies["drillyard"]
    ann.send("/sign-out")
    ann.client.cookies.set("drillyard", cookie)
    assert 'name="code"' in ann.get("/drills")


FORMS = [
    "/sign-out",
    "/drills/hunt-1/chat",
    "/drills/hunt-1/claims",
    "/drills/hunt-1/claims/1/remove",
    "/drills/hunt-1/hints",
    "/drills/hunt-1/tutor",
    "/drills/hunt-1/submit",
    "/drills/hunt-1/upload",
    "/drills/hunt-1/trial",
    "/drills/hunt-1/policy",
    "/drills/hunt-1/retry",
    "/drills/hunt-1/again",
    "/drills/hunt-1/end",
    "/drills/hunt-1/drafts/claim",
    "/drills/hunt-1/fits",
    "/drills/hunt-1/fits/hand-in",
    "/drills/hunt-1/looks",
    "/drills/hunt-1/preview",
    "/reading/read-the-policies",
    "/lessons/watch-it-fail/ask",
    "/lessons/watch-it-fail/answer",
    "/held/draft",
    "/values/compare",
    "/values/propose",
    "/board",
    "/shell/open",
    "/recall",
    "/placement",
]
FACILITATORS = ["/live", "/live/people", "/live/at/hunt-1", "/live/led/talk"]
DESIGNERS = ["/designer/review", "/designer/reset", "/designer/reissue"]
AUDITORS = ["/evidence"]
ALL_FORMS = [*FORMS, *FACILITATORS, *DESIGNERS, *AUDITORS]


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_token_changes_nothing(visit: Visit, path: str) -> None:
    """A form on another site can make the browser send a request, but cannot know the token."""
    ann = visit(ANN.code)
    for fields in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "é"}):
        answer = ann.client.post(path, data=fields)
        assert answer.status_code == 403 and "out of date" in answer.text, fields
    assert ANN.id in ann.get("/drills"), "still signed in"


@pytest.mark.parametrize(
    "path, who",
    [
        *((path, "facilitator") for path in FACILITATORS),
        *((path, "designer") for path in DESIGNERS),
        *((path, "auditor") for path in AUDITORS),
    ],
)
def test_a_designer_s_form_needs_the_designer_and_its_token(visit: Visit, path: str, who: str) -> None:
    """No learner may send it, and no other site for the designer."""
    learner = visit(ANN.code).client.post(path, data={})
    assert learner.status_code == 403 and f"for the {who}" in learner.text
    answer = visit(DESIGNER_CODE).client.post(path, data={})
    assert answer.status_code == 403 and "out of date" in answer.text


def test_every_form_of_the_yard_is_in_that_list(visit: Visit) -> None:
    """A new form must join the check above."""
    routes = {route.path for route in visit().client.app.routes if "POST" in (getattr(route, "methods", None) or ())}
    names = {
        "hunt-1": "{instance}",
        "claims/1/": "claims/{claim}/",
        "drafts/claim": "drafts/{form}",
        "held/draft": "held/{id}",
        "lessons/watch-it-fail": "lessons/{lesson}",
        "reading/read-the-policies": "reading/{activity}",
        "led/talk": "led/{activity}",
    }
    listed = {re.sub("|".join(names), lambda found: names[found[0]], path) for path in ALL_FORMS}
    # a platform's launch hangs on its signature: tests/yard/test_lti.py
    assert routes - {"/sign-in", "/join/{token}", "/lti/login", "/lti/launch", "/lti/choose"} == listed


def test_a_token_belongs_to_its_cookie() -> None:
    """A token from one's own session does not fit another's."""
    assert form_matches("mine", form_token("mine")) and not form_matches("mine", form_token("yours"))


FOREIGN = ("hunt-2", "hunt-3", "nothing", "..%2f..%2froster.json", "%2e%2e", "hunt-1%00", "a" * 5000)


@pytest.mark.parametrize("page", ["", "/submit", "/upload", "/questions", "/result"])
def test_a_drill_that_is_not_mine_is_not_there(visit: Visit, page: str) -> None:
    """Another learner's, one that is held back, one that does not exist and a path trick all give the same 404."""
    ann = visit(ANN.code)
    for instance in FOREIGN:
        assert "no such page, or it is not yours" in ann.get(f"/drills/{instance}{page}", expect=404), instance


def test_no_address_of_the_yard_opens_another_learner_s_drill(visit: Visit, programme: ProgramFolder) -> None:
    """By every route that names a drill, read or sent with a token of one's own, also once it was handed in: 404."""
    bob = visit(BOB.code)
    bob.send("/drills/hunt-2/claims", **{**FIELDS, "words": "a secret of Bob's"})
    bob.get("/drills/hunt-2")
    bob.send("/drills/hunt-2/submit")
    ann = visit(ANN.code)
    token = ann.get("/drills").partition('name="csrf" value="')[2].partition('"')[0]
    routes = [
        route for route in ann.client.app.routes if "{instance}" in route.path and route.path.startswith("/drills")
    ]
    assert len(routes) > 20
    for route in routes:
        path = route.path.replace("{instance}", "hunt-2").replace("{claim}", "1").replace("{form}", "claim")
        for method in route.methods - {"HEAD"}:
            answer = ann.client.request(method, path, data={"csrf": token} if method == "POST" else None)
            assert "a secret of Bob's" not in answer.text and UPSELL.title not in answer.text, (method, path)
            assert answer.status_code == 404 or "hunt-2" not in str(answer.url), (method, path, answer.status_code)
    assert [one.learner for one in kept(programme)] == [BOB.id]


@pytest.mark.parametrize("path", ["/drills", "/drills/hunt-1", "/drills/hunt-1/result", "/designer"])
def test_strangers_are_asked_to_sign_in(visit: Visit, path: str) -> None:
    """Nothing is shown before the code."""
    assert 'name="code"' in visit().get(path)


def test_learners_and_designers_have_their_own_pages(visit: Visit) -> None:
    """Each is told whose page it is."""
    assert "for the auditor" in visit(ANN.code).get("/designer", expect=403)
    assert "for learners" in visit(DESIGNER_CODE).get("/drills", expect=403)


def test_a_learner_who_left_the_roster_is_out(visit: Visit, programme: ProgramFolder) -> None:
    """Taking a learner off the roster ends what they can see at once."""
    ann = visit(ANN.code)
    roster = programme.roster()
    programme.write_roster(roster.model_copy(update={"learners": (BOB,)}))
    assert 'name="code"' in ann.get("/drills")
