"""The competency model: a designer's own entries beside the brief, risks that ask for more, CASE 1.1 out and in."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning.briefs import dump, example_copy, small_catalogue

from drillyard.cli.app import main
from drillyard.errors import BadInput
from drillyard.planning.brief import load_brief
from drillyard.planning.case_standard import case_id, export_case, import_case, read_case
from drillyard.planning.catalogue import load_catalogue, write_tables
from drillyard.planning.plan import make_plan
from drillyard.planning.requirements import add_risks
from drillyard.programs.design import design
from drillyard.programs.folder import ProgramFolder

OWN: dict[str, list[dict[str, Any]]] = {
    "competencies": [{"id": "own-advice", "title": "Give advice that the rules allow", "after": ["failure-literacy"]}],
    "objectives": [
        {
            "id": f"own-{verb}",
            "competency": "own-advice",
            "verb": verb,
            "statement": f"{verb.capitalize()} a reply",
            "condition": "Ten replies",
            "criterion": "Nine right",
            "evidence": "work-sample",
            "bloom": "apply",
        }
        for verb in ("check", "mend", "mark", "pass")
    ],
    "activities": [
        {
            "id": "own-sheet",
            "title": "Ten replies",
            "kind": "work-sample",
            "minutes": 30,
            "objectives": ["own-check", "own-mend", "own-mark", "own-pass"],
            "after": ["own-lesson"],
        },
        {"id": "own-lesson", "title": "What we may say", "kind": "lesson", "minutes": 10, "objectives": ["own-check"]},
    ],
    "roles": [
        {"id": "own-adviser", "title": "Advisers", "description": "Advise.", "competencies": {"own-advice": "critical"}}
    ],
}
LESSON = {
    "id": "own-lesson",
    "text": "We promise nothing that does not stand in the rules.",
    "model": {
        "world": "helpdesk",
        "failures": ["upsell:v2"],
        "lead": "Ask it.",
        "tries": [{"prompt": "Hello", "template": "v2"}],
    },
    "questions": [
        {
            "id": f"q{n}",
            "ask": "May we?",
            "options": [{"text": "No", "why": "So it is.", "right": True}, {"text": "Yes", "why": "No."}],
        }
        for n in (1, 2)
    ],
}


DRILL = {"id": "own-drill", "title": "Ours", "kind": "drill", "minutes": 30, "objectives": ["own-check"]}


def own_brief(folder: Path, change: Callable[[dict[str, Any]], object] = lambda tables: None, **brief: object) -> Path:
    """Write a brief whose one role is the designer's own, with a catalogue beside it that `change` has changed."""
    tables = copy.deepcopy({**OWN, "lesson": LESSON})
    change(tables)
    lesson = tables.pop("lesson")
    (folder / "catalogue" / "lessons").mkdir(parents=True)
    (folder / "catalogue" / "lessons" / f"{lesson['id']}.yaml").write_text(dump(lesson))
    for name, rows in tables.items():
        (folder / "catalogue" / f"{name}.yaml").write_text(dump(rows))
    need = {"id": "own-adviser", "head_count": 2, "hours": 2}
    return example_copy(folder, **{"roles": [need], **brief})


def test_own_roles_competencies_activities_and_lessons_are_planned(tmp_path: Path) -> None:
    """What lies beside the brief is planned like what ships, and the programme folder keeps it, lesson included."""
    plan = design(own_brief(tmp_path / "in"), tmp_path / "prog")
    (role,) = plan.roles
    assert [step.activity.id for step in role.activities] == ["own-lesson", "own-sheet"]
    assert [one.id for one in role.competencies] == ["own-advice"] and "and in" in plan.model
    lesson = ProgramFolder(tmp_path / "prog").lesson(role.activities[0].activity)
    assert lesson is not None and lesson.text == LESSON["text"]
    assert ProgramFolder(tmp_path / "prog").lesson(role.activities[1].activity) is None


def test_a_changed_catalogue_is_another_programme(tmp_path: Path) -> None:
    """A folder that was designed is not designed again from other entries in silence."""
    path = own_brief(tmp_path / "in")
    design(path, tmp_path / "prog")
    (tmp_path / "in" / "catalogue" / "lessons" / "own-lesson.yaml").write_text(dump({**LESSON, "text": "Other."}))
    with pytest.raises(BadInput, match="other entries in the catalogue beside it"):
        design(path, tmp_path / "prog")


