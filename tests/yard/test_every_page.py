"""Every page of the yard in a real Chromium, for each role: axe-core, light and dark, on a laptop and a phone, printed.

Screenshots go to the folder named by `DRILLYARD_SCREENSHOTS`, or to a temporary one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Match, Route
from yard.house import House, open_house
from yard.node import install

from drillyard.exports.evidence import make_pack

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser-tests")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium"),
]

LEARNER, FACILITATOR, DESIGNER, AUDITOR = "learner", "facilitator", "designer", "auditor"
_HUNT, _DESK, _REPAIR = "/drills/failure-hunt-", "/drills/contain-the-oracle-", "/drills/too-permissive-too-censored-"
PAGES: dict[tuple[str, str], tuple[str, ...]] = {
    ("", ""): ("/sign-in", "/nothing", "{invitation}"),
    (LEARNER, "anna"): (
        "/drills", f"{_HUNT}anna/result", f"{_HUNT}anna/debrief", "/progress", "/recall", "/board", "/reading",
        "/placement", "/catalogue?words=falure", "/lessons/watch-it-fail", "/values", "/credential/failure-hunt",
        f"/shell/open?drill=failure-hunt&ticket={'0a' * 24}",
    ),
    (LEARNER, "bob"): (f"{_HUNT}bob/result",),
    (LEARNER, "cay"): ("/drills", f"{_HUNT}cay", f"{_HUNT}cay/submit"),
    (LEARNER, "dee"): (f"{_DESK}dee", f"{_DESK}dee/questions"),
    (LEARNER, "eve"): (
        "/drills/investment-case-eve", "/drills/judge-a-debate-eve/result",
        "/drills/judge-a-debate-eve/debrief", "/drills/read-the-models-mind-eve",
    ),
    (LEARNER, "fox"): (f"{_REPAIR}fox", f"{_REPAIR}fox/fits", f"{_REPAIR}fox/upload"),
    (LEARNER, "flo"): (f"{_REPAIR}flo/result",),
    (LEARNER, "gil"): ("/drills", "/drills/{preparing}"),
    (LEARNER, "hal"): (f"{_HUNT}hal/result",),
    (LEARNER, "ida"): (f"{_HUNT}ida/result",),
    (FACILITATOR, "facilitator"): (
        "/live", "/live?team=Blue", "/live/people", "/live/codes", "/live/at/failure-hunt-cay",
        "/live/at/investment-case-eve", "/live/debrief/failure-hunt", "/live/debrief/failure-hunt?anyway=1",
        "/catalogue?words=hunt", "/live/led", "/live/led/hunt-debrief",
    ),
    (DESIGNER, "designer"): ("/designer", "/designer/review", "/held"),
    (AUDITOR, "auditor"): ("/designer", "/catalogue?words=hunt"),
}  # fmt: skip
"""What each person opens, by their role and name."""
MORE_FORMS = {"eve": ("/drills/benchmark-builder-eve",)}
"""Pages with forms of their own that look like others."""
NO_PAGES = {
    "/lessons/watch-it-fail/ask": "anna", "/lessons/watch-it-fail/answer": "anna", "/": "anna", "/said": "anna",
    "/drills/failure-hunt-anna/model.zip": "anna", "/drills/failure-hunt-anna/export.zip": "anna",
    "/drills/failure-hunt-anna/example.json": "anna", "/drills/failure-hunt-anna/chat": "anna",
    "/credential/failure-hunt.jwt": "anna", "/shell/state": "", "/x/issuer": "", "/x/revoked": "", "/health": "",
    "/metrics": "", "/sso": "", "/sso/back": "", "/lti/login": "", "/lti/keys": "",
}  # fmt: skip
"""Addresses that give a file, data, another page or a part of one, and who asks for them."""

LAPTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
DEVICES: dict[str, dict[str, Any]] = {
    "laptop": {"viewport": LAPTOP},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
}
_EVERYTHING = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']}"
_COLOURS = "{runOnly: {type: 'rule', values: ['color-contrast']}, resultTypes: ['violations']}"
_LAYOUT = _COLOURS.replace("]}", ", 'target-size', 'scrollable-region-focusable']}", 1)
CHECKS = (
    ("laptop", "light", _EVERYTHING),
    ("laptop", "dark", _COLOURS),
    ("phone", "dark", _LAYOUT),
)
"""What axe-core looks for where: names and roles once, what a screen or its colours change on each."""
MOST = 3000
"""Pixels of a long page on its screenshot: enough to see what repeats."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A yard in which every page has something to show."""
    with open_house(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    folder = Path(os.environ.get("DRILLYARD_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def window(browser: Any, house: House, who: str, **options: Any) -> Iterator[Any]:
    """Open a window in which somebody has signed in; at its end no script may have broken."""
    complaints: list[str] = []
    context = browser.new_context(base_url=house.address, **options)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    if who:
        page.goto("/sign-in")
        page.get_by_label("Your sign-in code").fill(house.codes[who])
        page.get_by_role("button", name="Sign in").click()
    yield page
    context.close()
    assert not complaints


def address_of(path: str, house: House) -> str:
    """Return a path with what only this house knows."""
    return path.format(invitation=house.invitation, preparing=house.preparing)


def name_of(role: str, who: str, path: str) -> str:
    """Return what the screenshot of a page is called."""
    plain = "".join(one if one.isalnum() else "-" for one in path.partition("ticket")[0]).strip("-")
    return "-".join(part for part in (role or "anyone", who if who != role else "", plain) if part)


@pytest.mark.walk
def test_every_address_is_walked(house: House) -> None:
    """Each GET route is met by a page of the walk, or by an address that is known to give none."""
    walked = [address_of(path, house).partition("?")[0] for paths in PAGES.values() for path in paths]
    met = {route_of(house, path) for path in (*walked, *NO_PAGES)}
    routes = {one.path for one in house.app.routes if isinstance(one, Route) and "GET" in (one.methods or ())}
    assert routes <= met, f"no walk opens {sorted(routes - met)}"


def route_of(house: House, path: str, method: str = "GET") -> str:
    """Return the route that answers a path."""
    scope = {"type": "http", "path": path, "method": method}
    return next(
        (one.path for one in house.app.routes if isinstance(one, Route) and one.matches(scope)[0] == Match.FULL), ""
    )


@pytest.mark.walk
def test_what_is_no_page_shows_none(house: House, browser: Any) -> None:
    """An address that the walk leaves out gives a file or data, or leads to a page that is walked."""
    for who in ("", "anna"):
        with window(browser, house, who) as page:
            for path in (one for one, asked_by in NO_PAGES.items() if asked_by == who):
                answer = page.request.get(path)
                html = "text/html" in answer.headers.get("content-type", "")
                moved = route_of(house, answer.url.removeprefix(house.address)) != route_of(house, path)
                whole = html and "<main" in answer.text()  # else a part of a page
                walked = "<h1>Watch a model fail" in answer.text() if whole else False
                assert not whole or moved or walked or answer.status in (400, 404), path


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core."""
    return (install(tmp_path_factory.mktemp("axe"), "axe-core") / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.walk
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("role", ["", LEARNER, FACILITATOR, DESIGNER, AUDITOR])
def test_axe_finds_nothing_on_any_page(
    role: str, device: str, house: House, browser: Any, shots: Path, axe: str
) -> None:
    """No violation in light or dark, and nothing wider than the screen."""
    wrong = []
    size = DEVICES[device]["viewport"]
    for (its, who), paths in PAGES.items():
        if its != role:
            continue
        with window(browser, house, who, bypass_csp=True, **DEVICES[device]) as page:
            page.add_init_script(axe)
            for path in paths:
                answer = page.goto(address_of(path, house))
                if answer.status != (404 if path == "/nothing" else 200):
                    wrong.append((path, "", f"status {answer.status}", ""))
                tall = min(MOST, page.evaluate("document.documentElement.scrollHeight"))
                if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
                    wrong.append((path, "", "wider than the screen", ""))
                page.set_viewport_size(size | {"height": max(tall, size["height"])})
                for scheme, rules in ((scheme, rules) for where, scheme, rules in CHECKS if where == device):
                    page.emulate_media(color_scheme=scheme)
                    page.screenshot(path=shots / f"{name_of(role, who, path)}-{device}-{scheme}.png", caret="initial")
                    found = page.evaluate(f"axe.run({rules})")["violations"]
                    wrong += [(path, scheme, one["id"], one["nodes"][0]["html"][:100]) for one in found]
                page.set_viewport_size(size)
    assert not wrong, wrong


A4 = {"width": 680, "height": 1000}
"""Pixels of an A4 page between margins of 15 mm, at 96 to the inch."""
CUT = """() => [...document.querySelectorAll("body *")].filter(one => {
  const box = one.getBoundingClientRect();
  return box.width > 1 && box.height > 1 && (box.right > innerWidth + 1 || one.scrollWidth > one.clientWidth + 1)
    && getComputedStyle(one).display !== "inline" && !one.closest("svg");
}).map(one => one.outerHTML.slice(0, 100))"""
PRINTED = {
    "/live/codes": ("facilitator", ("anna-aaaa-bbbb-cccc", "Annabel Quist")),
    "/live/debrief/failure-hunt?anyway=1": ("facilitator", ("Failure hunt", "clean twin")),
    "/drills/failure-hunt-anna/result": ("anna", ("Planted and claimed",)),
    "/credential/failure-hunt": ("anna", ("Passed", "Annabel Quist", "Brightwell", "yard.example.org/x/issuer")),
}
"""What is printed, by whom, and words that must be on the paper."""


@pytest.mark.walk
@pytest.mark.parametrize("path", [*PRINTED, "evidence"])
def test_print_has_everything_and_no_navigation(path: str, house: House, browser: Any, shots: Path) -> None:
    """On paper, without the bar and its buttons, nothing runs out of the page; a code stays on one line."""
    pypdf = pytest.importorskip("pypdf")
    who, words = PRINTED.get(path, ("", ("Article 4", "Spring programme", "Failure hunt")))
    with window(browser, house, who, viewport=A4, color_scheme="dark") as page:
        if path == "evidence":
            make_pack(house.folder.path, shots / "pack")
            page.goto((shots / "pack" / "evidence.html").as_uri())
        else:
            page.goto(path)
        page.emulate_media(media="print")
        assert page.evaluate(CUT) == []
        margin = dict.fromkeys(("top", "right", "bottom", "left"), "15mm")
        file = shots / f"print-{name_of('', who, path)}.pdf"
        page.pdf(path=file, format="A4", margin=margin, print_background=True)
    text = "\n".join(one.extract_text() for one in pypdf.PdfReader(file).pages)
    assert not [word for word in ("Sign out", "Skip to", "My progress", "Score board", "Print") if word in text], text
    assert not [word for word in words if word not in text], text


PAYLOAD = """'"><img src=x onerror=ran()>"""
"""Short enough for a name on the score board."""
SMALL = {"width": 320, "height": 240}
"""Whether a script runs is no matter of size, and little is drawn."""
KEPT_BY_SCRIPT = "/drills/{instance}/drafts/{form}"
"""Takes what is typed into forms that are sent here as well."""
SIGNED, FILES, WAY_OUT = {"/lti/login", "/lti/launch", "/lti/choose"}, {"/evidence"}, {"/sign-out"}
"""What needs a platform's signature, gives a file, ends the walk."""
FORMS = """() => [...document.forms].flatMap((form, number) =>
  [...form.elements].filter(one => one.type === "submit").map((button, at) => ({
    number, at,
    action: new URL(button.getAttribute("formaction") ?? form.getAttribute("action") ?? "", location).pathname,
    names: [...form.elements].map(one => one.name + (one.name === "what" ? one.value : "")).sort().join(" "),
    hides: !!button.name || [...form.elements].some(one => one.name !== "csrf" && one.type !== "submit" &&
      (["hidden", "checkbox", "radio"].includes(one.type) || one.tagName === "SELECT"))
  })))"""
SEND = """([number, at, payload, whole]) => {
  const form = document.forms[number], button = [...form.elements].filter(one => one.type === "submit")[at];
  for (const one of form.elements) {
    if (one.name === "csrf" || ["file", "submit"].includes(one.type)) continue;
    for (const name of ["maxlength", "required", "pattern", "min", "max"]) one.removeAttribute(name);
    const typed = one.tagName === "TEXTAREA" || ["text", "number", "search", "email"].includes(one.type);
    if (!typed && !whole) continue;
    if (one.type === "number") one.type = "text";
    if (one.tagName === "SELECT") one.add(new Option(payload, payload, true, true));
    one.checked = true;
    one.value = payload;
  }
  if (button.name) {
    const pressed = document.createElement("input");
    pressed.type = "hidden";
    pressed.name = button.name;
    pressed.value = whole ? payload : button.value;
    form.append(pressed);
  }
  if (button.hasAttribute("formaction")) form.setAttribute("action", button.getAttribute("formaction"));
  HTMLFormElement.prototype.submit.call(form);
}"""


@pytest.mark.long
def test_nothing_that_is_typed_runs(house: House, browser: Any) -> None:
    """Every field of every form takes a script, without the policy that would stop it; no page then runs it."""
    ran: list[str] = []
    sent: set[tuple[str, str, int, bool]] = set()
    for (_, who), paths in PAGES.items():
        with window(browser, house, who, bypass_csp=True, viewport=SMALL) as page:
            draw_nothing(page)
            page.expose_function("ran", lambda here=page: ran.append(here.url))
            for path in (*paths, *MORE_FORMS.get(who, ())):
                send_every_form(page, house, address_of(path, house), sent)
    met = {where for where, *_ in sent}
    for (_, who), paths in PAGES.items():
        with window(browser, house, who, bypass_csp=True, viewport=SMALL) as page:
            draw_nothing(page)
            page.expose_function("ran", lambda here=page: ran.append(here.url))
            for path in paths:
                page.goto(address_of(path, house))
            if not ran and not who:
                page.set_content(f"<p title='{PAYLOAD}'></p>")
                page.wait_for_function("document.images[0]?.complete")
                assert ran, "the check must see a script that runs"
                ran.clear()
    routes = {one.path for one in house.app.routes if isinstance(one, Route) and "POST" in (one.methods or ())}
    assert routes - met <= SIGNED | FILES | WAY_OUT | {KEPT_BY_SCRIPT}
    assert not ran


def draw_nothing(page: Any) -> None:
    """Leave the style sheet out, which costs most of a page's time."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setBlockedURLs", {"urls": ["*/yard.css"]})


def send_every_form(page: Any, house: House, path: str, sent: set[tuple[str, str, int, bool]]) -> None:
    """Send each form of a page, and each of its buttons, first with text in every field, then in what is typed."""

    def route(action: str) -> str:
        return route_of(house, action, "POST") or route_of(house, action)

    for whole in (True, False):
        page.goto(path, wait_until="domcontentloaded")
        fresh = True
        while True:
            forms = [one for one in page.evaluate(FORMS) if one["hides"] or not whole]
            keys = {(route(one["action"]), one["names"], one["at"], whole): one for one in forms}
            key = next((one for one in keys if one not in sent and one[0] not in WAY_OUT | FILES), None)
            if key is None and fresh:
                break
            if key is None:
                page.goto(path, wait_until="domcontentloaded")
                fresh = True
                continue
            sent.add(key)
            form, fresh = keys[key], False
            for file in page.locator("form").nth(form["number"]).locator("input[type=file]").all():
                body = f'{{"{PAYLOAD[2:]}": 1}}'.encode()
                file.set_input_files({"name": f"{PAYLOAD[2:]}.json", "mimeType": "text/plain", "buffer": body})
            with page.expect_navigation(wait_until="domcontentloaded"):
                page.evaluate(SEND, [form["number"], form["at"], PAYLOAD, whole])
