"""Docs that cannot rot: regenerated, compared and executed."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from pathlib import Path

import follow
import generate
import pytest
import test_architecture
from real.conftest import missing

from drillyard.cli.app import NOUNS, LazyGroup
from drillyard.registry import FAMILIES, ExperimentalWarning, cards

DOCS = Path(generate.__file__).parent
ROOMS = generate.rooms()
REFERENCE = DOCS / "reference"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "_site" not in page.parts)
TUTORIALS = [page for page in PAGES if page.parent.name == "tutorials"]
FRONT = [DOCS.parent / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
HEADINGS = ["What it is", "Takes in", "Gives out", "Commands", "Python", "Limits"]
REAL = {"documents-to-fix"}
LONG_EXAMPLES = {"audits", "failing-models", "rails", "worlds"}
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def headings(text: str, level: int) -> list[str]:
    """Return the headings of one level, outside code."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(rf"^#{{{level}}} (.+)$", plain, flags=re.MULTILINE)


def read(room: str) -> str:
    """Return a room's page."""
    path = REFERENCE / f"{room}.md"
    assert path.is_file(), f"write docs/reference/{room}.md with the headings: {', '.join(HEADINGS)}"
    return path.read_text(encoding="utf-8")


def test_glossary_is_what_the_rooms_say() -> None:
    """docs/reference/glossary.md is generated from the rooms' docstrings and not edited by hand."""
    assert (REFERENCE / "glossary.md").read_text(encoding="utf-8") == generate.glossary(), (
        "run: python docs/generate.py"
    )


@pytest.mark.walk
def test_cli_page_is_what_help_says() -> None:
    """The help texts in docs/reference/cli.md are those that the commands print."""
    assert read("cli") == generate.cli(), "run: python docs/generate.py"


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_page_of_the_same_form(room: str) -> None:
    """What it is, takes in, gives out, commands, Python, limits: the same questions answered everywhere."""
    text = read(room)
    assert headings(text, 1) == [room]
    assert headings(text, 2) == HEADINGS
    assert CODE.search(text), f"docs/reference/{room}.md: show it in Python; the example is run"
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert f"](reference/{room}.md)" in index, f"link reference/{room}.md from docs/index.md"


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_short_glossary(room: str) -> None:
    """A room's docstring says what it is, is not, takes in and gives out, in at most 40 lines."""
    section = generate.glossary().partition(f"## [{room}]({room}.md)\n\n")[2].partition("\n## ")[0]
    for words in ("**What it is.**", "**What it is not.**", "**Takes in.**", "**Gives out.**"):
        assert words in section, f"{room}/__init__.py: say {words}"
    assert len(section.splitlines()) <= 40


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_has_a_heading(noun: str) -> None:
    """A command without a place in docs/reference/cli.md is one that nobody finds."""
    assert f"drillyard {noun}" in headings(read("cli"), 3)


def test_every_exit_code_is_documented() -> None:
    """The codes of the command line are those of its page."""
    assert set(re.findall(r"^\| (\d+) \|", read("cli"), flags=re.MULTILINE)) == {"0", "1", "2", "70", "130"}


@pytest.mark.parametrize(
    ("family", "name"), [(family, name) for family in FAMILIES for name in cards(family)], ids=lambda word: word
)
def test_every_card_is_on_the_page_of_its_room(family: str, name: str) -> None:
    """Whatever is registered is named, as code, on the page of the room that holds it."""
    room = cards(family)[name].target.split(".")[1]
    assert f"`{name}`" in read(room), f"docs/reference/{room}.md: name `{name}` of the {family}"


@pytest.mark.parametrize("page", [*PAGES, *FRONT], ids=lambda page: page.stem)
def test_tables_hold_something(page: Path) -> None:
    """Under the head of every table stands at least one row, as wide as the head."""
    lines = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL).splitlines()
    for number, line in enumerate(lines):
        if re.fullmatch(r"\|( ?:?-+:? ?\|)+", line):
            below = lines[number + 1] if number + 1 < len(lines) else ""
            assert below.startswith("| ") and cells(below) == cells(line) == cells(lines[number - 1]), lines[number - 1]


