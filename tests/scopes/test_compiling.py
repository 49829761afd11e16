"""A folder of documents becomes facts, rules and actions; what cannot be read is said, and nothing is invented."""

from __future__ import annotations

import shutil
from pathlib import Path

import answer_key
import pytest
from pypdf import PdfWriter

from drillyard.errors import BadInput
from drillyard.scopes.compiled import CompiledScope
from drillyard.scopes.compiling import compile_folder
from drillyard.scopes.folder import confirm


@pytest.fixture(scope="module")
def shop() -> CompiledScope:
    """The documents that ship, compiled."""
    return compile_folder(answer_key.SHOP)


def folder(path: Path, **files: str | bytes) -> Path:
    """Write documents, `returns_md="…"` as returns.md."""
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (path / f"{stem}.{suffix}").write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_shop_is_compiled_as_a_reader_would(shop: CompiledScope) -> None:
    """At least 95 % of the key, made by hand, and nothing that does not stand there."""
    key = answer_key.read_key(answer_key.SHOP_KEY)["shop"]
    assert len(answer_key.missed(key, shop)) / len(key) <= 0.05
    assert answer_key.invented(shop, answer_key.SHOP) == []
    assert shop.troubles == () and shop.contradictions == ()
    assert all(len(fact.questions) >= 3 for fact in shop.facts)


def test_every_span_is_where_it_says(shop: CompiledScope) -> None:
    """The line of a text file holds the words of the fact."""
    for fact in shop.facts:
        if not fact.span.document.endswith(".pdf"):
            lines = (answer_key.SHOP / fact.span.document).read_text(encoding="utf-8").split("\n")
            there = "".join(lines[fact.span.line - 1 : fact.span.last_line + 1])
            assert fact.value.split()[0] in there, fact


def test_tools_become_actions_with_preconditions(shop: CompiledScope) -> None:
    """What must hold before a call, allowed values, and the rules that speak of it."""
    cancel, refund = shop.actions
    assert cancel.required == ("order_number", "reason") and "ordered by mistake" in cancel.choices["reason"]
    assert any("confirmed the order number" in one for one in cancel.preconditions)
    assert any("damaged" in one for one in refund.rules)


def test_foreign_policies_are_compiled_too(tmp_path: Path) -> None:
    """At least 80 % of the numeric and conditional rules of documents that nobody here wrote, none invented."""
    data = answer_key.foreign_data()
    if data is None:
        pytest.skip("needs tau2's policies: pip install --no-deps --target .venv/foreign inspect-evals==0.26.0")
    found = list(answer_key.foreign_shares(data, tmp_path))
    for group in (found[:1], found[1:]):  # the shop's policy, the bank's documents
        assert sum(len(missed) for _, _, missed, _ in group) / sum(n for _, n, _, _ in group) <= 0.2
    assert [one for *_, invented in found for one in invented] == []


def test_contradictions_are_named_with_both_places(tmp_path: Path) -> None:
    """Two documents, and a table against a sentence."""
    documents = folder(
        tmp_path / "d",
        returns_md="# Returns\n\nGoods can be returned within 30 days of delivery.\n",
        terms_html="<h1>Terms</h1><p>Goods can be returned\nwithin 14 days of delivery.</p>",
        products_csv="name,price (EUR)\nComet,85\nHalo,49\n",
        faq_md="## What does a Comet cost?\n\nThe price of the Comet is 89 euros.\n",
    )
    compiled = compile_folder(documents)
    words = sorted((one.words for one in compiled.contradictions), key=lambda said: "returns.md" in said)
    assert len(words) == 2
    assert "30 days in returns.md:3" in words[1] and "14 days in terms.html:1" in words[1]
    assert "products.csv:2" in words[0] and "faq.md:3" in words[0]
    with pytest.raises(BadInput, match="both sides of a contradiction"):
        confirm(compiled, {fact.id: "confirmed" for fact in compiled.facts})
    kept = confirm(compiled, {}, rest=True)
    assert {fact.standing for fact in kept.facts} == {"open", "confirmed"}
    settled = confirm(
        compiled, {}, refused=[compiled.contradictions[0].second, compiled.contradictions[1].second], rest=True
    )
    assert settled.contradictions == () and settled.coverage.open == 0


