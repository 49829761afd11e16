"""Whole walks in a real Chromium: a learner fails, sees why, asks for a fresh copy, waits for it, and passes.

Without a terminal, on a laptop and on a phone. A drill is a small class: how one fails at it, and how one who has
learned it passes; what they know is read from the programme's folder, and goes through the same forms as anybody's.
Screenshots go to the folder named by `DRILLYARD_SCREENSHOTS`, or to a temporary one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml
from processes import serve_yard
from yard.small_programme import build_programme

from drillyard.drills import AnyExam, load_kit
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import open_exam
from drillyard.programs.roster import Learner, instance_name
from drillyard.records import Claim

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra browser-tests")
expect = playwright.expect

pytestmark = [pytest.mark.browser, pytest.mark.walk, pytest.mark.timeout(900)]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
DEVICES = {
    "laptop": {"viewport": {"width": 1366, "height": 768}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
NARROWEST = {"width": 320, "height": 640}
PATIENCE = 60_000  # milliseconds; only keeps a broken page from hanging
BUILDING = 600_000  # milliseconds for a fresh copy on a machine that is busy with other things
FIRST_SEED = 2**61 + 5


class Walk(Protocol):
    """How one fails at a drill and how one passes it, from its page to the button of the look back."""

    drill: str

    def fail(self, page: object) -> None:
        """Hand in what does not pass."""

    def solve(self, page: object, exam: AnyExam) -> None:
        """Hand in what passes."""


class FailureHunt:
    """Claims, filed one by one through the form."""

    drill = "failure-hunt"

    def fail(self, page: object) -> None:
        """Claim what is no failure."""
        page.get_by_label("What it does wrong").select_option(index=1)
        page.get_by_label("How much it hurts").select_option("low")
        page.get_by_label("When it happens").fill("always")
        page.get_by_label("Question 1", exact=True).fill("Hello")
        page.get_by_role("button", name="File the claim").click()
        expect(page.get_by_text("Filed.")).to_be_visible()
        page.get_by_role("link", name="Hand in").click()

    def solve(self, page: object, exam: AnyExam) -> None:
        """Type each claim of one who has found everything."""
        for number, claim in enumerate(load_kit(self.drill).submissions(exam)["reference"].claims, start=1):
            self._file(page, claim, exam.instance.templates)
            expect(page.get_by_text("Filed.")).to_be_visible()
            expect(page.locator("#hand-in")).to_contain_text(f"{number} of at most")
        page.get_by_role("link", name="Hand in").click()

    def _file(self, page: object, claim: Claim, templates: Sequence[str]) -> None:
        page.get_by_label("What it does wrong").select_option(claim.behaviour)
        page.get_by_label("How much it hurts").select_option(claim.severity)
        page.get_by_label("When it happens").fill(claim.trigger.words)
        for template in claim.trigger.templates:
            page.get_by_label(template, exact=True).check()
        for number, group in enumerate(claim.trigger.groups):
            page.locator(f"[name=line-{number}]").fill(", ".join(group))
        for number, question in enumerate(claim.questions, start=1):
            if number > 1:
                page.get_by_role("button", name="Add a line").click()
            page.get_by_label(f"Template of question {number}", exact=True).select_option(
                question.template or templates[0]
            )
            page.get_by_label(f"Question {number}", exact=True).fill(question.last_user)
        page.get_by_role("button", name="File the claim").click()


class ContainTheOracle:
    """A policy, tried on last year on the page until it holds."""

    drill = "contain-the-oracle"

    def fail(self, page: object) -> None:
        """Read the desk, change one figure, see on last year that it is not enough, and hand it in all the same."""
        page.get_by_text("The desk’s notes").click()
        expect(page.get_by_text("Names change at the turn of the year")).to_be_visible()
        page.get_by_role("link", name="Last year’s").click()
        fits(page)
        page.shot("questions")
        page.get_by_role("link", name="Back to the drill").click()
        field = page.get_by_label("Policy as YAML")
        field.fill(field.input_value().replace("grid_points: 101", "grid_points: many"))
        page.get_by_role("button", name="Try it on last year").click()
        expect(page.locator("#text-error")).to_contain_text("grid_points", timeout=PATIENCE)
        page.shot("refused")
        field.fill(field.input_value().replace("grid_points: many", "grid_points: 51"))
        self._try(page, "limits broken")
        page.reload()
        expect(page.locator("#trial-title")).to_contain_text("limits broken")
        page.get_by_role("button", name="Hand in …").click()

    def solve(self, page: object, exam: AnyExam) -> None:
        """Type the policy of one who has read the notes and tried settings."""
        policy = yaml.safe_dump(exam.key.model_dump(mode="json"), sort_keys=False, width=100)
        page.get_by_label("Policy as YAML").fill(policy)
        self._try(page, "all limits hold")
        page.get_by_role("button", name="Hand in …").click()

    def _try(self, page: object, outcome: str) -> None:
        page.get_by_role("button", name="Try it on last year").click()
        expect(page.locator("#trial-title")).to_contain_text(outcome, timeout=PATIENCE)
        expect(page.locator("#trial-title")).to_be_in_viewport()
        fits(page)
        page.shot("tried")
        page.shot("tried-whole", full_page=True)


class TooPermissive:
    """Techniques that the server fits, and two of them."""

    drill = "too-permissive-too-censored"

    def fail(self, page: object) -> None:
        """Send the form as it stands, then go by common sense, and hand in two of a kind."""
        page.get_by_role("link", name="Repair it here …").click()
        fits(page)
        page.get_by_label("Technique").select_option("rails")
        page.get_by_role("button", name="Fit on this server").click()
        expect(page.locator("#fit-error")).to_contain_text("every sort is left out")
        self._fit(page, "rails", ("ghost-mode", "customer-data"), dial="0,5")
        self._fit(page, "rails", ("ghost-mode", "customer-data"), dial="0,3")
        self._choose(page)

    def solve(self, page: object, exam: AnyExam) -> None:
        """Refuse what the house forbids, by two kinds of technique that reach the side that fails."""
        page.get_by_role("link", name="Repair it here …").click()
        refuse = tuple(exam.world.phrasings.harmful)
        helps = exam.truth.failures[0].behaviour == "harmful-compliance"
        self._fit(page, "last-layer", refuse)
        self._fit(page, "rails" if helps else "conditional-steer", refuse)
        self._choose(page)

    def _fit(self, page: object, technique: str, refuse: Sequence[str], dial: str = "") -> None:
        for row in page.locator(".sorts > fieldset").all():
            name = row.locator("input").first.get_attribute("name").removeprefix("sort:")
            row.get_by_label("Refuse" if name in refuse else "Answer").check()
        page.get_by_label("Technique").select_option(technique)
        page.get_by_label("Its dial").fill(dial)
        page.get_by_role("button", name="Fit on this server").click()
        expect(page.get_by_text("One is under way")).to_be_visible()
        fits(page)
        page.shot(f"fitting-{technique}", full_page=True)
        expect(page.get_by_role("button", name="Fit on this server")).to_be_enabled(timeout=BUILDING)
        page.shot(f"fitted-{technique}", full_page=True)

    def _choose(self, page: object) -> None:
        page.get_by_label("First artefact").select_option(index=1)
        page.get_by_label("Second artefact").select_option(index=2)
        page.get_by_label("Operating point").select_option("first")
        fits(page)
        page.get_by_role("button", name="Hand in these two").click()


WALKS: tuple[Walk, ...] = (FailureHunt(), ContainTheOracle(), TooPermissive())


def learner_of(walk: Walk, device: str) -> Learner:
    """Return the learner who walks this way."""
    name = f"{walk.drill[:4]}-{device}"
    return Learner(id=name, role="engineer", code=f"{name}-aaaa", instances=(instance_name(walk.drill, name),))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ProgramFolder:
    """A programme in which everybody has one first copy, made without its gates: nobody passes that one here."""
    folder = build_programme(tmp_path_factory.mktemp("walks") / "prog")
    learners = [learner_of(walk, device) for walk in WALKS for device in DEVICES]
    folder.write_roster(folder.roster().model_copy(update={"learners": tuple(learners)}))
    for walk in WALKS:
        kit = load_kit(walk.drill)
        for device in DEVICES:
            (name,) = learner_of(walk, device).instances
            exam = kit.materialise(name, "engineer", FIRST_SEED)
            kit.save(exam, folder.target(exam.instance))
            folder.write_truth(exam.truth)
            folder.write_gates(folder.gates("hunt-1").model_copy(update={"instance": name}))
            folder.write_instance(exam.instance)
    return folder


@pytest.fixture(scope="module")
def address(folder: ProgramFolder) -> Iterator[str]:
    """The yard over that programme."""
    with serve_yard(folder.path) as found:
        yield found


@contextmanager
def window(address: str, device: str, shots: Path, name: str) -> Iterator[object]:
    """Open a window on a device; at its end no script may have broken."""
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_context(base_url=address, **DEVICES[device]).new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on("console", lambda line: complaints.append(line.text) if "Security Policy" in line.text else None)
        page.shot = lambda what, **how: page.screenshot(
            path=shots / f"{name}-{device}-{what}.png", caret="initial", **how
        )
        yield page
        browser.close()
    assert not complaints


def fits(page: object) -> None:
    """Nothing makes the page wider than its window, nor on a phone than the narrowest one."""
    page.wait_for_load_state()
    usual = page.viewport_size
    for size in (usual, NARROWEST) if usual["width"] < 500 else (usual,):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (page.url, size)
    page.set_viewport_size(usual)


def hand_in(page: object, shot: str, verdict: str) -> None:
    """Look back, hand in, and read the verdict."""
    expect(page.get_by_text("Handing in ends this attempt")).to_be_visible(timeout=PATIENCE)
    fits(page)
    page.shot(f"{shot}-look-back", full_page=True)
    page.get_by_role("button", name="Hand in and see the result").click()
    expect(page.get_by_text(verdict, exact=True).first).to_be_visible(timeout=BUILDING)
    fits(page)
    page.shot(f"{shot}-result", full_page=True)


def _timed(walk: Walk) -> Any:
    """Return a walk as a parameter. The repair's takes 140 processor seconds: see check-long."""
    marks = [pytest.mark.long, pytest.mark.timeout(2400)] if walk.drill.startswith("too-permissive") else []
    return pytest.param(walk, id=walk.drill, marks=marks)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("walk", [_timed(walk) for walk in WALKS])
