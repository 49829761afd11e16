"""A session that is led: staff, invitations, the word to all, pauses, held drills, tips, who is stuck."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient
from yard.small_programme import (
    ANN,
    BOB,
    DESIGNER_CODE,
    FIELDS,
    HERE,
    SUBMISSION,
    Clock,
    EchoingModel,
    grade_of,
    until,
)
from yard.test_again import copy_instance
from yard.visitor import Visit, Visitor

from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.joining import appoint, dismiss, invite
from drillyard.programs.people import Person, parse_people, rename
from drillyard.programs.roster import Staff, enlarge, make_roster
from drillyard.records import Activity, Scheduled
from drillyard.records.names import same_name
from drillyard.registrar.board import rank, told_teams
from drillyard.registrar.seats import MANY_MESSAGES, QUIET_SECONDS
from drillyard.yard.app import make_app


@pytest.fixture
def fay(programme: ProgramFolder, visit: Visit) -> Visitor:
    """The facilitator, on the page of the session."""
    fay = visit(appoint(programme, "facilitator", "Fay").code)
    fay.get("/live")
    return fay


def with_drill(programme: ProgramFolder) -> None:
    """Plan a drill for engineers."""
    hunt = Activity(id="hunt", title="Hunt", kind="drill", minutes=40, objectives=("o",), drill="failure-hunt")
    plan = programme.plan()
    roles = [
        role.model_copy(update={"activities": (Scheduled(activity=hunt, start=0),)})
        if role.role == "engineer"
        else role
        for role in plan.roles
    ]
    programme.write_plan(plan.model_copy(update={"roles": tuple(roles)}))


def test_each_of_the_staff_sees_their_own_pages(programme: ProgramFolder, visit: Visit) -> None:
    """A facilitator leads, an auditor reads without people, a second designer may all; who is dismissed is out."""
    codes = {role: appoint(programme, role, f"Sam {role}").code for role in ("facilitator", "auditor", "designer")}
    may = {
        "/live": {"facilitator", "designer"},
        "/live/people": {"facilitator", "designer"},
        "/live/codes": {"facilitator", "designer"},
        "/live/at/hunt-1": {"facilitator", "designer"},
        "/live/debrief/failure-hunt": {"facilitator", "designer"},
        "/designer": {"auditor", "designer"},
        "/drills": set(),
        "/board": set(),
    }
    people = {role: visit(code) for role, code in codes.items()}
    for path, allowed in may.items():
        for role, person in people.items():
            assert person.get(path, expect=200 if role in allowed else 403), (path, role)
    assert ANN.id not in people["auditor"].get("/designer") and ANN.id in people["designer"].get("/designer")
    assert "Sam facilitator" in people["facilitator"].get("/live")
    dismiss(programme, "Sam facilitator")
    assert 'name="code"' in people["facilitator"].get("/live")
    people["facilitator"].send("/sign-in", expect=403, code=codes["facilitator"])


def test_staff_have_names_of_their_own(programme: ProgramFolder) -> None:
    """One code per name; an unknown role, a learner's id, a look-alike spelling and nobody are one line."""
    assert appoint(programme, "auditor", "Ada") == programme.roster().staff[0]
    for role, name in (
        ("auditor", "ADA"),
        ("auditor", ANN.id),
        ("auditor", "designer"),
        ("boss", "Bo"),
        ("auditor", ""),
    ):
        with pytest.raises(BadInput):
            appoint(programme, role, name)
    with pytest.raises(BadInput, match="one of the staff: Ada"):
        dismiss(programme, "designer")
    assert [one.id for one in programme.roster().staff] == ["Ada"]


