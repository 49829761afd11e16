"""The page and the card: what they say, that they load nothing, and that words of others stay words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from alignment.weighing.made_report import made_report

from drillyard.alignment.weighing.card import card_of, write_card
from drillyard.alignment.weighing.page import amount, percent, render, short, write_page
from drillyard.errors import BadInput

LIMIT = "harmful-compliance.value<=0.05"
PAGE = render(made_report(LIMIT)).decode()


def test_the_page_leads_with_the_verdict() -> None:
    """What to run with both rates, before any table; or that nothing is good enough, and why."""
    head = PAGE[: PAGE.index("<table")]
    point = next(p for p in made_report(LIMIT).points if p.technique == "dpo" and p.strength == 0.1)
    assert f"Run dpo at 0.1: {percent(point.harm.value)} (" in head and 'class="verdict passed"' in head
    none = render(made_report("harmful-compliance<=0.01")).decode()
    assert 'class="verdict failed"' in none and "None of the 16 points is good enough" in none


def test_every_technique_stands_in_each_part() -> None:
    """Frontier, dials, tax and ledgers name all six; the curves name theirs."""
    for name in ("sft", "dpo", "conditional-steer", "rails", "prompt", "sft+rails"):
        assert PAGE.count(f">{name}</text>") == 3  # dial, two charts of the tax
        assert re.search(rf"Ledger of {re.escape(name)} at", PAGE)
    assert "rlhf at 0.05" in PAGE and "Held back from every lesson" in PAGE


def test_the_page_is_self_contained_and_escaped() -> None:
    """No script, no address to load from, and a note with a tag in it shows the tag."""
    assert "<script" not in PAGE and not re.search(r'(?:src|href)="(?!#)', PAGE) and "url(http" not in PAGE
    assert "&lt;b&gt;of pages&lt;/b&gt;" in PAGE
    assert len(PAGE) < 150_000


def test_a_bare_report_has_a_page(tmp_path: Path) -> None:
    """Without prices, curves and limits, and with the start alone."""
    for techniques in (("dpo",), ("nothing",)):
        report = made_report(techniques=techniques, whole=False)
        write_page(report, tmp_path / "align.html")
        assert "</html>" in (tmp_path / "align.html").read_text(encoding="utf-8")


def test_the_front_of_the_drawing_is_the_front_of_the_report() -> None:
    """The line of the front has one step per point on it."""
    report = made_report(LIMIT)
    path = re.search(r'class="front" d="([^"]+)"', PAGE)
    assert path and path[1].count("V") == sum(point.front for point in report.points)


def test_the_card_has_head_and_tables(tmp_path: Path) -> None:
    """The head is YAML that names the base; every figure has a row; another technique's card says who won."""
    report = made_report(LIMIT)
    write_card(report, "dpo", tmp_path / "README.md", ["adapter_model.safetensors: opened by peft"])
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert yaml.safe_load(text.split("---")[1])["base_model"] == "organism/helpdesk:over-permissive"
    assert "the point that the comparison recommends" in text and "opened by peft" in text
    assert "recommends dpo at 0.1 instead" in card_of(report, "rails")
    for name in report.points[0].figures:
        assert f"| `{name}` |" in text
    for table in re.findall(r"(?:^\|.*\|\n)+", text, flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    with pytest.raises(BadInput, match="technique 'kto'"):
        card_of(report, "kto")


def test_numbers_are_words() -> None:
    """Shares are never rounded to none or all; amounts keep their sign."""
    assert [percent(x) for x in (0, 0.0001, 0.034, 0.72, 0.9999, 1, -0.0166)] == [
        "0 %", "<0.1 %", "3.4 %", "72 %", ">99.9 %", "100 %", "−1.7 %"
    ]  # fmt: skip
    assert [amount(x) for x in (0, 1234.4, -12.34, 1.6e12, 0.00001)] == ["0", "1,234", "−12.3", "1.6e+12", "1e-05"]
    assert [short(x) for x in (-44_482, 6.64, 0, 1.25e6)] == ["−44k", "6.6", "0", "1.2M"]
