"""Open Badges 3: a signed credential for each drill that a learner passed, aligned to the programme's competencies.

Source: Open Badges 3.0 (1EdTech) over the Verifiable Credentials data model 2.0; the proof is a JWT signed with RS256.
The key is made at the first export and stays in the programme folder; its public half goes out in `issuer.json`, and
whoever checks a credential takes it from there, never from the credential. A learner stands in it under their opaque
id: the holder decides whom they tell that it is theirs.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import jwt
from jwt.algorithms import RSAAlgorithm
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drillyard.exports.course import Course, Unit
from drillyard.exports.leaks import keyed_hash
from drillyard.exports.package import Files
from drillyard.planning.case_standard import case_id
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.graph import Catalogue
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Attempt
from drillyard.registrar.keys import private_key, public_jwk

__all__ = [
    "KEY_FILE",
    "VALID_DAYS",
    "check_badges",
    "issuer_of",
    "read_credential",
    "revoked_in",
    "tell_subjects",
    "write_badges",
]

KEY_FILE, _REVOKED = "badge-key.pem", "revoked.json"
VALID_DAYS = 730
"""Two years: attacks and models change; chosen."""

_CONTEXT = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
_IRI = r"(https?://[^\s@]+|urn:uuid:[0-9a-f-]{36}|urn:hmac-sha256:[0-9a-f]{64})"


class _Part(BaseModel):
    """A part of a credential: what is not named here is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Issuer(_Part):
    id: str = Field(pattern=_IRI)
    type: tuple[Literal["Profile"]]
    name: str = Field(min_length=1)


class _Alignment(_Part):
    type: tuple[Literal["Alignment"]]
    targetCode: str
    targetFramework: str
    targetName: str = Field(min_length=1)
    targetType: Literal["CFItem"]
    targetUrl: str = Field(pattern=_IRI)


class _ResultDescription(_Part):
    id: str = Field(pattern=_IRI)
    type: tuple[Literal["ResultDescription"]]
    name: str
    resultType: Literal["Percent"]
    valueMin: Literal["0"]
    valueMax: Literal["100"]
    requiredValue: str = Field(pattern=r"\d{1,3}(\.\d+)?")


class _Criteria(_Part):
    narrative: str = Field(min_length=1)


class _Achievement(_Part):
    id: str = Field(pattern=_IRI)
    type: tuple[Literal["Achievement"]]
    name: str = Field(min_length=1)
    description: str = Field(min_length=1, max_length=2000)
    criteria: _Criteria
    alignment: tuple[_Alignment, ...]
    resultDescription: tuple[_ResultDescription]


class _Identity(_Part):
    type: Literal["IdentityObject"]
    identityHash: str = Field(pattern=r"[A-Za-z0-9-]{4,40}")
    identityType: Literal["systemId"]
    hashed: Literal[False]


class _Result(_Part):
    type: tuple[Literal["Result"]]
    resultDescription: str = Field(pattern=_IRI)
    value: str = Field(pattern=r"\d{1,3}(\.\d{1,2})?")


class _Subject(_Part):
    type: tuple[Literal["AchievementSubject"]]
    identifier: tuple[_Identity]
    achievement: _Achievement
    result: tuple[_Result]


class _Evidence(_Part):
    id: str = Field(pattern=_IRI)
    type: tuple[Literal["Evidence"]]
    name: str


class _Status(_Part):
    id: str = Field(pattern=_IRI)
    type: Literal["1EdTechRevocationList"]


class _Credential(_Part):
    context: tuple[str, str] = Field(alias="@context")
    id: str = Field(pattern=_IRI)
    type: tuple[Literal["VerifiableCredential"], Literal["OpenBadgeCredential"]]
    name: str
    issuer: _Issuer
    validFrom: str
    validUntil: str
    credentialSubject: _Subject
    evidence: tuple[_Evidence]
    credentialStatus: _Status
    iss: str
    jti: str
    nbf: int
    exp: int


def write_badges(programme: ProgramFolder, attempts: list[Attempt], course: Course, now: float) -> dict[str, bytes]:
    """Return a credential per learner and passed drill, as `.jwt` files, with what is needed to check them."""
    key, catalogue = private_key(programme.path / KEY_FILE), load_catalogue(programme.path)
    files: dict[str, bytes] = {}
    for attempt in attempts:
        unit = course.unit(attempt.drill)
        if unit and attempt.grade and attempt.grade.passed and (place := _place(attempt)) not in files:
            graded = f"urn:hmac-sha256:{keyed_hash(programme, attempt.grade.submission_hash)}"
            credential = _credential(course, unit, catalogue, attempt, graded, datetime.fromtimestamp(int(now), UTC))
            files[place] = jwt.encode(credential, key, "RS256", {"jwk": public_jwk(key)}).encode()
    return {
        **files,
        "issuer.json": _json(issuer_of(programme, course)),
        "revoked.json": _json(revoked_in(programme, course)),
    }


def issuer_of(programme: ProgramFolder, course: Course) -> dict[str, Any]:
    """Return who issues, with the public keys."""
    return {
        "id": course.iri("issuer"),
        "type": ["Profile"],
        "name": course.organisation,
        "keys": [public_jwk(private_key(programme.path / KEY_FILE))],
    }


def revoked_in(programme: ProgramFolder, course: Course) -> dict[str, Any]:
    """Return the credentials that are taken back: those named in the folder's `revoked.json`."""
    held: list[str] = []
    with suppress(FileNotFoundError):
        held = json.loads((programme.path / _REVOKED).read_text(encoding="utf-8"))
    return {
        "id": course.iri("revoked"),
        "issuer": course.iri("issuer"),
        "revokedCredentials": [{"id": one} for one in held],
    }


