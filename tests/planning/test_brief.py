"""Reading briefs: what is filled in, and one clear line for everything that can be typed wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from planning.briefs import EXAMPLE, example_copy

from drillyard.errors import BadInput
from drillyard.planning.brief import load_brief

ENGINEER = {"id": "engineer", "head_count": 4, "hours": 6}
SYSTEM = {"id": "chat", "name": "Chat", "purpose": "Answers customers", "world": "helpdesk"}


def test_policies_are_hashed_and_laws_filled_in() -> None:
    """A brief that loads carries the digest of each policy and the dated facts of each law."""
    brief = load_brief(EXAMPLE / "brief.yaml")
    for policy in brief.policies:
        assert policy.sha256 == hashlib.sha256((EXAMPLE / policy.path).read_bytes()).hexdigest()
    assert {law.id for law in brief.laws} == {"eu-ai-act-art-4", "iso-42001-7.2", "nist-ai-rmf-govern-2.2"}
    assert all(law.title and law.duty and law.as_of and law.source and law.trust for law in brief.laws)


def test_the_example_ships_twice_alike() -> None:
    """The example of the repository and the one inside the package are the same bytes."""
    outside = Path(__file__).parents[2] / "examples" / "helpdesk"
    inside = {path.relative_to(EXAMPLE): path.read_bytes() for path in EXAMPLE.rglob("*") if path.is_file()}
    assert inside == {path.relative_to(outside): path.read_bytes() for path in outside.rglob("*") if path.is_file()}


def test_only_four_fields_are_needed(tmp_path: Path) -> None:
    """Policies, laws and the seed may be left out."""
    brief = load_brief(example_copy(tmp_path, policies=..., laws=..., seed=...))
    assert (brief.policies, brief.laws, brief.seed) == ((), (), 1)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"title": ...},
            "brief.yaml: found no 'title' at the top level, expected a value for 'title'; type 'title: Safe",
        ),
        ({"organisation": "  "}, "found no 'organisation' at the top level"),
        ({"systems": []}, "found no 'systems' at the top level"),
        ({"titel": "x"}, "found key 'titel' at the top level, expected one of: title, organisation, roles"),
        ({"titel": "x"}, "did you mean 'title'?"),
        ({"title": 3}, "found 3 at title, expected text; put it in quotes: title: '3'"),
        ({"seed": -1}, "found -1 at seed, expected a whole number from 0"),
        ({"roles": "engineer"}, "found 'engineer' at roles, expected a list; begin each entry with '- '"),
        ({"roles": ["engineer"]}, "found 'engineer' at roles[0], expected lines such as key: value"),
        ({"roles": [{"id": "engineer", "hours": 2}]}, "found no 'head_count' at roles[0]"),
        ({"roles": [{**ENGINEER, "hour": 6}]}, "found key 'hour' at roles[0]"),
        (
            {"roles": [{**ENGINEER, "id": "enginer"}]},
            "found role 'enginer', expected one of: engineer, alignment-engineer, containment-engineer, support-lead",
        ),
        ({"roles": [{**ENGINEER, "id": "enginer"}]}, "did you mean 'engineer'?"),
        (
            {"roles": [ENGINEER, ENGINEER]},
            "found 'engineer' twice in roles, expected each id once; remove or merge roles[1]",
        ),
        (
            {"roles": [{**ENGINEER, "hours": 0}]},
            "found 0 at roles[0].hours, expected hours per person, such as 6, 1.5 or 1:30, above 0 and at",
        ),
        ({"roles": [{**ENGINEER, "hours": -2}]}, "found -2 at roles[0].hours"),
        ({"roles": [{**ENGINEER, "hours": 500}]}, "found 500 at roles[0].hours"),
        ({"roles": [{**ENGINEER, "hours": "six"}]}, "found 'six' at roles[0].hours"),
        ({"roles": [{**ENGINEER, "hours": True}]}, "found true at roles[0].hours"),
        ({"roles": [{**ENGINEER, "hours": float("inf")}]}, "found inf at roles[0].hours"),
        ({"roles": [{**ENGINEER, "hours": float("nan")}]}, "found nan at roles[0].hours"),
        ({"roles": [{**ENGINEER, "head_count": 2.5}]}, "found 2.5 at roles[0].head_count, expected a whole number"),
        ({"roles": [{**ENGINEER, "without": "x"}]}, "found 'x' at roles[0].without, expected a list of objective"),
        ({"roles": [{**ENGINEER, "without": ["size-the-test"]}]}, "did you mean 'size-a-test'?"),
        (
            {"systems": [{**SYSTEM, "world": "moon"}]},
            "systems[0].world: found world 'moon', expected one of: clinic, helpdesk",
        ),
        ({"systems": [SYSTEM, SYSTEM]}, "found 'chat' twice in systems"),
        ({"laws": ["eu-ai-act-art-5"]}, "found law 'eu-ai-act-art-5', expected one of: eu-ai-act-art-4, iso-42001-7.2"),
        ({"laws": ["eu-ai-act-art-5"]}, "did you mean 'eu-ai-act-art-4'?"),
        ({"laws": [{"id": "x"}]}, "found law {'id': 'x'}, expected one of"),
        ({"laws": "iso-42001-7.2"}, "found 'iso-42001-7.2' at laws, expected a list of"),
        ({"laws": ["iso-42001-7.2"] * 2}, "found 'iso-42001-7.2' twice in laws"),
        ({"policies": [{"path": "policies/refund.md", "title": "R"}]}, "did you mean 'policies/refunds.md'?"),
        (
            {"policies": [{"path": "brief.yaml", "title": "B"}]},
            "copy the file there and type 'path: policies/brief.yaml'",
        ),
        ({"policies": [{"path": "policies", "title": "B"}]}, "found no policy file 'policies'"),
        ({"policies": [{"path": "/etc/passwd", "title": "B"}]}, "found policy '/etc/passwd', expected a file in the"),
        (
            {"policies": [{"path": "policies/../../x", "title": "B"}]},
            "found policy 'policies/../../x', expected a file",
        ),
        ({"policies": [{"path": "policies/a\0b", "title": "B"}]}, "policies/a\\x00b'"),
        ({"policies": [{"path": "policies/" + "a" * 300, "title": "B"}]}, "that cannot be read"),
        ({"policies": [{"path": "policies/refunds.md", "title": "R", "sha256": "0"}]}, "found key 'sha256'"),
    ],
)
def test_each_mistake_has_its_line(tmp_path: Path, changes: dict[str, object], line: str) -> None:
    """What was found, what was expected and what to type next stand in one line."""
    with pytest.raises(BadInput) as caught:
        load_brief(example_copy(tmp_path, **changes))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_hours_may_be_hours_and_minutes(tmp_path: Path) -> None:
    """`hours: 1:30` is an hour and a half, not 90 hours as YAML counts; `1:75` is no time."""
    text = (EXAMPLE / "brief.yaml").read_text(encoding="utf-8")
    path = example_copy(tmp_path, text.replace("hours: 4", "hours: 1:30", 1))
    assert 1.5 in [role.hours for role in load_brief(path).roles]
    wrong = {typed: f"'{typed}'" for typed in ("1:75", "0x10", "010", "1_0", "1_0.5")}
    wrong |= {"2026-01-02": "2026-01-02", "!!binary aGk=": "2 bytes of binary data", "[yes, ~]": r"\[true, null\]"}
    for typed, told in wrong.items():
        path.write_text(text.replace("hours: 4", f"hours: {typed}", 1))
        with pytest.raises(BadInput, match=f"found {told} at roles.*hours per person, such as 6, 1.5 or 1:30"):
            load_brief(path)
    for right, hours in (("6", 6), ("1.5", 1.5), (".5", 0.5), ("+2", 2), ("1.5e+1", 15)):
        path.write_text(text.replace("hours: 4", f"hours: {right}", 1))
        assert hours in [role.hours for role in load_brief(path).roles]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a: "\\q"\n', "found unknown escape character 'q' in brief.yaml line 1"),
        ("", "found an empty file brief.yaml"),
        ("# only a comment\n", "found an empty file brief.yaml"),
        ("title: [a\nroles: 3\n", "in brief.yaml line 2, column 6, expected YAML; correct that line"),
        ("title: a\ntitle: b\n", "found the key 'title' stands here twice in brief.yaml line 2"),
        ("a: &x [1]\nb: *x\n", "aliases (*name) are not used here in brief.yaml line 2"),
        ("- a\n- b\n", "found ['a', 'b'] at the top level, expected lines such as key: value"),
        ("just words", "found 'just words' at the top level"),
        ("title: 2026-13-45\n", "a date that does not exist, in brief.yaml line 1"),
        ("title: \x07\n", "special characters are not allowed"),
        ("[" * 1500, "in brief.yaml"),
        ("!!python/object:os.system {}", "could not determine a constructor"),
    ],
)
def test_broken_files_name_the_line(tmp_path: Path, text: str, line: str) -> None:
    """Empty files, syntax errors and YAML's traps are told with their place; nothing is ever run."""
    with pytest.raises(BadInput) as caught:
        load_brief(example_copy(tmp_path, text))
    assert line in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8, far too many bytes, a folder and a missing file each have their line."""
    path = tmp_path / "brief.yaml"
    path.write_bytes(b"title: \xff")
    with pytest.raises(BadInput, match="not UTF-8"):
        load_brief(path)
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(BadInput, match="found 1000001 bytes"):
        load_brief(path)
    with pytest.raises(BadInput, match="found a folder .*brief.yaml"):
        load_brief(tmp_path)
    with pytest.raises(BadInput, match="No such file"):
        load_brief(tmp_path / "other.yaml")


def test_a_policy_behind_a_link_is_refused(tmp_path: Path) -> None:
    """A link inside the folder cannot fetch a file from outside it."""
    path = example_copy(tmp_path / "brief", policies=[{"path": "policies/link.md", "title": "L"}])
    (tmp_path / "secret.md").write_text("secret")
    (path.parent / "policies" / "link.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(BadInput, match="found policy 'policies/link.md', expected a file in the folder"):
        load_brief(path)


def test_a_huge_policy_is_refused(tmp_path: Path) -> None:
    """A policy is a text that people read, not an archive."""
    path = example_copy(tmp_path)
    (tmp_path / "policies" / "refunds.md").write_bytes(b"x" * 5_000_001)
    with pytest.raises(BadInput, match="of 5000001 bytes, expected at most 5000000"):
        load_brief(path)
