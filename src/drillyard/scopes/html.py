"""HTML, parsed by Python's own parser: what a reader sees, block by block, with its lines in the source."""

from __future__ import annotations

from html.parser import HTMLParser

from drillyard.scopes.documents import Block, squeeze, under_headings

__all__ = ["read_html"]

_UNSEEN = frozenset(["script", "style", "template", "noscript", "svg", "nav", "head"])
_BLOCK_TAGS = """
p div section article main header footer li ul ol dl dt dd table tr td th blockquote pre h1 h2 h3 h4 h5 h6
br hr figure figcaption details summary form fieldset address aside caption thead tbody title
"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())


def read_html(text: str) -> list[Block]:
    """Return the blocks of an HTML text; scripts, styles and navigation are left out, broken tags are forgiven."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.end_block()
    blocks = list(under_headings(iter(reader.pieces)))
    heads = {block.line: block.path for block in blocks}
    rows = [
        Block(
            text=" | ".join(cells.values()), line=line, last_line=line, cells=cells,
            path=next((heads[at] for at in sorted(heads, reverse=True) if at <= line), reader.path(line)),
        )
        for line, cells in reader.rows
    ]  # fmt: skip
    return sorted([*blocks, *rows], key=lambda block: block.line)


class _Reader(HTMLParser):
    """Collects pieces as `under_headings` takes them, and rows of tables apart."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[tuple[int, str, int, int]] = []
        self.rows: list[tuple[int, dict[str, str]]] = []
        self._unseen = self._depth = self._level = 0
        self._said: list[str] = []
        self._start = 0
        self._columns: list[str] = []
        self._cells: list[str] | None = None
        self._row, self._is_head = 0, False

    def path(self, line: int) -> tuple[str, ...]:
        """Return the headings above a line."""
        heads: dict[int, str] = {}
        for level, text, at, _ in self.pieces:
            if level > 0 and at <= line:
                heads = {other: head for other, head in heads.items() if other < level} | {level: text}
        return tuple(heads[level] for level in sorted(heads))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, a list, a row or something unseen."""
        if tag in _BLOCKS:
            self.end_block()
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in ("ul", "ol"):
            self._depth += 1
        elif len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self._level = int(tag[1])
        elif tag == "tr":
            self._cells, self._row, self._is_head = [], self.getpos()[0], False
        elif tag == "th":
            self._is_head = True

    def handle_endtag(self, tag: str) -> None:
        """End what began."""
        if tag in ("td", "th") and self._cells is not None:
            self._cells.append(self._take())
        elif tag in _BLOCKS:
            self.end_block()
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in ("ul", "ol"):
            self._depth = max(0, self._depth - 1)
        elif tag[:1] == "h":
            self._level = 0
        elif tag == "tr" and self._cells is not None:
            self._end_row(self._cells)
            self._cells = None
        elif tag == "table":
            self._columns = []

    def handle_data(self, data: str) -> None:
        """Add what is seen."""
        if not self._unseen:
            if data.strip() and not self._said:
                self._start = self.getpos()[0] + data[: len(data) - len(data.lstrip())].count("\n")
            self._said += [data] if data.strip() or self._said else []

    def end_block(self) -> None:
        """Keep the block that was read so far."""
        if self._cells is None and (text := self._take()):
            self.pieces.append((self._level or -self._depth, text, self._start, self.getpos()[0]))

    def _take(self) -> str:
        text, self._said = squeeze("".join(self._said)), []
        return text

    def _end_row(self, cells: list[str]) -> None:
        if self._is_head and not self._columns and len(cells) > 1 and all(cells):
            self._columns = cells
        elif self._columns:
            self.rows.append((self._row, dict(zip(self._columns, cells, strict=False))))
        elif len(cells) == 2:
            self.rows.append((self._row, {"": cells[0], " ": cells[1]}))
        elif any(cells):
            self.pieces.append((0, squeeze(" ".join(cells)), self._row, self._row))