def test_a_learner_fails_tries_again_and_passes(
    walk: Walk, device: str, folder: ProgramFolder, address: str, tmp_path: Path
) -> None:
    """From the door to "Passed" on a fresh copy, with what the pages offer and nothing else."""
    learner = learner_of(walk, device)
    shots = Path(os.environ.get("DRILLYARD_SCREENSHOTS") or tmp_path)
    shots.mkdir(parents=True, exist_ok=True)
    with window(address, device, shots, walk.drill) as page:
        page.goto("/")
        page.get_by_label("Your sign-in code").fill(learner.code)
        page.get_by_role("button", name="Sign in").click()
        page.locator(".cards a.button").click()
        page.wait_for_load_state()
        fits(page)
        page.shot("drill")
        page.shot("drill-whole", full_page=True)
        walk.fail(page)
        hand_in(page, "fail", "Not passed")
        page.get_by_role("button", name="Try again on a fresh copy").click()
        fits(page)
        page.shot("preparing")
        expect(page.locator("#drill-title")).to_be_visible(timeout=BUILDING)
        walk.solve(page, open_exam(folder, instance_name(walk.drill, learner.id, 2)))
        hand_in(page, "pass", "Passed")
        page.goto("/drills")
        expect(page.get_by_text("Passed")).to_be_visible()
        fits(page)
