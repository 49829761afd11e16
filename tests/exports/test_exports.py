"""Exports: each is what it says, breaks no rule, lets nothing sealed out; and each rule refuses what breaks it."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from yard.course import URL, build_course
from yard.small_programme import ANN, BOB, UPSELL

from drillyard.errors import BadInput, DrillyardError
from drillyard.exports import writing
from drillyard.exports.badges import KEY_FILE, VALID_DAYS, check_badges, read_credential
from drillyard.exports.cmi5 import check_cmi5
from drillyard.exports.course import check_url
from drillyard.exports.leaks import find_leaks, keyed_hash, sealed_strings
from drillyard.exports.package import Files, pack, unpack
from drillyard.exports.qti3 import check_qti3
from drillyard.exports.scorm12 import check_scorm12
from drillyard.exports.table import check_table
from drillyard.exports.writing import FORMATS, check_calendar, export
from drillyard.exports.xapi import check_statements
from drillyard.planning.case_standard import read_case
from drillyard.planning.lessons import load_lesson
from drillyard.programs.folder import ProgramFolder

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> ProgramFolder:
    """A programme with work in it."""
    return build_course(tmp_path_factory.mktemp("course") / "prog")


@pytest.fixture(scope="module")
def files(course: ProgramFolder, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, bytes]]:
    """What an export holds, by its format, made once."""
    made: dict[str, dict[str, bytes]] = {}

    def read(kind: str) -> dict[str, bytes]:
        if kind not in made:
            told = export(course.path, kind, tmp_path_factory.mktemp(kind), URL, NOW)
            found = {path.name: path.read_bytes() for path in told.files}
            made[kind] = unpack(found[f"{kind}.zip"]) if f"{kind}.zip" in found else found
        return dict(made[kind])

    return read


Read = Callable[[str], dict[str, bytes]]


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_programme_gives_the_same_bytes(course: ProgramFolder, kind: str, files: Read, tmp_path: Path) -> None:
    """So that a platform sees an update only where something has changed; no file is for others to read."""
    told = export(course.path, kind, tmp_path, URL, NOW)
    again = {path.name: path.read_bytes() for path in told.files}
    if f"{kind}.zip" in again:
        again = unpack(again[f"{kind}.zip"])
    assert again == files(kind) and told.checks and all(path.stat().st_mode & 0o077 == 0 for path in told.files)


def test_nothing_sealed_is_in_any_export(course: ProgramFolder, files: Read) -> None:
    """Neither by the scan nor by looking for it here: truth, hints, seeds, codes, names."""
    sealed = sealed_strings(course)
    assert {ANN.code, UPSELL.trigger.words} <= set(sealed)
    everything = b"".join(data for kind in FORMATS for data in files(kind).values()).decode()
    secrets = [*sealed, "Annabel Quist", UPSELL.id, course.roster().secret]
    assert not [one for one in secrets if one in everything]
    for one in (ANN.code.replace("-", ""), "Ask about returning a lamp.", "ann@example.org"):
        assert list(find_leaks({"x": f"a {one} b".encode()}, sealed)), one


@pytest.mark.parametrize("kind", FORMATS)
def test_a_name_that_is_also_a_word_stops_no_export(tmp_path: Path, kind: str) -> None:
    """Who is called as the lamp, the staff, a column or somebody's id is no reason to write nothing."""
    folder = build_course(tmp_path / "prog")
    names = {ANN.id: "Aurora", BOB.id: ANN.id, "c": "designer", "d": "learner", "e": "Failure"}
    folder.write_people(names)
    assert export(folder.path, kind, tmp_path / "out", URL, NOW).files