@pytest.fixture
def app(programme: ProgramFolder) -> Iterator[Callable[[str], Visitor]]:
    """A running yard whose copies are built at once."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of, build=copy_instance)
    with TestClient(app):
        yield lambda code: Visitor(TestClient(app)).sign_in(code) if code else Visitor(TestClient(app))


def test_who_joins_by_a_link_gets_a_code_and_drills(programme: ProgramFolder, app: Callable[[str], Visitor]) -> None:
    """One name, one code, a drill that is built in the background; a used-up, a wrong and an old link lead nowhere."""
    with_drill(programme)
    designer, zoe = app(DESIGNER_CODE), app("")
    designer.get("/live/people")
    page = designer.send("/live/people", what="link", role="engineer", team="Blue", places="1", days="1")
    (path,) = re.findall(r"/join/[\w-]+", page)
    assert "engineer" in zoe.get(path)
    zoe.send(path, name="Zoe Quist")
    learner = programme.roster().learners[-1]
    assert learner.code in zoe.page and (learner.team, learner.invited) == ("Blue", True)
    assert programme.people()[learner.id] == "Zoe Quist"
    until(lambda: "Begin" in zoe.get("/drills"))
    assert "Sign in" in app("").get("/sign-in") and learner.id in app(learner.code).get("/drills") or "Zoe" in zoe.page
    app("").get(path, expect=404)
    app("").get("/join/nothing", expect=404)
    for places, days in (("0", "1"), ("501", "1"), ("1", "91"), ("x", "1"), ("-1", "1")):
        designer.get("/live/people")
        designer.send("/live/people", expect=422, what="link", role="engineer", places=places, days=days)


def test_a_double_click_joins_once(programme: ProgramFolder, app: Callable[[str], Visitor]) -> None:
    """Eight sends of one form from one browser are one place of the link, and one learner."""
    designer, zoe = app(DESIGNER_CODE), app("")
    designer.get("/live/people")
    page = designer.send("/live/people", what="link", role="engineer", places="5", days="1")
    (path,) = re.findall(r"/join/[\w-]+", page)
    token = re.search(r'name="csrf" value="(\w+)"', zoe.get(path))
    assert token
    sent = {"csrf": token[1], "name": "Zoe"}
    cookie = {"cookie": f"drillyard={zoe.client.cookies['drillyard']}"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: TestClient(zoe.client.app).post(path, data=sent, headers=cookie), range(8)))
    assert {one.status_code for one in answers} == {200}
    assert len(programme.roster().learners) == 3


def link_to(designer: Visitor, role: str = "engineer", places: int = 5) -> str:
    """Make a link by the page and return its path."""
    designer.get("/live/people")
    page = designer.send("/live/people", what="link", role=role, places=str(places), days="1")
    return re.findall(r"/join/[\w-]+", page)[0]


def test_a_link_gives_nobody_else_s_place(programme: ProgramFolder, app: Callable[[str], Visitor]) -> None:
    """Listed, not signed in, signed in or come by the link: same name, same page, a place of one's own for each."""
    (fi,) = invite(programme, [Person(name="Fi Yost", role="engineer")])
    path, pages = link_to(app(DESIGNER_CODE)), []
    for name in ("fi yost", "Fi Yost", "Somebody Else"):
        stranger = app("")
        stranger.get(path)
        page = stranger.send(path, name=name)
        mine = programme.roster().learners[-1]
        assert fi.code not in page and mine.id != fi.id and mine.by_link and programme.people()[mine.id] == name
        pages.append(re.sub(r"value=\"\w+\"", "", page.replace(mine.code, "").replace(name, "")))
        app(fi.code)
    assert len(set(pages)) == 1 and programme.people()[fi.id] == "Fi Yost"
    assert fi in programme.roster().learners
    programme.write_people({one: name for one, name in programme.people().items() if one != fi.id})
    (listed,) = invite(programme, [Person(name="Fi Yost", role="engineer")])
    assert not listed.by_link, "nor does a list hand a person's card to whoever took their name"


def test_a_link_gives_no_place_whose_card_may_be_out(programme: ProgramFolder, app: Callable[[str], Visitor]) -> None:
    """A place without a name has a code, which may be printed already."""
    programme.write_people({ANN.id: "Ann"})
    path, zoe = link_to(app(DESIGNER_CODE)), app("")
    zoe.get(path)
    assert BOB.code not in zoe.send(path, name="Zoe") and BOB.id not in programme.people()


