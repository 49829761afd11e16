"""Documents of a folder: each file's text as blocks (paragraphs, items, rows) with their place and headings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from drillyard.errors import BadInput, bad_input
from drillyard.records import Span

__all__ = [
    "SUFFIXES",
    "Block",
    "Document",
    "Problem",
    "decode",
    "list_files",
    "one_problem",
    "place",
    "read_bytes",
    "squeeze",
    "under_headings",
]

SUFFIXES = (".csv", ".md", ".markdown", ".txt", ".html", ".htm", ".pdf", ".json")
"""The kinds of file that are read; any other is said to be left out."""

_MOST = 20_000_000
"""Bytes of a file; a larger one is left out, for it is no policy."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of text and where it stands.

    Args:
        text: without markup, white space single.
        line: its first line, from 1, and `last_line` the last.
        path: the headings above it, the highest first; list items count as headings of the items inside them.
        lead: the line that announces it, such as "Before you call, verify:"; empty where there is none.
        cells: for the row of a table: values by the heads of the columns.
        page: of a PDF, from 1; 0 elsewhere.
    """

    text: str
    line: int
    last_line: int
    path: tuple[str, ...] = ()
    lead: str = ""
    cells: dict[str, str] = field(default_factory=dict)
    page: int = 0


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What could not be read, by file and line (0 for the whole file), and what to do about it."""

    document: str
    line: int
    words: str

    def __str__(self) -> str:
        at = f":{self.line}" if self.line else ""
        return f"{self.document}{at}: {self.words}"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file that was read: `name` is its path in the folder, `title` what it calls itself."""

    name: str
    sha256: str
    title: str
    blocks: tuple[Block, ...]
    problems: tuple[Problem, ...] = ()

    def span(self, block: Block, text: str = "") -> Span:
        """Return where a block, or a part of it, stands."""
        return Span(
            document=self.name,
            sha256=self.sha256,
            line=block.line,
            last_line=max(block.line, block.last_line),
            page=block.page,
            text=text or block.text,
        )


def list_files(folder: Path) -> list[Path]:
    """Return the files of a folder and those below, hidden ones left out.

    Raises:
        BadInput: no such folder, or one without a file.
    """
    if not folder.is_dir():
        raise bad_input(f"no folder {str(folder)!r}", "a folder of documents", "drillyard scope build DIR -o scope/")
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path.relative_to(folder)))
    if not found:
        raise bad_input(f"the empty folder {str(folder)!r}", f"documents: {', '.join(SUFFIXES)}")
    return found


def read_bytes(path: Path) -> tuple[bytes, str]:
    """Return what stands in a file, and its SHA-256. Raises `BadInput` for one that is too large or cannot be read."""
    try:
        if (size := path.stat().st_size) > _MOST:
            raise bad_input(f"{size / 1e6:.0f} MB", f"a document of {_MOST / 1e6:.0f} MB at the most")
        data = path.read_bytes()
    except OSError as error:
        raise bad_input(error.strerror, "a file that can be read") from None
    return data, hashlib.sha256(data).hexdigest()


def decode(data: bytes) -> str:
    """Return the text of bytes in UTF-8, or in UTF-16 with its mark.

    Raises:
        BadInput: another encoding, with the line and what to type.
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise bad_input(
            f"a byte that is no UTF-8 in line {line} ({data[error.start : error.start + 1]!r})",
            "a file in UTF-8",
            "type: iconv -f windows-1252 -t utf-8 OLD > NEW",
        ) from None
    if "\0" in text:
        raise bad_input("a file that is no text (it holds zero bytes)", "text, a table, HTML or a PDF")
    return text


def place(span: Span) -> str:
    """Return where a span stands, in a word."""
    page = f" page {span.page}" if span.page else ""
    return f"{span.document}{page}:{span.line}"


def one_problem(name: str, error: BadInput) -> Problem:
    """Return what an error says of a whole file."""
    return Problem(document=name, line=0, words=str(error))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def squeeze(text: str) -> str:
    """Return a text with single spaces."""
    return " ".join(text.split())


def under_headings(pieces: Iterator[tuple[int, str, int, int]]) -> Iterator[Block]:
    """Yield blocks from `(level, text, line, last line)`: level 1 to 6 a heading, 0 a paragraph, -1 and less an item.

    An item at -2 is inside the last one at -1.
    """
    heads: dict[int, str] = {}
    items: dict[int, str] = {}
    lead = ""
    for level, text, line, last in pieces:
        if not text:
            continue
        if level > 0:
            heads = {at: head for at, head in heads.items() if at < level} | {level: text}
            items, lead = {}, ""
            continue
        items = {at: item for at, item in items.items() if level < 0 and at > level}
        path = (*(heads[at] for at in sorted(heads)), *(items[at] for at in sorted(items, reverse=True)))
        yield Block(text=text, line=line, last_line=last, path=path, lead=lead if level < 0 else "")
        if level < 0:
            items[level] = text
        else:
            lead = text if text.rstrip("*_ ").endswith(":") else ""