def read_credential(token: bytes, issuer: Mapping[str, Any], revoked: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return a credential whose signature, form, dates and status hold.

    Raises:
        ValueError: one does not; the message says which.
    """
    found: list[str] = []
    for key in issuer["keys"]:
        public = RSAAlgorithm.from_jwk(key)
        needs: Any = {"require": ["exp", "nbf", "iss", "jti"], "verify_exp": False, "verify_nbf": False}
        try:
            body: dict[str, Any] = jwt.decode(token, public, ["RS256"], options=needs, issuer=issuer["id"])  # type: ignore[arg-type]
        except jwt.InvalidTokenError as error:
            found.append(str(error))
            continue
        _require(body, issuer, revoked, now)
        return body
    raise ValueError(f"the signature does not hold: {'; '.join(found) or 'no key'}")


def check_badges(files: Files, now: float) -> Iterator[str]:
    """Yield what is wrong with an export's credentials."""
    for name in {"issuer.json", "revoked.json"} - set(files):
        yield f"no {name}"
        return
    issuer, revoked = json.loads(files["issuer.json"]), json.loads(files["revoked.json"])
    seen: set[str] = set()
    for name, data in files.items():
        if not name.endswith(".jwt"):
            continue
        try:
            body = read_credential(data, issuer, revoked, now)
        except (ValueError, KeyError, TypeError) as error:
            yield f"{name}: {error}"
            continue
        if body["id"] in seen:
            yield f"{name}: the id {body['id']} stands twice"
        seen.add(body["id"])


def tell_subjects(files: Files) -> Iterator[tuple[str, str]]:
    """Yield whom credentials are about, with the place."""
    for name, data in files.items():
        if name.endswith(".jwt"):
            body = jwt.decode(data, options={"verify_signature": False})
            yield from ((name, one["identityHash"]) for one in body["credentialSubject"]["identifier"])


def _require(body: Mapping[str, Any], issuer: Mapping[str, Any], revoked: Mapping[str, Any], now: float) -> None:
    try:
        one = _Credential.model_validate_json(json.dumps(body))
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    dates = [datetime.fromisoformat(text).timestamp() for text in (one.validFrom, one.validUntil)]
    achievement, subject = one.credentialSubject.achievement, one.credentialSubject
    for holds, what in (
        (one.context == _CONTEXT, "its contexts are others"),
        (dates == [one.nbf, one.exp], "its dates are not those that are signed"),
        (one.jti == one.id, "its id is not the one that is signed"),
        (one.issuer.id == issuer["id"], "another issuer stands in it"),
        (one.nbf <= now < one.exp, "it has run out, or is not valid yet"),
        (one.id not in [each["id"] for each in revoked["revokedCredentials"]], "it was taken back"),
        (subject.result[0].resultDescription == achievement.resultDescription[0].id, "its result describes nothing"),
        (float(subject.result[0].value) <= 100, "its result is out of range"),
    ):
        if not holds:
            raise ValueError(what)


def _credential(
    course: Course, unit: Unit, catalogue: Catalogue, attempt: Attempt, graded: str, now: datetime
) -> dict[str, Any]:
    grade = attempt.grade
    assert grade is not None
    until = now + timedelta(days=VALID_DAYS)
    name = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, course.iri('credentials', attempt.learner, attempt.instance))}"
    achieved, score = course.iri("achievements", unit.drill), course.iri("achievements", unit.drill, "score")
    who = {"type": "IdentityObject", "identityHash": attempt.learner, "identityType": "systemId", "hashed": False}
    return {
        "@context": list(_CONTEXT),
        "id": name,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": unit.title,
        "issuer": {"id": course.iri("issuer"), "type": ["Profile"], "name": course.organisation},
        "validFrom": now.isoformat(),
        "validUntil": until.isoformat(),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [who],
            "achievement": {
                "id": achieved,
                "type": ["Achievement"],
                "name": unit.title,
                "description": unit.about[:2000],
                "criteria": {
                    "narrative": "Passed the drill on a copy of one's own, graded by running what was handed in. "
                    f"Pass mark {unit.pass_mark:.0%}."
                },
                "alignment": _alignment(catalogue, unit),
                "resultDescription": [
                    {
                        "id": score, "type": ["ResultDescription"], "name": "Score", "resultType": "Percent",
                        "valueMin": "0", "valueMax": "100", "requiredValue": f"{100 * unit.pass_mark:g}",
                    }
                ],
            },
            "result": [{"type": ["Result"], "resultDescription": score, "value": f"{100 * grade.final:.2f}"}],
        },
        "evidence": [{"id": graded, "type": ["Evidence"], "name": "What was graded"}],
        "credentialStatus": {"id": course.iri("revoked"), "type": "1EdTechRevocationList"},
        "iss": course.iri("issuer"),
        "jti": name,
        "nbf": int(now.timestamp()),
        "exp": int(until.timestamp()),
    }  # fmt: skip


def _alignment(catalogue: Catalogue, unit: Unit) -> list[dict[str, Any]]:
    known = {one.id: one for one in catalogue.competencies}
    return [
        {
            "type": ["Alignment"],
            "targetCode": name,
            "targetFramework": catalogue.model.title,
            "targetName": known[name].title,
            "targetType": "CFItem",
            "targetUrl": f"urn:uuid:{case_id(catalogue.model, known[name])}",
        }
        for name in unit.competencies
        if name in known
    ]


def _place(attempt: Attempt) -> str:
    return f"{attempt.learner}-{attempt.drill}.jwt"


def _json(data: object) -> bytes:
    return json.dumps(data, indent=2, ensure_ascii=False).encode() + b"\n"
