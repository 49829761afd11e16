"""Designing: a folder that is whole, belongs to one brief, resumes, and a page that shows text as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from planning.briefs import EXAMPLE, example_copy

from drillyard.errors import BadInput
from drillyard.planning.brief import load_brief
from drillyard.planning.homes import Homes
from drillyard.planning.page import plan_page, verdict
from drillyard.planning.plan import make_plan
from drillyard.programs.design import design
from drillyard.programs.folder import ProgramFolder
from drillyard.records import RoleNeed

NASTY = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>&amp;{{ 7 * 7 }}"""

HOMES = Homes(worlds={"failure-hunt": "helpdesk", "investment-case": "", "judge-a-debate": "", "launch-gate-memo": ""})


class Page(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect a tag."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "line", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened last."""
        if tag not in ("meta", "line", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.text += data


def test_the_folder_holds_brief_plan_page_and_policies(tmp_path: Path) -> None:
    """What is read back equals what was planned; policies are copied to the byte."""
    said: list[str] = []
    plan = design(EXAMPLE / "brief.yaml", tmp_path / "prog", progress=said.append)
    folder = ProgramFolder(tmp_path / "prog")
    assert folder.plan() == plan == make_plan(folder.brief(), homes=HOMES)
    assert folder.brief() == load_brief(EXAMPLE / "brief.yaml")
    for policy in folder.brief().policies:
        assert (folder.path / policy.path).read_bytes() == (EXAMPLE / policy.path).read_bytes()
    assert (folder.path / "plan.html").is_file()
    assert said == ["copying 3 policies", "planning 4 roles"]


def test_a_finished_folder_is_not_planned_again(tmp_path: Path) -> None:
    """The stored plan comes back as it is, even when something in it was changed since."""
    out = tmp_path / "prog"
    plan = design(EXAMPLE / "brief.yaml", out)
    edited = plan.model_copy(update={"title": "Edited"})
    ProgramFolder(out).write_plan(edited)
    assert design(EXAMPLE / "brief.yaml", out) == edited


@pytest.mark.parametrize("missing", [["plan.json"], ["plan.json", "plan.html"], ["plan.json", "policies/refunds.md"]])
def test_an_unfinished_folder_is_finished(tmp_path: Path, missing: list[str]) -> None:
    """A run that was killed on the way ends with the same bytes when it is started again."""
    out = tmp_path / "prog"
    design(EXAMPLE / "brief.yaml", out)
    whole = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for name in missing:
        (out / name).unlink()
    (out / ".plan.html.00000000").write_text("half a dra")
    design(EXAMPLE / "brief.yaml", out)
    assert {path: path.read_bytes() for path in whole} == whole


def test_a_folder_killed_before_its_brief_is_still_free(tmp_path: Path) -> None:
    """A hidden draft of a killed write does not make a folder somebody else's."""
    (tmp_path / ".brief.json.00000000").write_text("half a dra")
    assert design(EXAMPLE / "brief.yaml", tmp_path).status == "fits"


def test_a_folder_of_another_brief_is_refused(tmp_path: Path) -> None:
    """A changed brief asks for a folder of its own; a changed policy does not."""
    design(example_copy(tmp_path / "brief"), tmp_path / "prog")
    brief = example_copy(tmp_path / "brief", title="Another")
    with pytest.raises(BadInput, match=r"found the programme of another brief in .*; choose another with -o"):
        design(brief, tmp_path / "prog")


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    """Nothing of somebody else's is written over; a file is no folder."""
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BadInput, match="found other files in"):
        design(EXAMPLE / "brief.yaml", tmp_path)
    with pytest.raises(BadInput, match="found a file"):
        design(EXAMPLE / "brief.yaml", tmp_path / "thesis.txt")
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_wrong_brief_leaves_no_folder(tmp_path: Path) -> None:
    """Bad input is told before anything is written."""
    with pytest.raises(BadInput):
        design(example_copy(tmp_path / "brief", title=...), tmp_path / "prog")
    assert not (tmp_path / "prog").exists()


def test_a_clash_is_written_too(tmp_path: Path) -> None:
    """The designer finds the clash in the folder: as a record, and first on the page."""
    brief = example_copy(tmp_path / "brief", roles=[{"id": "executive", "head_count": 2, "hours": 0.8}])
    plan = design(brief, tmp_path / "prog")
    assert plan.status == "clash" and ProgramFolder(tmp_path / "prog").plan() == plan
    page = Page((tmp_path / "prog" / "plan.html").read_text(encoding="utf-8"))
    assert verdict(plan) == "The programme does not fit: 1 of 1 role needs more hours than the brief gives."
    for words in (verdict(plan), plan.clashes[0].summary, *plan.clashes[0].rules, *plan.clashes[0].remedies):
        assert words in page.text


def test_the_page_shows_every_objective_activity_and_evidence(tmp_path: Path) -> None:
    """Nothing of the plan is missing on the page, and each role has a timeline with one bar per activity."""
    brief = load_brief(EXAMPLE / "brief.yaml")
    plan = make_plan(brief)
    page = Page(plan_page(brief, plan))
    assert verdict(plan) in page.text
    for role in plan.roles:
        for objective in role.objectives:
            assert objective.statement in page.text and objective.criterion in page.text
        assert all(item.activity.note in page.text for item in role.activities)
        assert all(line in page.text for line in role.left_out)
    assert page.tags.count("svg") == len(plan.roles)
    assert page.tags.count("rect") == sum(len(role.activities) for role in plan.roles)
    assert page.tags.count("caption") == page.tags.count("table")
    for law in brief.laws:
        assert law.as_of in page.text and law.trust in page.text


def test_bars_are_to_scale() -> None:
    """A bar is as long as its share of the role's hours, and begins where the one before it ends."""
    brief = load_brief(EXAMPLE / "brief.yaml")
    plan = make_plan(brief)
    bars = re.findall(r'<rect class="\w+" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', plan_page(brief, plan))
    placed = iter([(float(x), float(width)) for x, width in bars])
    for role in plan.roles:
        axis = None
        for item in role.activities:
            x, width = next(placed)
            pixels = width / item.activity.minutes * role.hours * 60
            axis = axis or x
            # Positions are rounded to a tenth of a pixel.
            assert x == pytest.approx(axis + item.start / (role.hours * 60) * 310, abs=0.11)
            assert pixels == pytest.approx(310, rel=0.02)


def test_what_people_typed_is_shown_as_text(tmp_path: Path) -> None:
    """Tags, quotes and template marks in a brief stand on the page as they were typed, and nothing comes to life."""
    plain = load_brief(EXAMPLE / "brief.yaml")
    calm = Page(plan_page(plain, make_plan(plain)))
    system = {"id": "x", "name": NASTY, "purpose": NASTY, "world": "helpdesk"}
    (tmp_path / "policies").mkdir()
    name = "policies/<img src=x onerror=alert(1)>.md"
    (tmp_path / name).write_text("x")
    path = example_copy(
        tmp_path, title=NASTY, organisation=NASTY, systems=[system], policies=[{"path": name, "title": NASTY}]
    )
    brief = load_brief(path)
    page = Page(plan_page(brief, make_plan(brief)))
    assert set(page.tags) <= set(calm.tags) and not {"script", "img"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert page.text.count(NASTY) == 6  # page title, heading, organisation, system name and purpose, policy title


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """One file: no script, no link, no address but the name of the law's home."""
    brief = load_brief(EXAMPLE / "brief.yaml")
    html = plan_page(brief, make_plan(brief))
    assert not {"script", "link", "img", "iframe"} & set(Page(html).tags)
    assert not re.search(r"https?://|url\(|@import", html)
    assert len(html.encode()) < 100_000


@pytest.mark.parametrize("hours", [0.05, 1.2, 7.3, 24, 400])
def test_any_length_has_a_page(hours: float) -> None:
    """From three minutes to ten weeks, the axis has marks and the page is well formed."""
    brief = load_brief(EXAMPLE / "brief.yaml")
    brief = brief.model_copy(update={"roles": (RoleNeed(id="executive", head_count=1, hours=hours),)})
    Page(plan_page(brief, make_plan(brief)))
