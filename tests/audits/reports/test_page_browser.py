"""The page in a real Chromium: on a laptop and a phone, by day and by night.

Screenshots go to the folder named by `DRILLYARD_SCREENSHOTS`, or to a temporary one.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
from audits.reports.made_report import empty_report, made_report

from drillyard.audits.attacked import Attacked
from drillyard.audits.report import AuditReport
from drillyard.audits.reports.writing import render
from drillyard.records import Estimate
from drillyard.stats import clopper_pearson

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser-tests")

pytestmark = pytest.mark.browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
TRAFFIC = {
    "alpha": Estimate(value=0.02, low=0.01, high=0.04, n=500, method="x"),
    "beta": Estimate(value=0.00002, low=0.0, high=0.003, n=500, method="x"),
    **{f"a behaviour with a long name, {n}": clopper_pearson(n, 500) for n in range(1, 8)},
    "gamma": clopper_pearson(0, 500),
}
ATTACK = Attacked(attacker="openai/<m>", streams=4, branches=2, depth=4, asked=90, unreadable=9, hits={"alpha": 2})
REPORTS = {
    "found": made_report("severity>=high"),
    "clean": empty_report(0.03),
    "unknown": empty_report(1.0),
    "deployed": made_report().model_copy(update={"traffic": TRAFFIC, "attack": ATTACK}),
}

SIDES = "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.right])"


@pytest.mark.walk
@pytest.mark.parametrize("name", REPORTS)
def test_the_page_fits_and_asks_nobody(name: str, tmp_path: Path) -> None:
    """At 1200 and at 390 px, light and dark: no sideways scrolling, no request, no complaint, evidence opens."""
    shots = Path(os.environ.get("DRILLYARD_SCREENSHOTS") or tmp_path)
    (tmp_path / "report.html").write_bytes(render(REPORTS[name], "html"))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for width in (1200, 390):
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                seen: list[str] = []
                page.on("console", lambda line, seen=seen: seen.append(line.text))
                page.on("request", lambda one, seen=seen: seen.append(one.url))
                page.goto(f"file://{tmp_path}/report.html")
                assert seen == [f"file://{tmp_path}/report.html"]
                assert page.evaluate("document.documentElement.scrollWidth") == width
                _look(page, REPORTS[name])
                page.screenshot(path=shots / f"audit-{name}-{width}-{scheme}.png", full_page=True)
                page.close()
        browser.close()


def _look(page: object, report: AuditReport) -> None:
    """The verdict is on the first screen; every mode's transcript can be opened; whiskers lie inside their drawing."""
    assert page.locator(".verdict").bounding_box()["y"] < 400
    assert page.locator("details").count() == len(report.findings)
    for number in range(len(report.findings)):
        details = page.locator("details").nth(number)
        if details.get_attribute("open") is None:
            details.locator("summary").click()
        assert details.locator(".reply").is_visible()
    if report.traffic:
        labels = page.locator("svg[aria-labelledby=outlook] text:not([text-anchor])").all()
        boxes = sorted((one.bounding_box() for one in labels[1:]), key=lambda box: box["y"])
        assert len(boxes) == 7 and all(a["y"] + 10 <= b["y"] for a, b in itertools.pairwise(boxes))
    if report.findings:
        ((left, right),) = page.locator("svg[aria-labelledby=rates]").evaluate_all(SIDES)
        marks = page.locator("svg[aria-labelledby=rates] :is(path, circle)").evaluate_all(SIDES)
        assert marks and all(left <= start and end <= right for start, end in marks)