@pytest.mark.parametrize(
    "name", ["designer", "Facilitator", "fay lund", ANN.id, "cnnr-2z2e-t4wp", "2345-6789-abcd-efgh"]
)
def test_nobody_is_called_like_the_staff_or_an_id(
    programme: ProgramFolder, app: Callable[[str], Visitor], name: str
) -> None:
    """Neither by a link nor by a list, and all of it is refused in the same words."""
    appoint(programme, "facilitator", "Fay Lund")
    path, zoe = link_to(app(DESIGNER_CODE)), app("")
    zoe.get(path)
    assert "stands for the staff or is formed like an id" in zoe.send(path, expect=422, name=name)
    with pytest.raises(BadInput, match="add a word"):
        invite(programme, [Person(name=name, role="engineer")])
    assert not programme.people() and zoe.send(path, name="Zoe Lund")


def test_the_last_place_is_joined_again_by_its_browser(programme: ProgramFolder, app: Callable[[str], Visitor]) -> None:
    """Where the first reply was lost, the second click shows the code; after a new code it shows none."""
    path, zoe = link_to(app(DESIGNER_CODE), places=1), app("")
    zoe.get(path)
    sent = {"csrf": token(zoe), "name": "Zoe"}
    before = {"cookie": f"drillyard={zoe.client.cookies['drillyard']}"}
    first, again = (TestClient(zoe.client.app).post(path, data=sent, headers=before) for _ in range(2))
    code = programme.roster().learners[-1].code
    assert code in first.text and code in again.text and len(programme.roster().learners) == 3
    designer = app(DESIGNER_CODE)
    designer.get("/live/people")
    learner = programme.roster().learners[-1].id
    designer.send("/live/people", expect=422, what="code", learner=learner)
    assert "The new sign-in code of Zoe is" in designer.send("/live/people", what="code", learner=learner, sure="yes")
    assert TestClient(zoe.client.app).post(path, data=sent, headers=before).status_code == 404


def test_a_limited_address_waits_with_a_good_link(app: Callable[[str], Visitor]) -> None:
    """It is told for how long, opening the link makes it no longer, and the answer is that of a wrong link."""
    path, zoe = link_to(app(DESIGNER_CODE)), app("")
    for number in range(20):
        zoe.get(f"/join/{number}", expect=404)
    limit = zoe.client.app.state.yard.by_address
    before = {name: list(times) for name, times in limit._failed.items()}
    for where in (path, "/join/nothing", path):
        answer = zoe.client.get(where)
        assert answer.status_code == 429 and 0 < int(answer.headers["retry-after"]) <= 300
        assert "Try again in" in answer.text and "leads nowhere" not in answer.text
    assert {name: list(times) for name, times in limit._failed.items()} == before


