"""What the tests of the registrar share: a store with one learner, under a clock that is moved by hand."""

from yard.conftest import clock, database, programme, store

__all__ = ["clock", "database", "programme", "store"]