def put(table: str, number: int, **fields: object) -> Callable[[dict[str, Any]], object]:
    """Return a change of one row of a table."""
    return lambda tables: tables[table][number].update(fields)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (put("competencies", 0, after=["failure-litracy"]), "which does not exist; did you mean 'failure-literacy'?"),
        (put("competencies", 0, id="failure-hunting"), "an id of Drillyard's own, expected a new one"),
        (put("competencies", 0, after=["own-advice"]), "competencies wait for each other: own-advice → own-advice"),
        (put("competencies", 0, part_of="own-advice"), "competencies are parts of each other"),
        (put("competencies", 0, id="../x"), "the id '../x' is not of lower-case letters"),
        (put("competencies", 0, sources=["nist-ai-rmf-govern-3.2"]), "did you mean 'nist-ai-rmf-govern-2.2'?"),
        (put("roles", 0, competencies={"own-advise": "critical"}), "did you mean 'own-advice'?"),
        (put("roles", 0, levels={"own-advise": 2}), "under levels names the competency 'own-advise'"),
        (put("roles", 0, competencies={"own-advice": "vital"}), "roles.yaml, entry own-adviser: role: field"),
        (put("roles", 0, drills=["failure-hunts"]), "did you mean 'failure-hunt'?"),
        (put("objectives", 0, verb="know", statement="Know it"), "uses 'know', which nobody can observe"),
        (put("activities", 0, after=["own-sheet"]), "activities wait for each other: own-sheet → own-sheet"),
        (lambda t: t["activities"].append({**DRILL, "drill": "launch-memo-gates"}), "did you mean 'launch-gate-memo'?"),
        (put("activities", 0, minutes=-1), "activities.yaml, entry own-sheet: activity: field 'minutes': found -1"),
        (lambda t: t.update(roles={}), "found dict in roles.yaml, expected a list of role entries"),
        (lambda t: t.update(activitys=[]), "found catalogue/activitys.yaml, expected one of"),
        (lambda t: t.update(activitys=[]), "did you mean 'activities.yaml'?"),
        (lambda t: t["lesson"].update(id="own-leson"), "did you mean 'own-lesson'?"),
        (lambda t: t["lesson"]["model"].update(failures=["upsell:v9"]), "lesson own-lesson: found failure 'upsell:v9'"),
        (lambda t: t["lesson"]["model"].update(world="moon"), "lesson own-lesson: found world 'moon'"),
        (lambda t: t["lesson"]["questions"].pop(), "own-lesson.yaml: lesson: field 'questions'"),
    ],
)
def test_each_mistake_in_own_entries_has_its_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], line: str
) -> None:
    """What was found, what was expected and what to type next stand in one line."""
    path = own_brief(tmp_path, change)
    with pytest.raises(BadInput) as caught:
        load_brief(path)
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_a_link_out_of_the_catalogue_is_refused(tmp_path: Path) -> None:
    """A table that is a link to a file elsewhere is not read."""
    path = own_brief(tmp_path / "in")
    (tmp_path / "laws.yaml").write_text("[]")
    (tmp_path / "in" / "catalogue" / "laws.yaml").symlink_to(tmp_path / "laws.yaml")
    with pytest.raises(BadInput, match=r"found catalogue/laws.yaml, a link to elsewhere"):
        load_brief(path)


SYSTEM = {"id": "chat", "name": "Chat", "purpose": "Answers", "world": "helpdesk"}
LEAD = {"id": "product-manager", "head_count": 1, "hours": 6}


def test_a_risk_asks_more_of_the_roles_that_work_with_its_system(tmp_path: Path) -> None:
    """Role × system × risk: the same role plans more where its own system brings the risk, and says why."""
    other = {**SYSTEM, "id": "desk", "name": "Desk"}
    plans = {}
    for name, risks, own in (
        ("none", [], ["desk"]),
        ("elsewhere", ["unpriced-losses"], ["desk"]),
        ("here", ["unpriced-losses"], ["chat"]),
    ):
        systems = [{**SYSTEM, "risks": risks}, other]
        brief = load_brief(example_copy(tmp_path / name, systems=systems, roles=[{**LEAD, "systems": own}]))
        plans[name] = make_plan(brief).roles[0]
    assert plans["none"].objectives == plans["elsewhere"].objectives
    more = {o.id for o in plans["here"].objectives} - {o.id for o in plans["none"].objectives}
    assert more == {"estimate-exposure", "decide-to-fund"} and "investment-case" in plans["here"].drills
    assert plans["here"].because == {"risk-deciding": "Chat: nobody has said what its failures cost in a year"}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"systems": [{**SYSTEM, "risks": ["invented-promise"]}]}, "did you mean 'invented-promises'?"),
        ({"roles": [{**LEAD, "systems": ["chet"]}]}, "found system of 'product-manager' 'chet', expected one of: chat"),
        ({"systems": [{**SYSTEM, "risks": "x"}]}, "found 'x' at systems[0].risks, expected a list of ids of risks"),
    ],
)
def test_unknown_risks_and_systems_have_their_line(tmp_path: Path, changes: dict[str, object], line: str) -> None:
    """A risk that the model has not, and a system that the brief has not, are named with the nearest."""
    with pytest.raises(BadInput) as caught:
        load_brief(example_copy(tmp_path, **{"systems": [SYSTEM], "roles": [LEAD], **changes}))
    assert line in str(caught.value)