def test_a_long_list_takes_time_in_proportion(programme: ProgramFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is looked at a fixed number of times, however many there are, on an empty and on a full roster."""
    looked = 0

    def count_names(text: str, most: int = 120) -> str:
        nonlocal looked
        looked += 1
        return same_name(text, most)

    for module in ("joining", "people"):
        monkeypatch.setattr(f"drillyard.programs.{module}.same_name", count_names)
    for beginning in ("A", "B"):
        looked = 0
        given = invite(programme, [Person(name=f"{beginning}. Person {n}", role="engineer") for n in range(500)])
        assert len({one.id for one in given}) == 500 and looked < 500 * 6
    assert len(programme.roster().learners) == 1002


def test_who_left_leaves_no_place_to_others(programme: ProgramFolder) -> None:
    """An id is given once: later places and a brief made again pass it over."""
    (eve,) = invite(programme, [Person(name="Eve", role="engineer")])
    programme.write_roster(programme.roster().without(eve.id).without(BOB.id))
    (later,) = invite(programme, [Person(name="Lea", role="engineer")])
    assert later.id != eve.id and later.code != eve.code
    roles = tuple(role.model_copy(update={"head_count": 3}) for role in programme.plan().roles)
    made = make_roster(programme.plan().model_copy(update={"roles": roles}), programme.brief().seed, secret="0" * 64)
    grown = [one.id for one in enlarge(programme.roster(), made).learners]
    assert eve.id in [one.id for one in made.learners] and eve.id not in grown and later.id in grown


def test_links_are_seen_and_ended(programme: ProgramFolder, app: Callable[[str], Visitor]) -> None:
    """Role, places left and who made it stand there, the token does not; an ended link leads nowhere, once."""
    designer, zoe = app(DESIGNER_CODE), app("")
    path = link_to(designer, places=7)
    page = designer.get("/live/people")
    (mark,) = re.findall(r'name="link" value="(\w{8})"', page)
    assert ">7</td>" in page and path not in page
    zoe.get(path)
    assert "lets nobody in any more" in designer.send("/live/people", what="end", link=mark)
    zoe.send(path, expect=404, name="Zoe")
    assert "one that is open" in designer.send("/live/people", expect=422, what="end", link=mark)


def test_who_is_removed_is_out(programme: ProgramFolder, app: Callable[[str], Visitor]) -> None:
    """It asks for a word that one is sure; then code, name and session are gone, and the id comes to nobody."""
    (eve,) = invite(programme, [Person(name="Xenia", role="engineer")])
    designer, out = app(DESIGNER_CODE), app(eve.code)
    designer.get("/live/people")
    designer.send("/live/people", expect=422, what="remove", learner=eve.id)
    designer.send("/live/people", what="remove", learner=eve.id, sure="yes")
    assert "Xenia" not in designer.get("/live/people") and 'name="code"' in out.get("/drills")
    (later,) = invite(programme, [Person(name="Lea", role="engineer")])
    assert later.id != eve.id and later.code != eve.code


def test_addresses_are_the_yard_s_own(programme: ProgramFolder, app: Callable[[str], Visitor]) -> None:
    """What a browser says in its Host header is in no link and on no card."""
    designer = app(DESIGNER_CODE)
    designer.get("/live/people")
    sent = {"csrf": token(designer), "what": "link", "role": "engineer", "places": "1", "days": "1"}
    evil = {"host": "evil.example"}
    pages = [
        designer.client.post("/live/people", data=sent, headers=evil).text,
        designer.client.get("/live/codes", headers=evil).text,
    ]
    assert all("evil.example" not in page and "http://testserver" in page for page in pages)


def test_a_list_adds_whom_it_names_once(programme: ProgramFolder, fay: Visitor) -> None:
    """A second time nothing is added; a bad line is named and what was typed stands there still."""
    people = "name,role,team\nEve Harlow,engineer,Red\nCy Lund,support-lead,Red\n"
    for new in (2, 0):
        fay.get("/live/people")
        assert f"2 people have a place, {new} of them" in fay.send("/live/people", what="list", people=people)
    assert [one.team for one in programme.roster().learners] == ["", "", "Red", "Red"]
    page = fay.send("/live/people", expect=422, what="list", people="name,role\nEve,astronaut")
    assert "role &#39;astronaut&#39;" in page and "Eve,astronaut" in page
    cards = fay.get("/live/codes")
    assert all(one.code in cards for one in programme.roster().learners) and "Eve Harlow" in cards


def test_places_without_a_name_are_filled_first(programme: ProgramFolder) -> None:
    """Where names are known and nobody has signed in; a larger brief later meets the invited again."""
    programme.write_people({ANN.id: "Ann"})
    assert invite(programme, [Person(name="Bea", role="engineer")])[0].id == BOB.id
    programme.write_people({ANN.id: "Ann"})
    added = invite(programme, [Person(name="Bea", role="engineer")], seen=[BOB.id])[0]
    assert added.invited and added.id not in (ANN.id, BOB.id)
    larger = programme.plan()
    roles = tuple(role.model_copy(update={"head_count": 2}) for role in larger.roles)
    made = make_roster(larger.model_copy(update={"roles": roles}), programme.brief().seed, secret="0" * 64)
    assert added.id in [one.id for one in made.learners], "the same seed under the same secret"
    grown = enlarge(programme.roster(), made)
    assert [one.id for one in grown.learners].count(added.id) == 1
    assert added in grown.learners
    assert added in enlarge(programme.roster(), make_roster(larger, 9, secret="1" * 64)).learners


@pytest.mark.parametrize("part", [",", ";", "\t"])
def test_lists_are_read_as_spreadsheets_write_them(programme: ProgramFolder, part: str) -> None:
    """With a byte order mark, capitals, and whatever parts the columns."""
    text = "\ufeffName,Role,TEAM\nEve Harlow,engineer,Red\n".replace(",", part)
    assert parse_people(text, "x", programme.plan()) == [Person(name="Eve Harlow", role="engineer", team="Red")]


def test_a_drill_that_was_opened_is_begun(ann: Visitor, fay: Visitor) -> None:
    """Learner and facilitator read the same, whatever form the work has."""
    assert "Not begun" not in ann.get("/drills") and "in hand" in fay.get("/live")


def test_lists_are_read_strictly(programme: ProgramFolder) -> None:
    """Another column, a value too many, a name twice and a hidden letter are one line each."""
    for text in ("name,role,age\nA,engineer,3", "name,role\nA,engineer,x", "name,role\nA,engineer\nA,engineer", "",
                 "name,role,team\nA,engineer,\u202eB"):  # fmt: skip
        with pytest.raises(BadInput, match="found"):
            parse_people(text, "x", programme.plan())


def test_a_pause_takes_nothing_and_keeps_what_is_typed(fay: Visitor, ann: Visitor) -> None:
    """The chat's script, a form and a hand-in are refused with the reason; drafts are kept; then all goes on."""
    fay.send("/live", what="paused", words="Let us look together")
    said, accept = {"csrf": token(ann), "template": "v1", "prompt": "x"}, {"accept": "application/x-ndjson"}
    answer = ann.client.post(f"{HERE}/chat", data=said, headers=accept)
    assert answer.status_code == 423 and "Let us look together" in answer.json()["error"]
    assert "paused the session" in ann.send(f"{HERE}/claims", expect=423, **FIELDS)
    assert f'href="{HERE}">Go back' in ann.page and 'href="/progress"' in ann.page, "with the bar of every page"
    assert "Paused by your facilitator" in ann.get(HERE)
    ann.send(f"{HERE}/drafts/claim", expect=204, **FIELDS)
    ann.get(HERE)
    assert ann.client.get("/said").status_code == 200
    fay.get("/live")
    fay.send("/live", what="paused", off="1")
    assert "any price question" in ann.get(HERE) and "Paused" not in ann.page
    ann.send(f"{HERE}/claims", **FIELDS)


def token(visitor: Visitor) -> str:
    """Return the token of the page that is open."""
    return re.findall(r'name="csrf" value="(\w+)"', visitor.page)[0]


def test_a_word_to_all_reaches_open_pages(fay: Visitor, ann: Visitor) -> None:
    """The part of the page that asks gets it once; unchanged it costs an empty answer; taken down it goes."""
    seen = re.findall(r"/said\?seen=(\w+)", ann.page)[0]
    assert ann.client.get(f"/said?seen={seen}").status_code == 204
    fay.send("/live", what="announced", words="Ten minutes left")
    answer = ann.client.get(f"/said?seen={seen}")
    assert "Ten minutes left" in answer.text
    seen = re.findall(r"/said\?seen=(\w+)", answer.text)[0]
    assert ann.client.get(f"/said?seen={seen}").status_code == 204
    assert "Ten minutes left" in ann.get("/drills")
    fay.get("/live")
    fay.send("/live", what="announced", words="")
    assert "Ten minutes left" not in ann.get("/drills")
    fay.send("/live", expect=400, what="everything", words="x")
    fay.get("/live")
    fay.send("/live", expect=400, what="announced", words="x" * 2001)


def test_a_held_drill_opens_when_it_is_released(fay: Visitor, ann: Visitor) -> None:
    """It stands in the plan as such, its address says the same, and what was done in it is kept."""
    ann.send(f"{HERE}/claims", **FIELDS)
    fay.send("/live", what="held", drill="failure-hunt")
    assert "opens this drill later" in ann.get("/drills") and "Go on" not in ann.page
    assert "opens this drill later" in ann.get(HERE, expect=403)
    fay.get("/live")
    fay.send("/live", what="held", drill="failure-hunt", off="1")
    assert "any price question" in ann.get(HERE)


def test_a_tip_by_hand_costs_nothing(fay: Visitor, ann: Visitor) -> None:
    """It stands with the hints; nobody else sees it; one of nothing is refused."""
    fay.get("/live/at/hunt-1")
    fay.send("/live/at/hunt-1", words="Compare two templates.")
    assert "From your facilitator: Compare two templates." in ann.get(HERE) and "hints cost" not in ann.page
    fay.send("/live/at/hunt-1", expect=422, words="  ")
    fay.get("/live/at/hunt-9", expect=404)


def test_who_is_stuck_is_told_by_a_sign(fay: Visitor, ann: Visitor, visit: Visit, clock: Clock) -> None:
    """Silence, many messages without a claim and a failed try are signs; work that goes on is none."""
    bob = visit(BOB.code)
    bob.get("/drills/hunt-2")
    assert "no step for" not in fay.get("/live")
    for _ in range(MANY_MESSAGES):
        bob.send("/drills/hunt-2/chat", template="v1", prompt="Hello?")
    assert f"{MANY_MESSAGES} messages, no claim" in fay.get("/live")
    assert fay.page.index(BOB.id) < fay.page.index(ANN.id), "who seems stuck stands first"
    assert "Hello?" in fay.get("/live/at/hunt-2")
    clock.now += QUIET_SECONDS
    assert "no step for 10 minutes" in fay.get("/live")
    ann.upload(HERE, ("x", SUBMISSION.to_json().encode()))
    until(lambda: "did not pass" in fay.get("/live"))
    assert "not passed" in fay.page and "You found 1 of 2" in fay.get("/live/at/hunt-1")


def test_a_debrief_waits_for_those_at_work_and_hides_few(fay: Visitor, ann: Visitor) -> None:
    """It tells how the drill is won, so it asks first; few shares are not shown, a fresh copy is worked through."""
    ann.upload(HERE, ("x", SUBMISSION.to_json().encode()))
    until(lambda: "Planted and claimed" in ann.get(f"{HERE}/result"))
    page = fay.get("/live/debrief/failure-hunt")
    assert "not done with this drill" in page and "The clean twin" not in page
    page = fay.get("/live/debrief/failure-hunt?anyway=1")
    assert "from 5 people on" in page and "The clean twin, asked the same" in page
    assert ANN.id not in page and "1 of 1" not in page and "What does the Aurora cost?" not in page, "of nobody's work"
    fay.get("/live/debrief/nothing", expect=404)


def test_only_who_wants_to_stands_on_the_board(ann: Visitor, visit: Visit) -> None:
    """Under a name of one's own choice that nobody else has; off again at a click."""
    ann.upload(HERE, ("x", SUBMISSION.to_json().encode()))
    until(lambda: "Planted and claimed" in ann.get(f"{HERE}/result"))
    bob = visit(BOB.code)
    assert "Nobody is on it yet" in bob.get("/board")
    ann.get("/board")
    ann.send("/board", shown_as="Red Fox")
    page = bob.get("/board")
    assert "Red Fox" in page and ANN.id not in page and "0.50" in page
    assert "another learner has" in bob.send("/board", expect=422, shown_as="red fox")
    ann.send("/board", leave="1")
    assert "Red Fox" not in bob.get("/board")


def test_first_tries_count_on_the_board() -> None:
    """A later try adds nothing, those of equal points share a place, and who is not on it is not in it."""
    from drillyard.records import Attempt

    def tried(learner: str, final: float) -> Attempt:
        grade = grade_of(SUBMISSION).model_copy(update={"final": final})
        return Attempt(drill="hunt", instance="i", learner=learner, role="r", grade=grade)

    rows = rank(
        [tried("a", 0.4), tried("a", 0.9), tried("b", 0.4), tried("c", 1.0)], {"a": "A", "b": "B", "d": "D"}, "b"
    )
    assert [(one.place, one.shown_as, one.points, one.mine) for one in rows] == [
        (1, "A", 0.4, False), (1, "B", 0.4, True), (3, "D", 0, False),
    ]  # fmt: skip


def test_no_team_of_few_is_told_on_the_board() -> None:
    """For every make-up of three teams and those of none: a told one has five, as have all others, or none is left."""
    for sizes in itertools.product(range(8), repeat=4):
        teams = {
            f"{team}{one}": team for team, size in zip(("", "A", "B", "C"), sizes, strict=True) for one in range(size)
        }
        told = told_teams(teams)
        counted = dict(zip(("", "A", "B", "C"), sizes, strict=True))
        others = sum(sizes) - sum(counted[team] for team in told)
        assert (
            "" not in told and all(counted[team] >= 5 for team in told) and (not told or others == 0 or others >= 5)
        ), sizes
        if all(size == 0 or size >= 5 for size in sizes):
            assert set(told) == {team for team, size in counted.items() if team and size}, (
                "nothing is hidden for nothing"
            )


def test_the_board_is_seen_by_team(programme: ProgramFolder, ann: Visitor, visit: Visit) -> None:
    """A team of five has its own view and its sum; the two of another one are in neither, but on the whole board."""
    with_teams = {f"t{number}": "Blue" for number in range(5)} | {f"u{number}": "Red" for number in range(5)}
    roster = programme.roster()
    more = [ANN.model_copy(update={"id": one, "instances": (), "team": team}) for one, team in with_teams.items()]
    programme.write_roster(roster.model_copy(update={"learners": (*roster.learners, *more)}))
    yard = ann.client.app.state.yard  # type: ignore[attr-defined]
    for one in with_teams:
        yard.store.sign_in(one, ANN.role)
        yard.board.join(one, f"Name of {one}")
    page = ann.get("/board?team=Blue")
    assert "Name of t1" in page and "Name of u1" not in page and "By team" not in page
    assert "Points a head" in ann.get("/board") and "Name of u1" in ann.page
    yard.board.leave("u4")
    assert "Name of u1" in ann.get("/board?team=Red") and "By team" not in ann.page, (
        "four others are too few for either"
    )


def test_a_person_is_renamed(programme: ProgramFolder, fay: Visitor, ann: Visitor) -> None:
    """Name and team change, the id and the work stay; a name of the staff is refused; twins are told apart by id."""
    fay.get("/live/people")
    page = fay.send("/live/people", what="rename", learner=ANN.id, name="Ann Orr", in_team="Blue")
    assert f"{ANN.id} is called Ann Orr now, of the team Blue" in page
    assert "Ann Orr" in ann.get(HERE) and programme.roster().learners[0].team == "Blue"
    fay.send("/live/people", what="rename", learner=BOB.id, name="ann orr", in_team="")
    assert f"ann orr ({BOB.id})" in fay.page and f"Ann Orr ({ANN.id})" in fay.get("/live")
    for learner, name in ((ANN.id, "designer"), (ANN.id, " "), ("nobody", "Zoe")):
        fay.get("/live/people")
        fay.send("/live/people", expect=422, what="rename", learner=learner, name=name, in_team="")
    assert programme.people()[ANN.id] == "Ann Orr"


def test_a_card_is_printed_for_one_person_or_a_team(programme: ProgramFolder, fay: Visitor) -> None:
    """One code on the page, and nobody else's; an id that nobody has is no empty page."""
    rename(programme, BOB.id, "Bob", "Blue")
    for query in (f"person={BOB.id}", "team=Blue"):
        assert BOB.code in fay.get(f"/live/codes?{query}") and ANN.code not in fay.page
    fay.get("/live/codes?person=nobody", expect=404)
    assert "<nav" in fay.page, "a refusal keeps the way on"


def test_staff_are_in_the_roster_s_file(programme: ProgramFolder) -> None:
    """An earlier roster without staff is read; the designer's own code stands first."""
    assert programme.roster().whole_staff == (Staff(id="designer", role="designer", code=DESIGNER_CODE),)
