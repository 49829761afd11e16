"""Prompts in segments, and templates out of prompts."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from drillyard.incidents.prompts import Prompt, PromptBook, split

NAMES = ("Ada Quill", "Bram Osei", "Chloe Marsh", "Dario Venn", "Edda Holm", "Farid Lunde", "Greta Sund", "Hugo Brandt")


@given(st.text("aB.!? \n-#:{}1", max_size=60))
def test_segments_are_the_message_to_the_byte(text: str) -> None:
    """Nothing of a prompt is lost or added by taking it apart."""
    assert "".join(one.text + one.tail for one in split(text)) == text.strip()


def test_headings_bullets_and_sentences_are_told_apart() -> None:
    """Each is something that can be left out by itself."""
    found = split("# Role\nYou sell lamps. Be kind!\n\nRules:\n- never lie\n- no 3.5 percent")
    assert [(one.kind, one.text) for one in found] == [
        ("heading", "# Role"), ("sentence", "You sell lamps."), ("sentence", "Be kind!"), ("heading", "Rules:"),
        ("bullet", "- never lie"), ("bullet", "- no 3.5 percent"),
    ]  # fmt: skip


def test_what_varies_is_a_variable_and_what_differs_twice_is_an_instruction() -> None:
    """A name that changes with every customer is filled in; two wordings under test are two instructions."""
    book = PromptBook()
    wordings = ("Be warm and think of the sale.", "Be warm and think of the facts.")
    for name, wording in itertools.product(NAMES, wordings):
        book.number(Prompt(template_id="", template_version="", systems=(f"You speak with {name} today. {wording}",)))
    templates, told = book.settle()
    assert len(templates) == 2 and all(one.inferred and one.rows == len(NAMES) for one in templates)
    texts = {segment.text for template in templates for segment in template.segments}
    assert {wording in texts for wording in wordings} == {True} and len(texts) == 3
    by_hash = {template.hash: template for template in templates}
    for (name, wording), (key, _, _, values) in zip(itertools.product(NAMES, wordings), told, strict=True):
        assert by_hash[key].systems(values) == (f"You speak with {name} today. {wording}",)
        assert [*values.values()] == [name]


def test_a_template_that_the_log_names_keeps_its_name_and_variables() -> None:
    """OpenInference holds the text with its variables, so that nothing needs to be guessed."""
    book = PromptBook()
    book.number(Prompt(template_id="shop", template_version="7", systems=("Sell {product} now.",), marked=True))
    (template,), ((_, name, version, _),) = book.settle()
    assert (name, version, template.inferred) == ("shop", "7", False)
    assert template.systems({"product": "lamps"}) == ("Sell lamps now.",)
