"""CSV: a table of products or anything else with a name, a row each."""

from __future__ import annotations

import csv
import io

from drillyard.errors import bad_input
from drillyard.scopes.documents import Block, squeeze

__all__ = ["read_table"]


def read_table(text: str) -> tuple[list[Block], list[tuple[int, str]]]:
    """Return the rows of a table as blocks, and by line what is wrong with others.

    Raises:
        BadInput: no head, or no row below it.
    """
    sample = text[:4096]
    separator = max(",;\t", key=lambda sign: sample.partition("\n")[0].count(sign))
    csv.field_size_limit(1 << 24)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        head = [squeeze(cell) for cell in next(rows, [])]
        if len(head) < 2 or not all(head) or len({*head}) < len(head):
            raise bad_input(f"the first line {sample.partition(chr(10))[0]!r:.80}", "names of columns, each another")
        blocks, wrong = [], []
        for cells in rows:
            line = rows.line_num
            if not any(cells):
                continue
            if len(cells) != len(head):
                wrong.append((line, f"found {len(cells)} cells, expected {len(head)} as in the first line"))
                continue
            values = dict(zip(head, map(squeeze, cells), strict=True))
            blocks.append(Block(text=" | ".join(values.values()), line=line, last_line=line, cells=values))
    except csv.Error as error:
        raise bad_input(f"a table that cannot be read ({error})", "CSV") from None
    if not blocks:
        raise bad_input("a table without a row that can be read", "a row per product below the names of columns")
    return blocks, wrong
