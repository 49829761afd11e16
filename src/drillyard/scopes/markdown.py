"""Markdown and plain text, parsed by markdown-it-py; blocks keep their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from drillyard.scopes.documents import Block, squeeze, under_headings

__all__ = ["read_markdown"]

_BREAKS = ("softbreak", "hardbreak")


def read_markdown(text: str) -> list[Block]:
    """Return the blocks of a Markdown text; indented text counts as a paragraph, as in plain letters."""
    tokens = MarkdownIt("commonmark").enable("table").disable(["code", "html_block"]).parse(text)
    blocks = list(under_headings(_pieces(tokens)))
    return sorted([*blocks, *_rows(tokens)], key=lambda block: block.line)


def _pieces(tokens: Sequence[Token]) -> Iterator[tuple[int, str, int, int]]:
    """Yield headings, paragraphs and items with their lines; tables are read by `_rows`."""
    depth, level, table = 0, 0, False
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
        elif token.type in ("table_open", "table_close"):
            table = token.type == "table_open"
        elif token.type == "heading_open":
            level = int(token.tag[1:])
        elif token.type == "heading_close":
            level = 0
        elif token.type == "inline" and not table:
            yield from _inline(token, level or -depth)
        elif token.type == "fence" and token.map:
            yield 0, squeeze(token.content), token.map[0] + 1, token.map[1]


def _inline(token: Token, level: int) -> Iterator[tuple[int, str, int, int]]:
    """Yield an inline token line by line where its lines are sentences or labels of their own, else as one piece."""
    first = (token.map or [0])[0] + 1
    lines = _lines(token)
    if level <= 0 and len(lines) > 1 and all(line.endswith((".", ":", "!", "?", ";")) for line in lines[:-1]):
        for number, line in enumerate(lines):
            yield level, squeeze(line), first + number, first + number
    else:
        yield level, squeeze(" ".join(lines)), first, first + len(lines) - 1


def _lines(token: Token) -> list[str]:
    """Return the text of an inline token without markup, cut at its line breaks."""
    said = [
        "\n" if child.type in _BREAKS else child.content
        for child in token.children or ()
        if child.type in ("text", "code_inline", *_BREAKS)
    ]
    return "".join(said).split("\n")


def _rows(tokens: Sequence[Token]) -> Iterator[Block]:
    """Yield the rows of tables, each under the headings above it."""
    heads: dict[int, str] = {}
    columns: list[str] = []
    cells: list[str] = []
    line, inside, level = 0, "", 0
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1:])
        elif token.type == "heading_close":
            level = 0
        elif token.type in ("thead_open", "tbody_open"):
            inside = token.type
        elif token.type == "table_close":
            inside = ""
        elif token.type == "tr_open":
            cells, line = [], (token.map or [0])[0] + 1
        elif token.type == "inline" and level:
            heads = {at: head for at, head in heads.items() if at < level} | {level: squeeze(" ".join(_lines(token)))}
        elif token.type == "inline" and inside:
            cells.append(squeeze(" ".join(_lines(token))))
        elif token.type == "tr_close" and inside == "thead_open":
            columns = cells
        elif token.type == "tr_close":
            path = tuple(heads[at] for at in sorted(heads))
            yield Block(
                text=" | ".join(cells),
                line=line,
                last_line=line,
                path=path,
                cells=dict(zip(columns, cells, strict=False)),
            )
