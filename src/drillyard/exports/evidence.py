"""The evidence pack: what a programme can show to somebody who audits it, and how they check it without us.

A pack is a folder: `rows.json` (a row per counted grade, of nobody), `evidence.json` (every number, computed from the
rows), `evidence.html` (the same to read and print) and `manifest.jwt` (the hashes of the others, signed). `check_pack`
verifies the signature and the hashes and computes every number anew from the rows.

What counts is a learner's first graded try at a drill. A cell (a role at a drill) is told from `SMALLEST_GROUP` people
on; totals are of told cells alone, so a total and its parts never tell a cell that is not. Nor do two packs tell what
one person did in between: a cell keeps what was told last until its people differ by as many from all told before.

Does not cover: what a reader knows from elsewhere; a cell in which all did the same, whose share is everybody's own.
"""

from __future__ import annotations

import functools
import hashlib
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
from pydantic import Field

from drillyard.errors import bad_input
from drillyard.exports.leaks import keyed_hash
from drillyard.planning.graph import EVIDENCE
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Attempt, Estimate, Record, RolePlan
from drillyard.records.files import read_record, write_atomically, write_record
from drillyard.records.pages import fill
from drillyard.registrar.attempts import attempts
from drillyard.registrar.keys import private_key, public_jwk
from drillyard.registrar.led import Led, taken_by_oneself
from drillyard.registrar.located import kept_store
from drillyard.stats import clopper_pearson

__all__ = [
    "KEY_FILE",
    "SMALLEST_GROUP",
    "EvidenceRow",
    "EvidenceRows",
    "RoleEvidence",
    "RoleResult",
    "ToldEvidence",
    "TrainingEvidence",
    "check_pack",
    "collect",
    "count_cells",
    "count_totals",
    "make_pack",
]

SMALLEST_GROUP = 5
"""Fewest people of whom something is told."""
KEY_FILE, _RELEASED = "evidence-key.pem", "evidence-released.json"
_OBSERVED = hashlib.sha256(b"seen by a facilitator").hexdigest()
"""What stands for the grader where a person has seen it."""
_ROWS, _NUMBERS, _PAGE, _MANIFEST = "rows.json", "evidence.json", "evidence.html", "manifest.jwt"


class EvidenceRow(Record):
    """A counted grade without its person: what was handed in and who graded stand as hashes."""

    role: str
    drill: str
    passed: bool
    score: float = Field(ge=0, le=1)
    submission: str
    grader: str


class EvidenceRows(Record):
    """The rows of a pack, in an order that tells nothing."""

    rows: tuple[EvidenceRow, ...]


class RoleResult(Record):
    """What is told of a role at a drill, or of all told roles (an empty `role`); nothing where there are too few."""

    role: str
    drill: str
    people: int = 0
    passed: Estimate | None = None
    median: float | None = None


class RoleEvidence(Record):
    """What Article 4 of the AI Act asks a provider or deployer to take care of, role by role, as a record.

    Who is to be able to do what, by which means and how long, and what was shown.
    """

    role: str
    title: str
    planned_people: int
    planned_minutes: int
    objectives: tuple[str, ...]
    activities: tuple[str, ...]
    cells: tuple[RoleResult, ...]


class TrainingEvidence(Record):
    """Every number of a pack, with what it is about."""

    title: str
    organisation: str
    made: str
    laws: tuple[str, ...]
    plan_sha256: str
    brief_sha256: str
    k: int
    roles: tuple[RoleEvidence, ...]
    totals: tuple[RoleResult, ...]


class ToldEvidence(Record):
    """What was ever told, cell by cell: whose rows each time, and the rows told last. It never leaves the folder."""

    people: dict[str, tuple[tuple[str, ...], ...]] = {}
    rows: dict[str, tuple[EvidenceRow, ...]] = {}


def collect(
    tried: Sequence[Attempt],
    before: ToldEvidence,
    hashed: Callable[[str], str] = lambda plain: plain,
    led: Sequence[tuple[str, EvidenceRow]] = (),
) -> ToldEvidence:
    """Return what may be told now: a cell's people of today where enough differ from all told before, or as before.

    `hashed` makes of a submission's hash what is told of it: short answers could be found from the plain one. `led` are
    learners with what a facilitator recorded of them.
    """
    now: dict[str, dict[str, EvidenceRow]] = {}
    for one in tried:
        if one.grade is not None and one.role:
            row = EvidenceRow(
                role=one.role,
                drill=one.drill,
                passed=one.grade.passed,
                score=round(one.grade.final, 4),
                submission=hashed(one.grade.submission_hash),
                grader=one.grade.grader_hash,
            )
            now.setdefault(f"{one.role}/{one.drill}", {}).setdefault(one.learner, row)
    for learner, row in led:
        now.setdefault(f"{row.role}/{row.drill}", {})[learner] = row
    people, rows = dict(before.people), dict(before.rows)
    for name, cell in now.items():
        earlier = people.get(name, ())
        if len(cell) >= SMALLEST_GROUP and all(len(set(cell) ^ set(told)) >= SMALLEST_GROUP for told in earlier):
            people[name] = (*earlier, tuple(sorted(cell)))
            rows[name] = tuple(sorted(cell.values(), key=lambda row: (row.submission, row.score)))
    return ToldEvidence(people=people, rows=rows)


