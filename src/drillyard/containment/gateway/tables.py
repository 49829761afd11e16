"""The tables of a gateway: its ledger, the words of its questions, and one row to lock.

There is no other state: what budgets, votes and switches are is replayed from the ledger (`books.py`). No column ever
holds an answer before its release; the ledger holds it from then on.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, String, Table, Text

__all__ = ["CONTROL", "LEDGER", "METADATA", "WORDS"]

METADATA = MetaData()

CONTROL = Table(
    "control",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
)
"""One row: number and hash of the last record. Every writer locks it first, so that writers go one by one."""

LEDGER = Table(
    "ledger",
    METADATA,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Float(53), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
)

WORDS = Table("words", METADATA, Column("id", String(32), primary_key=True), Column("body", Text, nullable=False))
"""The words of each question, of which the ledger has the hash: whoever reads the ledger does not read them."""
