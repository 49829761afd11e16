"""Compare what was compiled from documents with a key that a reader made by hand."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from drillyard.records import Fact, Quantity, Rule
from drillyard.scopes.compiled import CompiledScope
from drillyard.scopes.compiling import compile_folder

__all__ = [
    "FOREIGN_KEY",
    "SHOP",
    "SHOP_KEY",
    "beside",
    "foreign_data",
    "foreign_shares",
    "invented",
    "missed",
    "read_key",
    "write_foreign",
]

HERE = Path(__file__).parent
FOREIGN_KEY = HERE / "scopes" / "foreign_key.yaml"
SHOP_KEY = HERE / "scopes" / "shop_key.yaml"
SHOP = HERE.parent / "examples" / "shop-documents"


def read_key(path: Path) -> dict[str, Any]:
    """Return what stands in a key."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def foreign_data() -> Path | None:
    """Return where the package inspect-evals keeps its policies, None where it is not installed (yard does)."""
    spec = find_spec("inspect_evals")
    roots = [
        Path(sys.prefix) / "foreign" / "inspect_evals",
        *([Path(spec.origin).parent] if spec and spec.origin else []),
    ]
    found = [root / "tau2" / "data" / "domains" for root in roots]
    return next((folder for folder in found if folder.is_dir()), None)


def write_foreign(data: Path, folder: Path, key: Mapping[str, Any]) -> dict[str, Path]:
    """Write each foreign document of the key to a folder of its own; return these by the document's name."""
    made = {"retail": folder / "retail"}
    made["retail"].mkdir(parents=True)
    (made["retail"] / "policy.txt").write_bytes((data / "retail" / "policy.txt").read_bytes())
    with gzip.open(data / "banking_knowledge" / "documents.json.gz", "rt", encoding="utf-8") as file:
        documents = {one["id"]: one for one in json.load(file)}
    for name in key["banking"]:
        made[name] = folder / name
        made[name].mkdir()
        text = f"# {documents[name]['title']}\n\n{documents[name]['content']}\n"
        (made[name] / "document.md").write_text(text, encoding="utf-8")
    return made


def missed(entries: Sequence[Mapping[str, Any]], compiled: CompiledScope) -> list[Mapping[str, Any]]:
    """Return the entries of a key that nothing compiled bears out."""
    return [entry for entry in entries if not any(_bears_out(one, entry) for one in (*compiled.facts, *compiled.rules))]


def beside(entries: Sequence[Mapping[str, Any]], compiled: CompiledScope) -> list[str]:
    """Return the facts that no entry of a key is about: to be read, for a key need not hold all that is true."""
    return [fact.sentence for fact in compiled.facts if not any(_bears_out(fact, entry) for entry in entries)]


def invented(compiled: CompiledScope, folder: Path) -> list[str]:
    """Return what was compiled and does not stand in its document: texts, values and numbers."""
    texts = {source.document: _plain(_text(folder / source.document)) for source in compiled.sources}
    wrong = []
    for one in (*compiled.facts, *compiled.rules):
        there = texts[one.span.document]
        said = [one.span.text, *([one.value] if isinstance(one, Fact) else [one.text])]
        parts = [part for text in said for part in text.split(" | ")]
        wrong += [f"{one.id}: {part}" for part in parts if _plain(part) not in there]
    return wrong


def _text(path: Path) -> str:
    if path.suffix == ".pdf":
        from pypdf import PdfReader

        return "\n".join(page.extract_text() for page in PdfReader(path).pages)
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".html", ".htm"):
        import html
        import re

        text = html.unescape(re.sub(r"<[^>]+>", "", text))
    return text


def _plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _bears_out(one: Fact | Rule, entry: Mapping[str, Any]) -> bool:
    kinds = entry["kind"] if isinstance(entry["kind"], list) else [entry["kind"]]
    if ("fact" if isinstance(one, Fact) else one.kind) not in kinds:
        return False
    if isinstance(one, Fact):
        text, numbers = f"{one.entity} {one.topic} {one.attribute} {one.sentence}", [one.quantity]
    else:
        text, numbers = f"{one.text} {one.condition}", [*one.quantities]
    return (
        all(word in text.casefold() for word in entry.get("words", ()))
        and all(word in one.condition.casefold() for word in entry.get("when", ()))
        and ("n" not in entry or any(_same(number, entry) for number in numbers if number))
        and ("entity" not in entry or (isinstance(one, Fact) and one.entity.casefold() == entry["entity"]))
        and ("value" not in entry or (isinstance(one, Fact) and _plain(entry["value"]) in _plain(one.value)))
    )


def _same(found: Quantity, entry: Mapping[str, Any]) -> bool:
    return (
        abs(found.number - entry["n"]) < 1e-9
        and ("high" not in entry or found.high == entry["high"])
        and ("unit" not in entry or found.unit == entry["unit"])
        and ("bound" not in entry or found.bound == entry["bound"])
    )


def foreign_shares(data: Path, folder: Path) -> Iterator[tuple[str, int, list[Mapping[str, Any]], list[str]]]:
    """Yield per document its name, how many entries the key has, those missed, and what was invented."""
    key = read_key(FOREIGN_KEY)
    for name, made in write_foreign(data, folder, key).items():
        entries = key["retail"] if name == "retail" else key["banking"][name]
        compiled = compile_folder(made)
        yield name, len(entries), missed(entries, compiled), invented(compiled, made)