def test_different_cases_are_no_contradiction(tmp_path: Path) -> None:
    """Another condition, another product, a special case, or two bounds that fit each other."""
    documents = folder(
        tmp_path / "d",
        a_md=(
            "# Delivery\n\nDelivery takes 3 days. Delivery to islands takes 9 days.\n\n"
            "If you pay by card, the fee is 2 euros. If you pay by invoice, the fee is 4 euros.\n\n"
            "An order is at least 10 euros. An order is at most 900 euros.\n"
        ),
        b_csv="name,price (EUR)\nComet,85\nHalo,49\n",
    )
    assert compile_folder(documents).contradictions == ()


def test_what_cannot_be_read_is_said_and_the_rest_is_kept(tmp_path: Path) -> None:
    """A scan, an empty FAQ, a foreign encoding, two currencies, a broken row, an unknown kind of file."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    with (tmp_path / "scan.pdf").open("wb") as file:
        writer.write(file)
    documents = folder(
        tmp_path,
        broken_pdf=b"%PDF-1.7 nothing",
        faq_md="\n",
        latin_md="Price: 5 euros.\nGebühr: 3".encode("latin-1"),
        products_csv="name,price\nComet,85 EUR\nHalo,$49\nDrift,1,2,3\n",
        picture_png=b"\x89PNG",
        tools_json="{not json",
        good_md="# Returns\n\nGoods can be returned within 30 days.\n",
    )
    compiled = compile_folder(documents)
    told = {one.document: str(one) for one in compiled.troubles}
    assert "1 page without any text, as a scan has" in told["scan.pdf"] and "ocrmypdf" in told["scan.pdf"]
    assert "an empty FAQ" in told["faq.md"]
    assert "line 2" in told["latin.md"] and "iconv" in told["latin.md"]
    assert "PDF that cannot be read" in told["broken.pdf"]
    assert ".png" in told["picture.png"] and "broken JSON" in told["tools.json"]
    rows = [str(one) for one in compiled.troubles if one.document == "products.csv"]
    assert any("products.csv:4: found 4 cells" in one for one in rows)
    assert any("EUR (line 2) and USD (line 3)" in one for one in rows)
    assert all("\n" not in one for one in told.values())
    assert {fact.span.document for fact in compiled.facts} == {"good.md", "products.csv"}


def test_a_folder_without_anything_is_refused(tmp_path: Path) -> None:
    """No folder, an empty one, one that states nothing."""
    with pytest.raises(BadInput, match="no folder"):
        compile_folder(tmp_path / "none")
    with pytest.raises(BadInput, match="empty folder"):
        compile_folder(folder(tmp_path / "empty"))
    with pytest.raises(BadInput, match="no fact and no rule"):
        compile_folder(folder(tmp_path / "idle", a_md="Welcome.\n"))
    with pytest.raises(BadInput, match="the language 'xx'"):
        compile_folder(answer_key.SHOP, languages=["xx"])


def test_a_change_reopens_its_section_and_nothing_else(tmp_path: Path) -> None:
    """A moved line keeps its word; a new sentence under the same heading opens what stands beside it."""
    documents = tmp_path / "d"
    shutil.copytree(answer_key.SHOP, documents)
    before = confirm(compile_folder(documents), {}, rest=True)
    assert compile_folder(documents, before=before).coverage.open == 0
    text = (documents / "returns.md").read_text(encoding="utf-8")
    (documents / "returns.md").write_text(text.replace("# Returns policy\n", "# Returns policy\n\nA note.\n"))
    assert compile_folder(documents, before=before).coverage.open == 0  # lines moved
    (documents / "returns.md").write_text(text.replace("within 7 business days", "within 9 business days"))
    after = compile_folder(documents, before=before)
    opened = {fact.attribute for fact in after.facts if fact.standing == "open"}
    assert opened == {"refund is paid", "restocking fee"} and len(after.reopened) == 5  # two facts and three rules
