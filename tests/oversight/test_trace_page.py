"""The trace page in a real browser: ten thousand calls open quickly, are searched, and no text escapes."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from drillyard.oversight.recipes.agents import Scripted
from drillyard.oversight.recipes.calls import Call, Trace
from drillyard.oversight.recipes.page import render_trace
from drillyard.oversight.recipes.run import RecipeRun, ask, recipe, together

needs_chromium = pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium")
SAY = Scripted("helper", lambda prompt, seed: f"answer to {prompt}")


@recipe
async def group(first):
    """Ask a hundred questions."""
    return await together(ask(SAY, f"question {number}") for number in range(first, first + 100))


@recipe
async def crowd():
    """Ask ten thousand, in groups."""
    return await together(group(100 * number) for number in range(100))


def test_text_cannot_leave_the_page() -> None:
    """A call that says `</script>` stays data."""
    call = Call(
        id=0, parent=-1, kind="ask", name="x", agent="x", asked="</script><script>alert(1)</script>", answered=""
    )
    assert b"<script>alert" not in render_trace(Trace(calls=(call,)))


@pytest.mark.walk
@pytest.mark.browser
@needs_chromium
def test_ten_thousand_calls_open_search_and_show(tmp_path: Path) -> None:
    """Open, find one call, read it; the screenshot lies beside it."""
    playwright = pytest.importorskip("playwright.sync_api")
    with RecipeRun(tmp_path) as run:
        run.run(crowd)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        began = time.perf_counter()
        page.goto(f"file://{tmp_path / 'trace.html'}")
        page.wait_for_selector("#tree button")
        print(f"open in {time.perf_counter() - began:.2f} s")
        assert "10,000 questions to 1 agents" in page.inner_text("body")
        page.fill("#search", "question 4711")
        page.wait_for_function("document.getElementById('found').textContent === '2 calls'")
        page.click("#tree button:nth-child(2)")
        assert "answer to question 4711" in page.inner_text("#call")
        page.fill("#search", "")
        page.wait_for_function("document.querySelectorAll('#tree button').length > 50")
        page.focus("#tree button:nth-child(2)")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        assert "Asked helper" in page.inner_text("#call")
        page.screenshot(path=str(tmp_path / "trace.png"))
        assert (tmp_path / "trace.png").stat().st_size > 10_000 and not wrong
        browser.close()
