"""Every page of a session by axe-core, WCAG 2.2 A and AA: on a laptop and a phone, light and dark."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from yard.course import URL, build_course
from yard.node import install
from yard.small_programme import ANN, BOB, DESIGNER_CODE, EchoingModel, grade_of, until

from drillyard.organisms.listening import listen
from drillyard.programs.joining import appoint
from drillyard.yard.app import make_app

pytestmark = [pytest.mark.walk, pytest.mark.browser]

_RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}"
PAGES = {
    ANN.code: (
        "/drills", "/drills/hunt-1/result", "/progress", "/recall", "/board", "/catalogue", "/catalogue?words=falure",
        "/reading", *(f"/lessons/{name}" for name in ("watch-it-fail", "chance-demo", "escalation-demo", "check-in")),
        f"/shell/open?drill=failure-hunt&ticket={'0a' * 24}",
    ),
    BOB.code: ("/drills/hunt-2/result",),
    DESIGNER_CODE: (
        "/designer", "/live", "/live/people", "/live/codes", "/live/at/hunt-1", "/live/debrief/failure-hunt?anyway=1",
    ),
    "": ("/sign-in", "/nothing"),
}  # fmt: skip
SCREENS: tuple[dict[str, Any], ...] = (
    {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True},
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A served programme with work in it, in a session with a word to all."""
    folder = build_course(tmp_path_factory.mktemp("axe") / "prog")
    appoint(folder, "facilitator", "Fay")
    app = make_app(folder.path, targets=lambda _: EchoingModel(), grader=grade_of, url=URL)
    app.state.yard.floor.set("announced", "Ten minutes left.", "Fay")
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)


def test_axe_finds_nothing_on_any_page(address: str, tmp_path: Path) -> None:
    """No violation, and on the phone nothing wider than the screen."""
    script = (install(tmp_path, "axe-core") / "axe.min.js").read_text(encoding="utf-8")
    playwright = pytest.importorskip("playwright.sync_api")
    wrong = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        for screen in SCREENS:
            for code, paths in PAGES.items():
                context = browser.new_context(base_url=address, bypass_csp=True, **screen)
                page = context.new_page()
                if code:
                    page.goto("/sign-in")
                    page.get_by_label("Your sign-in code").fill(code)
                    page.get_by_role("button", name="Sign in").click()
                for path in paths:
                    page.goto(path)
                    page.evaluate(f"{script};0")
                    found = page.evaluate(f"axe.run({_RULES})")
                    wrong += [(path, one["id"], one["nodes"][0]["html"][:100]) for one in found["violations"]]
                    if page.evaluate("document.documentElement.scrollWidth") > screen["viewport"]["width"]:
                        wrong.append((path, "wider than the screen", ""))
                context.close()
        browser.close()
    assert not wrong, wrong
