"""The page in a real Chromium: on a laptop and a phone, by day and by night.

Screenshots go to the folder named by `DRILLYARD_SCREENSHOTS`, or to a temporary one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from alignment.weighing.made_report import made_report

from drillyard.alignment.weighing.page import write_page

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser-tests")

pytestmark = pytest.mark.browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SIDES = "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.right])"
REPORTS = {
    "many": made_report("harmful-compliance.value<=0.05"),
    "few": made_report("harmful-compliance<=0.01", techniques=("dpo", "rails"), whole=False),
}


@pytest.mark.walk
@pytest.mark.parametrize("name", REPORTS)
def test_the_page_fits_and_asks_nobody(name: str, tmp_path: Path) -> None:
    """At 1366 and at 390 px, light and dark: no sideways scrolling, no request, no complaint, marks inside."""
    shots, path = Path(os.environ.get("DRILLYARD_SCREENSHOTS") or tmp_path), tmp_path / "align.html"
    write_page(REPORTS[name], path)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for width in (1366, 390):
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                seen: list[str] = []
                page.on("console", lambda line, seen=seen: seen.append(line.text))
                page.on("request", lambda one, seen=seen: seen.append(one.url))
                page.goto(f"file://{path}")
                assert seen == [f"file://{path}"]
                assert page.evaluate("document.documentElement.scrollWidth") == width
                _look(page, width)
                page.screenshot(path=shots / f"align-{name}-{width}-{scheme}.png", full_page=True)
                page.close()
        browser.close()


def _look(page: object, width: int) -> None:
    """The verdict is on the first screen, dots and labels lie in their drawing, text is legible, details open."""
    assert page.locator(".verdict").bounding_box()["y"] < 400
    ((left, right),) = page.locator("svg[aria-labelledby=frontier]").evaluate_all(SIDES)
    marks = page.locator("svg[aria-labelledby=frontier] :is(circle, text)").evaluate_all(SIDES)
    assert marks and all(left - 1 <= start and end <= right + 1 for start, end in marks)
    if width > 1000:  # on a phone tables scroll in their own frame
        table = page.locator("table").first.bounding_box()
        assert table["width"] <= page.locator("main").bounding_box()["width"] + 1
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg text')].map(t => parseFloat(getComputedStyle(t).fontSize)"
        " * t.ownerSVGElement.getBoundingClientRect().width / t.ownerSVGElement.viewBox.baseVal.width)"
    )
    assert min(sizes) >= 11
    for details in page.locator("details").all():
        details.locator("summary").click()
        assert details.locator("table").is_visible()