def test_a_name_where_people_stand_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a team, as an actor, as the subject of a credential: the line says where and whose it is."""
    folder = build_course(tmp_path / "prog")
    roster = folder.roster()
    learners = tuple(one.model_copy(update={"team": "Annabel Quist's"}) for one in roster.learners)
    folder.write_roster(roster.model_copy(update={"learners": learners}))
    with pytest.raises(DrillyardError, match=f"line 2, team holds the name of {ANN.id}; call it otherwise"):
        export(folder.path, "csv", tmp_path / "out", URL, NOW)
    folder.write_people({"another": ANN.id})
    folder.write_roster(roster.model_copy(update={"learners": (BOB,)}))
    for kind in ("xapi", "badges"):
        with pytest.raises(DrillyardError, match="holds the name of another"):
            export(folder.path, kind, tmp_path / "out", URL, NOW)


def test_nobody_outside_can_try_out_answers(course: ProgramFolder, files: Read) -> None:
    """What stands for a submission is keyed: its own hash is in no export, and another key gives another."""
    everything = b"".join(data for kind in ("csv", "xapi") for data in files(kind).values()).decode()
    kept, roster = keyed_hash(course, "5" * 64), course.roster()
    assert "5" * 64 not in everything and everything.count(kept) == 6
    course.write_roster(roster.model_copy(update={"secret": "1" * 64}))
    other = keyed_hash(course, "5" * 64)
    course.write_roster(roster)
    assert other != kept


def test_an_export_that_leaks_is_not_written(
    course: ProgramFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops at the first leak and leaves no file."""
    form = FORMATS["csv"]
    leaky = type(form)(make=lambda *_: {"results.csv": ANN.code.encode()}, check=form.check, checks=())
    monkeypatch.setattr(writing, "FORMATS", {"csv": leaky})
    with pytest.raises(DrillyardError, match=r"nothing was written: results\.csv holds a sign-in code"):
        export(course.path, "csv", tmp_path / "out", URL)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "url", ["", "yard", "ftp://x", "https://", "https://u:p@x", "https://x/?a=1", "https://x/#a", "https://x/'"]
)
def test_the_address_is_one_that_a_browser_opens(url: str) -> None:
    """One line says what to type."""
    with pytest.raises(BadInput, match="type --url"):
        check_url(url)
    assert check_url("https://yard.example.org/") == URL


def edit(name: str, old: str, new: str) -> Callable[[dict[str, bytes]], None]:
    """Return what replaces a text in a file; the text must be there."""

    def change(files: dict[str, bytes]) -> None:
        assert old.encode() in files[name], f"{old} is not in {name}"
        files[name] = files[name].replace(old.encode(), new.encode(), 1)

    return change


def add(name: str) -> Callable[[dict[str, bytes]], None]:
    """Return what adds a file."""
    return lambda files: files.update({name: b"x"})


def drop(name: str) -> Callable[[dict[str, bytes]], None]:
    """Return what takes a file away."""

    def change(files: dict[str, bytes]) -> None:
        del files[name]

    return change


M = "imsmanifest.xml"
SCORM = {
    "no manifest": (drop(M), "no imsmanifest"),
    "a missing file": (drop("shell.js"), "listed and missing"),
    "an unlisted file": (add("key.txt"), "not listed"),
    "an identifier twice": (edit(M, 'identifier="item-failure-hunt"', 'identifier="programme"'), "stands twice"),
    "a path that leaves": (edit(M, 'href="shell.css"', 'href="../../shell.css"'), "leaves the package"),
    "an unknown schema": (edit(M, ">1.2<", ">1.3<"), "schemaversion"),
    "an unknown type": (edit(M, 'scormtype="sco"', 'scormtype="exe"'), "scormtype"),
    "a page that is no SCO": (edit(M, 'scormtype="sco"', 'scormtype="asset"'), "cannot be launched"),
    "a dangling item": (edit(M, 'identifierref="sco-', 'identifierref="sc-'), "no resource"),
    "a dangling default": (edit(M, 'default="programme"', 'default="other"'), "default organization"),
    "a long title": (edit(M, "Spring programme", "x" * 201), "title"),
    "a score out of range": (edit(M, "</item>", "<masteryscore>101</masteryscore></item>"), "masteryscore"),
    "an own element": (edit(M, "</item>", "<answer>42</answer></item>"), "'answer'"),
    "long suspend data": (edit("scorm12.js", "MOST_SUSPEND_DATA = 4096", "MOST_SUSPEND_DATA = 9999"), "suspend_data"),
}
C = "cmi5.xml"


