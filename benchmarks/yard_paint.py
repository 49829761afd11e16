"""How soon does a page of the yard show something? A real server, Chromium, and what it loads.

    OMP_NUM_THREADS=1 python benchmarks/yard_paint.py --programme DIR   a table; DIR as benchmarks/yard.py makes it

Each page is opened in a window of its own, so that nothing is held from before: `first paint` is the browser's own
first contentful paint, from the start of the navigation. Needs playwright and Debian's Chromium. Exits 1 where one took
a second or more (the median of the rounds), or where a page loads 100 kB or more of assets.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table
from yard import started

from drillyard.programs.folder import ProgramFolder

PAINT_SECONDS, ASSET_BYTES = 1.0, 100_000
MEASURE = """() => [
    performance.getEntriesByName("first-contentful-paint")[0].startTime / 1000,
    performance.getEntriesByType("resource").filter((one) => one.name.includes("/static/"))
        .reduce((sum, one) => sum + one.decodedBodySize, 0),
]"""


def look(browser: Browser, address: str, code: str, path: str) -> tuple[float, int]:
    """Open a page in a new window, signed in, and return its first paint in seconds and its assets in bytes."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    if path != "/sign-in":
        page.goto("/sign-in")
        page.get_by_label("Your sign-in code").fill(code)
        page.get_by_role("button", name="Sign in").click()
        context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.goto(path)
    page.wait_for_function('() => performance.getEntriesByName("first-contentful-paint").length')
    seconds, size = page.evaluate(MEASURE)
    context.close()
    return seconds, size


def main() -> int:
    """Look and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programme", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    folder = ProgramFolder(asked.programme)
    me = folder.roster().learners[0]
    paths = ["/sign-in", "/drills", "/progress", "/catalogue", *(f"/drills/{name}" for name in me.instances)]
    command = ["-m", "drillyard", "yard", "serve", str(folder.path), "--port", "0"]
    log = folder.path.with_name(f"{folder.path.name}-server.log")
    with started(command, log) as (address, _), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        found = {path: [look(browser, address, me.code, path) for _ in range(asked.rounds)] for path in paths}
    told = {
        path: {"paint s": sorted(seconds for seconds, _ in looks), "assets": max(size for _, size in looks)}
        for path, looks in found.items()
    }
    holds = all(
        statistics.median(one["paint s"]) < PAINT_SECONDS and one["assets"] < ASSET_BYTES for one in told.values()
    )
    if asked.json:
        print(json.dumps({"pages": told, "holds": holds}, indent=2))
        return 0 if holds else 1
    table = Table("page", "first paint, min", "median", "max", "assets, kB")
    for path, one in told.items():
        times = one["paint s"]
        middle = [f"{value:.3f}" for value in (times[0], statistics.median(times), times[-1])]
        table.add_row(path, *middle, f"{one['assets'] / 1000:.1f}")
    Console().print(table)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
