"""PDF, read by pypdf (extra `documents`): the text of each page, line by line, made into paragraphs."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import replace

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from drillyard.errors import bad_input
from drillyard.scopes.documents import Block, squeeze, under_headings

__all__ = ["read_pdf"]

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong is said once, by us
_ITEM = re.compile(r"^\s*(?:[•●▪‣–*-]|\d{1,2}[.)])\s+")


def read_pdf(data: bytes) -> tuple[list[Block], list[int]]:
    """Return the blocks of a PDF, and the pages on which there is no text to read.

    Raises:
        BadInput: no PDF, one that is locked, or one without any text, such as a scan.
    """
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise bad_input(
                "a PDF that is locked by a password", "one that can be read", "type: qpdf --decrypt OLD NEW"
            )
        pages = [page.extract_text() or "" for page in reader.pages]
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise bad_input(f"a PDF that cannot be read ({error})", "a whole PDF") from None
    empty = [number for number, text in enumerate(pages, start=1) if not text.strip()]
    if len(empty) == len(pages):
        found = f"{len(pages)} page{'s' * (len(pages) != 1)} without any text, as a scan has"
        raise bad_input(found, "a PDF with text", "type: ocrmypdf OLD NEW")
    blocks = [
        replace(block, page=number)
        for number, text in enumerate(pages, start=1)
        for block in under_headings(_pieces(text))
    ]
    return blocks, empty


def _pieces(text: str) -> Iterator[tuple[int, str, int, int]]:
    """Yield headings, paragraphs and items of a page; a short line without an end that stands alone is a heading."""
    lines = text.split("\n")
    held: list[str] = []
    start, level = 1, 0
    for number, line in enumerate(lines, start=1):
        item = _ITEM.match(line)
        if held and (item or not line.strip() or _is_heading(line) or held[-1].rstrip().endswith((".", "!", "?", ":"))):
            yield level, squeeze(" ".join(held)), start, number - 1
            held = []
        if not line.strip():
            continue
        if _is_heading(line) and not item:
            yield (1 if number == 1 else 2), squeeze(line), number, number
            continue
        if not held:
            start, level = number, -1 if item else 0
        held.append(line[item.end() :] if item else line)
    if held:
        yield level, squeeze(" ".join(held)), start, len(lines)


def _is_heading(line: str) -> bool:
    words = line.split()
    return 0 < len(words) <= 7 and words[0][:1].isupper() and line.rstrip()[-1].isalpha() and not _ITEM.match(line)