def same_id(files: dict[str, bytes]) -> None:
    """Give the unit the id of its course."""
    ids = re.findall(rb' id="([^"]+)"', files[C])
    files[C] = files[C].replace(ids[1], ids[0])


CMI5 = {
    "no structure": (drop(C), "no cmi5.xml"),
    "an id twice": (same_id, "stands twice"),
    "a relative id": (edit(C, f'id="{URL}/x/drills/failure-hunt"', 'id="failure-hunt"'), "no absolute IRI"),
    "an unknown moveOn": (edit(C, 'moveOn="Passed"', 'moveOn="Seen"'), "moveOn"),
    "a mastery of 80": (edit(C, 'masteryScore="0.', 'masteryScore="80.'), "masteryScore"),
    "an unknown launch": (edit(C, "AnyWindow", "Tab"), "launchMethod"),
    "a missing page": (drop("failure-hunt.html"), "missing from the package"),
    "a file of nothing": (add("key.txt"), "belongs to no unit"),
    "an empty title": (edit(C, ">Failure hunt<", "><"), "langstring"),
    "no language": (edit(C, 'lang="en"', 'lang=""'), "lang"),
    "a namespace": (edit(C, "v1/CourseStructure.xsd", "v9/CourseStructure.xsd"), "namespace"),
}
Q = "items/watch-it-fail-"
FIRST = load_lesson("watch-it-fail").questions[0].id
ITEM, TEST = f"items/watch-it-fail-{FIRST}.xml", "tests/watch-it-fail.xml"
QUIZ = f"items/failure-kinds-quiz-{load_lesson('failure-kinds-quiz').questions[0].id}.xml"
QTI = {
    "no manifest": (drop(M), "no imsmanifest"),
    "a missing item": (drop(ITEM), "listed and missing"),
    "an unlisted item": (add("items/other.xml"), "not listed"),
    "an identifier twice": (edit(M, "test-watch-it-fail", f"item-watch-it-fail-{FIRST}"), "twice"),
    "a dangling dependency": (edit(M, 'identifierref="item-', 'identifierref="itm-'), "depends on"),
    "a dangling response": (edit(ITEM, 'response-identifier="RESPONSE"', 'response-identifier="R"'), "not declared"),
    "a key that is no choice": (edit(ITEM, "<qti-value>o", "<qti-value>x"), "is no choice"),
    "a choice twice": (edit(ITEM, 'simple-choice identifier="o1"', 'simple-choice identifier="o0"'), "two choices"),
    "feedback to none": (edit(ITEM, '="show" identifier="o0"', '="show" identifier="o9"'), "feedback"),
    "another name": (edit(ITEM, 'identifier="item-', 'identifier="itm-'), "the manifest's"),
    "an unknown mode": (edit(TEST, 'navigation-mode="nonlinear"', 'navigation-mode="random"'), "navigation-mode"),
    "a dangling item": (edit(TEST, 'href="../items/', 'href="../gone/'), "is missing"),
    "a long title": (edit(ITEM, 'title="', f'title="{"x" * 200}'), "title"),
    "an undeclared outcome": (edit(ITEM, 'outcome-identifier="FEEDBACK"', 'outcome-identifier="F"'), "outcome"),
    "a quiz with its key": (
        edit(QUIZ, 'base-type="identifier" />', 'base-type="identifier"><qti-correct-response><qti-value>o0'
             "</qti-value></qti-correct-response></qti-response-declaration>"), "tells its key"),
}  # fmt: skip