def count_cells(rows: Sequence[EvidenceRow]) -> list[RoleResult]:
    """Return the cells of rows; of one with too few people nothing is told."""
    return [_cell(role, drill, rows) for role, drill in sorted({(row.role, row.drill) for row in rows})]


def count_totals(rows: Sequence[EvidenceRow]) -> list[RoleResult]:
    """Return one cell per drill, of the rows of told cells alone."""
    told = {(cell.role, cell.drill) for cell in count_cells(rows) if cell.passed}
    kept = [row for row in rows if (row.role, row.drill) in told]
    return [_cell("", drill, kept) for drill in sorted({row.drill for row in kept})]


def make_pack(path: Path, out: Path, now: float | None = None) -> TrainingEvidence:
    """Write the pack of a programme into the folder `out`, and remember what it tells.

    Raises:
        BadInput: no programme folder, or a plan that is not there.
    """
    folder, at = ProgramFolder(path), datetime.fromtimestamp(time.time() if now is None else now, UTC)
    memory = folder.path / _RELEASED
    folder.brief()
    with folder.changing_roster():  # two packs at once would each forget what the other told
        before = read_record(memory, ToldEvidence) if memory.is_file() else ToldEvidence()
        released = collect(attempts(path), before, functools.partial(keyed_hash, folder), _led(folder))
        write_record(memory, released, 0o600)
    rows = tuple(row for name in sorted(released.rows) for row in released.rows[name])
    pack = _numbers(folder, rows, at)
    files = {
        _ROWS: EvidenceRows(rows=rows).to_json(indent=2).encode(),
        _NUMBERS: pack.to_json(indent=2).encode(),
        _PAGE: fill("exports", "evidence.html.j2", pack=pack).encode(),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_atomically(out / name, data, 0o600)
    key = private_key(folder.path / KEY_FILE)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    signed = jwt.encode({"files": hashes, "iat": int(at.timestamp())}, key, "RS256", {"jwk": public_jwk(key)})
    write_atomically(out / _MANIFEST, signed.encode(), 0o600)
    return pack


def _led(folder: ProgramFolder) -> list[tuple[str, EvidenceRow]]:
    """Return what a facilitator recorded in activities that give evidence: shown counts as passed, not yet does not."""
    roles = {learner.id: learner.role for learner in folder.roster().learners}
    with kept_store(folder) as store:
        kept = Led(store).all() if store else []
    rows = [row for row in kept if row.outcome in ("shown", "not-yet") and row.learner in roles]
    return [
        (
            row.learner,
            EvidenceRow(
                role=roles[row.learner],
                drill=row.activity,
                passed=row.outcome == "shown",
                score=float(row.outcome == "shown"),
                submission=keyed_hash(folder, f"{row.learner} {row.activity} {row.at}"),
                grader=_OBSERVED,
            ),
        )
        for row in rows
    ]


def check_pack(folder: Path, kid: str = "") -> tuple[TrainingEvidence, str, list[str]]:
    """Return a pack, the name of the key that signed it, and what does not hold; needs nothing but the folder.

    Args:
        folder: the pack.
        kid: the name that the key must have, as its owner told it; without it a pack proves only that it is whole.

    Raises:
        BadInput: a file is missing, or none that can be read.
    """
    for name in (_ROWS, _NUMBERS, _PAGE, _MANIFEST):
        if not (folder / name).is_file():
            raise bad_input(
                f"no {name} in {folder}", "a whole evidence pack", "drillyard yard evidence PROGRAMME -o DIR"
            )
    signer, hashes, wrong = _signed((folder / _MANIFEST).read_text(encoding="ascii", errors="replace"))
    if kid and signer != kid:
        wrong.append(f"it was signed by the key {signer or 'of nobody'}, expected {kid}")
    for name in (_ROWS, _NUMBERS, _PAGE):
        if hashes.get(name) != hashlib.sha256((folder / name).read_bytes()).hexdigest():
            wrong.append(f"{name} is not what was signed")
    pack, rows = read_record(folder / _NUMBERS, TrainingEvidence), read_record(folder / _ROWS, EvidenceRows).rows
    page = (folder / _PAGE).read_bytes()
    return pack, signer, [*wrong, *_contradictions(pack, rows, page)]


def _signed(token: str) -> tuple[str, dict[str, str], list[str]]:
    """Return by which key a manifest was signed, the hashes in it, and what does not hold."""
    try:
        key = jwt.PyJWK(jwt.get_unverified_header(token)["jwk"])
        body: dict[str, Any] = jwt.decode(token, key.key, ["RS256"], options={"verify_iat": False})
        own = str(public_jwk(key.key)["kid"])
        return own, body["files"], [] if own == key.key_id else ["the key has a name that is not its own"]
    except (jwt.PyJWTError, AttributeError, KeyError, TypeError, ValueError) as error:
        return "", {}, [f"the signature does not hold ({type(error).__name__})"]


def _contradictions(pack: TrainingEvidence, rows: Sequence[EvidenceRow], page: bytes) -> Iterator[str]:
    """Yield what of a pack does not follow from its rows."""
    if [cell for role in pack.roles for cell in role.cells if cell.passed] != _in_order(pack, rows):
        yield "a number of a role does not follow from the rows"
    if not all(re.fullmatch("[0-9a-f]{64}", one) for row in rows for one in (row.submission, row.grader)):
        yield "a row names something that is no hash"
    if list(pack.totals) != count_totals(rows):
        yield "a total does not follow from the rows"
    if pack.k != SMALLEST_GROUP or any(0 < cell.people < SMALLEST_GROUP for role in pack.roles for cell in role.cells):
        yield f"it tells of fewer than {SMALLEST_GROUP} people"
    if fill("exports", "evidence.html.j2", pack=pack).encode() != page:
        yield "the page does not say what the numbers say"


def _in_order(pack: TrainingEvidence, rows: Sequence[EvidenceRow]) -> list[RoleResult]:
    cells = {(cell.role, cell.drill): cell for cell in count_cells(rows)}
    named = [(role.role, cell.drill) for role in pack.roles for cell in role.cells]
    left = [cell for name, cell in cells.items() if name not in named]
    return [cells[name] for name in named if name in cells] + left


def _numbers(folder: ProgramFolder, rows: Sequence[EvidenceRow], at: datetime) -> TrainingEvidence:
    brief, plan = folder.brief(), folder.plan()
    cells = {(cell.role, cell.drill): cell for cell in count_cells(rows)}
    shown = {role.role: _evidence_of(folder, role) for role in plan.roles}
    roles = tuple(
        RoleEvidence(
            role=role.role,
            title=role.title,
            planned_people=role.head_count,
            planned_minutes=role.minutes,
            objectives=tuple(aim.statement for aim in role.objectives),
            activities=tuple(f"{one.activity.title} ({one.activity.minutes} min)" for one in role.activities),
            cells=tuple(
                cells.get((role.role, name), RoleResult(role=role.role, drill=name)) for name in shown[role.role]
            ),
        )
        for role in plan.roles
    )
    told = [row for row in rows if row.drill in shown.get(row.role, ())]
    return TrainingEvidence(
        title=brief.title,
        organisation=brief.organisation,
        made=at.isoformat(timespec="seconds"),
        laws=tuple(
            f"{law.title or law.id}, as of {law.as_of or 'unknown'} ({law.source or 'no source'})" for law in brief.laws
        ),
        plan_sha256=hashlib.sha256(plan.to_json().encode()).hexdigest(),
        brief_sha256=hashlib.sha256(brief.to_json().encode()).hexdigest(),
        k=SMALLEST_GROUP,
        roles=roles,
        totals=tuple(count_totals(told)),
    )


def _evidence_of(folder: ProgramFolder, role: RolePlan) -> tuple[str, ...]:
    """Return what shows something of a role: its drills, and what a facilitator leads, in the order of the plan."""
    steps = [step.activity for step in role.activities]
    led = [one.id for one in steps if one.kind in EVIDENCE and not taken_by_oneself(folder, one)]
    return tuple(dict.fromkeys([*role.drills, *led]))


def _cell(role: str, drill: str, rows: Sequence[EvidenceRow]) -> RoleResult:
    mine = [row for row in rows if row.drill == drill and role in ("", row.role)]
    if len(mine) < SMALLEST_GROUP:
        return RoleResult(role=role, drill=drill)
    median = round(statistics.median(row.score for row in mine), 4)
    passed = clopper_pearson(sum(row.passed for row in mine), len(mine))
    return RoleResult(role=role, drill=drill, people=len(mine), passed=passed, median=median)