def test_every_shipped_risk_can_be_planned_for_every_role_it_names(tmp_path: Path) -> None:
    """No risk asks for what its roles cannot be shown able to do."""
    catalogue = load_catalogue()
    roles = [{"id": role.id, "head_count": 1, "hours": 30} for role in catalogue.roles]
    systems = [{**SYSTEM, "risks": [risk.id for risk in catalogue.risks]}]
    brief = load_brief(example_copy(tmp_path, roles=roles, systems=systems))
    widened = add_risks(catalogue, brief)
    for risk in catalogue.risks:
        for asked in risk.requires:
            for role in asked.roles:
                assert asked.competencies.keys() <= widened.role(role).competencies.keys()


def test_a_level_limits_which_objectives_a_role_takes() -> None:
    """Level 1 recognises, 2 does, 3 judges and makes: objectives above the role's level are not asked of it."""
    catalogue = load_catalogue()
    role = catalogue.role("engineer")
    low = role.model_copy(update={"levels": {"failure-hunting": 2}})
    left = {o.id for o in catalogue.objectives_of(role)} - {o.id for o in catalogue.objectives_of(low)}
    assert left == {"rate-severity", "reject-false-alarms"}


def test_case_goes_out_and_comes_back() -> None:
    """What is exported imports as it was, under the same UUIDs, and exports again to the same bytes."""
    catalogue = load_catalogue()
    package = json.loads(json.dumps(export_case(catalogue)))
    back = import_case(package)
    assert [one.model_copy(update={"case_id": ""}) for one in back.competencies] == list(catalogue.competencies)
    assert [one.model_copy(update={"case_id": ""}) for one in back.objectives] == list(catalogue.objectives)
    assert back.sources == catalogue.sources
    for one in (*back.competencies, *back.objectives):
        assert one.case_id == case_id(catalogue.model, one.model_copy(update={"case_id": ""}))
    known = import_case(package, catalogue)
    assert not known.competencies and len(known.known) == len(package["CFItems"])
    later = catalogue.model_copy(update={"model": catalogue.model.model_copy(update={"edition": "2027.01"})})
    again = export_case(later)
    assert [item["identifier"] for item in again["CFItems"]] == [item["identifier"] for item in package["CFItems"]]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8))
def test_any_order_of_competencies_survives_the_way_through_case(edges: list[tuple[int, int]]) -> None:
    """`precedes` says what `after` says; an order that goes round in a circle is refused."""
    catalogue = small_catalogue([("useful", 5, [], False)] * 6, competency_after=list(dict.fromkeys(edges)))
    reach = {a: {b for x, b in edges if x == a} for a in range(6)}
    for _ in range(6):
        reach = {a: ends.union(*(reach[b] for b in ends)) for a, ends in reach.items()}
    package = export_case(catalogue)
    if any(a in ends for a, ends in reach.items()):
        with pytest.raises(BadInput, match="a circle of precedes"):
            import_case(package)
    else:
        back = {one.id: set(one.after) for one in import_case(package).competencies}
        assert back == {one.id: set(one.after) for one in catalogue.competencies}


def foreign() -> dict[str, Any]:
    """Return a package as another system writes it: two items, one a part of the other, links to elsewhere."""

    def node(name: str) -> dict[str, str]:
        key = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
        return {"identifier": key, "uri": f"https://example.org/{key}", "title": name}

    def item(name: str, code: str) -> dict[str, Any]:
        when = "2025-03-01T09:00:00Z"
        return {
            **node(name),
            "fullStatement": name,
            "humanCodingScheme": code,
            "lastChangeDateTime": when,
            "subject": ["AI"],
        }

    def edge(kind: str, origin: str, end: str) -> dict[str, Any]:
        ends = {"originNodeURI": node(origin), "destinationNodeURI": node(end)}
        return {
            **node(kind + origin + end),
            "associationType": kind,
            "lastChangeDateTime": "2025-03-01T09:00:00Z",
            **ends,
        }

    document = {**node("Frame"), "title": "Frame", "creator": "House", "lastChangeDateTime": "2025-03-01T09:00:00Z"}
    return {
        "CFDocument": document,
        "CFItems": [
            item("Test an AI system", "T-1"),
            item("Read a log line", "T-1.1"),
            item("Failure hunting", "failure-hunting"),
        ],
        "CFAssociations": [
            edge("isChildOf", "Test an AI system", "Frame"),
            edge("isChildOf", "Read a log line", "Test an AI system"),
            edge("isChildOf", "Failure hunting", "Frame"),
            edge("precedes", "Read a log line", "Failure hunting"),
            edge("exactMatchOf", "Test an AI system", "Elsewhere"),
        ],
    }  # fmt: skip


