"""Takes the screenshots of the tutorials into docs/images: `python docs/shots.py` (extra browser-tests, a Chromium).

It follows both tutorials in a temporary folder, then opens what they made: the pages are real, and so are the figures.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from follow import follow
from playwright.sync_api import Browser, Page, expect, sync_playwright

DOCS = Path(__file__).resolve().parent
SIZE = {"width": 1200, "height": 760}
QUALITY = 80
"""Of WebP: below it the edges of small letters blur, above it six pictures take more than 500 kB (tried on these)."""
PATIENCE = 120_000  # milliseconds: a grading takes half a minute on a slow machine


def main() -> None:
    """Follow the tutorials and take every picture."""
    with tempfile.TemporaryDirectory() as made, sync_playwright() as driver:
        folder = Path(made)
        for name in ("training-designer", "safety-engineer"):
            follow(DOCS / "tutorials" / f"{name}.md", folder)
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, path in (("plan", "prog/plan"), ("audit", "audit/report"), ("align", "fix/align")):
            page = browser.new_page(viewport=SIZE)
            page.goto(f"file://{folder}/{path}.html")
            shoot(page, name)
        with served(folder / "prog") as address:
            learn(browser, address, folder)
        browser.close()


def learn(browser: Browser, address: str, folder: Path) -> None:
    """Sign in as the learner, talk, hand in the claims that the tutorial wrote, and take both pages."""
    code = json.loads((folder / "prog/roster.json").read_text())["learners"][0]["code"]
    page = browser.new_page(viewport=SIZE)
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.get_by_label("Your sign-in code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.locator(".cards a.button").click()
    for number, question in enumerate(("how much is the Aurora?", "can i return my lamp?"), 1):
        page.get_by_label("Your message").fill(question)
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#log .turn")).to_have_count(number, timeout=PATIENCE)
    shoot(page, "drill")
    page.locator("#file").evaluate("field => field.closest('details') && (field.closest('details').open = true)")
    page.locator("#file").set_input_files(folder / "claims.json")
    page.locator("form[action$='/upload'] button").click()
    page.get_by_role("button", name="Hand in and see the result").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("planted failures found", timeout=PATIENCE)
    shoot(page, "result")


@contextmanager
def served(programme: Path) -> Iterator[str]:
    """Serve a programme on a free port and give its address."""
    command = [sys.executable, "-m", "drillyard", "yard", "serve", str(programme), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = ""
        while "Ctrl+C" not in said:
            line = server.stderr.readline()
            assert line, said
            said += line
        yield re.findall(r"http://\S+", said)[0]
        server.terminate()


def shoot(page: Page, name: str) -> None:
    """Write what a window shows as docs/images/NAME.webp."""
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    (DOCS / "images" / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main()