@pytest.mark.parametrize(
    "kind, check, change, found",
    [
        pytest.param(kind, check, *case, id=f"{kind}: {name}")
        for kind, check, cases in (
            ("scorm12", check_scorm12, SCORM),
            ("cmi5", check_cmi5, CMI5),
            ("qti3", check_qti3, QTI),
        )
        for name, case in cases.items()
    ],
)
def test_a_package_that_breaks_a_rule_is_refused(
    kind: str, check: Callable[[Files], Any], change: Callable[[dict[str, bytes]], None], found: str, files: Read
) -> None:
    """The clean package passes, the changed one is refused with the reason."""
    held = files(kind)
    assert list(check(held)) == []
    change(held)
    try:
        wrong = list(check(held))
    except BadInput as error:  # XML that is none any more
        wrong = [str(error)]
    assert any(found in one for one in wrong), wrong


def test_archives_are_read_with_suspicion() -> None:
    """A path that leaves, one twice, a link, entities, and what is no archive are one line each."""
    assert unpack(pack({"a/b.txt": b"x"})) == {"a/b.txt": b"x"}
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    for names in (["../x"], ["/x"], ["a\\b"], ["a", "A"], [link], ["a/../b"]):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in names:
                archive.writestr(name, b"x")
        with pytest.raises(BadInput):
            unpack(held.getvalue())
    for data in (b"", b"PK\x03\x04 no archive"):
        with pytest.raises(BadInput, match="expected a zip file"):
            unpack(data)
    with pytest.raises(BadInput, match="plain XML"):
        list(check_cmi5({C: b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}))


def test_items_score_and_tell_why(files: Read) -> None:
    """A lesson's item has the right key and the words of each option; a quiz's has neither."""
    question = load_lesson("watch-it-fail").questions[0]
    item = files("qti3")[ITEM].decode()
    assert f"<qti-value>o{question.key}</qti-value>" in item
    assert all(option.why[:20] in item or "&" in option.why[:20] for option in question.options)
    assert "correct-response" not in files("qti3")[QUIZ].decode()


def test_statements_say_what_happened(files: Read) -> None:
    """Ann began and passed, Bob failed; both answered; and the models of another library take every one."""
    models = pytest.importorskip("ralph.models.xapi.base.statements")
    statements = json.loads(files("xapi")["statements.json"])
    told = [(one["actor"]["account"]["name"], one["verb"]["id"].rpartition("/")[2]) for one in statements]
    for who, verb in ((ANN.id, "passed"), (BOB.id, "failed")):
        mine = [verb for name, verb in told if name == who and verb != "answered"]
        assert mine == ["initialized", verb, "terminated"] and (who, "answered") in told
    passed = next(one for one in statements if one["verb"]["id"].endswith("passed"))
    assert passed["result"] == {"score": {"scaled": 0.9}, "success": True, "completion": True, "duration": "PT1500.50S"}
    for one in statements:
        models.BaseXapiStatement.model_validate(one)


Change = Callable[[list[dict[str, Any]]], object]
XAPI: dict[str, tuple[Change, str]] = {
    "an id twice": (lambda all: all[1].update(id=all[0]["id"]), "stands twice"),
    "an id that is none": (lambda all: all[0].update(id="1"), "no UUID"),
    "a relative activity": (lambda all: all[0]["object"].update(id="drill"), "no absolute IRI"),
    "a relative extension": (lambda all: all[0]["context"].update(extensions={"seed": 1}), "extension"),
    "a score of 1.9": (lambda all: result_of(all).update(score={"scaled": 1.9}), "outside"),
    "a raw score": (lambda all: result_of(all).update(score={"raw": 90}), "beyond"),
    "a success of yes": (lambda all: result_of(all).update(success="yes"), "truth value"),
    "a duration of a minute": (lambda all: result_of(all).update(duration="1 min"), "duration"),
    "no verb": (lambda all: all[0].pop("verb"), "no actor, verb or object"),
    "an unknown verb": (lambda all: all[0]["verb"].update(id="http://example.org/verbs/looked"), "the verb"),
    "a mail address": (lambda all: all[0].update(actor={"mbox": "mailto:a@example.org"}), "mail address"),
    "an own field": (lambda all: all[0].update(key="o2"), "a field 'key'"),
    "a long text": (lambda all: result_of(all).update(response="x" * 1001), "characters"),
    "a time without zone": (lambda all: all[0].update(timestamp="2026-01-01T00:00:00"), "zone"),
    "no registration": (lambda all: all[0]["context"].pop("registration"), "no UUID"),
    "a key": (lambda all: definition_of(all).update(correctResponsesPattern=["o2"]), "tells its answer"),
    "a word after the end": (lambda all: all.append(ended(all) | {"id": all[0]["id"][::-1]}), "after the end"),
    "no object": (lambda all: all.append("x"), "no actor"),  # type: ignore[arg-type]
}  # fmt: skip


