"""The tables of a gateway. No column ever holds an answer before its release; the ledger holds it from then on."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, String, Table, Text

__all__ = ["CONTROL", "LEDGER", "METADATA", "NONCES", "QUESTIONS", "SPENT", "VOTES"]

METADATA = MetaData()

CONTROL = Table(
    "control",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", Float(53), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("killed", Integer, nullable=False),
    Column("lease_until", Float(53), nullable=False),
)
"""One row: the head of the ledger and the switches. Every writer locks it first, so that writers go one by one."""

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

QUESTIONS = Table(
    "questions",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("gateway", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("person", String(64), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("admitted_at", Float(53), nullable=False),
    Column("opens_at", Float(53), nullable=False),
    Column("closes_at", Float(53), nullable=False),
    Column("released", BigInteger, nullable=False),
)
"""`status`: admitted → sealed → released, or closed. `released` is the ledger's number of the release, else 0."""

VOTES = Table(
    "votes",
    METADATA,
    Column("question", String(32), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("approve", Integer, nullable=False),
    Column("at", Float(53), nullable=False),
    Column("signed", Text, nullable=False),
)
"""`signed` is the request as it came: a row that somebody else wrote counts for nothing."""

SPENT = Table(
    "spent",
    METADATA,
    Column("scope", String(160), primary_key=True),
    Column("millibits", BigInteger, nullable=False),
    Column("questions", BigInteger, nullable=False),
)
"""What was reserved in a scope, such as `2026/asker/ann`. It only grows."""

NONCES = Table(
    "nonces",
    METADATA,
    Column("account", String(64), primary_key=True),
    Column("nonce", String(64), primary_key=True),
    Column("at", Float(53), nullable=False),
)

Index("questions_by_status", QUESTIONS.c.status)
