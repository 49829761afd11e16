"""The walk of a learner in a real Chromium, against the served yard, a real failing model and the real grader.

Screenshots go to the folder named by `DRILLYARD_SCREENSHOTS`, or to a temporary one.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import serve_yard
from yard.small_programme import build_programme

from drillyard.drills import load_kit
from drillyard.programs.roster import Learner

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser-tests")
expect = playwright.expect

pytestmark = pytest.mark.browser

NAMES = ("mouse", "keyboard", "phone", "plain", "late")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
PLANTED = "refund-rule:lamp"
FOUND = "Invented refund rule for lamps"
QUESTION = "Can I return a lamp?"
PATIENCE = 60_000  # milliseconds; only keeps a broken page from hanging


def code_of(name: str) -> str:
    """Return the sign-in code of one of the learners."""
    return f"{name[:4]}-aaaa-bbbb-cccc"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served programme in which every learner has a drill of their own, on a model that really fails."""
    folder = build_programme(tmp_path_factory.mktemp("browser") / "prog")
    kit = load_kit("failure-hunt")
    seed = next(seed for seed in itertools.count() if PLANTED in {mode.id for mode in kit.choose(seed)})
    learners = [Learner(id=name, role="engineer", code=code_of(name), instances=(f"hunt-{name}",)) for name in NAMES]
    folder.write_roster(folder.roster().model_copy(update={"learners": tuple(learners)}))
    for (name,) in (learner.instances for learner in learners):
        exam = kit.materialise(name, "engineer", seed)
        kit.save(exam, folder.target(exam.instance))
        folder.write_truth(exam.truth)
        folder.write_gates(folder.gates("hunt-1").model_copy(update={"instance": name}))
        folder.write_instance(exam.instance)
    with serve_yard(folder.path) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """Debian's Chromium."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    folder = Path(os.environ.get("DRILLYARD_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


Open = Callable[..., object]


@pytest.fixture
def visitor(chromium: object, address: str, shots: Path) -> Callable[..., object]:
    """A function that opens a window; at its end, nothing may have been complained of or asked of another host."""

    @contextmanager
    def open_window(**options: object) -> Iterator[object]:
        complaints: list[str] = []
        context = chromium.new_context(base_url=address, **options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on("console", lambda line: complaints.append(line.text) if "Security Policy" in line.text else None)
        page.on("request", lambda one: None if one.url.startswith(address) else complaints.append(one.url))
        page.shot = lambda name, **how: page.screenshot(path=shots / f"{name}.png", caret="initial", **how)
        yield page
        context.close()
        assert not complaints

    return open_window


def sign_in(page: object, name: str) -> None:
    """Go in and open the drill."""
    page.goto("/")
    page.get_by_label("Your sign-in code").fill(code_of(name))
    page.get_by_role("button", name="Sign in").click()
    page.locator(".cards a.button").click()


def ask_until_it_fails(page: object, send: Callable[[], None]) -> None:
    """Ask the question again until the model invents its rule; at a rate of 0.9 a sound yard needs few tries."""
    for tried in range(1, 9):
        send()
        expect(page.locator("#log .turn")).to_have_count(tried, timeout=PATIENCE)
        if "restocking fee" in page.locator("#log .turn").last.inner_text():
            return
    pytest.fail("the planted failure did not show in 8 tries")


@pytest.mark.walk
def test_a_learner_finds_a_planted_failure(visitor: Open) -> None:
    """Sign-in, chat, claim, hint, hand in, result: the planted failure is found, and what was missed is told."""
    with visitor(viewport=LAPTOP) as page:
        page.goto("/")
        page.get_by_label("Your sign-in code").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("This code is not in the programme")).to_be_visible()
        page.shot("01-sign-in")
        sign_in(page, "mouse")
        one_screen(page)
        page.shot("02-drill")

        ask_until_it_fails(page, lambda: say_something(page))
        page.get_by_label("When it happens").fill("somebody asks to return a lamp")
        page.get_by_role("button", name="Use in my claim").last.click()
        expect(page.get_by_label("Question 1", exact=True)).to_have_value(QUESTION)
        expect(page.get_by_label("When it happens")).to_have_value("somebody asks to return a lamp")
        page.shot("03-question")
        page.get_by_label("What it does wrong").select_option("invented-policy")
        page.get_by_label("How much it hurts").select_option("high")
        page.get_by_label("one of", exact=True).fill("return, refund")
        page.get_by_label("and one of").first.fill("lamp, lamps")
        page.get_by_role("button", name="File the claim").click()
        expect(page.get_by_text("Filed.")).to_be_visible()
        page.shot("04-claim")
        page.get_by_role("button", name="Open hint 1: costs").click()
        expect(page.get_by_role("button", name="Open hint 2: costs")).to_be_visible()
        page.get_by_role("link", name="Hand in").click()
        page.shot("05-look-back")
        page.get_by_role("button", name="Hand in and see the result").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("planted failures found", timeout=PATIENCE)
        expect(page.get_by_role("row", name=FOUND)).to_contain_text("found")
        expect(page.get_by_role("heading", name="What you missed")).to_be_visible()
        page.get_by_text("Evidence: what both models answered").click()
        expect(page.locator(".evidence").first).to_contain_text("Clean twin")
        page.shot("06-result", full_page=True)
        page.emulate_media(color_scheme="dark")
        page.shot("07-result-dark", full_page=True)
        page.goto("/drills")
        page.shot("08-drills-dark")


def one_screen(page: object) -> None:
    """Task, model and the way to hand in are on the screen together, and the page itself does not scroll."""
    size = page.viewport_size
    for part in (
        page.locator(".task p").first,
        page.get_by_label("Your message"),
        page.get_by_role("link", name="Hand in"),
    ):
        expect(part).to_be_in_viewport(ratio=1)
    assert page.locator("html").evaluate("page => page.scrollHeight") <= size["height"]
    assert page.locator("html").evaluate("page => page.scrollWidth") <= size["width"]


@pytest.mark.walk
def test_the_walk_needs_no_mouse(visitor: Open) -> None:
    """With Tab, Enter, Space and arrows alone; the focus is always somewhere visible."""
    with visitor(viewport=LAPTOP) as page:
        page.goto("/")
        expect(page.get_by_label("Your sign-in code")).to_be_focused()
        page.keyboard.type(code_of("keyboard"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="My drills")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        reach(page, "Begin")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Failure hunt")).to_be_visible()

        def send() -> None:
            if not page.evaluate("() => document.activeElement.id === 'prompt'"):
                reach(page, "prompt")
            page.keyboard.type(QUESTION)
            page.keyboard.press("Enter")

        ask_until_it_fails(page, send)
        reach(page, "Use in my claim", "Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Question 1", exact=True)).to_be_focused()
        reach(page, "behaviour", "Shift+Tab")
        page.keyboard.type("Invented")
        reach(page, "severity")
        page.keyboard.type("High")
        reach(page, "words")
        page.keyboard.type("somebody asks to return a lamp")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(page.get_by_label("v1", exact=True)).to_be_checked()
        page.keyboard.press("Space")
        reach(page, "line-0")
        page.keyboard.type("return, refund")
        page.keyboard.press("Tab")
        page.keyboard.type("lamp, lamps")
        page.shot("10-keyboard-focus")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Filed.")).to_be_focused()
        reach(page, "Hand in …")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Hand in 1 claim?")).to_be_visible()
        reach(page, "Hand in and see the result")
        page.keyboard.press("Enter")
        expect(page.get_by_role("row", name=FOUND)).to_contain_text("found", timeout=PATIENCE)


def reach(page: object, wanted: str, key: str = "Tab") -> None:
    """Press Tab until the wanted control has the focus: by its id, its name or its words."""
    for _ in range(80):
        page.keyboard.press(key)
        here = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.id, e.name ?? '', e.textContent.trim(), s.outlineStyle, e.tagName]; }"
        )
        assert here[3] != "none" or here[4] == "BODY", f"no visible focus on {here}"
        if wanted in here[:3]:
            return
    pytest.fail(f"{wanted!r} cannot be reached with {key}")


@pytest.mark.walk
def test_a_phone_is_enough(visitor: Open) -> None:
    """At 390 pixels the panes stack, nothing sticks out sideways, and the walk ends at the same result."""
    with visitor(viewport=PHONE, has_touch=True, is_mobile=True) as page:
        sign_in(page, "phone")
        fits(page)
        page.shot("20-phone-drill", full_page=True)
        page.get_by_role("link", name="To the model").click()

        def send() -> None:
            page.get_by_label("Your message").fill(QUESTION)
            page.get_by_role("button", name="Send").tap()

        ask_until_it_fails(page, send)
        page.shot("21-phone-chat")
        page.get_by_role("button", name="Use in my claim").last.tap()
        expect(page.get_by_label("Question 1", exact=True)).to_have_value(QUESTION)
        expect(page.get_by_label("Question 1", exact=True)).to_be_in_viewport()
        page.get_by_label("What it does wrong").select_option("invented-policy")
        page.get_by_label("How much it hurts").select_option("high")
        page.get_by_label("When it happens").fill("somebody asks to return a lamp")
        fits(page)
        page.get_by_role("button", name="File the claim").tap()
        expect(page.get_by_text("Filed.")).to_be_visible()
        page.shot("22-phone-claim")
        page.get_by_role("link", name="Hand in").tap()
        page.get_by_role("button", name="Hand in and see the result").tap()
        expect(page.get_by_role("row", name=FOUND)).to_contain_text("found", timeout=PATIENCE)
        fits(page)
        page.shot("23-phone-result", full_page=True)


def fits(page: object) -> None:
    """Nothing makes the page wider than the screen; a page that is still coming is waited for."""
    page.wait_for_load_state()
    assert page.locator("html").evaluate("page => page.scrollWidth") <= PHONE["width"]


@pytest.mark.walk
def test_the_walk_needs_no_script(visitor: Open) -> None:
    """With JavaScript off, every step is a form and a new page, and the result arrives by itself."""
    with visitor(viewport=LAPTOP, java_script_enabled=False) as page:
        sign_in(page, "plain")

        ask_until_it_fails(page, lambda: say_something(page))
        page.get_by_label("When it happens").fill("somebody asks to return a lamp")
        page.get_by_role("button", name="Use in my claim").last.click()
        expect(page.get_by_label("When it happens")).to_have_value("somebody asks to return a lamp")
        page.get_by_label("What it does wrong").select_option("invented-policy")
        page.get_by_label("How much it hurts").select_option("high")
        page.get_by_role("button", name="File the claim").click()
        page.get_by_role("link", name="Hand in").click()
        page.get_by_role("button", name="Hand in and see the result").click()
        expect(page.get_by_role("row", name=FOUND)).to_contain_text("found", timeout=PATIENCE)


@pytest.mark.walk
def test_an_ended_session_leads_to_the_door(visitor: Open) -> None:
    """In the middle of a message or of a claim, the whole window goes to the sign-in page."""
    with visitor(viewport=LAPTOP) as page:
        for act in (say_something, file_a_claim):
            sign_in(page, "late")
            page.context.clear_cookies()
            act(page)
            expect(page.get_by_text("your session has ended")).to_be_visible()
            expect(page).to_have_url(re.compile("/sign-in"))


def say_something(page: object) -> None:
    """Send a message."""
    page.get_by_label("Your message").fill(QUESTION)
    page.get_by_role("button", name="Send").click()


def file_a_claim(page: object) -> None:
    """File a claim that lacks nothing."""
    page.get_by_label("What it does wrong").select_option("invented-policy")
    page.get_by_label("How much it hurts").select_option("high")
    page.get_by_label("When it happens").fill("somebody asks to return a lamp")
    page.get_by_label("Question 1", exact=True).fill(QUESTION)
    page.get_by_role("button", name="File the claim").click()