def result_of(statements: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the result of a graded drill."""
    return next(one["result"] for one in statements if "score" in one.get("result", {}))


def definition_of(statements: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the definition of an interaction."""
    return next(one["object"]["definition"] for one in statements if one["verb"]["id"].endswith("answered"))


def ended(statements: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a statement that ends its registration."""
    return next(one for one in statements if one["verb"]["id"].endswith("terminated"))


@pytest.mark.parametrize("change, found", XAPI.values(), ids=XAPI)
def test_a_statement_that_breaks_a_rule_is_refused(change: Change, found: str, files: Read) -> None:
    """The clean statements pass, the changed ones are refused with the reason."""
    statements = json.loads(files("xapi")["statements.json"])
    assert list(check_statements(statements)) == []
    change(statements)
    wrong = list(check_statements(statements))
    assert any(found in one for one in wrong), wrong


@pytest.fixture
def signed(course: ProgramFolder, files: Read) -> Callable[..., list[str]]:
    """What is found wrong with Ann's credential after a change, signed again with the programme's key or another."""
    held = files("badges")
    (name,) = [one for one in held if one.endswith(".jwt")]
    body = jwt.decode(held[name], options={"verify_signature": False})
    key = (course.path / KEY_FILE).read_bytes()

    def check(
        change: Callable[[dict[str, Any]], object], key: object = key, now: float = NOW, how: str = "RS256"
    ) -> list[str]:
        changed = copy.deepcopy(body)
        change(changed)
        token = jwt.encode(changed, key if how != "none" else None, how)  # type: ignore[arg-type]
        return list(check_badges({**held, name: token.encode()}, now))

    return check


def test_a_credential_proves_what_was_passed(
    course: ProgramFolder, files: Read, signed: Callable[..., list[str]]
) -> None:
    """Only Ann passed; hers names the drill, the score, the artefact's hash and competencies by their CASE ids."""
    held = files("badges")
    assert sorted(held) == [f"{ANN.id}-failure-hunt.jwt", "issuer.json", "revoked.json"]
    issuer, revoked = json.loads(held["issuer.json"]), json.loads(held["revoked.json"])
    body = read_credential(held[f"{ANN.id}-failure-hunt.jwt"], issuer, revoked, NOW)
    subject = body["credentialSubject"]
    assert (subject["result"][0]["value"], body["evidence"][0]["id"]) == (
        "90.00",
        f"urn:hmac-sha256:{keyed_hash(course, '5' * 64)}",
    )
    package = json.loads(files("case")["case.json"])
    items = {one["uri"]: one["fullStatement"] for one in package["CFItems"]}
    aligned = {one["targetUrl"]: one["targetName"] for one in subject["achievement"]["alignment"]}
    assert aligned and aligned.items() <= items.items()
    assert signed(lambda body: None) == []
    (course.path / "revoked.json").write_text(json.dumps([body["id"]]))
    with pytest.raises(DrillyardError, match="taken back"):
        export(course.path, "badges", course.path / "out", URL, NOW)
    (course.path / "revoked.json").unlink()


def subject_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a credential says of whom."""
    return body["credentialSubject"]


def result_in(body: dict[str, Any]) -> dict[str, Any]:
    """Return its score."""
    return subject_of(body)["result"][0]


BADGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another score": (lambda body: result_in(body).update(value="900"), "out of range"),
    "a word as a score": (lambda body: result_in(body).update(value="high"), "value"),
    "a mail address": (lambda body: subject_of(body)["identifier"][0].update(identityHash="a@b.org"), "identityHash"),
    "a relative id": (lambda body: body.update(id="badge"), "id"),
    "an id that is not signed": (lambda body: body.update(jti=f"{URL}/other"), "its id"),
    "an unknown type": (lambda body: body["credentialSubject"].update(type=["Person"]), "type"),
    "another context": (lambda body: body["@context"].reverse(), "contexts"),
    "an own field": (lambda body: body.update(key="o2"), "key"),
    "a dangling result": (lambda body: result_in(body).update(resultDescription=f"{URL}/x"), "describes nothing"),
    "another issuer": (lambda body: body["issuer"].update(id=f"{URL}/other"), "another issuer"),
    "a signer of another name": (lambda body: body.update(iss=f"{URL}/other"), "signature does not hold"),
    "no end": (lambda body: body.pop("exp"), "signature does not hold"),
    "a longer life": (lambda body: body.update(validUntil="2099-01-01T00:00:00+00:00"), "dates"),
    "a long description": (lambda body: subject_of(body)["achievement"].update(description="x" * 2001), "description"),
    "no status": (lambda body: body.pop("credentialStatus"), "credentialStatus"),
}  # fmt: skip


@pytest.mark.parametrize("change, found", BADGES.values(), ids=BADGES)
def test_a_credential_that_breaks_a_rule_is_refused(
    change: Callable[[dict[str, Any]], object], found: str, signed: Callable[..., list[str]]
) -> None:
    """Even where it is signed with the programme's own key."""
    wrong = signed(change)
    assert any(found in one for one in wrong), wrong


def test_a_credential_that_is_not_signed_or_has_run_out_is_refused(signed: Callable[..., list[str]]) -> None:
    """Unsigned, signed by another key, expired, not valid yet, and a letter changed after signing."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for wrong in (signed(lambda body: None, how="none"), signed(lambda body: None, key=other)):
        assert "signature does not hold" in wrong[0]
    for now in (NOW + VALID_DAYS * 86400, NOW - 1):
        assert "run out, or is not valid yet" in signed(lambda body: None, now=now)[0]


def test_a_table_has_a_row_per_try(files: Read) -> None:
    """With scores and hashes, under opaque ids; a cell that a spreadsheet would run is refused."""
    data = files("csv")["results.csv"]
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert [(one["learner"], one["passed"], one["minutes"]) for one in rows] == [
        (ANN.id, "yes", "25.01"),
        (BOB.id, "no", "25.01"),
    ]
    for old, new, found in (
        ("0.9000", "1.9000", "score"), (ANN.id, "=1+1", "spreadsheet"), ("yes", "maybe", "passed is"),
        ("learner,", "name,", "columns"), (",yes,", ",yes,x,", "cells"), (BOB.id, ANN.id, "twice"),
    ):  # fmt: skip
        changed = data.replace(old.encode(), new.encode(), 1)
        if found == "twice":
            changed = re.sub(rb"\r\n.*\r\n$", b"", data) + b"\r\n" + data.splitlines()[1] + b"\r\n"
        assert any(found in one for one in check_table(changed)), found


def test_the_framework_is_read_back(files: Read, tmp_path: Path) -> None:
    """What goes out as CASE comes in again."""
    (tmp_path / "case.json").write_bytes(files("case")["case.json"])
    assert read_case(tmp_path / "case.json").competencies


def test_a_calendar_has_every_session_once(course: ProgramFolder, files: Read) -> None:
    """What breaks a rule is refused: an id twice, an end before its beginning, text that is no calendar."""
    data = files("ics")["plan.ics"]
    assert data.count(b"BEGIN:VEVENT") == len(course.plan().sessions) > 2
    first, second = re.findall(rb"UID:(\S+)", data)[:2]
    end = re.findall(rb"DTEND:(\S+)", data)[0]
    for changed, found in (
        (data.replace(second, first), "an id twice"),
        (data.replace(end, b"20200101T000000Z", 1), "ends before"),
        (b"hello", "no calendar"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "no event"),
    ):
        assert any(found in one for one in check_calendar(changed)), found
    assert list(check_calendar(data)) == []
