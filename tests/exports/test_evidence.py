"""The evidence pack: every number follows from its rows, no change goes unseen, no view tells what few people did."""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from yard.course import build_course
from yard.small_programme import ANN, BOB, SUBMISSION, grade_of
from yard.visitor import Visit

from drillyard.errors import BadInput
from drillyard.exports.evidence import (
    SMALLEST_GROUP,
    ToldEvidence,
    check_pack,
    collect,
    count_cells,
    count_totals,
    make_pack,
)
from drillyard.exports.package import unpack
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.joining import appoint
from drillyard.records import Attempt
from drillyard.registrar.attempts import attempts
from drillyard.registrar.keys import public_jwk
from drillyard.registrar.retention import expire, forget
from drillyard.registrar.store import Store
from drillyard.registrar.submissions import Submissions


def tried(learner: str, passed: bool = True, role: str = "lead", drill: str = "hunt", score: float = 0.8) -> Attempt:
    """Return a graded try."""
    grade = grade_of(SUBMISSION)
    update = {
        "passed": passed,
        "final": score,
        "submission_hash": hashlib.sha256(f"{learner} {drill}".encode()).hexdigest(),
    }
    return Attempt(drill=drill, instance="i", learner=learner, role=role, grade=grade.model_copy(update=update))


def crowd(count: int, role: str = "lead", drill: str = "hunt", passed: int = 0, first: int = 0) -> list[Attempt]:
    """Return so many people's tries, of whom some passed."""
    return [tried(f"{role}-{n}", n - first < passed, role, drill) for n in range(first, first + count)]


def test_cells_of_few_people_tell_nothing() -> None:
    """Four people are not enough, five are; the first try counts; who has no grade is in no cell."""
    open_ended = Attempt(drill="hunt", instance="i", learner="x", role="lead")
    again = tried("lead-0", passed=True)
    for count in (SMALLEST_GROUP - 1, SMALLEST_GROUP):
        rows = collect([*crowd(count, passed=0), again, open_ended], ToldEvidence()).rows
        assert bool(rows) == (count == SMALLEST_GROUP)
        cells = [cell for one in rows.values() for cell in count_cells(one)]
        assert all(cell.people == SMALLEST_GROUP and cell.passed and cell.passed.value == 0 for cell in cells)


def views(released: ToldEvidence) -> dict[str, frozenset[str]]:
    """Return whom each number of a pack is about: the told cells, and the totals over them."""
    cells = {name: frozenset(people[-1]) for name, people in released.people.items()}
    rows = [row for one in released.rows.values() for row in one]
    assert {f"{cell.role}/{cell.drill}" for cell in count_cells(rows) if cell.passed} == set(cells)
    for total in count_totals(rows):
        parts = [people for name, people in cells.items() if name.endswith(f"/{total.drill}")]
        cells[f"/{total.drill}"] = frozenset().union(*parts)
        assert total.people == len(cells[f"/{total.drill}"])
    return cells


def test_no_two_views_differ_by_few_people() -> None:
    """The difference attack, by brute force, over all packs as people come and are forgotten, and all pairs of numbers.

    A reader who subtracts one number on a drill from another learns of no group of one to four people. Without the
    memory of what was told, and with totals over all, the same attack succeeds: it is no test that cannot fail.
    """
    draw = random.Random(3)
    for _history in range(20):
        held, told, naive = list[Attempt](), ToldEvidence(), list[dict[str, frozenset[str]]]()
        seen: list[dict[str, frozenset[str]]] = []
        for step in range(40):
            role, drill = draw.choice(["lead", "engineer", "clerk"]), draw.choice(["hunt", "desk"])
            held.append(tried(f"{role}-{draw.randrange(12)}", draw.random() < 0.5, role, drill))
            if step % 7 == 6:
                gone = draw.choice(held).learner
                held = [one for one in held if one.learner != gone]
            told = collect(held, told)
            seen.append(views(told))
            naive.append(views(collect(held, ToldEvidence())))
        assert not leaks(seen)
    assert leaks(naive), "the attack works where nothing is remembered"


def leaks(packs: list[dict[str, frozenset[str]]]) -> list[tuple[str, str]]:
    """Return pairs of numbers on one drill whose people differ by one to four, one set within the other or not."""
    named = {(name, people) for pack in packs for name, people in pack.items()}
    return [
        (a, b)
        for (a, one), (b, other) in itertools.combinations(sorted(named, key=str), 2)
        if a.rpartition("/")[2] == b.rpartition("/")[2] and 0 < len(one ^ other) < SMALLEST_GROUP
    ]


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProgramFolder:
    """A programme in which seven support leads have a grade, and two engineers."""
    folder = build_course(tmp_path / "prog")
    people = [*crowd(7, "support-lead", "failure-hunt", passed=4), *crowd(2, "engineer", "failure-hunt")]
    monkeypatch.setattr("drillyard.exports.evidence.attempts", lambda _: people)
    return folder


