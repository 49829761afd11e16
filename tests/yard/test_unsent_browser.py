"""What is typed and not taken, in a real Chromium: it says so, and it is there again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import serve_yard
from yard.small_programme import ANN, build_programme

from drillyard.drills import load_kit
from drillyard.programs.folder import ProgramFolder
from drillyard.registrar.floor import PAUSED, Floor
from drillyard.registrar.store import Store

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser-tests")
expect = playwright.expect

pytestmark = [pytest.mark.browser, pytest.mark.walk]

SEED = 2**61 + 5


@pytest.fixture
def programme(tmp_path: Path) -> ProgramFolder:
    """A programme whose first instance is a paper."""
    folder, kit = build_programme(tmp_path / "prog"), load_kit("investment-case")
    exam = kit.materialise("hunt-1", "executive", SEED)
    kit.save(exam, folder.target(exam.instance))
    folder.write_truth(exam.truth)
    folder.write_instance(exam.instance)
    return folder


@pytest.fixture
def floor(programme: ProgramFolder) -> Iterator[Floor]:
    """What its facilitator does."""
    store = Store(programme.database)
    yield Floor(store)
    store.close()


def test_what_was_not_taken_is_typed_again_by_nobody(programme: ProgramFolder, floor: Floor) -> None:
    """Off the net the page says that it is not kept; what a pause refused is there after going back, and then kept."""
    with (
        serve_yard(programme.path) as address,
        playwright.sync_playwright() as driver,
        driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]) as browser,
    ):
        page = browser.new_context(base_url=address, viewport={"width": 1366, "height": 768}).new_page()
        page.set_default_timeout(8_000)
        page.goto("/")
        page.get_by_label("Your sign-in code").fill(ANN.code)
        page.get_by_role("button", name="Sign in").click()
        page.goto("/drills/hunt-1")
        field = page.locator("#answers input[inputmode=decimal]").first
        page.context.set_offline(True)
        field.fill("123")
        expect(page.locator(".kept")).to_have_text(re.compile("Not kept on the server"))
        page.context.set_offline(False)
        expect(page.locator(".kept")).to_have_text("Kept as you type.", timeout=10_000)

        floor.set(PAUSED, "Back at 11", "Fay")
        field.fill("456")
        page.get_by_role("button", name="Hand in …").click()
        expect(page.get_by_role("heading", name="Locked")).to_be_visible()
        page.get_by_role("link", name="Go back").click()
        expect(field).to_have_value("456")
        expect(page.locator(".kept")).to_have_text("Kept as you type.")

        page.get_by_role("button", name=re.compile("^Open hint 1")).click()
        heading, number = page.get_by_role("heading", name="Locked"), page.locator("main > .muted")
        expect(heading).to_be_visible()
        expect(page.locator("body.read")).to_have_count(1)
        assert heading.bounding_box()["x"] == number.bounding_box()["x"], "one column, as every refusal has"
        assert heading.bounding_box()["y"] < 300 and page.locator("body.work").count() == 0
        page.get_by_role("link", name="Go back").click()

        field.fill("789")
        page.get_by_role("button", name="Hand in …").click()
        floor.clear(PAUSED, "Fay")
        page.get_by_role("button", name="Send it again").click()
        expect(page.get_by_text("789")).to_be_visible()
