"""The pages of held drafts and of values in a real Chromium, on a laptop and on a phone.

Screenshots go to the folder named by `DRILLYARD_SCREENSHOTS`, or to a temporary one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from yard.small_programme import ANN, EchoingModel, build_programme, grade_of

from drillyard.organisms.listening import listen, run_in_background
from drillyard.oversight.live.critic import open_critic
from drillyard.oversight.live.overseer import HoldQueue, Overseen
from drillyard.oversight.live.policy import OverseerPolicy
from drillyard.oversight.values.asking import AskedTree
from drillyard.records import Conversation
from drillyard.targets.null import ScriptedTarget
from drillyard.yard.app import make_app

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser-tests")
pytestmark = [
    pytest.mark.walk,
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium"),
]
TREE = Path(__file__).parents[2] / "examples" / "values" / "helpdesk.yaml"
ASKED = Conversation.ask("how long is the warranty of the Fjord, and do you have it in a very unusual shade of petrol?")
SIZES = {"laptop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def queue(tmp_path: Path) -> HoldQueue:
    """A queue in which two drafts wait."""
    queue, policy = HoldQueue(tmp_path / "overseer"), OverseerPolicy(name="shop", rewrites=0)
    target = ScriptedTarget({ASKED.last_user: ["The Fjord has a warranty of 7 years."]})
    for _ in range(2):
        Overseen(target, open_critic("debate", policy), policy, queue).answer(ASKED, 0, {"user": "customer 7"})
    return queue


@pytest.fixture
def address(tmp_path: Path, queue: HoldQueue) -> Iterator[str]:
    """A yard with that queue and a value tree."""
    shutil.copy(TREE, tmp_path / "tree.yaml")
    app = make_app(
        build_programme(tmp_path / "prog").path, targets=lambda _: EchoingModel(), grader=grade_of, overseer=queue,
        reviewers=[ANN.id], weighed=AskedTree(tmp_path / "tree.yaml"),
    )  # fmt: skip
    with listen("127.0.0.1", 0) as listener, run_in_background(app, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_reviewer_decides_and_compares_on_a_laptop_and_a_phone(
    address: str, queue: HoldQueue, tmp_path: Path
) -> None:
    """By keyboard and by tap; no page is wider than its screen, and no script fails."""
    shots = Path(os.environ.get("DRILLYARD_SCREENSHOTS") or tmp_path)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        wrong: list[str] = []
        for name, size in SIZES.items():
            page = browser.new_context(viewport=size).new_page()
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.goto(f"{address}/held")
            page.fill("#code", ANN.code)
            page.keyboard.press("Enter")
            page.click("text=Held drafts") if "/held" not in page.url else None
            page.click("text=What the critics said")
            page.screenshot(path=str(shots / f"held-{name}.png"), full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            page.click("text=Send the draft as it is" if name == "phone" else "text=Send nothing")
            page.wait_for_selector("[role=status]")
            page.click("text=What matters")
            page.screenshot(path=str(shots / f"values-{name}.png"), full_page=True)
            wide = max(wide, page.evaluate("document.documentElement.scrollWidth"))
            page.click("text=This matters more >> nth=0")
            page.wait_for_selector("text=1 comparison is yours" if name == "laptop" else "text=2 comparisons are yours")
            assert wide <= size["width"], (name, wide)
        browser.close()
    assert not wrong and not queue.waiting()
    assert [one.action for one in queue.verdicts().values()] == ["refuse", "release"]
