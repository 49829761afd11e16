"""Names and spellings against Unicode's own tables: confusables, default-ignorables, scripts."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from confusable_homoglyphs.confusables import confusables_data
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.records.lookalikes import is_ignorable, looks, spellings
from drillyard.records.names import looks_like, person_name, require_unlike, same_name, visible_name

PEOPLE = (
    "José", "O'Brien", "Ὀδυσσεύς", "محمد", "山田 太郎", "Дмитрий", "김민수", "İpek", "Nguyễn Thị", "राम", "李",
    "Ann-Marie van der Berg", "דוד", "ประยุทธ์", "Omega 7",
)  # fmt: skip


def rows() -> list[tuple[str, str]]:
    """Return every row of confusables.txt, as the package has it: two texts that look alike."""
    return [(one.strip("\u200e"), row["c"].strip("\u200e")) for one, two in confusables_data.items() for row in two]


def test_ignorable_letters_are_those_of_unicode() -> None:
    """Over all code points, against perl's copy of DerivedCoreProperties.txt."""
    perl = shutil.which("perl")
    if perl is None:
        pytest.skip("no perl, whose tables this is compared with")
    words = r'for (0..0x10FFFF) { print "$_\n" if chr($_) =~ /\p{Default_Ignorable_Code_Point}/ }'
    theirs = {int(one) for one in subprocess.check_output([perl, "-e", f"no warnings; {words}"], text=True).split()}
    assert {code for code in range(0x110000) if is_ignorable(chr(code))} == theirs and len(theirs) > 4000


def test_texts_that_unicode_calls_confusable_look_alike() -> None:
    """All 12,614 directed rows but four of pointed Hebrew letters, which Unicode's own normal form takes apart."""
    apart = {one for one, two in rows() if not looks(one) & looks(two)}
    assert len(rows()) > 12_000 and apart == set("\ufb1d\ufb2a\ufb2e\ufb2f\ufb30\ufb39\ufb49")
    for one, two in (
        ("bea", "bob"),
        ("ann", "anna"),
        ("李", "王"),
        ("Дмитрий", "Dmitri"),
        ("ian", "lan"),
        ("mia", "mla"),
    ):
        assert not looks(one) & looks(two)


@given(st.sampled_from([one for one in rows() if len(one[0]) == 1 and one[0].isalpha()]))
def test_a_name_with_one_letter_confused_is_found_beside_the_other(row: tuple[str, str]) -> None:
    """Whichever letter of the table stands in the middle of a name."""
    mine, other = f"be{row[0]}n", f"be{row[1]}n"
    assert mine == other or looks_like(mine, ["ann", other]) == other
    with pytest.raises(BadInput, match="looks like"):
        require_unlike(mine, ["ann", other])


@pytest.mark.parametrize("name", PEOPLE)
def test_peoples_names_pass(name: str) -> None:
    """In their own scripts; the one spelling is stable."""
    once = same_name(name)
    assert same_name(once) == once == same_name(f"  {name.upper().lower()} ") or name == "İpek"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bea\u200b", "U\\+200B"), ("be\u034fa", "U\\+034F"), ("\u3164", "FILLER"), ("bea\ufe0f", "U\\+FE0F"),
        ("a\u202eb", "RIGHT-TO-LEFT"), ("b\u0435a", "Cyrillic and Latin"), ("bea\u2800", "BRAILLE"),
        ("be\u0301\u0301a", "piled"), ("bea\x00", "U\\+0000"), ("", "1 to 120"), ("\ue000", "U\\+E000"),
        ("a/b", "letters, digits"), ("😀", "letters, digits"), ("---", "at least one"), ("x" * 121, "121"),
    ],
)  # fmt: skip
def test_names_that_hide_something_are_refused(name: str, why: str) -> None:
    """Unseen letters, mixed scripts, piles of marks, no letter at all: one line that says which."""
    with pytest.raises(BadInput, match=why):
        person_name(name)


def test_every_ignorable_letter_is_refused_wherever_it_stands() -> None:
    """In names of people and of organisations."""
    for code in (*range(0x2500), *range(0x3100, 0x3200), *range(0xFE00, 0x10000), *range(0xE0000, 0xE0200)):
        if is_ignorable(chr(code)):
            for name in (f"be{chr(code)}a", f"bea{chr(code)}", f"{chr(code)}bea"):
                with pytest.raises(BadInput):
                    visible_name(name)
                with pytest.raises(BadInput):
                    person_name(name)
    assert visible_name(" Acme  &\tSons – Straße ", "organisation") == "Acme & Sons – Straße"


def found(pattern: str, text: str) -> bool:
    """Say whether a pattern is found in any spelling."""
    return any(re.search(pattern, one) for one in spellings(text))


ALIKE = [
    (letter, other)
    for letter, other in rows()
    if len(letter) == 1 and not letter.isascii() and letter.isalpha() and re.fullmatch("[a-zA-Z]", other)
]


@given(st.sampled_from(ALIKE), st.sampled_from(["", "\u200b", "\ufe0f", "\u034f", "\u3164"]))
def test_a_word_with_a_letter_confused_is_still_the_word(row: tuple[str, str], unseen: str) -> None:
    """For every letter that Unicode says looks like an ASCII one, and each kind of unseen letter between."""
    letter, ascii_letter = row
    assert found(rf"\bx{ascii_letter.lower()}z\b", f"say x{unseen}{letter}{unseen}z now")


@pytest.mark.parametrize(
    "text",
    [
        "the oracle", "the ORACLE", "the_oracle_", "the o\u200bracle", "the orac\ufe0fle", "the ora\u034fcle",
        "the orа\u0441l\u0435", "the ｏｒａｃｌｅ", "the 𝕠𝕣𝕒𝕔𝕝𝕖", "the òràclé", "the oracIe", "the 0rac1e",
        "the orac|e", "the øracle", "the ᴏʀᴀᴄʟᴇ", "the o_r_a_c_l_e", "the\u2003oracle", "the ora\u3164cle",
        "the 🅾racle", "the οracle", "the‿oracle",
    ],
)  # fmt: skip
def test_a_forbidden_word_is_seen_through_its_spellings(text: str) -> None:
    """Unseen letters, other alphabets, marks, digits, connectors."""
    assert found(r"\boracle\b", text)


def test_the_plain_spelling_keeps_every_script() -> None:
    """So that patterns in any language match, and a plain text has one spelling."""
    assert spellings("Will it rain?") == ("will it rain?",)
    assert found(r"\bоракул\b", "Что скажет Оракул?") and found("élection", "Élection\u200b")
    assert not found(r"\boracle\b", "Will the coracle float? An oracular day.")