def cells(line: str) -> int:
    """Return how many cells a line of a table has; a bar in code is text."""
    return re.sub(r"`[^`]*`", "", line).replace("\\|", "").count("|") - 1


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(one, marks=pytest.mark.walk if one.stem in LONG_EXAMPLES else ())
        for one in PAGES
        if one not in TUTORIALS
    ],
    ids=lambda page: page.stem,
)
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Python example of a page runs as it stands, in order, in an empty folder, and its asserts hold."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        for code in CODE.findall(page.read_text(encoding="utf-8")):
            assert "assert " in code, f"{page.name}: end the example in an assert of its claim"
            exec(compile(code, f"{page.name}", "exec"), names)  # our own docs, run as a reader would


@pytest.mark.walk
@pytest.mark.timeout(1500)  # the one on the real model takes minutes
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_can_be_followed(page: Path, tmp_path: Path) -> None:
    """Every command of a tutorial, typed in an empty folder, does and prints what the page says."""
    if page.stem in REAL and (why := missing()):
        pytest.skip(why)
    assert follow.follow(page, tmp_path) >= 5


def test_a_tutorial_that_shows_something_else_is_noticed(tmp_path: Path) -> None:
    """Lines must be printed as shown and in order, a command must not fail, and `…` stands for anything."""
    page = tmp_path / "page.md"
    typed = "```yaml\n# a.yaml\nb: 1\n```\n```bash\ncat a.yaml; echo one two three; echo four\n```\n"
    page.write_text(f"{typed}```text\nb: 1\none … three\nfour\n```\n")
    assert follow.follow(page, tmp_path) == 1
    page.write_text(f"{typed}```text\nfour\none … three\n```\n")
    with pytest.raises(AssertionError, match="the page shows"):
        follow.follow(page, tmp_path)
    page.write_text("```bash\necho before; exit 2\n```\n")
    with pytest.raises(AssertionError, match="exits 2"):
        follow.follow(page, tmp_path)


@pytest.mark.parametrize("page", [*PAGES, *FRONT], ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page leads to a file."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing, f"{page.name} links to {missing}"


def test_the_menu_names_every_page() -> None:
    """The site's menu in docs/index.md holds each page once, and no page that is not there."""
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    entries = re.findall(r"^```\{toctree\}\n(?::.*\n)*\n((?:.+\n)*)```", text, flags=re.MULTILINE)
    named = [re.sub(r".*<(.*)>", r"\1", line) for entry in entries for line in entry.splitlines()]
    pages = [page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES]
    assert sorted(named) == sorted({*pages, "reference/api/index"} - {"index"})


def test_the_api_reference_holds_what_is_public() -> None:
    """A page lists each module's public functions and classes, as Sphinx is to write them out, and nothing else."""
    page = generate.api("stats")
    assert ".. autofunction:: drillyard.stats.binomial.wilson\n" in page
    assert ".. autoclass:: drillyard.stats.sequential.Sprt\n" in page
    named = re.findall(r"^\.\. auto(?:function|class):: .*\.(\w+)$", page, flags=re.MULTILINE)
    assert len(named) > 30 and not any(name.startswith("_") for name in named)


@pytest.mark.walk
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Sphinx builds every page, and no link makes it complain; `./yard docs` holds the API reference to the same."""
    pytest.importorskip("sphinx", reason="needs the extra docs")
    options = ["-W", "--keep-going", "-q", "-t", "pages", "-b", "html"]
    command = [sys.executable, "-m", "sphinx", *options, str(DOCS), str(tmp_path / "site")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "tutorials" / "training-designer.html").is_file()


def test_log_entries_are_dated() -> None:
    """Every entry of the log begins with its date, newest first."""
    dates = [re.match(r"(\d{4}-\d{2}-\d{2}): \S", title) for title in headings((DOCS / "log.md").read_text(), 2)]
    assert all(dates), "head each entry with `## YYYY-MM-DD: what was tried`"
    assert [found[1] for found in dates] == sorted((found[1] for found in dates), reverse=True)


def test_the_docs_know_every_room() -> None:
    """The generator walks the rooms in the order that the architecture test holds."""
    assert generate.ROOMS == test_architecture.ROOMS


def test_help_of_every_command_below_is_written() -> None:
    """The generator goes down into groups: a noun and its verbs each get their help."""
    tiny = LazyGroup(name="tiny", package="tiny_nouns", nouns={"greet": "Greet people."})
    written = dict(generate.commands(tiny, "tiny"))
    assert list(written) == ["tiny", "tiny greet", "tiny greet crash", "tiny greet hello", "tiny greet talk"]
    assert written["tiny greet hello"].startswith("Usage: tiny greet hello [OPTIONS] NAME\n")
    assert max(len(line) for text in written.values() for line in text.splitlines()) <= generate.WIDTH