def test_a_foreign_framework_becomes_competencies_that_can_be_planned(tmp_path: Path) -> None:
    """Items of another system get ids of their own, keep their UUIDs and hang together as they did."""
    read = import_case(foreign(), load_catalogue())
    ids = [one.id for one in read.competencies]
    assert ids == ["t-1", "t-1.1", "failure-hunting-2"]
    assert read.competencies[1].part_of == "t-1" and read.competencies[2].after == ("t-1.1",)
    assert [one.case_id for one in read.competencies] == [item["identifier"] for item in foreign()["CFItems"]]
    path = example_copy(tmp_path)
    assert write_tables(tmp_path / "catalogue", {"competencies": read.competencies}) == ("competencies.yaml",)
    assert load_brief(path).catalogue_sha256
    again = export_case(load_catalogue(tmp_path))
    assert {item["identifier"] for item in foreign()["CFItems"]} <= {item["identifier"] for item in again["CFItems"]}
    with pytest.raises(BadInput, match="found competencies.yaml in .* already"):
        write_tables(tmp_path / "catalogue", {"competencies": read.competencies})


def spoil(*path: str | int, value: object = ...) -> Callable[[dict[str, Any]], None]:
    """Return a change that sets, or takes away, what lies at a path."""

    def change(package: Any) -> None:
        for step in path[:-1]:
            package = package[step]
        if value is ...:
            del package[path[-1]]
        else:
            package[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (spoil("CFDocument"), "field 'CFDocument': found nothing"),
        (spoil("CFItems", value=[]), "field 'CFItems'"),
        (spoil("CFItems", 0, "fullStatement"), "field 'CFItems.0.fullStatement': found nothing"),
        (spoil("CFItems", 0, "identifier", value="1"), "field 'CFItems.0.identifier': found '1'"),
        (spoil("CFItems", 0, "lastChangeDateTime", value="2025-02-30T00:00:00Z"), "lastChangeDateTime"),
        (spoil("CFAssociations", 0, "associationType", value="isUnder"), "expected: 'isChildOf', 'isPeerOf'"),
        (spoil("CFAssociations", 0), "1 items that are a child of nothing, the first 'T-1'"),
        (lambda p: p["CFItems"].append(p["CFItems"][0]), "two nodes with one identifier"),
        (spoil("CFAssociations", 3, "originNodeURI", "identifier", value=str(uuid.UUID(int=1))), "with the end 0000"),
        (
            lambda p: p["CFAssociations"][0].update(destinationNodeURI=p["CFAssociations"][1]["originNodeURI"]),
            "a circle of isChildOf: T-1",
        ),
    ],
)  # fmt: skip
def test_packages_that_break_a_rule_are_refused(change: Callable[[dict[str, Any]], None], line: str) -> None:
    """Fields, types, UUIDs, and the graph rules that no schema states."""
    package = foreign()
    import_case(package)
    change(package)
    with pytest.raises(BadInput) as caught:
        import_case(package)
    assert line in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"PK\x03\x04rest", "found an archive case.json, expected a CASE package .JSON.; unpack it"),
        (b"{", "found broken JSON in case.json"),
        (b"[" * 100_000, "found broken JSON in case.json"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b"\xff\xfe", "found broken JSON in case.json"),
        (b"[]", "case.json: CFPackage"),
        (b" " * 20_000_001, "found 20,000,001 bytes in case.json"),
    ],
)
def test_files_that_are_no_package_are_refused(tmp_path: Path, data: bytes, line: str) -> None:
    """Archives, broken or bottomless JSON, and files of any size each have their line."""
    (tmp_path / "case.json").write_bytes(data)
    with pytest.raises(BadInput, match=line):
        read_case(tmp_path / "case.json")


def test_the_commands_write_and_read_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Export and import work from the command line; a verb with a slip of the finger is named."""
    monkeypatch.chdir(tmp_path)
    assert main(["design", "competencies", "export", "-o", "case.json"]) == 0
    assert main(["design", "competencies", "import", "case.json", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.partition("\n{")[2].join(("{", "")))["competencies"] == 0
    Path("foreign.json").write_text("\ufeff" + json.dumps(foreign()))
    assert main(["design", "competencies", "import", "foreign.json"]) == 0
    assert Path("catalogue/competencies.yaml").read_text().startswith("- id: t-1\n")
    assert main(["design", "competencies", "show"]) == 0
    assert "invented-promises" in capsys.readouterr().out
    assert main(["design", "competencis"]) == 2
    assert "did you mean 'competencies'?" in capsys.readouterr().err
