"""Every page of the yard: well-formed, labelled, in order, its own host only, and text that stays text."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from yard.html_tree import Element, read
from yard.small_programme import (
    ANN,
    BOB,
    DESIGNER_CODE,
    SUBMISSION,
    Clock,
    EchoingModel,
    build_programme,
    grade_of,
    until,
)
from yard.visitor import Visitor

from drillyard.errors import GradingFailed
from drillyard.records import Conversation, Grade, Reply, Severity, Submission, Transcript, Trigger
from drillyard.yard import app as yard_app
from drillyard.yard.app import make_app

STATIC = Path(yard_app.__file__).parent / "static"
EVIL = """<img src=x onerror="alert('1')"><script>alert(2)</script>{{ 7*7 }}"""
FIELDS = {"behaviour": "pressure-selling", "severity": "high", "question-template": "v2"}


def evil_grade(submission: Submission) -> Grade:
    """Grade with HTML in every text that models and grader write; the second submission cannot be graded."""
    if submission.instance == "hunt-2" and submission.claims[0].severity == Severity.CRITICAL:
        raise GradingFailed(EVIL)
    grade = grade_of(submission)
    said = Transcript(conversation=Conversation.ask(EVIL, "v1"), reply=Reply(text=EVIL), target=EVIL)
    claims = [
        one.model_copy(update={"why": EVIL, "evidence": (said,), "twin_evidence": (said,)}) for one in grade.claims
    ]
    failures = [one.model_copy(update={"title": EVIL}) for one in grade.failures]
    return grade.model_copy(update={"verdict": EVIL, "claims": tuple(claims), "failures": tuple(failures)})


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every page in every state, with HTML in every text field that a learner can reach."""
    folder = build_programme(tmp_path_factory.mktemp("yard") / "prog")
    found: dict[str, str] = {}
    with TestClient(make_app(folder.path, targets=lambda _: EchoingModel(), grader=evil_grade)) as client:
        stranger = Visitor(client)
        found["sign-in"] = stranger.get("/sign-in")
        found["sign-in refused"] = stranger.send("/sign-in", expect=403, code=EVIL)
        found["sign-in again"] = stranger.get("/drills")
        found["designer empty"] = Visitor(TestClient(client.app)).sign_in(DESIGNER_CODE).get("/designer")
        ann = stranger.sign_in(ANN.code)
        found["drills new"] = ann.get("/drills")
        found["reading"] = ann.get("/reading")
        found["drill new"] = ann.get("/drills/hunt-1")
        found["submit empty"] = ann.get("/drills/hunt-1/submit")
        ann.get("/drills/hunt-1")
        found["chat"] = ann.send("/drills/hunt-1/chat", template="v1", prompt=EVIL)
        found["chat refused"] = ann.send("/drills/hunt-1/chat", expect=422, template=EVIL, prompt=EVIL)
        bad = {name: EVIL for name in ("behaviour", "severity", "templates", "words", "note", "line-0", "question")}
        found["claim refused"] = ann.send("/drills/hunt-1/claims", expect=422, **bad, **{"question-template": EVIL})
        filed = {**FIELDS, "words": EVIL, "note": EVIL, "line-0": EVIL, "question": EVIL}
        found["claim filed"] = ann.send("/drills/hunt-1/claims", **filed)
        found["hint"] = ann.send("/drills/hunt-1/hints", place="0")
        found["claim edited"] = ann.get("/drills/hunt-1?edit=1&done=" + EVIL)
        found["upload refused"] = ann.send(
            "/drills/hunt-1/upload", expect=422, files={"file": (EVIL, b'{"<script>": 1}')}
        )
        found["submit"] = ann.get("/drills/hunt-1/submit")
        ann.send("/drills/hunt-1/submit")
        until(lambda: "Planted and claimed" in ann.get("/drills/hunt-1/result"))
        found["result"] = ann.page
        found["drills done"] = ann.get("/drills")
        found["404"] = ann.get("/drills/" + EVIL.replace("/", ""), expect=404)
        found["403"] = ann.get("/designer", expect=403)
        found["405"] = ann.get("/sign-out", expect=405)
        assert client.get("/sign-out").headers["allow"] == "POST"
        claims = tuple(
            claim.model_copy(
                update={
                    "note": EVIL,
                    "severity": Severity.CRITICAL,
                    "trigger": Trigger(words=EVIL, groups=((EVIL,),)),
                    "questions": (Conversation.ask(EVIL, "v1"),),
                }
            )
            for claim in SUBMISSION.claims * 3
        )
        bob = Visitor(TestClient(client.app)).sign_in(BOB.code)
        bob.get("/drills/hunt-2")
        evil = SUBMISSION.model_copy(update={"instance": "hunt-2", "claims": claims})
        found["look back"] = bob.send("/drills/hunt-2/upload", files={"file": ("x", evil.to_json().encode())})
        found["drill with a file that waits"] = bob.get("/drills/hunt-2")
        bob.get("/drills/hunt-2/upload")
        bob.hand_in("/drills/hunt-2")
        until(lambda: "Grading did not end" in bob.get("/drills/hunt-2/result"))
        found["grading failed"] = bob.page
        designer = Visitor(TestClient(client.app)).sign_in(DESIGNER_CODE)
        found["designer"] = designer.get("/designer")
        found |= session_pages(designer, ann, Visitor(TestClient(client.app)))
        folder.write_instance(folder.instance("hunt-1").model_copy(update={"drill": EVIL}))
        found["503"] = ann.get("/drills", expect=503)
    return found


