"""A product manager and an executive finish their whole programme in a real Chromium, without a terminal.

Each takes every step of the plan that ships, by the link that the page calls the next: lessons with their models,
tests, quizzes, readings, drills on paper and an interview handed in by form, and sheets that a facilitator, in a window
of their own, records. Answers are those of somebody who knows; they go through the same forms as anybody's. The drills
are made while they work. Screenshots go to the folder named by `DRILLYARD_SCREENSHOTS`, or to a temporary one.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from processes import serve_yard
from yard.visitor import fields_of

from drillyard.drills import load_kit
from drillyard.drills.answers.drill import AnswerDrill
from drillyard.planning.forms import assign_forms
from drillyard.programs.create import open_roster
from drillyard.programs.design import design
from drillyard.programs.examples import default_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import open_exam
from drillyard.programs.joining import appoint
from drillyard.programs.roster import Learner

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser-tests")
expect = playwright.expect

pytestmark = [pytest.mark.browser, pytest.mark.walk, pytest.mark.timeout(1200)]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
DEVICES = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
PATIENCE, BUILDING = 60_000, 600_000  # milliseconds; only keep a broken page from hanging
MOST_STEPS = 60
WALKS = [
    pytest.param("product-manager", "desktop", id="product-manager-desktop"),
    pytest.param("executive", "phone", id="executive-phone"),
    pytest.param("product-manager", "phone", id="product-manager-phone", marks=pytest.mark.long),
    pytest.param("executive", "desktop", id="executive-desktop", marks=pytest.mark.long),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ProgramFolder:
    """The programme that ships, for these two roles alone, one learner for each device; no drill is made yet."""
    path = tmp_path_factory.mktemp("finish")
    brief = yaml.safe_load(default_brief().read_text(encoding="utf-8"))
    wanted = ("product-manager", "executive")
    brief["roles"] = [role | {"head_count": len(DEVICES)} for role in brief["roles"] if role["id"] in wanted]
    shutil.copytree(default_brief().parent / "policies", path / "policies")
    (path / "brief.yaml").write_text(yaml.safe_dump(brief), encoding="utf-8")
    assert design(path / "brief.yaml", path / "prog").status == "fits"
    open_roster(path / "prog")
    return ProgramFolder(path / "prog")


@pytest.fixture(scope="module")
def address(folder: ProgramFolder) -> Iterator[str]:
    """The yard over that programme."""
    with serve_yard(folder.path, "--url", "https://yard.example.org") as found:
        yield found


@contextmanager
def windows(address: str, *devices: str) -> Iterator[list[object]]:
    """Open a window on each device; at the end no script may have broken, nor anything been asked of another host."""
    wrong: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        pages = [browser.new_context(base_url=address, **DEVICES[device]).new_page() for device in devices]
        for page in pages:
            page.set_default_timeout(PATIENCE)
            page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
            page.on("console", lambda line: wrong.append(line.text) if "Security Policy" in line.text else None)
            page.on("request", lambda one: None if one.url.startswith(address) else wrong.append(one.url))
        yield pages
        browser.close()
    assert not wrong


class Walker:
    """Somebody who goes from step to step by what the pages show, and knows the answers."""

    def __init__(self, page: object, folder: ProgramFolder, learner: Learner, shot: Callable[..., None]) -> None:
        self.page, self.folder, self.learner, self.shot = page, folder, learner, shot
        self.taken: list[str] = []
        steps = [step.activity for one in folder.plan().roles if one.role == learner.role for step in one.activities]
        lessons = assign_forms([(one, lesson) for one in steps if (lesson := folder.lesson(one))], learner.id)
        self.known = {step.id: {asked.id: asked for asked in lesson.questions} for step, lesson in lessons}

    def take_all(self) -> None:
        """Take step after step until the page names none that can be taken."""
        for _ in range(MOST_STEPS):
            self.page.goto("/drills")
            self.look(f"plan-{len(self.taken):02}" if len(self.taken) in (0, 5) else "")
            next_one = self.page.get_by_role("link", name=re.compile("^Next: "))
            if not next_one.count():
                return
            where = next_one.get_attribute("href")
            assert where not in self.taken, f"{where} was taken and is next again"
            self.taken.append(where)
            next_one.click()
            self.page.wait_for_url(re.compile(f"{re.escape(where)}$"))
            take = {"lessons": self.lesson, "reading": self.reading, "drills": self.drill}[
                where.split("/")[1].split("#")[0]
            ]
            take(where.rpartition("/")[2])
        pytest.fail("the plan does not end")

    def lesson(self, name: str) -> None:
        """Ask its model and the twin what the page offers first, answer each question, and read why."""
        page = self.page
        if page.locator("#ask").count():
            page.locator(".tries button").first.click()
            expect(page.locator(".pair")).to_be_visible()
            self.look(f"lesson-{name}-asked")
        for asked in [item.get_attribute("id") for item in page.locator("form.item").all()]:
            item, question = page.locator(f"form.item#{asked}"), self.known[name][asked]
            fields = fields_of(question, question.key)
            if question.kind == "choice":
                item.locator(f"[name=answer][value='{fields[0]}']").check()
            elif question.kind == "number":
                item.locator("[name=answer]").fill(fields[0])
            else:
                for select, value in zip(item.locator("select").all(), fields, strict=True):
                    select.select_option(value)
            item.get_by_role("button").click()
            page.wait_for_load_state()
        self.look(f"lesson-{name}")
        page.get_by_role("link", name="Go on with your plan.").click()

    def reading(self, fragment: str) -> None:
        """Open what there is to read, and say that it is read."""
        for summary in self.page.locator("details > summary").all():
            summary.click()
        self.look(fragment)
        self.page.locator(f"#{fragment.partition('#')[2]}").get_by_role("button").click()
        expect(self.page.get_by_text("Read it again").first).to_be_visible()

    def drill(self, instance: str) -> None:
        """Wait until it is made, fill in the form, look back, hand in, and read the result."""
        page = self.page
        expect(page.locator("#drill-title")).to_be_visible(timeout=BUILDING)
        exam = open_exam(self.folder, instance)
        kit = load_kit(exam.drill.id, exam.instance.world)
        assert isinstance(kit, AnswerDrill), f"{exam.drill.id} is not answered on paper"
        self.look(f"drill-{exam.drill.id}")
        right = next(fix.name for fix in kit.fixes if fix.verdict == "right")
        for name, value in kit.submissions(exam)[right].answers.items():
            field = page.locator(f"#answers [name='{name}']")
            field.select_option(value) if field.evaluate("one => one.tagName") == "SELECT" else field.fill(value)
        self.look(f"drill-{exam.drill.id}-filled")
        page.get_by_role("button", name="Hand in …").click()
        self.look(f"drill-{exam.drill.id}-look-back")
        page.get_by_role("button", name="Hand in and see the result").click()
        expect(page.get_by_text("Passed", exact=True).first).to_be_visible(timeout=BUILDING)
        self.look(f"drill-{exam.drill.id}-result")
        page.get_by_role("link", name="Read the debrief").click()
        self.look(f"drill-{exam.drill.id}-debrief")

    def recall(self) -> int:
        """Recall every fact that is due, and say that it came."""
        page, count = self.page, 0
        page.goto("/recall")
        while (shown := page.get_by_text("Show the answer")).count():
            shown.click()
            self.look("recall" if not count else "")
            page.get_by_role("button", name="Good", exact=True).click()
            page.wait_for_load_state()
            count += 1
        expect(page.get_by_text("Nothing is due.")).to_be_visible()
        return count

    def look(self, name: str) -> None:
        """See that nothing is wider than the screen, and keep a picture."""
        self.page.wait_for_load_state()
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), self.page.url
        if name:
            self.shot(self.page, re.sub("[^a-z0-9-]+", "-", name))


def record_all(page: object, learner: Learner, shot: Callable[..., None]) -> int:
    """Record, as the facilitator, everything of a learner that the pages say is led; returns how many there were."""
    page.goto("/live/led")
    shot(page, "facilitator-leads")
    where = [link.get_attribute("href") for link in page.locator("main a[href^='/live/led/']").all()]
    count = 0
    for path in dict.fromkeys(where):
        page.goto(path)
        field = page.locator(f"[name='outcome {learner.id}']")
        if not field.count() or field.input_value():
            continue
        field.select_option(index=field.locator("option").count() - 1)
        page.get_by_role("button", name="Record").click()
        page.wait_for_load_state()
        if not count:
            shot(page, "facilitator-records")
        count += 1
    return count


def sign_in(page: object, code: str) -> None:
    """Go through the door."""
    page.goto("/")
    page.get_by_label("Your sign-in code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


@pytest.mark.parametrize(("role", "device"), WALKS)
def test_the_whole_programme_is_finished_without_a_terminal(
    role: str, device: str, folder: ProgramFolder, address: str, tmp_path: Path
) -> None:
    """From the sign-in code to the page that says that it is finished, with a signed credential to take away."""
    shots = Path(os.environ.get("DRILLYARD_SCREENSHOTS") or tmp_path)
    shots.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)

    def shot(page: object, name: str) -> None:
        page.screenshot(path=shots / f"finish-{role}-{device}-{name}.png", full_page=True, caret="initial")

    mine = [one for one in folder.roster().learners if one.role == role]
    learner, plan = mine[list(DEVICES).index(device)], next(one for one in folder.plan().roles if one.role == role)
    facilitator = next((one for one in folder.roster().staff if one.id == "Fay"), None) or appoint(
        folder, "facilitator", "Fay"
    )
    with windows(address, device, "desktop") as (page, other):
        sign_in(page, learner.code)
        walker = Walker(page, folder, learner, shot)
        walker.take_all()
        assert walker.recall() > 0
        page.goto("/drills")
        expect(page.get_by_text("What is left is with your facilitator")).to_be_visible()
        walker.look("left")
        sign_in(other, facilitator.code)
        led = record_all(other, learner, shot)
        assert led + len(walker.taken) == len(plan.activities), "every step was taken, or recorded"
        page.goto("/drills")
        expect(page.get_by_text("You have finished your programme.")).to_be_visible()
        walker.look("finished")
        page.get_by_role("link", name="See what you have shown").click()
        expect(page.get_by_text("You have finished your programme.")).to_be_visible()
        expect(
            page.get_by_text(f"You have shown {len(plan.objectives)} of {len(plan.objectives)} things")
        ).to_be_visible()
        walker.look("finished-progress")
        page.locator("a[href^='/credential/']").first.click()
        expect(page.get_by_text("Passed with 100 %")).to_be_visible()
        walker.look("credential")
        with page.expect_download() as taken:
            page.get_by_role("link", name="Download the signed file").click()
        signed = Path(taken.value.path()).read_text().split(".")
        told = json.loads(base64.urlsafe_b64decode(signed[1] + "=="))
        assert len(signed) == 3 and learner.id in json.dumps(told)
