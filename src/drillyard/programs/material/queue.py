"""The review queue: drafts of a programme, what a person says of each, and what that releases.

`material/material.json` in the programme folder holds the drafts. Accepted readings and items become the lesson of the
activity `read-the-policies`, which learners then take in the yard; accepted scenarios with their rubrics lie in
`material/scenarios.md` for the facilitator. A policy that changes opens again what names it, and takes it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from drillyard.errors import BadInput, bad_input, did_you_mean
from drillyard.planning.catalogue import OWN
from drillyard.planning.lessons import Lesson
from drillyard.planning.questions import LessonQuestion
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.material.by_model import draft_by_model
from drillyard.programs.material.by_rules import draft_by_rules
from drillyard.programs.material.draft import Draft, Material, SourcedClaim
from drillyard.programs.material.knowledge import Knowledge, read_knowledge
from drillyard.programs.material.page import review_page
from drillyard.records.files import read_record, write_atomically, write_record
from drillyard.records.locks import locked
from drillyard.records.yaml_file import read_yaml
from drillyard.scopes.compiling import list_unread
from drillyard.scopes.documents import place
from drillyard.targets.base import Target

__all__ = [
    "READING",
    "as_text",
    "draft_material",
    "find_material",
    "read_material",
    "review",
    "tell_reopened",
    "tell_unread",
    "withdraw_changed",
]

READING = "read-the-policies"
"""The activity whose lesson released material becomes."""

_MATERIAL, _SCENARIOS, _PAGE = "material/material.json", "material/scenarios.md", "material/review.html"
_MOST_ITEMS = 10


def draft_material(folder: ProgramFolder, target: Target | None = None) -> Material:
    """Draft material from a programme's policies, by rules and, where one is given, by a model; check every claim.

    What a person has said of a draft stays where neither the draft nor a policy that it names has changed.

    Raises:
        BadInput: the programme has no policies, or nothing in them states anything.
    """
    folder.brief()
    if not folder.policies.is_dir():
        raise bad_input(f"no policies in {str(folder.path)!r}", "some", "name files under 'policies' in the brief")
    knowledge = read_knowledge(folder.policies)
    troubles = [str(one) for one in knowledge.compiled.troubles]
    drafts = draft_by_rules(knowledge)
    before = {one.id: one for one in read_material(folder).drafts} if _path(folder).is_file() else {}
    if target is not None:
        written, wrong = draft_by_model(knowledge, target)
        drafts, troubles = [*drafts, *written], [*troubles, *wrong]
    else:
        drafts += [one for one in before.values() if one.author != "rules"]
    checked = [_kept(_checked(draft, knowledge), before.get(draft.id)) for draft in drafts]
    material = Material(sources=knowledge.sources, drafts=tuple(checked), troubles=tuple(troubles))
    _store(folder, material)
    return material


def find_material(folder: ProgramFolder) -> Material | None:
    """Return the drafts of a programme, if there are any."""
    return read_record(_path(folder), Material) if _path(folder).is_file() else None


def read_material(folder: ProgramFolder) -> Material:
    """Return the drafts of a programme. Raises `BadInput` where there are none yet."""
    material = find_material(folder)
    if material is None:
        raise bad_input(f"no drafts in {str(folder.path)!r}", "some", f"drillyard design draft {folder.path}")
    return material


def review(
    folder: ProgramFolder,
    *,
    accept: Iterable[str] = (),
    reject: Iterable[str] = (),
    edits: Sequence[Path] = (),
    rest: bool = False,
    reason: str = "",
) -> Material:
    """Take over what a person says of drafts, release what is accepted, and return the queue as it stands.

    Args:
        folder: the programme's.
        accept: ids of drafts that were read and found right.
        reject: ids of those that are not to be used.
        edits: files as `as_text` writes them, changed; their claims are checked again and the draft is open.
        rest: accept every draft that rules wrote, that nobody has ruled on before, and whose claims are all verified.
        reason: why those to reject are not to be used; whoever drafts the next ones reads it.

    Raises:
        BadInput: an id that is none, or a draft to accept with a claim that does not stand at its places.
    """
    read_material(folder)  # refuses a folder without any, before a lock is made in it
    with locked(folder.path / ".material.lock"):
        return _review(folder, accept, reject, edits, rest, reason)


def _review(
    folder: ProgramFolder, accept: Iterable[str], reject: Iterable[str], edits: Sequence[Path], rest: bool, reason: str
) -> Material:
    """Do what `review` says, while nobody else does."""
    material, knowledge = read_material(folder), read_knowledge(folder.policies)
    drafts = {one.id: _checked(one, knowledge) for one in material.drafts}
    for path in edits:
        edited = _edited(path, drafts, knowledge)
        drafts[edited.id] = edited
    for name, standing in (*((name, "refused") for name in reject), *((name, "confirmed") for name in accept)):
        if name not in drafts:
            raise bad_input(f"the draft {name!r}", "one of the queue", did_you_mean(name, drafts) or "list it first")
        if standing == "confirmed":
            _require_supported(drafts[name])
        said = {"standing": standing, "reason": reason if standing == "refused" else "", "reopened": False}
        drafts[name] = drafts[name].model_copy(update=said)
    if rest:
        for name, draft in drafts.items():
            fresh = draft.standing == "open" and not draft.reopened and not draft.edited
            if fresh and draft.author == "rules" and not draft.unsupported:
                drafts[name] = draft.model_copy(update={"standing": "confirmed", "reopened": False})
    changed = material.model_copy(update={"drafts": tuple(drafts.values()), "sources": knowledge.sources})
    _store(folder, changed)
    return changed


def tell_reopened(folder: ProgramFolder) -> tuple[str, ...]:
    """Return the ids of the drafts that are open again because a policy that they name has changed."""
    material = find_material(folder)
    return tuple(one.id for one in material.drafts if one.reopened and one.standing == "open") if material else ()


def tell_unread(folder: ProgramFolder) -> tuple[str, ...]:
    """Return which policies cannot be read, and why, so that nothing is drafted from them."""
    if not folder.policies.is_dir() or not any(folder.policies.rglob("*.*")):
        return ()
    return tuple(map(str, list_unread(folder.policies)))


def withdraw_changed(folder: ProgramFolder) -> tuple[str, ...]:
    """Check all drafts against the policies as they are now; return the ids of accepted ones that are open again."""
    if not _path(folder).is_file():
        return ()
    material, knowledge = read_material(folder), read_knowledge(folder.policies)
    gone = {name for name, digest in material.sources.items() if knowledge.sources.get(name) != digest}
    drafts, opened = [], []
    for draft in material.drafts:
        if draft.documents & gone and draft.standing != "refused":
            if draft.standing == "confirmed":
                opened.append(draft.id)
            draft = draft.model_copy(update={"standing": "open", "reopened": True})
        drafts.append(_checked(draft, knowledge))
    _store(folder, material.model_copy(update={"drafts": tuple(drafts)}))
    return tuple(opened)


def as_text(draft: Draft) -> str:
    """Return a draft as YAML that a person can change and hand back."""
    data: dict[str, object] = {"id": draft.id, "title": draft.title}
    if draft.text:
        data["text"] = draft.text
    if draft.question:
        data["question"] = draft.question.model_dump(mode="json", exclude={"id"})
    data["claims"] = [{"text": one.text, "places": [place(span) for span in one.spans]} for one in draft.claims]
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)


def _checked(draft: Draft, knowledge: Knowledge) -> Draft:
    claims = tuple(knowledge.check(claim) for claim in draft.claims)
    lost = draft.standing == "confirmed" and any(claim.support != "verified" for claim in claims)
    return draft.model_copy(update={"claims": claims, **({"standing": "open", "reopened": True} if lost else {})})


def _kept(draft: Draft, before: Draft | None) -> Draft:
    """Return a fresh draft with what a person has said of it, or as edited, where its sources say the same."""
    if before is None:
        return draft
    same = [(c.text, c.spans) for c in before.claims] == [(c.text, c.spans) for c in draft.claims]
    if before.edited and not before.unsupported:
        return before
    refused = before.standing == "refused" and [c.text for c in before.claims] == [c.text for c in draft.claims]
    if refused or (same and before.standing != "open"):
        return draft.model_copy(update={"standing": before.standing, "reason": before.reason})
    return draft.model_copy(update={"reopened": before.reopened or before.standing != "open"})


def _require_supported(draft: Draft) -> None:
    if draft.unsupported:
        claim = draft.unsupported[0]
        near = f"; the nearest place is {claim.nearest}" if claim.nearest else ""
        found = f"{len(draft.unsupported)} unsupported claims in {draft.id}, the first {claim.text[:80]!r}: {claim.why}"
        raise bad_input(f"{found}{near}", "every claim to stand where it says", f"edit or reject {draft.id}")


def _edited(path: Path, drafts: Mapping[str, Draft], knowledge: Knowledge) -> Draft:
    data = read_yaml(path)
    if not isinstance(data, dict) or data.get("id") not in drafts:
        raise bad_input(f"no draft's id in {path.name}", "a file that --show wrote", "type --show ID > FILE.yaml")
    draft = drafts[data["id"]]
    try:
        claims = [
            SourcedClaim(text=str(one["text"]), spans=tuple(knowledge.at(str(where)) for where in one["places"]))
            for one in data["claims"]
        ]
        question = data.get("question")
        fields = {
            "title": str(data["title"]),
            "text": str(data.get("text", "")),
            "question": LessonQuestion.from_data({**question, "id": draft.id}) if question else None,
            "claims": tuple(claims),
        }
    except (KeyError, TypeError) as error:
        raise bad_input(
            f"{path.name} without {error}", "id, title, text or question, claims with text and places"
        ) from None
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from None
    if not claims:
        raise bad_input(f"no claims in {path.name}", "one for everything that it states")
    return _checked(draft.model_copy(update={**fields, "edited": True, "standing": "open"}), knowledge)


def _store(folder: ProgramFolder, material: Material) -> None:
    """Write the queue and its page, and bring what is released in line with it."""
    write_record(_path(folder), material, 0o600)
    write_atomically(folder.path / _PAGE, review_page(material).encode(), 0o600)
    accepted = [one for one in material.drafts if one.standing == "confirmed" and not one.unsupported]
    lesson = folder.path / OWN / "lessons" / f"{READING}.yaml"
    items = [one.question for one in accepted if one.question]
    if len(items) >= 2:
        text = "\n\n".join(one.text for one in accepted if one.kind == "reading") or "Read the policies first."
        made = Lesson(id=READING, text=text, questions=tuple(items[:_MOST_ITEMS]))
        data = made.model_dump(mode="json", exclude_defaults=True)
        write_atomically(lesson, yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110).encode(), 0o600)
    else:
        lesson.unlink(missing_ok=True)
    scenarios = [one for one in accepted if one.kind == "scenario"]
    write_atomically(folder.path / _SCENARIOS, _scenarios(scenarios).encode(), 0o600)


def _scenarios(drafts: Sequence[Draft]) -> str:
    parts = ["# Scenarios from the policies\n\nFor the facilitator: tasks with rubrics, each line tied to its place."]
    for draft in drafts:
        rows = [f"| {r.asks} | {r.best} | {r.middle} | {r.weak} | {place(r.span)} |" for r in draft.rubric]
        head = ["| criterion | best | middle | weak | place |", "|---|---|---|---|---|"]
        parts.append("\n".join([f"## {draft.title}", "", draft.text, "", *head, *rows]))
    return "\n\n".join(parts) + "\n"


def _path(folder: ProgramFolder) -> Path:
    return folder.path / _MATERIAL