def session_pages(designer: Visitor, ann: Visitor, stranger: Visitor) -> dict[str, str]:
    """Every page of a session that is led, with HTML in every field."""
    found = {"session": designer.get("/live"), "people": designer.get("/live/people")}
    people = f'name,role,team\nEve,engineer,"{EVIL.replace(chr(34), chr(39))[:50]}"'
    found["people added"] = designer.send("/live/people", what="list", people=people)
    found["people refused"] = designer.send("/live/people", expect=422, what="list", people=EVIL)
    link = designer.send("/live/people", what="link", role="engineer", team=EVIL[:50], places="1", days="1")
    found["link"], path = link, re.findall(r"/join/[\w-]+", link)[0]
    found["join"] = stranger.get(path)
    found["join refused"] = stranger.send(path, expect=422, name=EVIL)
    found["joined"] = stranger.send(path, name="Zoe")
    found["codes"] = designer.get("/live/codes")
    found["seat"] = designer.get("/live/at/hunt-2")
    found["seat refused"] = designer.send("/live/at/hunt-2", expect=422, words=" ")
    found["tip"] = designer.send("/live/at/hunt-2", words=EVIL)
    designer.get("/live")
    for what in ("announced", "paused"):
        found[f"session {what}"] = designer.send("/live", what=what, words=EVIL)
    found["debrief"], found["debrief asked"] = (
        designer.get(f"/live/debrief/failure-hunt{anyway}") for anyway in ("?anyway=1", "")
    )
    found["drills paused"] = ann.get("/drills")
    found["catalogue"] = ann.get("/catalogue?words=hunt")
    found["nothing found"] = ann.get(f"/catalogue?words={EVIL[:40]}")
    found["progress"], found["recall"] = ann.get("/progress"), ann.get("/recall")
    found["shell"] = ann.get(f"/shell/open?drill=failure-hunt&ticket={'0a' * 24}")
    found["board"] = ann.get("/board")
    designer.get("/live")
    designer.send("/live", what="paused", off="1")
    found["board refused"] = ann.send("/board", expect=422, shown_as="")
    found["board joined"] = ann.send("/board", shown_as=EVIL[:40])
    return found


def every(pages: dict[str, str]) -> list[tuple[str, Element]]:
    """Return every page's name and tree; reading them checks that they are well-formed."""
    return [(name, read(page)) for name, page in pages.items()]


