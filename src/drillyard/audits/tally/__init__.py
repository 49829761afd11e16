"""Stored replies, however many: read as columns, judged once where they are the same, summed up on a page.

`columns_polars.py` holds the table, `judging.py` rules on it part by part, `tally.py` walks from files to a report.
"""

from __future__ import annotations

__all__: list[str] = []