def test_a_pack_is_checked_without_us(crowded: ProgramFolder, tmp_path: Path) -> None:
    """Signature, hashes and numbers hold; roles with enough are told with an interval, the others as not enough."""
    pack = make_pack(crowded.path, tmp_path / "pack", 1_800_000_000)
    found, signer, wrong = check_pack(tmp_path / "pack")
    assert (found, wrong) == (pack, []) and len(signer) == 16
    lead, engineer = pack.roles
    (cell,) = lead.cells
    assert cell.passed and (cell.people, round(cell.passed.value, 3), cell.median) == (7, 0.571, 0.8)
    assert engineer.cells[0].passed is None and engineer.cells[0].people == 0
    assert [total.people for total in pack.totals] == [7], "the two engineers are in no total"
    text = b"".join(path.read_bytes() for path in (tmp_path / "pack").iterdir()).decode()
    assert ANN.id not in text and "support-lead-3" not in text and "Annabel" not in text
    assert check_pack(tmp_path / "pack", signer)[2] == []
    assert "expected abcd" in check_pack(tmp_path / "pack", "abcd")[2][0]


@pytest.mark.parametrize(
    "name, old, new, found",
    [
        ("rows.json", '"passed": true', '"passed": false', "does not follow"),
        ("rows.json", '"score": 0.8', '"score": 0.9', "not what was signed"),
        ("evidence.json", '"people": 7', '"people": 8', "does not follow"),
        ("evidence.json", '"planned_minutes": ', '"planned_minutes": 9', "not what was signed"),
        ("evidence.json", '"k": 5', '"k": 2', "fewer than 5"),
        ("evidence.html", "n = 7", "n = 70", "does not say"),
        ("rows.json", '"submission": "', '"submission": "x', "no hash"),
        ("manifest.jwt", "ey", "eZ", "signature does not hold"),
    ],
)
def test_a_changed_pack_is_seen(
    crowded: ProgramFolder, tmp_path: Path, name: str, old: str, new: str, found: str
) -> None:
    """Whatever is changed: a row, a number, the page, the signature."""
    make_pack(crowded.path, tmp_path / "pack")
    file = tmp_path / "pack" / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    wrong = check_pack(tmp_path / "pack")[2]
    assert any(found in one for one in wrong), wrong


def test_a_pack_signed_anew_by_another_is_seen_by_its_key(crowded: ProgramFolder, tmp_path: Path) -> None:
    """A forger can sign what they like, but not by the name of the owner's key."""
    out = tmp_path / "pack"
    make_pack(crowded.path, out)
    _, signer, _ = check_pack(out)
    body = jwt.decode((out / "manifest.jwt").read_text(), options={"verify_signature": False})
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for jwk in (public_jwk(other), {**public_jwk(other), "kid": signer}):
        (out / "manifest.jwt").write_text(jwt.encode(body, other, "RS256", {"jwk": jwk}))
        assert check_pack(out, signer)[2], "neither under its own name nor under ours"


def test_an_unfinished_pack_is_one_line(tmp_path: Path) -> None:
    """With the command that makes one."""
    with pytest.raises(BadInput, match="drillyard yard evidence PROGRAMME"):
        check_pack(tmp_path)


def test_an_auditor_takes_the_pack_from_the_yard(visit: Visit, programme: ProgramFolder, tmp_path: Path) -> None:
    """By a button; it is the same pack, whole and signed. A learner and a facilitator do not."""
    code = appoint(programme, "auditor", "Ada").code
    auditor = visit(code)
    auditor.get("/designer")
    token = re.findall(r'name="csrf" value="(\w+)"', auditor.page)[0]
    answer = auditor.client.post("/evidence", data={"csrf": token})
    for name, data in unpack(answer.content).items():
        (tmp_path / name).write_bytes(data)
    assert check_pack(tmp_path)[2] == []
    for other in (visit(ANN.code), visit(appoint(programme, "facilitator", "Fay").code)):
        assert other.client.post("/evidence", data={}).status_code == 403


def test_a_forgotten_learner_leaves_numbers_only(tmp_path: Path) -> None:
    """Name, code, chats and what was handed in are gone; the grade is still counted, and signing in is over."""
    folder = build_course(tmp_path / "prog")
    store = Store(folder.database)
    store.answer(store.ask(ANN.id, "hunt-1", "v1", "my private words", 1), "a reply")
    store.close()
    before = [(one.learner, one.drill, one.grade.final if one.grade else None) for one in attempts(folder.path)]
    assert forget(folder, "Annabel Quist") == ANN.id
    assert [one.id for one in folder.roster().learners] == [BOB.id] and folder.people() == {}
    after = [(one.learner, one.drill, one.grade.final if one.grade else None) for one in attempts(folder.path)]
    assert after == before
    store = Store(folder.database)
    assert store.chats(ANN.id, "hunt-1") == [] and store.claims(ANN.id, "hunt-1") == {}
    (mine,) = [one for one in Submissions(store).all() if one.submission.learner == ANN.id]
    assert mine.submission.claims == () and mine.grade and mine.grade.claims == ()
    store.close()
    with pytest.raises(BadInput, match="drillyard yard people"):
        forget(folder, "Annabel Quist")


def test_what_is_old_is_taken_away_by_kind(tmp_path: Path) -> None:
    """Older than so many days, and nothing younger; an unknown kind is one line."""
    folder = build_course(tmp_path / "prog")
    store = Store(folder.database, lambda: 1000.0)
    store.ask(ANN.id, "hunt-1", "v1", "old", 1)
    store.close()
    store = Store(folder.database)
    store.ask(ANN.id, "hunt-1", "v1", "new", 1)
    assert expire(folder, {"chats": 30}) == {"chats": 1}
    assert [row.prompt for row in store.chats(ANN.id, "hunt-1")] == ["new"]
    store.close()
    for wrong in ({"grades": 1.0}, {"chats": -1.0}):
        with pytest.raises(BadInput, match="days of: chats, drafts, held, tips"):
            expire(folder, wrong)