def test_what_people_type_is_shown_as_text(pages: dict[str, str]) -> None:
    """In no page has typed HTML become an element, an attribute or a template expression."""
    for name, root in every(pages):
        assert not root.all("img"), name
        assert not [one for one in root.all() if any(key.startswith("on") for key in one.attributes)], name
        assert all(one.attributes.get("src", "").startswith("/static/") for one in root.all("script")), name
        assert "49" not in re.findall(r"</script>(\d+)", pages[name]), name
    shown = [name for name, page in pages.items() if html.escape("<script>alert(2)", quote=False) in page]
    expected = {"sign-in refused", "chat", "chat refused", "claim refused", "claim filed", "claim edited", "submit"}
    assert expected | {"result", "grading failed"} <= set(shown), "the check must have seen the text"


def test_pages_name_their_language_title_and_place(pages: dict[str, str]) -> None:
    """Language, a title of its own, one main part with one first heading, a way to skip to it."""
    for name, root in every(pages):
        (page,) = root.all("html")
        assert page.attributes["lang"] == "en", name
        (title,) = root.all("title")
        assert title.words().endswith("· Drillyard") and len(title.words()) > 12, name
        (main,) = root.all("main")
        assert len(root.all("h1")) == 1 and main.all("h1"), name
        first = root.all("a")[0]
        assert (first.attributes["href"], main.attributes["id"]) == ("#main", "main"), name


def test_headings_descend_in_order(pages: dict[str, str]) -> None:
    """No level is skipped on the way down."""
    for name, root in every(pages):
        levels = [int(one.tag[1]) for one in root.all("h1", "h2", "h3", "h4")]
        assert levels[0] == 1 and all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False)), (name, levels)


def test_ids_are_unique_and_references_lead_somewhere(pages: dict[str, str]) -> None:
    """Labels, descriptions and links within the page point at something that is there."""
    for name, root in every(pages):
        ids = [one.attributes["id"] for one in root.all() if "id" in one.attributes]
        assert len(ids) == len(set(ids)), name
        for one in root.all():
            refs = " ".join(
                one.attributes.get(key, "") for key in ("aria-describedby", "aria-labelledby", "for", "form")
            )
            assert set(refs.split()) <= set(ids), (name, one.tag, refs)
            if one.attributes.get("href", "").startswith("#"):
                assert one.attributes["href"][1:] in ids, (name, one.attributes["href"])


def test_every_field_and_button_has_a_name(pages: dict[str, str]) -> None:
    """A field has a label or a name for readers, a button says what it does, a group of fields has a legend."""
    for name, root in every(pages):
        labelled = {one.attributes["for"] for one in root.all("label") if "for" in one.attributes}
        for one in root.all("input", "select", "textarea"):
            if one.attributes.get("type") == "hidden":
                continue
            named = one.attributes.get("id") in labelled or one.inside("label") or one.attributes.get("aria-label")
            assert named, (name, one.attributes)
        for one in root.all("button", "a", "summary"):
            assert one.words() or one.attributes.get("aria-label"), (name, one.attributes)
        for one in root.all("fieldset"):
            assert one.children[0].tag == "legend" and one.children[0].words(), name


def test_errors_are_tied_to_their_fields(pages: dict[str, str]) -> None:
    """A message is the description of its field or group, and what is marked invalid has such a message."""
    seen = 0
    for name, root in every(pages):
        messages = {one.attributes["id"] for one in root.all("p") if one.attributes.get("id", "").endswith("-error")}
        described = {one: set(one.attributes.get("aria-describedby", "").split()) for one in root.all()}
        assert messages <= set().union(*described.values()), name
        assert all(described[one] & messages for one in root.all() if "aria-invalid" in one.attributes), name
        seen += len(messages)
    assert seen >= 7


def test_tables_have_captions_and_headers(pages: dict[str, str]) -> None:
    """Each table says what it is; each column and row begins with a scoped header."""
    seen = 0
    for name, root in every(pages):
        for table in root.all("table"):
            seen += 1
            assert table.children[0].tag == "caption" and table.children[0].words(), name
            assert all(one.attributes.get("scope") in {"col", "row"} for one in table.all("th")), name
            widths = {len(row.children) for row in table.all("tr")}
            assert len(widths) == 1, (name, widths)
    assert seen > 10


def test_pictures_have_words(pages: dict[str, str]) -> None:
    """A drawing is either decoration or has a name."""
    for name, root in every(pages):
        for one in root.all("svg"):
            assert one.attributes.get("aria-hidden") == "true" or one.attributes.get("aria-label"), name


def test_nothing_comes_from_another_host_or_from_inside_the_page(pages: dict[str, str]) -> None:
    """No foreign address, no inline script, style or handler: what the content security policy says is true."""
    for name, root in every(pages):
        for one in root.all():
            for key in ("src", "href", "action", "data-hx-get", "data-hx-post", "formaction"):
                assert one.attributes.get(key, "/")[:1] in {"/", "#"}, (name, key, one.attributes[key])
                assert not one.attributes.get(key, "").startswith("//"), name
            assert "style" not in one.attributes and one.tag != "style", name
            assert one.tag != "script" or not one.words(), name


def test_responses_carry_the_policy(pages: dict[str, str], tmp_path: Path) -> None:
    """Pages, assets, refusals and faults alike are under the content security policy, and no page is cached."""
    clock = Clock()
    app = make_app(build_programme(tmp_path / "prog").path, grader=grade_of, clock=clock)
    with TestClient(app, raise_server_exceptions=False) as client:
        ann = Visitor(client).sign_in(ANN.code)
        ann.get("/drills/hunt-1")
        clock.now = None  # type: ignore[assignment]
        fault = client.get("/drills/hunt-1")
        clock.now = 0.0
        answers = [client.get(path) for path in ("/sign-in", "/static/yard.css", "/nowhere")]
    assert [one.status_code for one in (*answers, fault)] == [200, 200, 404, 500]
    for one in (*answers, fault):
        policy = one.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
        assert one.headers["x-content-type-options"] == "nosniff"
    assert answers[0].headers["cache-control"] == "no-store"


def test_assets_are_small_and_licensed() -> None:
    """All that a browser loads is under 100 kB together, and the vendored library has its licence beside it."""
    files = [file for file in STATIC.iterdir() if file.suffix in {".js", ".css", ".svg"}]
    assert {"yard.css", "chat.js", "htmx.min.js"} <= {file.name for file in files}
    assert sum(file.stat().st_size for file in files) < 100_000
    assert "Zero-Clause BSD" in (STATIC / "htmx.LICENSE.txt").read_text()
    assert "http" not in (STATIC / "yard.css").read_text()


def tokens() -> tuple[dict[str, str], dict[str, str]]:
    """Return the colour tokens of the style sheet, light and dark."""
    text = (STATIC / "yard.css").read_text()
    blocks = re.findall(r":root \{(.*?)\n\s*\}", text, re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in blocks[:2])
    return light, {**light, **dark}


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours by WCAG 2.2: (L1 + 0.05) / (L2 + 0.05)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    """Black on white is 21, and the grey #767676 on white the known 4.54."""
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_text_is_readable_and_marks_are_visible(mode: int) -> None:
    """Text has at least 4.5 : 1 on both grounds; borders of fields and marks, which stand beside words, 3 : 1."""
    colours = tokens()[mode]
    for ground in ("paper", "raised"):
        for text in ("ink", "muted", "accent", "error"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert contrast(colours["edge"], colours[ground]) >= 3, ground
    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
    for mark in ("found", "missed", "alarm", "unknown"):
        assert contrast(colours[mark], colours["paper"]) >= 3, mark


def test_state_colours_are_the_ones_of_the_house() -> None:
    """Okabe–Ito, the same in pages, reports and the terminal."""
    light = tokens()[0]
    assert [light[name] for name in ("found", "missed", "alarm", "unknown")] == [
        "#009e73",
        "#d55e00",
        "#cc79a7",
        "#6b7280",
    ]
